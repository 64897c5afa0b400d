// SPDX-License-Identifier: Apache-2.0
/* Counts what our own code allocates: link with `allocations_dep`, which makes the linker send each malloc,
 * calloc and realloc of the program (not of shared libraries) through here. */
#pragma once

extern unsigned allocations;
