// SPDX-License-Identifier: Apache-2.0
/* Byte streams of the simulated door: in order and without loss, as TCP gives them, until somebody ends or
 * resets them. */
#include "door.h"

#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum {
	FD_BASE = 1 << 21,
	LISTENERS_MAX = 256,
	RX_MAX = 64 * 1024,
	OUT_LIMIT = 256 * 1024,
	SYN_TRIES = 7, /* at 0, 1, 3, 7 ... s, as Linux sends them */
};

enum state { CONNECTING, OPEN, GONE };

struct segment {
	struct timer timer;
	struct arrival arrival;
	struct segment *next;
	struct stream *stream;
	struct sim_end *end;
	enum { SEG_DATA, SEG_FIN, SEG_RESET, SEG_OPEN } kind;
	int err;
	void (*arrived)(void *arg);
	void *arg;
	size_t len, at;
	uint8_t data[];
};

struct stream {
	struct loop *loop;
	struct sim_end *end;
	const struct stream_ops *ops;
	void *arg;
	enum state state;
	bool paused, fin, over;
	struct net_addr peer, local;
	size_t rx_max, out_limit, out_mark;
	uint8_t *out;
	size_t out_len, out_cap;
	struct segment *rx, **rx_last;
	struct loop_task task;
	struct stream *next, **link;
	/* connecting */
	struct site *site;
	struct timer syn;
	unsigned tries;
};

struct stream_listener {
	int fd;
	struct loop *loop;
	struct net_addr local;
	bool bound, paused;
	stream_accept_fn accepted;
	void *arg;
	struct segment *queue, **queue_last;
	struct loop_task task;
};

static struct {
	struct stream_listener *v[LISTENERS_MAX];
	unsigned n;
} listeners;

void sim_tcp_reset(void)
{
	listeners.n = 0;
}

static struct segment *segment_new(struct stream *s, struct sim_end *e, const uint8_t *data, size_t len)
{
	struct segment *g = world_alloc(sizeof(*g) + len);

	g->stream = s;
	g->end = e;
	g->len = len;
	if (len)
		memcpy(g->data, data, len);
	return g;
}

/* Never before what was sent earlier in the same direction. */
static uint64_t in_order(uint64_t *last_ns, uint64_t delay_ns)
{
	uint64_t at = world.now_ns + delay_ns;

	if (at < *last_ns)
		at = *last_ns;
	*last_ns = at;
	return at - world.now_ns;
}

/* ---------------------------------------------------------------- life of a stream */

static void stream_task(struct loop_task *t);

static struct stream *stream_new(struct loop *l, struct sim_end *e)
{
	struct stream *s = world_alloc(sizeof(*s));

	s->loop = l;
	s->end = e;
	s->rx_max = RX_MAX;
	s->out_limit = OUT_LIMIT;
	s->out_mark = OUT_LIMIT / 2;
	s->rx_last = &s->rx;
	s->task.run = stream_task;
	s->next = l->streams;
	s->link = &l->streams;
	if (s->next)
		s->next->link = &s->next;
	l->streams = s;
	l->n_streams++;
	return s;
}

static void stream_gone(struct stream *s)
{
	s->state = GONE;
	s->loop->n_streams--;
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	loop_task_cancel(&s->task);
	timer_disarm(&world.events, &s->syn);
}

static void finish(struct stream *s, int err)
{
	stream_gone(s);
	s->ops->closed(s->arg, err);
}

/* ---------------------------------------------------------------- from the server to the other end */

static void at_end(struct timer *t)
{
	struct segment *g = container_of(t, struct segment, timer);
	struct sim_end *e = g->end;

	if (e->closed)
		return;
	if (g->kind == SEG_DATA) {
		e->ops->data(e, g->data, g->len);
		return;
	}
	if (!e->told) {
		e->told = true;
		e->ops->ended(e, g->kind == SEG_RESET);
	}
}

static void to_end(struct sim_end *e, const uint8_t *data, size_t len, int kind)
{
	struct segment *g = segment_new(NULL, e, data, len);

	g->kind = kind;
	g->timer.fire = at_end;
	world_after(&g->timer, in_order(&e->to_end_ns, world_between(20 * NS_PER_US, 500 * NS_PER_US)));
}

/* A client that takes nothing more is a client that has gone; others take all at once. */
static void flush(struct stream *s)
{
	if (s->state != OPEN || !s->out_len)
		return;
	to_end(s->end, s->out, s->out_len, SEG_DATA);
	s->out_len = 0;
	if (s->over)
		loop_next_turn(s->loop, &s->task);
}

void streams_flush(struct loop *l)
{
	for (struct stream *s = l->streams; s; s = s->next)
		flush(s);
}

int stream_write(struct stream *s, const uint8_t *data, size_t len)
{
	assert(s->state != GONE);
	if (s->out_len + len > s->out_limit) {
		s->over = true;
		return ERR_LIMIT;
	}
	if (s->out_len + len > s->out_cap) {
		size_t cap = 2 * (s->out_len + len);
		uint8_t *out = world_alloc(cap);

		if (s->out_len)
			memcpy(out, s->out, s->out_len);
		s->out = out;
		s->out_cap = cap;
	}
	memcpy(s->out + s->out_len, data, len);
	s->out_len += len;
	s->over |= s->out_len >= s->out_mark;
	return 0;
}

void stream_close(struct stream *s, unsigned linger_ms)
{
	bool was_open = s->state == OPEN;

	assert(s->state != GONE);
	if (linger_ms)
		flush(s);
	if (was_open)
		to_end(s->end, NULL, 0, linger_ms ? SEG_FIN : SEG_RESET);
	stream_gone(s);
}

/* ---------------------------------------------------------------- from the other end to the server */

/* Hand up what has come, as far as it is wanted. */
static void pump(struct stream *s)
{
	while (s->state == OPEN && s->rx && !s->paused) {
		struct segment *g = s->rx;
		size_t left = g->len - g->at, n = left < s->rx_max ? left : s->rx_max;
		const uint8_t *data = g->data + g->at;

		g->at += n;
		if (g->at == g->len) {
			s->rx = g->next;
			if (!s->rx)
				s->rx_last = &s->rx;
			if (g->arrived)
				g->arrived(g->arg);
		}
		s->ops->receive(s->arg, data, n);
	}
	if (s->state != OPEN || s->rx || s->paused || !s->fin)
		return;
	s->fin = false;
	if (s->ops->half_closed)
		s->ops->half_closed(s->arg);
	else
		finish(s, 0);
}

static void stream_task(struct loop_task *t)
{
	struct stream *s = container_of(t, struct stream, task);

	if (s->over && s->out_len < s->out_mark / 2) {
		s->over = false;
		if (s->ops->drained)
			s->ops->drained(s->arg);
	}
	if (s->state == OPEN)
		pump(s);
}

static void segment_read(struct arrival *a)
{
	struct segment *g = container_of(a, struct segment, arrival);
	struct stream *s = g->stream;

	if (s->state == GONE)
		return;
	switch (g->kind) {
	case SEG_OPEN:
		s->state = OPEN;
		s->ops->connected(s->arg);
		return;
	case SEG_RESET:
		finish(s, g->err);
		return;
	case SEG_FIN:
		s->fin = true;
		break;
	case SEG_DATA:
		g->next = NULL;
		*s->rx_last = g;
		s->rx_last = &g->next;
		break;
	}
	pump(s);
}

static void at_stream(struct timer *t)
{
	struct segment *g = container_of(t, struct segment, timer);

	if (!g->stream)
		g->stream = g->end->stream;
	g->arrival.run = segment_read;
	if (g->stream && g->stream->state != GONE)
		loop_arrive(g->stream->loop, &g->arrival);
	else if (g->kind == SEG_DATA && g->end)
		to_end(g->end, NULL, 0, SEG_RESET);
}

static struct segment *to_stream(struct sim_end *e, const uint8_t *data, size_t len, int kind,
				 uint64_t delay_ns)
{
	struct segment *g = segment_new(e->stream, e, data, len);

	g->kind = kind;
	g->timer.fire = at_stream;
	world_after(&g->timer, in_order(&e->to_stream_ns, delay_ns));
	return g;
}

void sim_end_write(struct sim_end *e, const uint8_t *data, size_t len, uint64_t delay_ns,
		   void (*arrived)(void *arg), void *arg)
{
	struct segment *g;

	if (e->closed || !len)
		return;
	g = to_stream(e, data, len, SEG_DATA, delay_ns);
	g->arrived = arrived;
	g->arg = arg;
}

void sim_end_close(struct sim_end *e, bool reset, uint64_t delay_ns)
{
	if (e->closed)
		return;
	to_stream(e, NULL, 0, reset ? SEG_RESET : SEG_FIN, delay_ns)->err = reset ? -ECONNRESET : 0;
	e->closed |= reset;
}

/* ---------------------------------------------------------------- connecting to sites */

static void connect_result(struct stream *s, int kind, int err)
{
	struct segment *g = segment_new(s, s->end, NULL, 0);

	g->kind = kind;
	g->err = err;
	g->arrival.run = segment_read;
	loop_arrive(s->loop, &g->arrival);
}

static void syn(struct timer *t)
{
	struct stream *s = container_of(t, struct stream, syn);

	switch (site_syn(s->site, s->end)) {
	case SYN_ACCEPTED:
		connect_result(s, SEG_OPEN, 0);
		break;
	case SYN_REFUSED:
		connect_result(s, SEG_RESET, -ECONNREFUSED);
		break;
	case SYN_LOST:
		if (++s->tries == SYN_TRIES)
			connect_result(s, SEG_RESET, -ETIMEDOUT);
		else
			world_after(&s->syn, NS_PER_S << (s->tries - 1));
		break;
	}
}

int stream_connect(struct loop *l, const struct net_addr *peer, const struct net_addr *source,
		   const struct stream_ops *ops, void *arg, struct stream **ret)
{
	struct site *site = site_at(peer);
	struct stream *s;

	(void)source;
	if (!site)
		return -ENETUNREACH;
	s = stream_new(l, world_alloc(sizeof(struct sim_end)));
	s->end->stream = s;
	s->site = site;
	s->ops = ops;
	s->arg = arg;
	s->peer = *peer;
	if (net_addr_parse("192.0.2.99", (uint16_t)(32768 + rng_below(&l->core.rng, 28232)), &s->local))
		assert(false);
	s->syn.fire = syn;
	world_after(&s->syn, 2 * site_delay_ns(site));
	*ret = s;
	return 0;
}

/* ---------------------------------------------------------------- accepting clients */

int sim_tcp_bind(const struct net_addr *at)
{
	struct stream_listener *sl = world_alloc(sizeof(*sl));

	assert(listeners.n < LISTENERS_MAX);
	sl->fd = FD_BASE + (int)listeners.n;
	sl->local = *at;
	sl->bound = true;
	sl->queue_last = &sl->queue;
	listeners.v[listeners.n++] = sl;
	return sl->fd;
}

static void accept_all(struct stream_listener *sl, bool even_paused)
{
	while (sl->queue && (even_paused || !sl->paused)) {
		struct segment *g = sl->queue;
		struct stream *s;

		sl->queue = g->next;
		if (!sl->queue)
			sl->queue_last = &sl->queue;
		s = g->stream;
		sl->loop->core.stats.tcp_accepted++;
		sl->accepted(sl->arg, s);
	}
}

static void listener_task(struct loop_task *t)
{
	accept_all(container_of(t, struct stream_listener, task), false);
}

int stream_listen(struct loop *l, int fd, stream_accept_fn accepted, void *arg, struct stream_listener **ret)
{
	struct stream_listener *sl = listeners.v[fd - FD_BASE];

	sl->loop = l;
	sl->accepted = accepted;
	sl->arg = arg;
	sl->task.run = listener_task;
	l->n_listeners++;
	*ret = sl;
	return 0;
}

/* The handshake is done by the kernel: data may come before the server accepts. */
static void client_syn(struct timer *t)
{
	struct segment *g = container_of(t, struct segment, timer);
	struct sim_end *e = g->end;
	struct stream_listener *group[LISTENERS_MAX], *sl;
	struct stream *s;
	unsigned n = 0;

	for (unsigned i = 0; i < listeners.n; i++) {
		if (listeners.v[i]->bound && listeners.v[i]->loop &&
		    net_addr_port(&listeners.v[i]->local) == (uint16_t)g->err)
			group[n++] = listeners.v[i];
	}
	if (!n) {
		to_end(e, NULL, 0, SEG_RESET);
		return;
	}
	sl = group[world_below(n)];
	s = stream_new(sl->loop, e);
	s->state = OPEN;
	s->local = sl->local;
	memcpy(&s->peer, g->data, sizeof(s->peer));
	e->stream = s;
	e->ops->opened(e);
	g->stream = s;
	g->next = NULL;
	*sl->queue_last = g;
	sl->queue_last = &g->next;
	loop_next_turn(sl->loop, &sl->task);
}

void sim_connect(struct sim_end *e, const struct net_addr *from, uint16_t port, uint64_t delay_ns)
{
	struct segment *g = segment_new(NULL, e, (const uint8_t *)from, sizeof(*from));

	g->err = port;
	g->timer.fire = client_syn;
	world_after(&g->timer, delay_ns);
}

void stream_listener_close(struct stream_listener *sl)
{
	accept_all(sl, true);
	sl->bound = false;
	sl->loop->n_listeners--;
	loop_task_cancel(&sl->task);
}

void stream_listener_pause(struct stream_listener *sl)
{
	sl->paused = true;
}

void stream_listener_resume(struct stream_listener *sl)
{
	sl->paused = false;
	loop_next_turn(sl->loop, &sl->task);
}

/* ---------------------------------------------------------------- the rest of net/stream.h */

size_t stream_pending(const struct stream *s)
{
	return s->out_len;
}

/* What has left is with the peer, or will be. */
size_t stream_unacked(const struct stream *s)
{
	return s->out_len;
}

size_t stream_held(const struct loop *l)
{
	size_t n = 0;

	for (const struct stream *s = l->streams; s; s = s->next)
		n += s->out_len;
	return n;
}

void stream_set_output_limit(struct stream *s, size_t bytes)
{
	s->out_limit = bytes;
	s->out_mark = bytes / 2;
}

void stream_set_output_mark(struct stream *s, size_t bytes)
{
	s->out_mark = bytes;
}

void stream_set_receive_max(struct stream *s, size_t bytes)
{
	s->rx_max = bytes < RX_MAX ? bytes : RX_MAX;
}

void stream_pause(struct stream *s)
{
	s->paused = true;
}

void stream_resume(struct stream *s)
{
	if (!s->paused)
		return;
	s->paused = false;
	loop_next_turn(s->loop, &s->task);
}

const struct net_addr *stream_peer(const struct stream *s)
{
	return &s->peer;
}

const struct net_addr *stream_local(const struct stream *s)
{
	return &s->local;
}

void stream_set_ops(struct stream *s, const struct stream_ops *ops, void *arg)
{
	s->ops = ops;
	s->arg = arg;
}
