// SPDX-License-Identifier: Apache-2.0
/* Listening sockets of the simulated door.  Their numbers are no descriptors of the process: closing one
 * that no worker has taken changes nothing. */
#include "net/inherited.h"
#include "net/listen.h"

#include "door.h"

#include <arpa/inet.h>
#include <errno.h>

const char *transport_text(enum transport t)
{
	return t == TRANSPORT_DNS ? "dns" : "other";
}

struct net_addr listen_wildcard(uint16_t port)
{
	struct net_addr a = {0};

	a.v6.sin6_family = AF_INET6;
	a.v6.sin6_port = htons(port);
	return a;
}

int listen_udp(const struct net_addr *at)
{
	return sim_udp_bind(at);
}

int listen_tcp_bound(const struct net_addr *at)
{
	return sim_tcp_bind(at);
}

int listen_tcp_begin(int fd)
{
	return 0; /* nobody connects between the two */
}

int listen_tcp(const struct net_addr *at)
{
	return sim_tcp_bind(at);
}

/* Nobody starts the simulated server with sockets. */
unsigned inherited_count(const struct net_addr *at, int type)
{
	return 0;
}

int inherited_open(const struct net_addr *at, int type, unsigned i)
{
	return -ENOENT;
}
