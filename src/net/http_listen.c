// SPDX-License-Identifier: Apache-2.0
/* Where the admin HTTP server listens. */
#include "net/http_internal.h"
#include "net/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

struct host_port {
	char host[HTTP_HOST_MAX];
	const char *port;
};

/* Split at the last colon; brackets around the host are taken off. */
static bool split(const char *text, struct host_port *ret)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';

	if (!colon || !colon[1] || strlen(colon + 1) > 32)
		return false;
	if (bracketed) {
		text++;
		len -= 2;
	}
	if (len >= sizeof(ret->host) || (!bracketed && memchr(text, ':', len)) || memchr(text, '/', len))
		return false;
	memcpy(ret->host, text, len);
	ret->host[len] = '\0';
	ret->port = colon + 1;
	return true;
}

/* A number, or the name of a service. */
static int port_of(const char *text)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list;
	char *end;
	long n = strtol(text, &end, 10);
	int port;

	if (*end == '\0')
		return n >= 0 && n <= UINT16_MAX ? (int)n : -EINVAL;
	if (getaddrinfo(NULL, text, &hints, &list))
		return -EINVAL;
	port = ntohs(((const struct sockaddr_in *)(const void *)list->ai_addr)->sin_port);
	freeaddrinfo(list);
	return port;
}

bool http_address_valid(const char *text)
{
	struct host_port hp;

	return split(text, &hp) && port_of(hp.port) >= 0;
}

static int add(struct net_addr *out, int n, const struct addrinfo *a, uint16_t port)
{
	if (n == HTTP_CANDIDATES_MAX || a->ai_addrlen > sizeof(out[n]))
		return n;
	memset(&out[n], 0, sizeof(out[n]));
	memcpy(&out[n], a->ai_addr, a->ai_addrlen);
	net_addr_set_port(&out[n], port);
	return n + 1;
}

/* IPv4 first, as Go has it. */
static int look_up(const char *host, uint16_t port, struct net_addr *out)
{
	static const int order[] = {AF_INET, AF_INET6};
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
	int n = 0, err = getaddrinfo(host, NULL, &hints, &list);

	if (err)
		return err == EAI_MEMORY ? -ENOMEM : -ENXIO;
	for (size_t f = 0; f < ARRAY_LEN(order); f++) {
		for (const struct addrinfo *a = list; a; a = a->ai_next) {
			if (a->ai_family == order[f])
				n = add(out, n, a, port);
		}
	}
	freeaddrinfo(list);
	return n ? n : -ENXIO;
}

int http_resolve(const char *address, struct net_addr out[HTTP_CANDIDATES_MAX])
{
	struct host_port hp;
	int port;

	if (!split(address, &hp))
		return -EINVAL;
	port = port_of(hp.port);
	if (port < 0)
		return port;
	if (!hp.host[0]) {
		out[0] = listen_wildcard((uint16_t)port);
		return 1;
	}
	if (net_addr_parse(hp.host, (uint16_t)port, &out[0]) == 0)
		return 1;
	/* What every machine says of it, without asking one. */
	if (strcmp(hp.host, "localhost") == 0 && net_addr_parse("127.0.0.1", (uint16_t)port, &out[0]) == 0 &&
	    net_addr_parse("::1", (uint16_t)port, &out[1]) == 0)
		return 2;
	return look_up(hp.host, (uint16_t)port, out);
}

int http_listen(const struct net_addr *candidates, int n)
{
	int fd = -EINVAL;

	for (int i = 0; i < n; i++) {
		fd = listen_tcp(&candidates[i]);
		if (fd >= 0)
			return fd;
	}
	return fd;
}
