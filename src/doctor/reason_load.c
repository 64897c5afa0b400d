// SPDX-License-Identifier: Apache-2.0
/* Who answers when asked in numbers: A and AAAA at once from one socket, and many in a second. */
#include "doctor/reason.h"

enum {
	PAIRS = 10,
	PAIRS_MORE = 30,
	SINGLES = 12,
	HALF_PAIRS_SURE = 3,

	/* Amazon's resolver takes 1,024 packets a second from an interface; a busy node leaves little of that. */
	PROBE = 64,
	PROBE_PER_S = 256,
	LOW = 10,
	LOW_PER_S = 10,
	HIGH = 200,
	HIGH_PER_S = 500,
	DELAY_US = 50000, /* of a server that has to work */
	PAUSE_MS = 1500, /* for a bucket to fill again */
	RATED_MAX = 3, /* upstreams that are asked that many questions */
};

/* ---------------------------------------------------------------- pairs */

struct pairs {
	unsigned n, whole, half, none, late;
	unsigned half_a; /* of the half ones those that lost A */
	struct tries seen; /* those of which half came */
};

/* The other question of a pair stands beside it in the table. */
static const struct observation *twin(const struct reason *r, unsigned i)
{
	for (unsigned k = i + 1; k < r->w->n_seen; k++) {
		if (r->w->seen[k].pair == r->w->seen[i].pair)
			return &r->w->seen[k];
	}
	return NULL;
}

static bool lost(const struct observation *o)
{
	return o->outcome == OUTCOME_TIMEOUT || o->outcome == OUTCOME_UNREACHABLE ||
	       o->outcome == OUTCOME_REFUSED_CONN;
}

static void count_pair(struct pairs *p, const struct reason *r, unsigned i, const struct observation *b)
{
	const struct observation *a = &r->w->seen[i];

	if (a->outcome == OUTCOME_NOT_SENT || b->outcome == OUTCOME_NOT_SENT ||
	    a->outcome == OUTCOME_NO_ROUTE)
		return;
	p->n++;
	p->whole += !lost(a) && !lost(b);
	p->none += lost(a) && lost(b);
	p->late += a->late || b->late;
	if (lost(a) == lost(b))
		return;
	p->half++;
	p->half_a += lost(a);
	if (p->seen.n_seen < TRIES_KEPT)
		p->seen.seen[p->seen.n_seen++] = lost(a) ? (int)i : (int)(b - r->w->seen);
}

static struct pairs pairs_of(const struct reason *r, int s)
{
	struct pairs p = {0};

	for (unsigned i = 0; i < r->w->n_seen; i++) {
		const struct observation *b;

		if (r->w->seen[i].server != s || !r->w->seen[i].pair)
			continue;
		b = twin(r, i);
		if (b)
			count_pair(&p, r, i, b);
	}
	return p;
}

static void want_pairs(struct reason *r, int s, unsigned tag, unsigned n, const char *why)
{
	reason_want(r, (struct wish){.tag = tag,
				     .server = s,
				     .name = r->w->asked,
				     .way = WAY_UDP_PLAIN,
				     .count = n,
				     .per_second = 20,
				     .pair = true,
				     .why = why});
}

/* Clients ask these, so pairs matter there. */
static bool asked_by_clients(const struct reason *r, int s)
{
	return reason_front(r, s) && reason_kind(r, s, KIND_RESOLVER | KIND_SERVICE | KIND_GIVEN) &&
	       reason_alive(r, s);
}

static void wish_parallel(struct reason *r)
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (!asked_by_clients(r, s))
			continue;
		want_pairs(r, s, TAG_PAIR, PAIRS, "do A and AAAA from one socket both come back?");
		if (!pairs_of(r, s).half)
			continue;
		want_pairs(r, s, TAG_PAIR_MORE, PAIRS_MORE, "are answers of pairs lost again?");
		reason_again(r, s, r->w->asked, TYPE_A, WAY_UDP_PLAIN, SINGLES,
			     "are single questions lost as well?");
		reason_again(r, s, r->w->asked, TYPE_AAAA, WAY_UDP_PLAIN, SINGLES,
			     "are single questions lost as well?");
	}
}

static struct tries singles_of(const struct reason *r, int s, uint16_t type)
{
	return reason_tries(
		r, (struct about){
			   .server = s, .name = r->w->asked, .type = type, .way = WAY_UDP_PLAIN, .bits = 0});
}

/* The type that pairs lose more often is lost about as often alone: it is that question that fails, not the pair. */
static bool of_one_type(const struct pairs *p, const struct tries *a, const struct tries *aaaa)
{
	bool is_a = 2 * p->half_a >= p->half;
	const struct tries *alone = is_a ? a : aaaa;

	return reason_lost(alone) * 4 * p->n > (is_a ? p->half_a : p->half - p->half_a) * alone->n;
}

static void judge_pairs(struct reason *r, int s)
{
	struct pairs p = pairs_of(r, s);
	struct tries a = singles_of(r, s, TYPE_A), aaaa = singles_of(r, s, TYPE_AAAA);
	unsigned n = a.n + aaaa.n, gone = reason_lost(&a) + reason_lost(&aaaa);
	struct verdict *v;

	/* Singles must be lost far more seldom: a quarter as often is the most that is left to chance. */
	if (p.half < HALF_PAIRS_SURE || p.half * 10 < p.n || !a.answered || !aaaa.answered ||
	    gone * 4 * p.n > p.half * n || of_one_type(&p, &a, &aaaa))
		return;
	v = reason_judge(r, VERDICT_PARALLEL_LOST, SEVERITY_FAULT, s,
			 "A and AAAA asked at once from one socket: %s answers only one in %u of %u pairs",
			 reason_label(r, s), p.half, p.n);
	reason_because(r, v, &p.seen, "%u of %u pairs came back half, %u whole, %u not at all", p.half, p.n,
		       p.whole, p.none);
	reason_because(r, v, &a, "A asked alone: %u of %u lost", reason_lost(&a), a.n);
	reason_because(r, v, &aaaa, "AAAA asked alone: %u of %u lost", reason_lost(&aaaa), aaaa.n);
	reason_because_of(r, v, -1,
			  "a libc waits for the lost one before it asks again: %u s by this resolv.conf",
			  r->w->resolv.timeout_s ? r->w->resolv.timeout_s : 5);
}

static void judge_parallel(struct reason *r)
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (asked_by_clients(r, s))
			judge_pairs(r, s);
	}
}

/* ---------------------------------------------------------------- rates */

static struct tries at_rate(const struct reason *r, int s, unsigned tag)
{
	return reason_tries(r, (struct about){.server = s, .type = ANY, .way = ANY, .bits = ANY, .tag = tag});
}

/* Not answered, or refused: a limiter does one or the other. */
static unsigned limited(const struct tries *t)
{
	return t->n - t->good;
}

/* It answers the name when asked slowly, and is not one of the cluster's own servers. */
static bool rated(const struct reason *r, int s)
{
	struct tries plain = reason_tries(r, (struct about){.server = s,
							    .name = reason_outside(r),
							    .type = ANY,
							    .way = WAY_UDP_PLAIN,
							    .bits = 0});

	return reason_asked(r, s) && plain.good && !reason_kind(r, s, KIND_SERVICE | KIND_POD);
}

static void want_rate(struct reason *r, int s, unsigned tag, unsigned n, unsigned per_s, unsigned delay_ms)
{
	reason_want(r, (struct wish){.tag = tag,
				     .server = s,
				     .name = reason_outside(r),
				     .way = WAY_UDP_PLAIN,
				     .count = n,
				     .per_second = per_s,
				     .delay_ms = delay_ms,
				     .why = tag == TAG_RATE_PROBE
						    ? "does this upstream answer when asked quickly?"
						    : "does its loss grow with the rate?"});
}

static void wish_rate(struct reason *r)
{
	int up[UPSTREAMS_MAX];
	unsigned n = reason_outside(r) ? reason_upstreams(r, reason_outside(r), up) : 0;

	for (unsigned i = 0; i < n && i < RATED_MAX; i++) {
		struct tries probe, low;

		if (!rated(r, up[i]))
			continue;
		want_rate(r, up[i], TAG_RATE_PROBE, PROBE, PROBE_PER_S, 0);
		probe = at_rate(r, up[i], TAG_RATE_PROBE);
		if (!probe.n || !limited(&probe))
			continue;
		want_rate(r, up[i], TAG_RATE_LOW, LOW, LOW_PER_S, PAUSE_MS);
		low = at_rate(r, up[i], TAG_RATE_LOW);
		if (!low.n)
			continue;
		want_rate(r, up[i], TAG_RATE_HIGH, HIGH, HIGH_PER_S, PAUSE_MS);
		if (at_rate(r, up[i], TAG_RATE_HIGH).n)
			want_rate(r, up[i], TAG_RATE_LOW_AFTER, LOW, LOW_PER_S, PAUSE_MS);
	}
}

/* Mean time to an answer, in microseconds; 0: there was none. */
static uint64_t mean_us(const struct reason *r, int s, unsigned tag)
{
	uint64_t sum = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < r->w->n_seen; i++) {
		const struct observation *o = &r->w->seen[i];

		if (o->server != s || o->tag != tag || o->outcome != OUTCOME_ANSWERED)
			continue;
		sum += observe_took_ns(o) / 1000;
		n++;
	}
	return n ? sum / n : 0;
}

/* A limiter drops and lets the rest pass at once; a server that is merely too slow lets all wait. */
static bool drops_without_delay(const struct reason *r, int s)
{
	return mean_us(r, s, TAG_RATE_HIGH) <= 4 * mean_us(r, s, TAG_RATE_LOW) + DELAY_US;
}

static void judge_upstream_rate(struct reason *r, int s)
{
	struct tries probe = at_rate(r, s, TAG_RATE_PROBE), high = at_rate(r, s, TAG_RATE_HIGH);
	struct tries low = at_rate(r, s, TAG_RATE_LOW), after = at_rate(r, s, TAG_RATE_LOW_AFTER);
	struct verdict *v;

	/* Slow before and after: at most one of ten is lost.  Quick: a seventh and more, and more than when half as quick. */
	if (!low.n || !after.n || limited(&low) * 10 > low.n || limited(&after) * 10 > after.n ||
	    limited(&high) * 7 < high.n || limited(&high) < 10 || !limited(&probe) ||
	    !drops_without_delay(r, s))
		return;
	v = reason_judge(r, VERDICT_UPSTREAM_RATE_LIMITED, SEVERITY_FAULT, s,
			 "%s answers slow questions and loses quick ones: its rate is limited (%u of %u lost "
			 "at %u a second)",
			 reason_label(r, s), limited(&high), high.n, HIGH_PER_S);
	reason_because(r, v, &low, "%u a second: %u of %u lost", LOW_PER_S, limited(&low), low.n);
	reason_because(r, v, &probe, "%u a second: %u of %u lost", PROBE_PER_S, limited(&probe), probe.n);
	reason_because(r, v, &high, "%u a second: %u of %u lost", HIGH_PER_S, limited(&high), high.n);
	reason_because(r, v, &after, "%u a second again: %u of %u lost", LOW_PER_S, limited(&after), after.n);
	reason_because_of(r, v, -1,
			  "what is answered comes at once, in %llu us (slow: %llu us): the rest is dropped, "
			  "not delayed",
			  (unsigned long long)mean_us(r, s, TAG_RATE_HIGH),
			  (unsigned long long)mean_us(r, s, TAG_RATE_LOW));
}

static void judge_rate(struct reason *r)
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (reason_asked(r, s))
			judge_upstream_rate(r, s);
	}
}

const struct reason_rule reason_rule_parallel = {.wish = wish_parallel, .judge = judge_parallel};
const struct reason_rule reason_rule_rate = {.wish = wish_rate, .judge = judge_rate};
