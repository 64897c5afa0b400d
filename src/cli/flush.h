// SPDX-License-Identifier: Apache-2.0
/* `binnacle flush`: drop cached answers of the server that runs here. */
#pragma once

#include "base/compiler.h"

struct options;

/* flush NAME | flush -tree NAME | flush -all.  Prints how many answers went.  0; 1: it could not be done. */
int flush(const struct options *o) MUST_USE;
