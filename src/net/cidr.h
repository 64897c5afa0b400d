// SPDX-License-Identifier: Apache-2.0
/* Networks in CIDR form, and whether an address is in one.  Pure; any thread. */
#pragma once

#include "base/compiler.h"
#include "net/addr.h"

#include <stdbool.h>
#include <stdint.h>

struct net_cidr {
	uint8_t addr[16]; /* IPv4 as v4-mapped IPv6; bits behind the prefix are 0 */
	uint8_t bits;     /* of the 128: an IPv4 prefix counts 96 more */
};

/* "192.0.2.0/24", "2001:db8::/32", or a single address.  0 or -EINVAL. */
int net_cidr_parse(const char *text, struct net_cidr *ret) MUST_USE;
/* v4-mapped addresses count as IPv4; the port and the scope do not matter. */
bool net_cidr_contains(const struct net_cidr *c, const struct net_addr *a);
