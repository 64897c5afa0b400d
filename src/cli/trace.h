// SPDX-License-Identifier: Apache-2.0
/* `binnacle trace`: the way that a question takes through the server that runs here. */
#pragma once

#include "base/compiler.h"

struct options;

/* trace [-json] [-listener dns://:53] [-client ADDRESS] NAME [TYPE].  Prints the way.  0: it was answered NOERROR or NXDOMAIN; 1: it
 * could not be asked; 2: another rcode, or no answer. */
int trace(const struct options *o) MUST_USE;
