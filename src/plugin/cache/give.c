// SPDX-License-Identifier: Apache-2.0
/* Hits on their way out, fresh and stale. */
#include "plugin/cache/plugin_cache.h"

#include "base/clock.h"
#include "server/trail.h"

void cache_hide_ad(struct query *q)
{
	if (!(q->in.flags & FLAG_AD) && !q->in.do_bit)
		q->reply.ad = false;
}

static void set(struct query *q, const struct cache_hit *hit, uint32_t ttl_s)
{
	reply_set_wire(q, hit->answer);
	q->reply.ttl_fixed = true;
	q->reply.ttl_s = ttl_s;
	cache_hide_ad(q);
}

static void set_fresh(struct cache_query *cq, struct query *q, const struct cache_hit *hit)
{
	set(q, hit, cq->p->set.keep_ttl ? hit->ttl_s : hit->ttl_s - hit->age_s);
	if (unlikely(q->has_trail))
		trail_say(q, "in the cache for %u s, good for another %u s", hit->age_s, hit->ttl_s - hit->age_s);
	if (unlikely(q->reply.rcode == RCODE_SERVFAIL) && q->reply.ede == EDE_NONE)
		q->reply.ede = EDE_CACHED_ERROR;
}

void cache_give_stale(struct cache_query *cq, struct query *q, const struct cache_hit *hit)
{
	const struct cache_settings *s = &cq->p->set;

	set(q, hit, s->keep_ttl ? hit->ttl_s : s->stale.ttl_s);
	q->reply.ede = hit->answer->rcode == RCODE_NXDOMAIN ? EDE_STALE_NXDOMAIN : EDE_STALE_ANSWER;
	q->reply.ede_text = NULL;
	q->dropped = false;
	q->error = NULL;
	cache_count(q, cache_stats_of(cq->p, q)->stale);
	if (unlikely(q->has_trail))
		trail_say(q, "gives the stale answer, %u s old with a TTL of %u s", hit->age_s, hit->ttl_s);
}

/* ---------------------------------------------------------------- refreshing */

static const uint64_t LEAD_NS = (QUERY_DEADLINE_MS + 1000) * NS_PER_MS;

/* Lead a refresh of the key, unless somebody does already or it cannot be asked now. */
static void refresh(struct cache_query *cq, struct query *q)
{
	uint64_t now = loop_now_ns(q->w->loop);
	struct cache_join join = {.lead_until_ns = now + LEAD_NS};
	struct cache_key k = cache_key_of(cq->p, q, cache_bits_of(q));

	if (cache_pending_join(cq->p->store, &k, now, &join) == CACHE_LEADER)
		cache_refresh(cq->p, q, &k, join.token); /* if not, the next hit tries again */
	if (unlikely(q->has_trail))
		trail_say(q, "has it asked again in the background");
}

/* Follow the refresh that runs, or one that is started here. */
static bool follow_refresh(struct cache_query *cq, struct query *q)
{
	uint64_t now = loop_now_ns(q->w->loop);
	struct cache_waiter me = {.owner = q->w, .place = cq, .slot = q->slot, .serial = q->serial};
	struct cache_join join = {.waiter = &me, .lead_until_ns = now + LEAD_NS};
	enum cache_found found;

	cq->key = cache_key_of(cq->p, q, cache_bits_of(q));
	found = cache_pending_join(cq->p->store, &cq->key, now, &join);
	if (found == CACHE_LEADER) {
		if (!cache_refresh(cq->p, q, &cq->key, join.token))
			return false;
		found = cache_pending_join(cq->p->store, &cq->key, now, &join);
	}
	return found == CACHE_FOLLOWER;
}

static bool worth_prefetching(const struct cache_settings *s, const struct cache_hit *hit)
{
	uint32_t left_s = hit->ttl_s - hit->age_s;

	if (!s->prefetch || hit->hits < s->prefetch || hit->asked || hit->postponed)
		return false;
	return left_s <= ((uint64_t)hit->ttl_s * s->prefetch_percent + 99) / 100;
}

/* Wait as any follower, but with something to fall back on. */
static bool wait_for_refresh(struct cache_query *cq, struct query *q, const struct cache_hit *hit)
{
	uint64_t now = loop_now_ns(q->w->loop), timeout_ns = cq->p->set.stale.timeout_ns;
	struct cache_fallback *f = arena_zalloc(&q->arena, sizeof(*f));

	if (!f)
		return false;
	f->stale = *hit;
	f->cq = cq;
	f->q = q;
	f->timer.fire = cache_follow_timeout;
	if (timeout_ns && timer_arm(loop_timers(q->w->loop), &f->timer, now + timeout_ns))
		return false;
	cq->fallback = f;
	cq->role = ROLE_FOLLOWER; /* reply() disarms */
	if (follow_refresh(cq, q)) {
		if (unlikely(q->has_trail))
			trail_say(q, "has a stale answer and waits whether a new one comes");
		return true;
	}
	timer_disarm(loop_timers(q->w->loop), &f->timer);
	return false;
}

static enum step give_stale(struct cache_query *cq, struct query *q, const struct cache_hit *hit)
{
	/* Beside a fresh denial the last good answer is given on purpose (prefer_positive). */
	bool ask = !hit->postponed && !hit->denied;

	/* Sub-queries do not wait for others: whom they would wait for may wait for them. */
	bool wait = ask && cq->p->set.stale.verify && q->kind == QUERY_CLIENT;

	if (wait && wait_for_refresh(cq, q, hit))
		return STEP_WAIT;
	cq->role = ROLE_HIT;
	if (ask && !hit->asked)
		refresh(cq, q);
	cache_give_stale(cq, q, hit);
	return STEP_DONE;
}

enum step cache_give(struct cache_query *cq, struct query *q, const struct cache_hit *hit)
{
	cache_count(q, cache_stats_of(cq->p, q)->hits[hit->kind]);
	if (unlikely(!hit->answer))
		return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "server is at its memory limit",
				  "out of query memory");
	if (unlikely(!hit->fresh))
		return give_stale(cq, q, hit);
	cq->role = ROLE_HIT;
	set_fresh(cq, q, hit);
	if (unlikely(worth_prefetching(&cq->p->set, hit)))
		refresh(cq, q);
	return STEP_DONE;
}
