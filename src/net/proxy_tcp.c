// SPDX-License-Identifier: Apache-2.0
/* A PROXY header at the beginning of a connection: who asks. */
#include "net/proxy_header.h"
#include "net/tcp_internal.h"

#include <errno.h>

static void give_up(struct tcp_conn *c, metric_id why)
{
	metric_inc(c->port->cells, why);
	tcp_conn_close(c, 0);
}

/* The header, or that there is none: the connection's address is settled, the first message's time begins. */
static void settle_client(struct tcp_conn *c, const struct proxy_header *h, enum proxy_action action)
{
	if (h->has_address && action == PROXY_USE) {
		c->to.tcp.peer = h->source;
		c->to.tcp.local = h->destination;
	}
	c->header_due = false;
	c->read_since_ns = loop_now_ns(c->table->loop);
}

/* Bytes of header in what has come so far; -EAGAIN: not clear yet; -EBADMSG: the connection is closed. */
static int look(struct tcp_conn *c, const uint8_t *data, size_t len)
{
	/* A reload may have taken the policy away meanwhile: then nobody's header is believed. */
	enum proxy_action action =
		c->port->proxy ? proxy_policy_for(c->port->proxy, &c->to.tcp.peer) : PROXY_SKIP;
	struct proxy_header h = {0};
	int n = action == PROXY_SKIP ? 0 : proxy_header_read(data, len, &h);

	if (n == -EAGAIN)
		return n;
	if (n < 0 || (h.has_address && h.datagram)) {
		give_up(c, c->port->proxy->bad);
		return -EBADMSG;
	}
	if (n > 0 && action == PROXY_REJECT) {
		give_up(c, c->port->proxy->rejected);
		return -EBADMSG;
	}
	settle_client(c, &h, action);
	return n;
}

/* Part of it had come before: it is put together in the connection's buffer, and what is behind it stays there. */
static bool take_kept(struct tcp_conn *c, const uint8_t *data, size_t *len)
{
	int n;

	if (tcp_table_keep(c, data, *len) < 0)
		return false;
	n = look(c, net_buffer_data(&c->in), net_buffer_waiting(&c->in));
	if (n < 0)
		return false;
	net_buffer_consume(&c->table->buffers, &c->in, (size_t)n);
	*len = 0;
	return true;
}

bool proxy_tcp_take(struct tcp_conn *c, const uint8_t **data, size_t *len)
{
	int n;

	if (net_buffer_waiting(&c->in))
		return take_kept(c, *data, len);
	n = look(c, *data, *len);
	if (n == -EAGAIN && tcp_table_keep(c, *data, *len) < 0)
		return false; /* and it is closed */
	if (n < 0)
		return false;
	*data += n;
	*len -= (size_t)n;
	return true;
}
