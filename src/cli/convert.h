// SPDX-License-Identifier: Apache-2.0
/* `binnacle convert kube-dns` and `binnacle convert corefile`: other configurations become a Corefile on standard
 * output; what was changed or cannot be is told on standard error. */
#pragma once

#include "base/compiler.h"

/* argv[0] is "convert".  0: written; 1: errors, nothing written; 2: the command line is wrong. */
int convert_command(int argc, char **argv) MUST_USE;
