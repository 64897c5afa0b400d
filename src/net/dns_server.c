// SPDX-License-Identifier: Apache-2.0
/* A query's way, second step: UDP and TCP messages of one listener become requests with a return address,
 * and answers find their way back.  Before: udp_server.c, tcp_conn.c.  Next: the request function
 * (server/query.c). */
#include "net/tcp_internal.h"

#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

const struct tcp_limits tcp_limits_default = {
	.max_conns = 1024,
	.max_inflight = 100,
	.max_output = 256 * 1024,
	.first_ms = 3000,
	.idle_ms = 10000,
	.write_ms = 5000,
	.max_queries = -1,
};

static struct tcp_conn *conn_of(const struct net_return *to)
{
	struct tcp_conn *c = to->tcp.conn;

	return c->serial == to->tcp.serial ? c : NULL;
}

uint8_t *net_reply_begin(const struct net_return *to, size_t cap)
{
	if (!to->stream)
		return udp_reply_begin(&to->udp, cap);
	assert(cap <= NET_MESSAGE_MAX);
	return conn_of(to) ? conn_of(to)->table->scratch + 2 : NULL;
}

/* False: the connection is closed. */
static bool write_stream(struct tcp_conn *c, size_t len)
{
	struct tcp_table *t = c->table;
	uint32_t serial = c->serial;

	t->scratch[0] = (uint8_t)(len >> 8);
	t->scratch[1] = (uint8_t)len;
	/* Refused: far over its bounds, out of memory, or the connection is broken already. */
	if (tcp_conn_write(c, t->scratch, len + 2) < 0) {
		tcp_conn_close(c, 0);
		return false;
	}
	tcp_table_trim_output(t);
	return c->serial == serial;
}

int net_reply_part(const struct net_return *to, size_t len)
{
	struct tcp_conn *c = conn_of(to);

	assert(len <= NET_MESSAGE_MAX);
	return c && write_stream(c, len) && tcp_conn_sent(c) ? 0 : ERR_GONE;
}

bool net_reply_has_room(const struct net_return *to)
{
	const struct tcp_conn *c = conn_of(to);

	return !c || stream_pending(c->stream) < c->port->limits.max_output;
}

static void room_came(struct loop_task *t)
{
	struct net_room *r = container_of(t, struct net_room, task);

	r->fn(r);
}

void net_reply_await_room(const struct net_return *to, struct net_room *r)
{
	struct tcp_conn *c = conn_of(to);

	r->task.run = room_came;
	if (!c || net_reply_has_room(to)) {
		loop_next_turn(to->tcp.conn->table->loop, &r->task);
		return;
	}
	r->conn = c;
	r->next = c->rooms;
	c->rooms = r;
}

void net_reply_forget_room(struct net_room *r)
{
	struct net_room **at;

	loop_task_cancel(&r->task);
	if (!r->conn)
		return;
	for (at = &r->conn->rooms; *at != r; at = &(*at)->next)
		;
	*at = r->next;
	r->conn = NULL;
}

void net_reply_end(const struct net_return *to, size_t len)
{
	struct tcp_conn *c;

	if (!to->stream) {
		udp_reply_end(&to->udp, len);
		return;
	}
	assert(len <= NET_MESSAGE_MAX);
	c = conn_of(to);
	if (c && write_stream(c, len))
		tcp_conn_answered(c);
}

void net_reply_none(const struct net_return *to)
{
	struct tcp_conn *c = to->stream ? conn_of(to) : NULL;

	if (c)
		tcp_conn_answered(c);
}

static void receive_udp(void *arg, const uint8_t *data, size_t len, const struct udp_return *from)
{
	struct net_port *p = arg;

	size_t header = 0;

	p->to.udp = *from;
	if (unlikely(p->proxy)) {
		header = proxy_udp_take(p, data, len, &p->to.udp);
		if (header && header == len)
			return;
	}
	p->fn(p->arg, data + header, len - header, &p->to);
}

static void accepted(void *arg, struct stream *s)
{
	struct net_port *p = arg;
	struct tcp_conn *c = tcp_table_take(p->table);

	if (!c) {
		loop_stats(p->loop)->tcp_refused++;
		stream_close(s, 0);
		return;
	}
	tcp_conn_start(c, p, s);
}

static void free_port(struct net_port *p)
{
	loop_task_cancel(&p->task);
	proxy_sessions_free(p->sessions);
	free(p);
}

static void look_if_done(struct net_port *p)
{
	if (p->conns_told && !p->udp_reading && !p->udp_leaving && p->n_conns == 0)
		loop_next_turn(p->loop, &p->task);
}

void net_port_conn_gone(struct net_port *p)
{
	p->n_conns--;
	look_if_done(p);
}

static void close_fd(int fd)
{
	if (fd != -1)
		close(fd);
}

int net_port_start(struct loop *l, struct tcp_table *tcp, int udp_fd, int tcp_fd, const struct net_addr *at,
		   enum transport transport, const struct tcp_limits *limits, void *listener, request_fn fn,
		   void *arg, struct net_port **ret)
{
	struct net_port *p = calloc(1, sizeof(*p));
	int err = 0;

	if (!p) {
		close_fd(udp_fd);
		close_fd(tcp_fd);
		return -ENOMEM;
	}
	*p = (struct net_port){
		.loop = l,
		.table = tcp,
		.limits = *limits,
		.to = {.transport = transport, .listener = listener},
		.fn = fn,
		.arg = arg,
	};
	if (udp_fd != -1)
		err = udp_server_start(l, udp_fd, at, receive_udp, p, &p->udp);
	if (err < 0)
		close_fd(tcp_fd);
	else if (tcp_fd != -1)
		err = stream_listen(l, tcp_fd, accepted, p, &p->listener);
	if (err < 0) {
		if (p->udp)
			udp_server_close(p->udp);
		free(p);
		return err;
	}
	*ret = p;
	return 0;
}

/* The table is scanned: ports go rarely, and a list of each one's connections would cost every query. */
static void each_conn(struct net_port *p, void (*act)(struct tcp_conn *c))
{
	struct tcp_table *t = p->table;

	for (unsigned i = 0; p->n_conns && i < t->n_used; i++) {
		if (t->conns[i].stream && t->conns[i].port == p)
			act(&t->conns[i]);
	}
}

static void report_done(struct loop_task *t)
{
	struct net_port *p = container_of(t, struct net_port, task);
	void (*done)(void *arg) = p->done;
	void *arg = p->done_arg;

	free_port(p);
	if (done)
		done(arg);
}

/* Who has just connected to ask one thing is still heard (tcp_conn.c); it has its first time-out to do so. */
static void end_unless_new(struct tcp_conn *c)
{
	if (!c->first)
		tcp_conn_end(c);
}

/* A turn after the retiring began, so that what had arrived by then has been read. */
static void tell_conns(struct loop_task *t)
{
	struct net_port *p = container_of(t, struct net_port, task);

	p->conns_told = true;
	p->task.run = report_done;
	each_conn(p, end_unless_new);
	look_if_done(p);
}

static void udp_done(void *arg)
{
	struct net_port *p = arg;

	p->udp_reading = false;
	p->udp = NULL;
	look_if_done(p);
}

void net_port_set_limits(struct net_port *p, const struct tcp_limits *limits)
{
	p->limits = *limits;
}

static bool same_sessions(const struct net_port *p, const struct proxy_policy *policy)
{
	return p->proxy && policy && p->proxy->session_ns == policy->session_ns &&
	       p->proxy->session_max == policy->session_max;
}

int net_port_set_proxy(struct net_port *p, const struct proxy_policy *policy, uint64_t *cells)
{
	if (!same_sessions(p, policy)) {
		proxy_sessions_free(p->sessions);
		p->sessions = NULL;
		if (policy && policy->session_ns)
			p->sessions = proxy_sessions_new(policy->session_max, policy->session_ns, loop_rng(p->loop));
	}
	p->proxy = policy;
	p->cells = cells;
	return policy && policy->session_ns && !p->sessions ? -ENOMEM : 0;
}

void net_port_keep_udp(struct net_port *p)
{
	p->udp_unwanted = false;
}

bool net_port_has_udp(const struct net_port *p)
{
	return p->udp != NULL;
}

int net_port_add_udp(struct net_port *p, int fd, const struct net_addr *at)
{
	int err = udp_server_start(p->loop, fd, at, receive_udp, p, &p->udp);

	return err || !p->shed.cells ? err : udp_server_set_shed(p->udp, &p->shed);
}

int net_port_set_shed(struct net_port *p, const struct udp_shed_counters *c)
{
	p->shed = c ? *c : (struct udp_shed_counters){0};
	return p->udp ? udp_server_set_shed(p->udp, c) : 0;
}

static void dropped_udp_done(void *arg)
{
	struct net_port *p = arg;

	p->udp_leaving = NULL;
	if (p->udp_unwanted && !p->retiring)
		net_port_drop_udp(p);
	look_if_done(p);
}

/* One leaves at a time: the next one goes when the last has gone, unless it is wanted again by then. */
void net_port_drop_udp(struct net_port *p)
{
	if (!p->udp)
		return;
	p->udp_unwanted = p->udp_leaving != NULL;
	if (p->udp_unwanted)
		return;
	p->udp_leaving = p->udp;
	p->udp = NULL;
	udp_server_retire(p->udp_leaving, dropped_udp_done, p);
}

static void stop_listening(struct net_port *p)
{
	if (p->listener)
		stream_listener_close(p->listener);
	p->listener = NULL;
}

void net_port_retire(struct net_port *p, void (*done)(void *arg), void *arg)
{
	p->done = done;
	p->done_arg = arg;
	p->retiring = true;
	p->udp_reading = p->udp != NULL;
	if (p->udp)
		udp_server_retire(p->udp, udp_done, p);
	stop_listening(p);
	p->task.run = tell_conns;
	loop_next_turn(p->loop, &p->task);
}

void net_port_let_go(struct net_port *p)
{
	p->letting_go = true;
}

static void close_now(struct tcp_conn *c)
{
	tcp_conn_close(c, 0);
}

void net_port_close(struct net_port *p)
{
	p->conns_told = false; /* nobody is told any more */
	if (p->udp)
		udp_server_close(p->udp);
	if (p->udp_leaving)
		udp_server_close(p->udp_leaving);
	stop_listening(p);
	each_conn(p, close_now);
	free_port(p);
}
