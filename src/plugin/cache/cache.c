// SPDX-License-Identifier: Apache-2.0
/* cache: the hooks.  The way of a question is drawn in plugin_cache.h. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "plugin/cache/plugin_cache.h"
#include "server/generation.h"
#include "server/trail.h"

#include <errno.h>
#include <stdlib.h>

/* What the peer makes of a capacity that is none. */
enum { CAPACITY_FALLBACK = 1024 };

/* How much longer than its deadline a leader may take to finish: a turn of its loop. */
static const uint64_t LEAD_SLACK_NS = NS_PER_S;

/* ---------------------------------------------------------------- life */

static int setup(struct setup *s, void *state)
{
	struct cache_plugin *p = state;

	p->block = s->block;
	if (cache_settings_read(s, &p->set))
		return ERR_SYNTAX;
	p->zones_text = zone_list_text(s->arena, &p->set.zones, s->block);
	return p->zones_text ? 0 : cf_fail(s->in, "out of memory");
}

static struct cache *new_store(const struct cache_settings *set)
{
	struct cache_config cfg = {.max_bytes = SIZE_MAX};

	for (int k = 0; k < CACHE_KINDS; k++)
		cfg.capacity[k] = set->capacity[k] > 0 ? (size_t)set->capacity[k] : CAPACITY_FALLBACK;
	if (set->prefetch) {
		uint64_t ms = set->prefetch_window_ns / NS_PER_MS;

		cfg.hit_window_ms = ms < INT32_MAX ? (uint32_t)ms + 1 : INT32_MAX;
	}
	return cache_new(&cfg);
}

static int start(struct generation *gen, void *state)
{
	struct cache_plugin *p = state;

	if (!p->store)
		p->store = new_store(&p->set);
	if (!p->store || cache_stats_start(p, gen)) {
		log_line(LOG_ERROR, "plugin/cache: out of memory");
		return -ENOMEM;
	}
	return 0;
}

static void stop(void *state)
{
	cache_stats_stop(state);
}

static void free_store(void *state)
{
	struct cache_plugin *p = state;

	cache_put(p->store);
	p->store = NULL;
}

static void adopt(void *state, void *old_state)
{
	struct cache_plugin *p = state;
	const struct cache_plugin *old = old_state;

	if (!old->store)
		return;
	cache_get(old->store);
	p->store = old->store;
}

static size_t flush(void *state, const uint8_t *name, bool subtree)
{
	struct cache_plugin *p = state;

	return p->store ? cache_flush(p->store, name, subtree) : 0;
}

static int worker_start(struct worker *w, void *state, void **ret_local)
{
	*ret_local = calloc(1, sizeof(struct cache_local));
	return *ret_local ? 0 : -ENOMEM;
}

static void worker_stop(struct worker *w, void *state, void *local)
{
	cache_late_drop(local);
	free(local);
}

/* ---------------------------------------------------------------- down */

/* Questions that are not ours: of no use to others, or made for one client. */
static bool passes(const struct cache_plugin *p, const struct query *q)
{
	uint16_t len;

	if ((q->in.flags & FLAG_OPCODE) != OPCODE_QUERY << 11 || q->in.qtype == TYPE_AXFR ||
	    q->in.qtype == TYPE_IXFR)
		return true;
	if (q->in.options_len &&
	    wire_option_find(q->in.options, q->in.options_len, OPTION_CLIENT_SUBNET, &len))
		return true;
	return !zone_list_has(&p->set.zones, &q->in);
}

unsigned cache_bits_of(const struct query *q)
{
	return (q->in.do_bit ? CACHE_DO : 0u) | (q->in.flags & FLAG_CD ? CACHE_CD : 0u) |
	       (q->in.flags & FLAG_RD ? CACHE_RD : 0u);
}

struct cache_key cache_key_of(const struct cache_plugin *p, const struct query *q, unsigned bits)
{
	return cache_key(p->store, q->in.qname, q->in.qname_len, q->in.qtype, q->in.qclass, bits);
}

struct response_question cache_question(const struct query *q)
{
	return (struct response_question){
		.qname = q->in.qname,
		.qtype = q->in.qtype,
		.opcode = (uint8_t)((q->in.flags & FLAG_OPCODE) >> 11),
		.do_bit = q->in.do_bit,
	};
}

/* A question without RD asks for what is known here: what was got with RD will do, while it is fresh. */
static bool find_recursive(const struct cache_plugin *p, struct query *q, unsigned bits,
			   struct cache_hit *hit)
{
	struct cache_key k = cache_key_of(p, q, bits | CACHE_RD);

	return cache_find(p->store, &k, loop_now_ns(q->w->loop), &q->arena, NULL, hit) == CACHE_HIT &&
	       hit->fresh;
}

static enum step miss(struct cache_query *cq, struct query *q, enum cache_found found, uint64_t token)
{
	const struct cache_stats *st = cache_stats_of(cq->p, q);

	cache_count(q, st->misses);
	if (unlikely(q->has_trail))
		trail_say(q, found == CACHE_FOLLOWER ? "not in the cache; waits for the same question of another client"
						     : "not in the cache");
	if (found == CACHE_FOLLOWER) {
		cq->role = ROLE_FOLLOWER;
		cache_count(q, st->merged);
		return STEP_WAIT;
	}
	cq->role = found == CACHE_LEADER ? ROLE_LEADER : ROLE_ASKER;
	cq->token = token;
	return STEP_NEXT;
}

/* Sub-queries do not wait for others: whom they would wait for may wait for them. */
static enum step look_up(struct cache_query *cq, struct query *q)
{
	const struct cache_plugin *p = cq->p;
	struct cache_waiter me = {.owner = q->w, .place = cq, .slot = q->slot, .serial = q->serial};
	struct cache_join join = {.waiter = &me, .lead_until_ns = q->deadline_ns + LEAD_SLACK_NS};
	unsigned bits = cache_bits_of(q);
	struct cache_hit hit;
	enum cache_found found;

	if (unlikely(!(bits & CACHE_RD)) && find_recursive(p, q, bits, &hit))
		return cache_give(cq, q, &hit);
	cq->key = cache_key_of(p, q, bits);
	found = cache_find(p->store, &cq->key, loop_now_ns(q->w->loop), &q->arena,
			   q->kind == QUERY_CLIENT && query_may_merge(q) ? &join : NULL, &hit);
	if (likely(found == CACHE_HIT))
		return cache_give(cq, q, &hit);
	return miss(cq, q, found, join.token);
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct cache_plugin *p = state;
	struct cache_query *cq = scratch;

	if (passes(p, q)) {
		if (unlikely(q->has_trail))
			trail_say(q, "does not cache this question");
		return STEP_NEXT;
	}
	cache_count(q, cache_stats_of(p, q)->requests);
	cq->p = p;
	return look_up(cq, q);
}

/* ---------------------------------------------------------------- up */

/* A follower comes up with what its leader had, or because the core gave it up. */
static void followed(struct cache_query *cq, struct query *q)
{
	if (!cq->fallback)
		return;
	timer_disarm(loop_timers(q->w->loop), &cq->fallback->timer);
	if (cache_failed(q))
		cache_give_stale(cq, q, &cq->fallback->stale);
}

static enum step reply(const void *state, struct query *q, void *scratch)
{
	struct cache_query *cq = scratch;
	struct lifetime l;

	switch (cq->role) {
	case ROLE_NONE:
	case ROLE_HIT:
		return STEP_NEXT;
	case ROLE_FOLLOWER:
		followed(cq, q);
		return STEP_NEXT;
	case ROLE_LEADER:
	case ROLE_ASKER:
		break;
	}
	l = cache_keep(cq->p, q, &cq->key);
	if (cq->role == ROLE_LEADER)
		cache_finish(cq->p, q, &cq->key, cq->token, &l);
	cache_hide_ad(q);
	return STEP_NEXT;
}

const struct plugin plugin_cache = {
	.name = "cache",
	.state_size = sizeof(struct cache_plugin),
	.query_size = sizeof(struct cache_query),
	.setup = setup,
	.free = free_store,
	.start = start,
	.stop = stop,
	.adopt = adopt,
	.flush = flush,
	.show = cache_show,
	.worker_start = worker_start,
	.worker_stop = worker_stop,
	.query = query,
	.reply = reply,
};
