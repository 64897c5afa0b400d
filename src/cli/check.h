// SPDX-License-Identifier: Apache-2.0
/* `binnacle check`: everything that is wrong with a Corefile, without serving it. */
#pragma once

#include "base/compiler.h"

struct options;

/* Prints each error as FILE:LINE: text to stderr.  0: fine; 1: errors. */
int check(const struct options *o) MUST_USE;
