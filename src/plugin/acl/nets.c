// SPDX-License-Identifier: Apache-2.0
#include "plugin/acl/nets.h"

#include <stdlib.h>
#include <string.h>

enum { MAPPED_BITS = 96 };

static const uint8_t mapped[MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};

static bool is_v4(const struct net_cidr *c)
{
	return c->bits >= MAPPED_BITS && memcmp(c->addr, mapped, sizeof(mapped)) == 0;
}

static int compare(const void *a, const void *b)
{
	const struct net_cidr *x = a, *y = b;
	int family = is_v4(x) - is_v4(y), addr = memcmp(x->addr, y->addr, sizeof(x->addr));

	if (family)
		return family;
	return addr ? addr : x->bits - y->bits;
}

static bool within(const struct net_cidr *in, const struct net_cidr *c)
{
	struct net_addr a = {.v6 = {.sin6_family = AF_INET6}};

	memcpy(&a.v6.sin6_addr, in->addr, sizeof(in->addr));
	return is_v4(in) == is_v4(c) && in->bits >= c->bits && net_cidr_contains(c, &a);
}

struct acl_nets acl_nets_make(struct net_cidr *v, size_t n)
{
	struct acl_nets s = {.v = v};

	if (n > 1)
		qsort(v, n, sizeof(*v), compare);
	/* Networks are within one another or apart: a net stands right before all that are in it. */
	for (size_t i = 0; i < n; i++) {
		if (s.n && within(&v[i], &v[s.n - 1]))
			continue;
		v[s.n++] = v[i];
		s.n_v6 += !is_v4(&v[i]);
	}
	return s;
}

/* The last of v[from..to) that does not begin behind the address is the only one that can have it. */
static const struct net_cidr *find(const struct acl_nets *s, size_t from, size_t to, const uint8_t addr[16])
{
	size_t first = from;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (memcmp(s->v[mid].addr, addr, 16) <= 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from > first ? &s->v[from - 1] : NULL;
}

bool acl_nets_has(const struct acl_nets *s, const struct net_addr *a)
{
	bool v4 = net_addr_family(a) == 1;
	const struct net_cidr *c;
	uint8_t addr[16];

	if (a->sa.sa_family == AF_INET) {
		memcpy(addr, mapped, sizeof(mapped));
		memcpy(addr + sizeof(mapped), &a->v4.sin_addr, 4);
	} else {
		memcpy(addr, &a->v6.sin6_addr, sizeof(addr));
	}
	c = v4 ? find(s, s->n_v6, s->n, addr) : find(s, 0, s->n_v6, addr);
	return c && net_cidr_contains(c, a);
}
