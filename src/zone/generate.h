// SPDX-License-Identifier: Apache-2.0
/* $GENERATE RANGE LHS [TTL] [CLASS] TYPE RHS: a record for each number of a range (BIND's extension).
 *
 *   RANGE   START-STOP[/STEP]
 *   $       the number, within LHS and RHS;  \$ a dollar sign
 *   ${OFFSET[,WIDTH[,BASE]]}   with an offset, filled with zeros, in base d, o, x or X */
#pragma once

#include "base/compiler.h"

#include <stddef.h>

enum { ZONE_GENERATE_MAX = 65535 /* records of one line */ };

/* Call `add` with each record's text.  0; what `add` returned; ERR_SYNTAX with `why` (128 bytes). */
int zone_generate(const char *s, size_t len, int (*add)(void *arg, const char *text, size_t len), void *arg,
		  char *why) MUST_USE;
