// SPDX-License-Identifier: Apache-2.0
#include "net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool mapped(const struct net_addr *a)
{
	return a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr);
}

/* The IPv4 address of an IPv4 or v4-mapped one. */
static struct in_addr as_v4(const struct net_addr *a)
{
	struct in_addr v4 = a->v4.sin_addr;

	if (a->sa.sa_family == AF_INET6)
		memcpy(&v4, &a->v6.sin6_addr.s6_addr[12], sizeof(v4));
	return v4;
}

/* An interface's name or its number; 0 when there is none such. */
static uint32_t scope_id(const char *text)
{
	char *end;
	unsigned long n = if_nametoindex(text);

	if (n == 0 && *text >= '0' && *text <= '9') {
		n = strtoul(text, &end, 10);
		if (*end || n > UINT32_MAX)
			n = 0;
	}
	return (uint32_t)n;
}

static int parse_v6(const char *text, uint16_t port, struct net_addr *ret)
{
	const char *percent = strchr(text, '%');
	size_t len = percent ? (size_t)(percent - text) : strlen(text);
	struct net_addr a = {.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};
	char plain[INET6_ADDRSTRLEN];

	if (len >= sizeof(plain))
		return -EINVAL;
	memcpy(plain, text, len);
	plain[len] = '\0';
	if (inet_pton(AF_INET6, plain, &a.v6.sin6_addr) != 1)
		return -EINVAL;
	if (percent) {
		a.v6.sin6_scope_id = scope_id(percent + 1);
		if (a.v6.sin6_scope_id == 0)
			return -EINVAL;
	}
	*ret = a;
	return 0;
}

int net_addr_parse(const char *text, uint16_t port, struct net_addr *ret)
{
	struct net_addr a = {.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};

	if (inet_pton(AF_INET, text, &a.v4.sin_addr) != 1)
		return parse_v6(text, port, ret);
	*ret = a;
	return 0;
}

static void put_scope(uint32_t id, char *out, size_t cap)
{
	char name[IF_NAMESIZE];

	if (if_indextoname(id, name))
		snprintf(out, cap, "%%%s", name);
	else
		snprintf(out, cap, "%%%u", id);
}

const char *net_addr_text(const struct net_addr *a, char out[NET_ADDR_TEXT_MAX])
{
	if (a->sa.sa_family == AF_INET || mapped(a)) {
		struct in_addr v4 = as_v4(a);

		inet_ntop(AF_INET, &v4, out, NET_ADDR_TEXT_MAX);
	} else if (a->sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &a->v6.sin6_addr, out, NET_ADDR_TEXT_MAX);
		if (a->v6.sin6_scope_id) {
			size_t len = strlen(out);

			put_scope(a->v6.sin6_scope_id, out + len, NET_ADDR_TEXT_MAX - len);
		}
	} else {
		snprintf(out, NET_ADDR_TEXT_MAX, "?");
	}
	return out;
}

const char *net_addr_port_text(const struct net_addr *a, char out[NET_ADDR_TEXT_MAX])
{
	char host[NET_ADDR_TEXT_MAX];
	bool brackets = net_addr_family(a) == 2;

	net_addr_text(a, host);
	/* host is at most INET6_ADDRSTRLEN + '%' + IF_NAMESIZE long, so this is never cut. */
	snprintf(out, NET_ADDR_TEXT_MAX, "%s%.72s%s:%u", brackets ? "[" : "", host, brackets ? "]" : "",
		 net_addr_port(a));
	return out;
}

socklen_t net_addr_len(const struct net_addr *a)
{
	return a->sa.sa_family == AF_INET ? sizeof(a->v4) : sizeof(a->v6);
}

uint16_t net_addr_port(const struct net_addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET ? a->v4.sin_port : a->v6.sin6_port);
}

void net_addr_set_port(struct net_addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET)
		a->v4.sin_port = htons(port);
	else
		a->v6.sin6_port = htons(port);
}

bool net_addr_same_host(const struct net_addr *a, const struct net_addr *b)
{
	int family = net_addr_family(a);

	if (family != net_addr_family(b))
		return false;
	if (family == 1)
		return as_v4(a).s_addr == as_v4(b).s_addr;
	return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0 &&
	       a->v6.sin6_scope_id == b->v6.sin6_scope_id;
}

bool net_addr_equal(const struct net_addr *a, const struct net_addr *b)
{
	return a->sa.sa_family == b->sa.sa_family && net_addr_port(a) == net_addr_port(b) &&
	       net_addr_same_host(a, b);
}

int net_addr_family(const struct net_addr *a)
{
	return a->sa.sa_family == AF_INET || mapped(a) ? 1 : 2;
}

bool net_addr_is_any(const struct net_addr *a)
{
	if (net_addr_family(a) == 1)
		return as_v4(a).s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr);
}

bool net_addr_is_loopback(const struct net_addr *a)
{
	if (net_addr_family(a) == 1)
		return ntohl(as_v4(a).s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}
