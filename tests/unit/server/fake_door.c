// SPDX-License-Identifier: Apache-2.0
#include "fake_door.h"

#include "base/clock.h"
#include "base/err.h"
#include "server/server_metrics.h"
#include "wire/build.h"
#include "wire/name.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_answer fake_answers[FAKE_ANSWERS];
unsigned n_fake_answers;
static struct fake_answer spill;

/* ---------------------------------------------------------------- loop.h */

struct loop {
	uint64_t now_ns;
	struct timer_heap timers;
	struct rng rng;
};

struct loop *loop_new(size_t queue_limit)
{
	struct loop *l = calloc(1, sizeof(*l));

	(void)queue_limit;
	l->now_ns = 1000 * NS_PER_S;
	timer_heap_init(&l->timers);
	rng_init(&l->rng);
	return l;
}

void loop_free(struct loop *l)
{
	timer_heap_fini(&l->timers);
	free(l);
}

uint64_t loop_now_ns(const struct loop *l)
{
	return l->now_ns;
}

uint64_t loop_refresh(struct loop *l)
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

/* ---------------------------------------------------------------- dns_server.h */

static struct fake_answer *next_answer(void)
{
	return n_fake_answers < FAKE_ANSWERS ? &fake_answers[n_fake_answers] : &spill;
}

uint8_t *net_reply_begin(const struct net_return *to, size_t cap)
{
	(void)to;
	assert(cap <= sizeof(spill.msg));
	return next_answer()->msg;
}

void net_reply_end(const struct net_return *to, size_t len)
{
	(void)to;
	next_answer()->len = len;
	next_answer()->none = false;
	n_fake_answers++;
}

unsigned fake_room;
bool fake_gone;
static struct net_room *waits_for_room;

int net_reply_part(const struct net_return *to, size_t len)
{
	if (fake_gone)
		return ERR_GONE;
	assert(fake_room);
	fake_room--;
	net_reply_end(to, len);
	return 0;
}

bool net_reply_has_room(const struct net_return *to)
{
	(void)to;
	return fake_gone || fake_room > 0;
}

void net_reply_await_room(const struct net_return *to, struct net_room *r)
{
	(void)to;
	assert(!waits_for_room);
	waits_for_room = r;
}

void net_reply_forget_room(struct net_room *r)
{
	if (waits_for_room == r)
		waits_for_room = NULL;
}

bool fake_next_turn(void)
{
	struct net_room *r = waits_for_room;

	if (!r || (!fake_room && !fake_gone))
		return false;
	waits_for_room = NULL;
	r->fn(r);
	return true;
}

void net_reply_none(const struct net_return *to)
{
	(void)to;
	next_answer()->len = 0;
	next_answer()->none = true;
	n_fake_answers++;
}

/* ---------------------------------------------------------------- listen.h */

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

/* ---------------------------------------------------------------- a server */

static struct generation *build(const char *text)
{
	struct arena a;
	struct cf_errors errs;
	struct corefile cf;
	struct generation *g = NULL;
	const struct generation_options o = {53, "Corefile"};

	arena_init(&a, NULL, 0, NULL);
	cf_errors_init(&errs, &a);
	if (corefile_parse(&a, "Corefile", text, strlen(text), &cf_source_system, &errs, &cf) == 0 &&
	    generation_build(&cf, &o, &errs, &g))
		g = NULL;
	for (const struct cf_error *e = errs.first; e; e = e->next)
		fprintf(stderr, "%s:%u: %s\n", e->file, e->line, e->text);
	arena_fini(&a);
	assert(g);
	return g;
}

static void ended(struct generation *g)
{
	generation_free(g);
}

void fake_server_start(struct fake_server *s, const char *corefile, const struct query_limits *limits)
{
	static struct gen_worker *parts[1];
	static struct listener *by_port[1];

	memset(s, 0, sizeof(*s));
	n_fake_answers = 0;
	fake_room = UINT32_MAX;
	fake_gone = false;
	server_metrics_init();
	s->gen = build(corefile);
	s->w.loop = loop_new(16);
	s->w.cells = metrics_cells_new();
	s->w.builder = wire_builder_new();
	arena_pool_init(&s->w.arenas, limits->worker_bytes, &s->in_flight, limits->process_bytes);
	s->w.queries = query_pool_new(&s->w, limits, &s->in_flight);
	s->gen->parts = parts;
	s->gen->by_port = by_port;
	s->gen->workers_left = 1;
	s->gen->ended = ended;
	by_port[0] = &s->gen->listeners[0];
	parts[0] = gen_worker_new(&s->w, s->gen);
	s->w.gen = parts[0];
	s->part.port = &s->port;
	s->part.w = &s->w;
	if (gen_worker_start(s->w.gen))
		abort();
}

void fake_server_stop(struct fake_server *s)
{
	gen_worker_retire(s->w.gen);
	fake_pass_ms(s, 10000); /* everything has its deadline */
	query_pool_free(s->w.queries);
	arena_pool_fini(&s->w.arenas);
	wire_builder_free(s->w.builder);
	loop_free(s->w.loop);
}

static size_t write_query(uint8_t *out, const char *name, uint16_t type, bool edns)
{
	static const uint8_t opt[] = {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0};
	size_t len = WIRE_HEADER_LEN;
	int n;

	memset(out, 0, WIRE_HEADER_LEN);
	wire_put_u16(out, 4711);
	wire_put_u16(out + 2, FLAG_RD);
	wire_put_u16(out + 4, 1);
	n = wire_name_from_text(name, out + len);
	assert(n > 0);
	len += (size_t)n;
	wire_put_u16(out + len, type);
	wire_put_u16(out + len + 2, CLASS_IN);
	len += 4;
	if (edns) {
		wire_put_u16(out + 10, 1);
		memcpy(out + len, opt, sizeof(opt));
		len += sizeof(opt);
	}
	return len;
}

void fake_ask(struct fake_server *s, const char *name, uint16_t type, unsigned client, bool stream, bool edns)
{
	struct net_return from = {.stream = stream, .listener = &s->part};
	struct net_addr peer = {0};
	uint8_t msg[512];

	peer.v4.sin_family = AF_INET;
	peer.v4.sin_addr.s_addr = htonl(0xC0000200u + client);
	if (stream)
		from.tcp.peer = peer;
	else
		from.udp.peer = peer;
	query_receive(&s->w, msg, write_query(msg, name, type, edns), &from);
}

void fake_pass_ms(struct fake_server *s, uint64_t ms)
{
	uint64_t end = s->w.loop->now_ns + ms * NS_PER_MS;

	while (timer_heap_next(&s->w.loop->timers) <= end) {
		uint64_t at = timer_heap_next(&s->w.loop->timers);

		if (at > s->w.loop->now_ns)
			s->w.loop->now_ns = at;
		timer_heap_run(&s->w.loop->timers, s->w.loop->now_ns);
	}
	s->w.loop->now_ns = end;
}

unsigned fake_rcode(unsigned i)
{
	return fake_answers[i].msg[3] & 15;
}
