// SPDX-License-Identifier: Apache-2.0
/* Reverse names.  RFC 1035 3.5, RFC 3596 2.5.  Pure; any thread. */
#pragma once

#include "base/compiler.h"
#include "wire/query.h"

/* The address that a reverse name stands for: 4 or 16 bytes (v4-mapped IPv6 as IPv4), or 0 when it is none: another
 * zone, too few or too many labels, leading zeros. */
unsigned wire_reverse_addr(const struct wire_query *in, uint8_t addr[16]) NONNULL;
