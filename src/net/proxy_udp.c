// SPDX-License-Identifier: Apache-2.0
/* PROXY headers in front of datagrams: who asks, and where the question begins. */
#include "net/proxy_header.h"
#include "net/tcp_internal.h"

#include <errno.h>

static void set_client(struct udp_return *to, const struct net_addr *client)
{
	to->via = to->peer;
	to->peer = *client;
	to->proxied = true;
}

/* Datagrams of a session whose header came before. */
static void from_session(struct net_port *p, struct udp_return *to)
{
	const struct net_addr *client =
		p->sessions ? proxy_sessions_find(p->sessions, &to->peer, loop_now_ns(p->loop)) : NULL;

	if (client)
		set_client(to, client);
}

static void use(struct net_port *p, const struct proxy_header *h, struct udp_return *to)
{
	if (!h->has_address)
		return;
	if (p->sessions)
		proxy_sessions_set(p->sessions, &to->peer, &h->source, loop_now_ns(p->loop));
	set_client(to, &h->source);
}

size_t proxy_udp_take(struct net_port *p, const uint8_t *data, size_t len, struct udp_return *to)
{
	enum proxy_action action = proxy_policy_for(p->proxy, &to->peer);
	struct proxy_header h;
	int n;

	if (action == PROXY_SKIP)
		return 0;
	n = proxy_header_read(data, len, &h);
	if (n == 0 && action == PROXY_USE)
		from_session(p, to);
	if (n == 0)
		return 0;
	/* Only version 2 knows datagrams; what is not whole in one will never be. */
	if (n < 0 || h.version != 2 || (h.has_address && !h.datagram)) {
		metric_inc(p->cells, p->proxy->bad);
		return len;
	}
	if (action == PROXY_REJECT) {
		metric_inc(p->cells, p->proxy->rejected);
		return len;
	}
	if (action == PROXY_USE)
		use(p, &h, to);
	return (size_t)n;
}
