// SPDX-License-Identifier: Apache-2.0
#include "door.h"

#include "base/clock.h"
#include "net/stream.h"
#include "net/udp.h"
#include "wire/name.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct loop {
	uint64_t now_ns;
	struct timer_heap timers;
	struct rng rng;
	struct site *sites;
	struct udp_client *clients; /* all that ever were */
	struct stream *streams;
	struct event *events; /* all that wait */
	void *receiver;
	unsigned n_sockets, n_streams, n_ports;
	uint8_t ports[65536];
};

/* ---------------------------------------------------------------- loop.h */

uint64_t loop_now_ns(const struct loop *l)
{
	return l->now_ns;
}

struct timer_heap *loop_timers(struct loop *l)
{
	return &l->timers;
}

struct rng *loop_rng(struct loop *l)
{
	return &l->rng;
}

/* ---------------------------------------------------------------- events */

struct event {
	struct timer timer;
	struct loop *loop;
	struct event *next, **pprev;
	void (*run)(struct event *e);
	struct udp_client *udp;
	struct stream *stream;
	struct site_conn *conn;
	int err;
	size_t len;
	uint8_t data[];
};

static void event_fire(struct timer *t)
{
	struct event *e = container_of(t, struct event, timer);

	*e->pprev = e->next;
	if (e->next)
		e->next->pprev = e->pprev;
	e->run(e);
	free(e);
}

static struct event *event_new(struct loop *l, uint64_t delay_us, void (*run)(struct event *e),
			       const void *data, size_t len)
{
	struct event *e = calloc(1, sizeof(*e) + len);

	assert(e);
	e->loop = l;
	e->run = run;
	e->len = len;
	if (len)
		memcpy(e->data, data, len);
	e->timer.fire = event_fire;
	e->next = l->events;
	e->pprev = &l->events;
	if (e->next)
		e->next->pprev = &e->next;
	l->events = e;
	if (timer_arm(&l->timers, &e->timer, l->now_ns + delay_us * NS_PER_US))
		abort();
	return e;
}

static void run_message(struct event *e)
{
	struct mpsc_msg *m;

	memcpy(&m, e->data, sizeof(m));
	m->run(m, e->loop->receiver);
}

int loop_post(struct loop *l, struct mpsc_msg *m)
{
	(void)event_new(l, 0, run_message, &m, sizeof(m));
	return 0;
}

/* ---------------------------------------------------------------- udp.h */

struct udp_client {
	struct loop *loop;
	struct site *site;
	const struct udp_client_ops *ops;
	void *arg;
	uint16_t port;
	bool closed;
	struct udp_client *next;
};

static struct site *site_at(struct loop *l, const struct net_addr *peer)
{
	struct site *s = l->sites;

	while (s && !net_addr_equal(&s->addr, peer))
		s = s->next;
	return s;
}

int udp_client_open(struct loop *l, const struct net_addr *peer, const struct net_addr *source,
		    const struct udp_client_ops *ops, void *arg, struct udp_client **ret)
{
	struct udp_client *c = calloc(1, sizeof(*c));

	(void)source;
	assert(c);
	*c = (struct udp_client){
		.loop = l, .site = site_at(l, peer), .ops = ops, .arg = arg, .next = l->clients};
	if (!c->site) {
		free(c);
		return -ENETUNREACH;
	}
	c->port = (uint16_t)(32768 + rng_below(&l->rng, 28000));
	l->n_ports += !l->ports[c->port];
	l->ports[c->port] = 1;
	l->clients = c;
	l->n_sockets++;
	*ret = c;
	return 0;
}

static void run_script(struct heard *q, const uint8_t *msg, size_t len);

static void udp_arrives(struct event *e)
{
	struct heard q = {.site = e->udp->site, .udp = e->udp, .port = e->udp->port};

	q.nth = ++q.site->n_udp;
	run_script(&q, e->data, e->len);
}

static void udp_error(struct event *e)
{
	if (!e->udp->closed)
		e->udp->ops->error(e->udp->arg, e->err);
}

int udp_client_send(struct udp_client *c, const uint8_t *data, size_t len)
{
	struct event *e;

	assert(!c->closed);
	if (c->site->udp == SITE_SILENT)
		return 0;
	if (c->site->udp == SITE_REFUSED) {
		e = event_new(c->loop, 2 * HOP_US, udp_error, NULL, 0);
		e->err = -ECONNREFUSED;
	} else {
		e = event_new(c->loop, HOP_US, udp_arrives, data, len);
	}
	e->udp = c;
	return 0;
}

uint16_t udp_client_port(const struct udp_client *c)
{
	return c->port;
}

void udp_client_close(struct udp_client *c)
{
	assert(!c->closed);
	c->closed = true;
	c->loop->n_sockets--;
}

static void udp_answer(struct event *e)
{
	if (!e->udp->closed)
		e->udp->ops->receive(e->udp->arg, e->data, e->len);
}

/* ---------------------------------------------------------------- stream.h */

enum stream_state { CONNECTING, OPEN, CLOSED };

/* The site's side. */
struct site_conn {
	struct stream *stream;
	struct site *site;
	unsigned n;
	uint8_t in[70000];
	size_t len;
	bool ended;
};

struct stream {
	struct loop *loop;
	const struct stream_ops *ops;
	void *arg;
	enum stream_state state;
	unsigned tries;
	struct net_addr peer, local;
	struct site_conn conn;
	struct stream *next;
};

static void syn(struct event *e);

static void syn_later(struct stream *s, uint64_t delay_us)
{
	event_new(s->loop, delay_us, syn, NULL, 0)->stream = s;
}

static void stream_ends(struct stream *s, int err)
{
	if (s->state == CLOSED)
		return;
	s->state = CLOSED;
	s->loop->n_streams--;
	s->ops->closed(s->arg, err);
}

/* SYNs go out at 0, 1, 3, 7 s, as Linux sends them. */
static void syn(struct event *e)
{
	struct stream *s = e->stream;
	struct site *site = s->conn.site;

	if (s->state != CONNECTING)
		return;
	site->n_syn++;
	if (site->tcp == SITE_REFUSED) {
		stream_ends(s, -ECONNREFUSED);
	} else if (site->tcp == SITE_SILENT) {
		if (++s->tries == SYN_TRIES)
			stream_ends(s, -ETIMEDOUT);
		else
			syn_later(s, (1000000ull << s->tries) / 2);
	} else {
		s->state = OPEN;
		site->n_conns++;
		s->ops->connected(s->arg);
	}
}

int stream_connect(struct loop *l, const struct net_addr *peer, const struct net_addr *source,
		   const struct stream_ops *ops, void *arg, struct stream **ret)
{
	struct site *site = site_at(l, peer);
	struct stream *s;

	(void)source;
	if (!site)
		return -ENETUNREACH;
	s = calloc(1, sizeof(*s));
	assert(s);
	s->loop = l;
	s->ops = ops;
	s->arg = arg;
	s->peer = *peer;
	if (net_addr_parse("192.0.2.99", (uint16_t)(40000 + l->n_streams), &s->local))
		abort();
	s->conn.site = site;
	s->conn.stream = s;
	s->next = l->streams;
	l->streams = s;
	l->n_streams++;
	syn_later(s, 2 * HOP_US);
	*ret = s;
	return 0;
}

static void take_frames(struct site_conn *c)
{
	while (c->len >= 2 && !c->ended) {
		size_t n = wire_u16(c->in);
		struct heard q = {
			.site = c->site, .conn = c, .tcp = true, .port = net_addr_port(&c->stream->local)};

		if (c->len < n + 2)
			return;
		q.nth = ++c->site->n_tcp;
		q.nth_on_conn = ++c->n;
		run_script(&q, c->in + 2, n);
		c->len -= n + 2;
		memmove(c->in, c->in + n + 2, c->len);
	}
}

static void tcp_arrives(struct event *e)
{
	struct site_conn *c = &e->stream->conn;

	if (c->ended || e->stream->state == CLOSED)
		return;
	assert(c->len + e->len <= sizeof(c->in));
	memcpy(c->in + c->len, e->data, e->len);
	c->len += e->len;
	take_frames(c);
}

int stream_write(struct stream *s, const uint8_t *data, size_t len)
{
	assert(s->state == OPEN);
	event_new(s->loop, HOP_US, tcp_arrives, data, len)->stream = s;
	return 0;
}

void stream_close(struct stream *s, unsigned linger_ms)
{
	(void)linger_ms;
	assert(s->state != CLOSED);
	s->state = CLOSED;
	s->loop->n_streams--;
}

const struct net_addr *stream_local(const struct stream *s)
{
	return &s->local;
}

static void tcp_answer(struct event *e)
{
	if (e->stream->state == OPEN)
		e->stream->ops->receive(e->stream->arg, e->data, e->len);
}

static void tcp_ends(struct event *e)
{
	stream_ends(e->stream, e->err);
}

/* ---------------------------------------------------------------- scripts */

static void read_opt(struct heard *q, const uint8_t *p)
{
	q->edns = true;
	q->edns_size = wire_u16(p + 3);
	q->do_bit = p[7] & 0x80;
	q->options_len = wire_u16(p + 9);
	assert(q->options_len <= sizeof(q->options));
	memcpy(q->options, p + 11, q->options_len);
}

static void run_script(struct heard *q, const uint8_t *msg, size_t len)
{
	const uint8_t *p = msg + WIRE_HEADER_LEN;

	assert(len >= WIRE_HEADER_LEN + 5 && wire_u16(msg + 4) == 1);
	q->id = wire_u16(msg);
	q->flags = wire_u16(msg + 2);
	q->name_len = wire_name_len(p);
	memcpy(q->name, p, q->name_len);
	p += q->name_len;
	q->type = wire_u16(p);
	p += 4;
	if (wire_u16(msg + 10))
		read_opt(q, p);
	else
		assert(p == msg + len);
	q->site->n_edns += q->edns;
	q->site->last = *q;
	if (q->site->script)
		q->site->script(q);
	else
		site_answer(q, 0, 0, 1);
}

static struct loop *loop_of(const struct heard *q)
{
	return q->tcp ? q->conn->stream->loop : q->udp->loop;
}

static uint64_t delay_us(const struct heard *q)
{
	return HOP_US + q->delay_ms * 1000ull;
}

void site_raw(struct heard *q, const uint8_t *msg, size_t len)
{
	uint8_t framed[2 + 65535];
	size_t piece = q->site->fragment ? q->site->fragment : len + 2;

	if (!q->tcp) {
		event_new(loop_of(q), delay_us(q), udp_answer, msg, len)->udp = q->udp;
		return;
	}
	wire_put_u16(framed, (unsigned)len);
	if (len)
		memcpy(framed + 2, msg, len);
	for (size_t at = 0; at < len + 2; at += piece) {
		size_t n = at + piece < len + 2 ? piece : len + 2 - at;

		event_new(loop_of(q), delay_us(q), tcp_answer, framed + at, n)->stream = q->conn->stream;
	}
}

static size_t compose(const struct heard *q, uint8_t *out, unsigned rcode, uint16_t flags, unsigned n,
		      bool opt)
{
	static const uint8_t head[] = {0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 51};
	uint8_t *p = out + WIRE_HEADER_LEN;

	memset(out, 0, WIRE_HEADER_LEN);
	wire_put_u16(out, q->id);
	wire_put_u16(out + 2, FLAG_QR | FLAG_RA | (q->flags & FLAG_RD) | flags | (rcode & 15));
	wire_put_u16(out + 4, 1);
	wire_put_u16(out + 6, n);
	memcpy(p, q->name, q->name_len);
	p += q->name_len;
	wire_put_u16(p, q->type);
	wire_put_u16(p + 2, CLASS_IN);
	p += 4;
	for (unsigned i = 0; i < n; i++) {
		memcpy(p, head, sizeof(head));
		p += sizeof(head);
		*p++ = (uint8_t)(i >> 8);
		*p++ = (uint8_t)i;
	}
	if (opt) {
		memset(p, 0, 11);
		wire_put_u16(p + 1, TYPE_OPT);
		wire_put_u16(p + 3, 1232);
		p[5] = (uint8_t)(rcode >> 4);
		p += 11;
		wire_put_u16(out + 10, 1);
	}
	return (size_t)(p - out);
}

void site_answer(struct heard *q, unsigned rcode, uint16_t flags, unsigned n)
{
	uint8_t out[65535];

	site_raw(q, out, compose(q, out, rcode, flags, n, q->edns));
}

void site_answer_plain(struct heard *q, unsigned rcode, uint16_t flags, unsigned n)
{
	uint8_t out[65535];

	site_raw(q, out, compose(q, out, rcode, flags, n, false));
}

void site_forged(struct heard *q, uint16_t id_xor, const char *name)
{
	struct heard f = *q;
	uint8_t out[512];
	int len;

	f.id ^= id_xor;
	if (name) {
		len = wire_name_from_text(name, f.name);
		assert(len > 0);
		f.name_len = (size_t)len;
	}
	site_raw(q, out, compose(&f, out, 0, 0, 1, false));
}

static void end_conn(struct heard *q, int err)
{
	struct event *e = event_new(loop_of(q), delay_us(q), tcp_ends, NULL, 0);

	q->conn->ended = true;
	e->stream = q->conn->stream;
	e->err = err;
}

void site_close(struct heard *q)
{
	end_conn(q, 0);
}

void site_reset(struct heard *q)
{
	end_conn(q, -ECONNRESET);
}

void site_icmp(struct heard *q, int err)
{
	struct event *e = event_new(loop_of(q), delay_us(q), udp_error, NULL, 0);

	e->udp = q->udp;
	e->err = err;
}

/* ---------------------------------------------------------------- the world */

struct loop *door_begin(void)
{
	struct loop *l = calloc(1, sizeof(*l));

	assert(l);
	l->now_ns = 1000 * NS_PER_S;
	timer_heap_init(&l->timers);
	rng_init(&l->rng);
	return l;
}

void door_end(struct loop *l)
{
	while (l->events) {
		struct event *e = l->events;

		l->events = e->next;
		timer_disarm(&l->timers, &e->timer);
		free(e);
	}
	while (l->clients) {
		struct udp_client *c = l->clients;

		l->clients = c->next;
		free(c);
	}
	while (l->streams) {
		struct stream *s = l->streams;

		l->streams = s->next;
		free(s);
	}
	assert(timer_heap_next(&l->timers) == UINT64_MAX);
	timer_heap_fini(&l->timers);
	free(l);
}

void door_add(struct loop *l, struct site *s)
{
	if (net_addr_parse(s->address, 53, &s->addr))
		abort();
	s->next = l->sites;
	l->sites = s;
}

void door_receiver(struct loop *l, void *receiver)
{
	l->receiver = receiver;
}

static bool step(struct loop *l, uint64_t until_ns)
{
	uint64_t next = timer_heap_next(&l->timers);

	if (next > until_ns) {
		l->now_ns = until_ns;
		return false;
	}
	if (next > l->now_ns)
		l->now_ns = next;
	timer_heap_run(&l->timers, l->now_ns);
	return true;
}

void door_pass_ms(struct loop *l, uint64_t ms)
{
	uint64_t until = l->now_ns + ms * NS_PER_MS;

	while (step(l, until))
		continue;
}

bool door_wait(struct loop *l, const unsigned *flag, uint64_t ms)
{
	uint64_t until = l->now_ns + ms * NS_PER_MS;

	while (!*flag && step(l, until))
		continue;
	return *flag != 0;
}

unsigned door_sockets(const struct loop *l)
{
	return l->n_sockets;
}

unsigned door_streams(const struct loop *l)
{
	return l->n_streams;
}

unsigned door_ports(const struct loop *l)
{
	return l->n_ports;
}
