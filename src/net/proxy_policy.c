// SPDX-License-Identifier: Apache-2.0
#include "net/proxy_policy.h"

#include <string.h>

enum proxy_action proxy_policy_for(const struct proxy_policy *p, const struct net_addr *from)
{
	for (size_t i = 0; i < p->n_allow; i++) {
		if (net_cidr_contains(&p->allow[i], from))
			return PROXY_USE;
	}
	return p->otherwise;
}

bool proxy_policy_equal(const struct proxy_policy *a, const struct proxy_policy *b)
{
	if (a->n_allow != b->n_allow || a->otherwise != b->otherwise || a->session_ns != b->session_ns ||
	    a->session_max != b->session_max)
		return false;
	for (size_t i = 0; i < a->n_allow; i++) {
		if (a->allow[i].bits != b->allow[i].bits ||
		    memcmp(a->allow[i].addr, b->allow[i].addr, sizeof(a->allow[i].addr)) != 0)
			return false;
	}
	return true;
}
