// SPDX-License-Identifier: Apache-2.0
/* erratic: a server that behaves badly, for tests of those that ask it: drops, delays, truncates. */
#include "base/clock.h"
#include "base/err.h"
#include "base/heap.h"
#include "corefile/corefile.h"
#include "plugin/erratic/zone.h"
#include "server/query.h"
#include "server/worker.h"
#include "wire/plain.h"

#include <string.h>

enum { EVERY_DEFAULT = 2, DELAY_DEFAULT_MS = 100, LARGE_COPIES = 30 };
/* Of the questions counted so far, that many make it ready. */
enum { READY_FROM = 3, READY_TO = 4 };

struct erratic {
	/* frozen */
	uint32_t drop, delay, truncate; /* each so-manieth question; 0: none */
	uint64_t delay_ns;
	bool large;
	uint64_t *count; /* questions so far; atomic */
};

struct erratic_query {
	struct timer timer; /* armed while the answer is held back */
	struct query *q;
};

/* ---------------------------------------------------------------- setup */

struct reading {
	struct erratic *e;
	bool drop_given;
};

static int read_every(struct cf_cursor *c, uint32_t *ret)
{
	*ret = EVERY_DEFAULT;
	return cf_args_left(c) ? cf_arg_u32(c, "N", 0, INT32_MAX, ret) : 0;
}

/* Without N it says nothing that is not the default. */
static int parse_drop(struct cf_cursor *c, void *state)
{
	struct reading *r = state;

	r->drop_given |= cf_args_left(c) > 0;
	return read_every(c, &r->e->drop);
}

static int parse_truncate(struct cf_cursor *c, void *state)
{
	struct reading *r = state;

	return read_every(c, &r->e->truncate);
}

static int parse_delay(struct cf_cursor *c, void *state)
{
	struct reading *r = state;

	r->e->delay_ns = DELAY_DEFAULT_MS * NS_PER_MS;
	if (read_every(c, &r->e->delay))
		return ERR_SYNTAX;
	return cf_args_left(c) ? cf_arg_duration(c, "DURATION", 0, INT64_MAX, &r->e->delay_ns) : 0;
}

static int parse_large(struct cf_cursor *c, void *state)
{
	struct reading *r = state;

	r->e->large = true;
	return 0;
}

static int setup(struct setup *s, void *state)
{
	static const struct cf_option_def options[] = {
		{"drop", 0, 1, parse_drop, "[N]"},
		{"delay", 0, 2, parse_delay, "[N [DURATION]]"},
		{"truncate", 0, 1, parse_truncate, "[N]"},
		{"large", 0, 0, parse_large, ""},
	};
	struct reading reading = {.e = state};
	struct erratic *e = state;
	int r = 0;

	e->drop = EVERY_DEFAULT;
	e->count = arena_zalloc(s->arena, sizeof(*e->count));
	if (!e->count)
		return cf_fail(s->in, "out of memory");
	while (cf_directive(s->in)) {
		if (cf_no_more_args(s->in) || cf_options(s->in, options, ARRAY_LEN(options), &reading))
			r = ERR_SYNTAX;
	}
	if ((e->delay || e->truncate) && !reading.drop_given)
		e->drop = 0;
	return r;
}

/* ---------------------------------------------------------------- answers */

/* Many of the same with `large`, which only a message written as it is holds. */
static int give_addresses(const struct erratic *e, struct query *q)
{
	static const uint8_t v4[4] = {192, 0, 2, 53}, v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 0x53};
	unsigned size = q->in.qtype == TYPE_A ? sizeof(v4) : sizeof(v6), n = e->large ? LARGE_COPIES : 1;
	uint16_t flags = (uint16_t)(FLAG_QR | FLAG_AA | (q->in.flags & FLAG_OPCODE));
	uint8_t addrs[LARGE_COPIES * sizeof(v6)];
	const struct wire_answer *a;

	for (unsigned i = 0; i < n; i++)
		memcpy(addrs + i * size, size == sizeof(v4) ? v4 : v6, size);
	a = wire_plain_addresses(&q->arena, q->question, q->in.question_len, flags, 0, addrs, size, n);
	if (!a)
		return ERR_LIMIT;
	reply_set_wire(q, a);
	return 0;
}

/* The answer, as if nothing were wrong with it but the truncation. */
static void answer(const struct erratic *e, struct query *q, bool truncated)
{
	int err;

	if (q->in.qtype != TYPE_A && q->in.qtype != TYPE_AAAA && q->in.qtype != TYPE_AXFR) {
		(void)query_fail(q, RCODE_SERVFAIL, EDE_NOT_SUPPORTED, "only A, AAAA and AXFR are answered", NULL);
		return;
	}
	reply_begin(q, RCODE_NOERROR, true);
	err = q->in.qtype == TYPE_AXFR ? erratic_zone_add(q, !truncated) : give_addresses(e, q);
	q->reply.no_store = truncated;
	if (truncated && q->in.qtype != TYPE_AXFR)
		q->reply.flags_set = FLAG_TC;
	if (err)
		(void)query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "server is at its memory limit",
				 "out of query memory");
}

static void delay_over(struct timer *t)
{
	struct erratic_query *eq = container_of(t, struct erratic_query, timer);

	query_resume(eq->q, STEP_DONE);
}

static enum step hold_back(const struct erratic *e, struct query *q, struct erratic_query *eq)
{
	uint64_t now = loop_now_ns(q->w->loop), most = UINT64_MAX - now;

	eq->q = q;
	eq->timer.fire = delay_over;
	if (timer_arm(loop_timers(q->w->loop), &eq->timer, now + (e->delay_ns < most ? e->delay_ns : most)))
		return STEP_DONE;
	return STEP_WAIT;
}

static bool hits(uint32_t every, uint64_t n)
{
	return every && n % every == 0;
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct erratic *e = state;
	uint64_t n = __atomic_fetch_add(e->count, 1, __ATOMIC_RELAXED);

	if (hits(e->drop, n))
		return query_drop(q);
	/* The bits of N, not the N-th: the peer's, and tests count on it. */
	answer(e, q, e->truncate && (n & e->truncate) == 0);
	return hits(e->delay, n) && e->delay_ns ? hold_back(e, q, scratch) : STEP_DONE;
}

/* The deadline may have come before the end of the delay. */
static enum step reply(const void *state, struct query *q, void *scratch)
{
	struct erratic_query *eq = scratch;

	timer_disarm(loop_timers(q->w->loop), &eq->timer);
	return STEP_NEXT;
}

static bool ready(const void *state)
{
	const struct erratic *e = state;
	uint64_t n = __atomic_load_n(e->count, __ATOMIC_RELAXED);

	return n >= READY_FROM && n <= READY_TO;
}

const struct plugin plugin_erratic = {
	.name = "erratic",
	.state_size = sizeof(struct erratic),
	.query_size = sizeof(struct erratic_query),
	.setup = setup,
	.query = query,
	.reply = reply,
	.ready = ready,
	.makes_answers = true,
};
