// SPDX-License-Identifier: Apache-2.0
/* EDNS options: code (2) | length (2) | data, one after the other in the OPT's rdata.  RFC 6891 6.1.2.
 * Thread: any.  Allocates: nothing. */
#pragma once

#include "base/compiler.h"
#include "wire/query.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WIRE_OPTION_HEAD = 4 };

/* Every option ends within `len` bytes and the last one exactly there. */
bool wire_options_valid(const uint8_t *options, size_t len);

/* Copy checked options into `out`, giving way to the room there is: what explains an error (the text of
 * EDE) goes first, then whole options from the end.  `out` NULL: only measure.  Bytes written, at most
 * `room`. */
size_t wire_options_put_short(const uint8_t *options, size_t len, size_t room, uint8_t *out);
