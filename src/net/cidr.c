// SPDX-License-Identifier: Apache-2.0
#include "net/cidr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAPPED_BITS = 96 };

static void as_v6(const struct net_addr *a, uint8_t out[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (a->sa.sa_family == AF_INET6) {
		memcpy(out, &a->v6.sin6_addr, 16);
		return;
	}
	memcpy(out, mapped, 12);
	memcpy(out + 12, &a->v4.sin_addr, 4);
}

static bool prefix_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

static void clear_behind(uint8_t *addr, unsigned bits)
{
	for (unsigned i = bits; i < 128; i++)
		addr[i / 8] &= (uint8_t)~(0x80u >> (i % 8));
}

/* The number behind the slash, at most `max`. */
static int parse_bits(const char *text, unsigned max, unsigned *ret)
{
	char *end;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	n = strtoul(text, &end, 10);
	if (*end || n > max)
		return -EINVAL;
	*ret = (unsigned)n;
	return 0;
}

int net_cidr_parse(const char *text, struct net_cidr *ret)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char plain[INET6_ADDRSTRLEN];
	struct net_addr a;
	unsigned bits, max;

	if (len >= sizeof(plain))
		return -EINVAL;
	memcpy(plain, text, len);
	plain[len] = '\0';
	if (net_addr_parse(plain, 0, &a))
		return -EINVAL;
	max = bits = a.sa.sa_family == AF_INET ? 32 : 128;
	if (slash && parse_bits(slash + 1, max, &bits))
		return -EINVAL;
	as_v6(&a, ret->addr);
	ret->bits = (uint8_t)(bits + (max == 32 ? MAPPED_BITS : 0));
	clear_behind(ret->addr, ret->bits);
	return 0;
}

bool net_cidr_contains(const struct net_cidr *c, const struct net_addr *a)
{
	uint8_t addr[16];

	as_v6(a, addr);
	return prefix_equal(c->addr, addr, c->bits);
}
