// SPDX-License-Identifier: Apache-2.0
/* A set of networks that is asked whether an address is in one of them: log2(n) comparisons, so that a list of
 * 100,000 blocked networks costs as much as one of ten. */
#pragma once

#include "net/cidr.h"

#include <stdbool.h>
#include <stddef.h>

/* Sorted, none within another.  IPv4 and IPv6 are two worlds: ::/0 has no IPv4 client in it. */
struct acl_nets {
	struct net_cidr *v;
	size_t n;
	size_t n_v6; /* the first n_v6 are of IPv6 */
};

/* Take over `v` (n networks in any order, rearranged here). */
struct acl_nets acl_nets_make(struct net_cidr *v, size_t n);
bool acl_nets_has(const struct acl_nets *s, const struct net_addr *a);
