// SPDX-License-Identifier: Apache-2.0
/* Networks in CIDR notation -> the reverse zones that cover them exactly. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cidr {
	bool v6;
	uint8_t addr[16]; /* host bits cleared */
	unsigned prefix;
};

/* "10.0.0.0/15", "2001:db8::/31": 0, or -EINVAL for other text (then it is an ordinary name). */
int cidr_parse(const char *text, struct cidr *ret) MUST_USE;

/* How many reverse zones it takes: a prefix between two borders (8 bits in IPv4, 4 in IPv6) is rounded up and
 * takes one for each subnet; 1 to 128. */
unsigned cidr_zones(const struct cidr *c);

/* The i-th of them in ascending order, as text with a final dot.  out: CIDR_ZONE_MAX bytes. */
enum { CIDR_ZONE_MAX = 80 };
void cidr_zone(const struct cidr *c, unsigned i, char *out);
