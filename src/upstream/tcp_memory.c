// SPDX-License-Identifier: Apache-2.0
/* What is remembered of an upstream whose TCP did not connect, or connects and never answers.
 *
 * Clients do not wait for it then: cut answers go out at once.  One connection at a time, in one worker, looks
 * whether TCP works again; it costs a few SYNs and nobody's patience.  That a mute one speaks again only a question
 * can tell: the first one after the trouble is forgotten.  Rule of all members: counter. */

#include "upstream/internal.h"

enum {
	/* How long trouble is believed without news: doubled each time, forgotten at the first success. */
	HOLD_MIN_S = 30,
	HOLD_MAX_S = 300,
	/* Between two probes.  The first ones are close together, because a firewall that was just corrected is the
	 * usual way back; at the upper end they cost three SYNs in half a minute. */
	GAP_MIN_MS = 1000,
	GAP_MAX_MS = 30000,
	/* Questions without an answer in a row: one may be a slow one, three are a middlebox. */
	UNANSWERED_MAX = 3,
};

static uint64_t load(const atomic_uint_least64_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}
static void store(atomic_uint_least64_t *v, uint64_t n)
{
	atomic_store_explicit(v, n, memory_order_relaxed);
}

/* Double a time within bounds; the first time is the lower bound. */
static uint64_t grown(uint64_t v, uint64_t min, uint64_t max)
{
	v = v ? v * 2 : min;
	return v > max ? max : v;
}

bool upstream_tcp_usable(const struct upstream_server *s, uint64_t now)
{
	return load(&s->tcp_bad_until_ns) <= now;
}

void upstream_tcp_trouble(struct upstream_server *s, uint64_t now)
{
	uint64_t hold = load(&s->tcp_hold_ns);

	/* Many see the same trouble at once; it is one. */
	if (!hold || load(&s->tcp_bad_until_ns) <= now) {
		hold = grown(hold, HOLD_MIN_S * NS_PER_S, HOLD_MAX_S * NS_PER_S);
		store(&s->tcp_hold_ns, hold);
	}
	atomic_store_explicit(&s->tcp_works, false, memory_order_relaxed);
	store(&s->tcp_bad_until_ns, now + hold);
}

static bool mute(const struct upstream_server *s)
{
	return atomic_load_explicit(&s->tcp_unanswered, memory_order_relaxed) >= UNANSWERED_MAX;
}

void upstream_tcp_fine(struct upstream_server *s)
{
	if (atomic_load_explicit(&s->tcp_works, memory_order_relaxed) || mute(s))
		return;
	atomic_store_explicit(&s->tcp_works, true, memory_order_relaxed);
	store(&s->tcp_bad_until_ns, 0);
	store(&s->tcp_hold_ns, 0);
	store(&s->tcp_gap_ns, 0);
	store(&s->tcp_probe_ns, 0);
}

void upstream_tcp_answered(struct upstream_server *s)
{
	if (likely(!atomic_load_explicit(&s->tcp_unanswered, memory_order_relaxed)))
		return;
	atomic_store_explicit(&s->tcp_unanswered, 0, memory_order_relaxed);
	upstream_tcp_fine(s);
}

void upstream_tcp_unanswered(struct upstream_server *s, uint64_t now)
{
	if (!mute(s))
		atomic_fetch_add_explicit(&s->tcp_unanswered, 1, memory_order_relaxed);
	if (mute(s))
		upstream_tcp_trouble(s, now);
}

void upstream_tcp_probe(struct upstream_peer *p)
{
	struct upstream_server *s = p->server;

	if (load(&s->tcp_probe_ns) > worker_now(p->w) || mute(s))
		return;
	if (!atomic_exchange_explicit(&s->tcp_probing, true, memory_order_relaxed))
		upstream_tcp_open_probe(p);
}

void upstream_tcp_probe_ended(struct upstream_server *s, uint64_t now)
{
	uint64_t gap = grown(load(&s->tcp_gap_ns), GAP_MIN_MS * NS_PER_MS, GAP_MAX_MS * NS_PER_MS);

	if (!atomic_load_explicit(&s->tcp_works, memory_order_relaxed)) {
		store(&s->tcp_gap_ns, gap);
		store(&s->tcp_probe_ns, now + gap);
	}
	atomic_store_explicit(&s->tcp_probing, false, memory_order_relaxed);
}
