// SPDX-License-Identifier: Apache-2.0
#include "corefile/cidr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The digits behind the slash; more than any family has for what is none. */
static unsigned prefix_len(const char *s)
{
	unsigned v = 0;

	if (!*s)
		return 999;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || v > 128)
			return 999;
		v = v * 10 + (unsigned)(*s - '0');
	}
	return v;
}

int cidr_parse(const char *text, struct cidr *ret)
{
	struct cidr c = {0};
	char addr[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : sizeof addr;

	if (n >= sizeof addr)
		return -EINVAL;
	memcpy(addr, text, n);
	addr[n] = 0;
	c.v6 = strchr(addr, ':') != NULL;
	c.prefix = prefix_len(slash + 1);
	if (c.prefix > (c.v6 ? 128 : 32) || inet_pton(c.v6 ? AF_INET6 : AF_INET, addr, c.addr) != 1)
		return -EINVAL;
	for (unsigned bit = c.prefix; bit < 128; bit++)
		c.addr[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	*ret = c;
	return 0;
}

static unsigned border(const struct cidr *c)
{
	return c->v6 ? 4 : 8;
}

/* The prefix rounded up to the border of a label. */
static unsigned rounded(const struct cidr *c)
{
	unsigned b = border(c);

	return (c->prefix + b - 1) / b * b;
}

unsigned cidr_zones(const struct cidr *c)
{
	return 1u << (rounded(c) - c->prefix);
}

/* The k-th label counted from the network's end: an octet or a nibble. */
static unsigned unit(const struct cidr *c, const uint8_t *addr, unsigned k)
{
	if (!c->v6)
		return addr[k];
	return k % 2 ? addr[k / 2] & 15u : addr[k / 2] >> 4;
}

void cidr_zone(const struct cidr *c, unsigned i, char *out)
{
	unsigned units = rounded(c) / border(c);
	uint8_t addr[16];
	size_t len = 0;

	memcpy(addr, c->addr, sizeof addr);
	if (units && i) { /* the bits between the prefix and the border count up */
		unsigned shift = c->v6 && units % 2 ? 4 : 0;
		addr[(units - 1) * border(c) / 8] |= (uint8_t)(i << shift);
	}
	for (unsigned k = units; k-- > 0;)
		len += (size_t)snprintf(out + len, CIDR_ZONE_MAX - len, c->v6 ? "%x." : "%u.",
					unit(c, addr, k));
	snprintf(out + len, CIDR_ZONE_MAX - len, "%s", c->v6 ? "ip6.arpa." : "in-addr.arpa.");
}
