// SPDX-License-Identifier: Apache-2.0
/* One client's TCP connection: bytes to messages (RFC 1035 4.2.2, RFC 7766), and when to stop listening. */
#include "net/tcp_internal.h"

#include "base/clock.h"

enum {
	/* Messages of one connection per turn.  A flood then costs the others of its worker at most the
	 * time of so many answers (about 0.1 ms of cached ones) before it is their turn. */
	TURN_SHARE = 32,
	/* Read at once: some hundred queries; what cannot be handed up yet is held, so this bounds it. */
	SLICE = 8 * 1024,
	LINGER_MS = 1000,
	PROXY_HEADER_MS = 10000,
};

static size_t be16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

/* Is there a message that could be handed up, or a length that ends the connection? */
static bool whole_waits(const struct tcp_conn *c)
{
	size_t len = net_buffer_waiting(&c->in), n;

	if (len < 2 || c->header_due)
		return false;
	n = be16(net_buffer_data(&c->in));
	return n < NET_MESSAGE_MIN || len - 2 >= n;
}

static bool can_take(const struct tcp_conn *c)
{
	const struct tcp_limits *limits = &c->port->limits;

	return !c->deaf && c->inflight < limits->max_inflight &&
	       stream_pending(c->stream) < limits->max_output;
}

static bool has_turn(struct tcp_conn *c)
{
	uint64_t now = loop_now_ns(c->table->loop);

	if (c->turn_ns != now) {
		c->turn_ns = now;
		c->turn_taken = 0;
	}
	return c->turn_taken < TURN_SHARE;
}

static void hand_up(struct tcp_conn *c, const uint8_t *msg, size_t len)
{
	struct net_port *p = c->port;

	loop_stats(c->table->loop)->tcp_queries++;
	c->turn_taken++;
	c->inflight++;
	c->first = false;
	c->moved = true;
	c->read_since_ns = c->turn_ns;
	if (c->queries_left > 0 && --c->queries_left == 0)
		c->deaf = c->ending = true;
	c->ending |= p->retiring || p->letting_go;
	p->fn(p->arg, msg, len, &c->to);
}

/* Hand up whole messages of `data` while the bounds allow.  Returns the bytes used; the connection may be
 * closed when this returns (the serial tells). */
static size_t pump(struct tcp_conn *c, const uint8_t *data, size_t len)
{
	uint32_t serial = c->serial;
	size_t at = 0;

	c->pumping = true;
	while (c->serial == serial && can_take(c) && has_turn(c) && len - at >= 2) {
		size_t n = be16(data + at);

		if (n < NET_MESSAGE_MIN) {
			loop_stats(c->table->loop)->tcp_bad++;
			c->deaf = c->ending = true;
		} else if (len - at - 2 >= n) {
			at += 2 + n;
			hand_up(c, data + at - n, n);
		} else {
			break;
		}
	}
	c->pumping = false;
	return at;
}

static void settle(struct tcp_conn *c);

/* The buffer is taken out of the connection meanwhile: whoever closes it must not free what is being read. */
static void pump_kept(struct tcp_conn *c)
{
	struct net_buffer_pool *pool = &c->table->buffers;
	struct net_buffer in = c->in;
	uint32_t serial = c->serial;
	size_t used;

	c->in = (struct net_buffer){0};
	used = pump(c, net_buffer_data(&in), net_buffer_waiting(&in));
	if (c->serial != serial) {
		net_buffer_drop(pool, &in);
		return;
	}
	net_buffer_consume(pool, &in, used);
	c->in = in;
}

static void receive(void *arg, const uint8_t *data, size_t len)
{
	struct tcp_conn *c = arg;
	uint32_t serial = c->serial;
	size_t used = 0;

	if (c->deaf || (unlikely(c->header_due) && !proxy_tcp_take(c, &data, &len)))
		return;
	if (net_buffer_waiting(&c->in) == 0)
		used = pump(c, data, len);
	if (c->serial != serial)
		return;
	if (used < len && !c->deaf) {
		bool kept_before = net_buffer_waiting(&c->in) != 0;

		if (tcp_table_keep(c, data + used, len - used) < 0)
			return;
		if (kept_before)
			pump_kept(c);
	}
	if (c->serial == serial)
		settle(c);
}

static void go_on(struct tcp_conn *c)
{
	uint32_t serial = c->serial;

	if (net_buffer_waiting(&c->in))
		pump_kept(c);
	if (c->serial == serial)
		settle(c);
}

/* They look for themselves whether there is room, or nobody any more. */
static void wake_rooms(struct tcp_conn *c)
{
	while (c->rooms) {
		struct net_room *r = c->rooms;

		c->rooms = r->next;
		r->conn = NULL;
		loop_next_turn(c->table->loop, &r->task);
	}
}

static void drained(void *arg)
{
	wake_rooms(arg);
	go_on(arg);
}

static void task_run(struct loop_task *t)
{
	go_on(container_of(t, struct tcp_conn, task));
}

static void half_closed(void *arg)
{
	tcp_conn_end(arg);
}

static void gone(struct tcp_conn *c)
{
	struct net_port *p = c->port;

	timer_disarm(loop_timers(c->table->loop), &c->timer);
	loop_task_cancel(&c->task);
	wake_rooms(c);
	tcp_idle_unlink(c);
	net_buffer_drop(&c->table->buffers, &c->in);
	c->stream = NULL;
	c->serial++;
	tcp_table_give(c);
	net_port_conn_gone(p);
}

static void closed(void *arg, int err)
{
	gone(arg);
}

void tcp_conn_close(struct tcp_conn *c, unsigned linger_ms)
{
	stream_close(c->stream, linger_ms);
	gone(c);
}

static uint64_t ns(unsigned ms)
{
	return ms * NS_PER_MS;
}

/* When the client will have been too slow to send; UINT64_MAX while it is our turn. */
static uint64_t read_deadline(const struct tcp_conn *c)
{
	const struct tcp_limits *limits = &c->port->limits;

	if (c->paused || c->ending || (c->inflight && net_buffer_waiting(&c->in) == 0))
		return UINT64_MAX;
	if (c->header_due)
		return c->read_since_ns + ns(PROXY_HEADER_MS);
	return c->read_since_ns + ns(c->first ? limits->first_ms : limits->idle_ms);
}

static uint64_t write_deadline(const struct tcp_conn *c)
{
	return stream_pending(c->stream) ? c->acked_ns + ns(c->port->limits.write_ms) : UINT64_MAX;
}

/* The timer is moved only to come earlier; when it fires early it is armed again, so that a query costs no
 * work in the heap. */
static void arm(struct tcp_conn *c)
{
	uint64_t read = read_deadline(c), write = write_deadline(c);
	uint64_t at = read < write ? read : write;

	if (at == UINT64_MAX || (timer_armed(&c->timer) && c->timer.at_ns <= at))
		return;
	if (timer_arm(loop_timers(c->table->loop), &c->timer, at) < 0)
		tcp_conn_close(c, 0);
}

/* The kernel's queue counts: it asks for more only when a third of it, perhaps a megabyte, has gone.  What was in it when
 * the output began to wait is known from the first look on, so a client has between one and two of the time-out. */
static void look_at_writing(struct tcp_conn *c, uint64_t now)
{
	size_t acked = c->written - stream_unacked(c->stream);

	if (acked != c->acked_seen) {
		c->acked_seen = acked;
		c->acked_ns = now;
	}
}

static void timer_fired(struct timer *t)
{
	struct tcp_conn *c = container_of(t, struct tcp_conn, timer);
	uint64_t now = loop_now_ns(c->table->loop);

	look_at_writing(c, now);
	if (read_deadline(c) <= now || write_deadline(c) <= now) {
		loop_stats(c->table->loop)->tcp_timeouts++;
		tcp_conn_close(c, 0);
	} else {
		arm(c);
	}
}

static void set_paused(struct tcp_conn *c, bool paused)
{
	if (c->paused == paused)
		return;
	c->paused = paused;
	if (paused) {
		stream_pause(c->stream);
	} else {
		c->read_since_ns = loop_now_ns(c->table->loop);
		stream_resume(c->stream);
	}
}

/* After anything that happened: close, go on next turn, read or not, idle or not, until when. */
static void settle(struct tcp_conn *c)
{
	bool waits;

	if (c->deaf)
		net_buffer_drop(&c->table->buffers, &c->in);
	waits = whole_waits(c);
	if (c->ending && !waits && c->inflight == 0) {
		tcp_conn_close(c, LINGER_MS);
		return;
	}
	if (waits && can_take(c))
		loop_next_turn(c->table->loop, &c->task);
	set_paused(c, waits || c->ending || !can_take(c));
	if (c->inflight || waits)
		tcp_idle_unlink(c);
	else if (c->moved || !c->listed)
		tcp_idle_link(c);
	c->moved = false;
	arm(c);
}

void tcp_conn_answered(struct tcp_conn *c)
{
	c->inflight--;
	c->moved = true;
	if (c->pumping)
		return;
	if (net_buffer_waiting(&c->in) == 0)
		c->read_since_ns = loop_now_ns(c->table->loop);
	settle(c);
}

bool tcp_conn_sent(struct tcp_conn *c)
{
	uint32_t serial = c->serial;

	if (!c->pumping)
		settle(c);
	return c->serial == serial;
}

int tcp_conn_write(struct tcp_conn *c, const uint8_t *data, size_t len)
{
	int err;

	if (stream_pending(c->stream) == 0) {
		c->acked_seen = c->written;
		c->acked_ns = loop_now_ns(c->table->loop);
	}
	err = stream_write(c->stream, data, len);
	if (err == 0)
		c->written += len;
	return err;
}

void tcp_conn_end(struct tcp_conn *c)
{
	c->ending = true;
	if (!c->pumping)
		settle(c);
}

static const struct stream_ops ops = {
	.receive = receive,
	.drained = drained,
	.half_closed = half_closed,
	.closed = closed,
};

void tcp_conn_start(struct tcp_conn *c, struct net_port *p, struct stream *s)
{
	*c = (struct tcp_conn){
		.table = p->table,
		.port = p,
		.stream = s,
		.serial = c->serial,
		.queries_left = p->limits.max_queries,
		.first = true,
		.header_due = p->proxy && proxy_policy_for(p->proxy, stream_peer(s)) != PROXY_SKIP,
		.read_since_ns = loop_now_ns(p->loop),
		.timer.fire = timer_fired,
		.task.run = task_run,
		.to =
			{
				.stream = true,
				.transport = p->to.transport,
				.listener = p->to.listener,
				.tcp = {.conn = c,
					.serial = c->serial,
					.peer = *stream_peer(s),
					.local = *stream_local(s)},
			},
	};
	p->n_conns++;
	stream_set_ops(s, &ops, c);
	stream_set_receive_max(s, SLICE);
	stream_set_output_limit(s, 4 * p->limits.max_output + 2 + NET_MESSAGE_MAX);
	stream_set_output_mark(s, p->limits.max_output);
	tcp_idle_link(c);
	arm(c);
}
