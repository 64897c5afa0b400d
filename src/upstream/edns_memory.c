// SPDX-License-Identifier: Apache-2.0
/* What is remembered of an upstream that cannot take EDNS.
 *
 * A refusal (FORMERR, NOTIMP without OPT, BADVERS) that an answer without EDNS follows is proof at once.  Silence is
 * not: packets get lost.  It counts when the same upstream has answered without EDNS three times where it was
 * silent with it, and has answered nothing with EDNS for ten minutes.  After five minutes a probe with EDNS
 * asks again; clients wait for none of this.  Rule of all members: counter. */

#include "upstream/internal.h"

enum {
	OFF_S = 300,
	SILENCES_MAX = 3,
	DOUBT_S = 600,
};

static uint64_t load(const atomic_uint_least64_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

static void turn_off(struct upstream_server *s, uint64_t now)
{
	atomic_store_explicit(&s->edns_off_until_ns, now + OFF_S * NS_PER_S, memory_order_relaxed);
}

bool upstream_edns_usable(struct upstream_peer *p)
{
	struct upstream_server *s = p->server;
	uint64_t until = load(&s->edns_off_until_ns), now = worker_now(p->w);

	if (likely(!until))
		return true;
	/* Whoever moves the end is the one that probes. */
	if (until <= now &&
	    atomic_compare_exchange_strong(&s->edns_off_until_ns, &until, now + OFF_S * NS_PER_S))
		upstream_probe_edns(p);
	return false;
}

void upstream_edns_works(struct upstream_server *s, uint64_t now)
{
	/* A store at most once a second: each exchange reads this line, in all workers. */
	if (now - load(&s->edns_ok_ns) < NS_PER_S && load(&s->edns_ok_ns))
		return;
	atomic_store_explicit(&s->edns_ok_ns, now, memory_order_relaxed);
	atomic_store_explicit(&s->edns_silences, 0, memory_order_relaxed);
	if (load(&s->edns_off_until_ns))
		atomic_store_explicit(&s->edns_off_until_ns, 0, memory_order_relaxed);
}

void upstream_edns_refused(struct upstream_server *s, uint64_t now)
{
	turn_off(s, now);
}

void upstream_edns_silence(struct upstream_server *s, uint64_t now)
{
	if (!upstream_edns_doubtful(s, now))
		return;
	if (atomic_fetch_add_explicit(&s->edns_silences, 1, memory_order_relaxed) + 1 >= SILENCES_MAX)
		turn_off(s, now);
}

bool upstream_edns_doubtful(const struct upstream_server *s, uint64_t now)
{
	uint64_t ok = load(&s->edns_ok_ns);

	return !ok || now - ok > DOUBT_S * NS_PER_S;
}
