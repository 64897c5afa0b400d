// SPDX-License-Identifier: Apache-2.0
/* Questions in flight.  A mark stands in the table like an entry, so a miss finds it with the same look.
 *
 * Waiters are kept by value and nothing here points into a query: one that ends at its deadline needs no
 * signing off; what is handed back for it later finds nobody.  A leader finishes in any case, at its
 * deadline too; should one ever not, its mark is void a moment later, the next asker takes it over, and what
 * waited there waits for the new leader or for its own deadline. */
#include "cache/store.h"

#include <stdlib.h>

enum {
	/* More questions in flight than any in-flight limit admits (32 MiB of queries of 2 KiB). */
	MARKS_MAX = 1 << 15,
	WAITERS_FIRST = 4,
};

static struct mark *mark_at(const struct shard *s, uint16_t at)
{
	return at == SLOT_NONE ? NULL : s->slots[at].mark;
}

static bool add_waiter(struct mark *m, const struct cache_waiter *w)
{
	if (m->n_waiters == m->cap_waiters) {
		unsigned cap = m->cap_waiters ? m->cap_waiters * 2u : WAITERS_FIRST;
		struct cache_waiter *v;

		if (cap > UINT16_MAX)
			return false;
		v = realloc(m->waiters, cap * sizeof(*v));
		if (!v)
			return false;
		m->waiters = v;
		m->cap_waiters = (uint16_t)cap;
	}
	m->waiters[m->n_waiters++] = *w;
	return true;
}

static void lead(struct cache *c, struct shard *s, uint16_t at, struct cache_join *join)
{
	struct mark *m = s->slots[at].mark;

	m->token = join->token = atomic_fetch_add_explicit(&c->next_token, 1, memory_order_relaxed) + 1;
	m->void_ns = join->lead_until_ns;
	/* Left to a sweep only when nobody has asked again for a while. */
	shard_set_gone(s, at, cache_seconds(join->lead_until_ns) + 60);
}

static enum cache_found new_mark(struct cache *c, struct shard *s, const struct cache_key *k,
				 struct cache_join *join)
{
	struct mark *m;
	uint16_t at;

	if (atomic_load_explicit(&c->n_marks, memory_order_relaxed) >= MARKS_MAX || !shard_reserve(s))
		return CACHE_MISS;
	m = mark_new(k);
	if (!m)
		return CACHE_MISS;
	atomic_fetch_add_explicit(&c->n_marks, 1, memory_order_relaxed);
	at = shard_insert(s, k, SLOT_MARK, m, UINT32_MAX);
	lead(c, s, at, join);
	return CACHE_LEADER;
}

enum cache_found pending_join(struct cache *c, struct shard *s, const struct cache_key *k, uint16_t at,
			      uint64_t now_ns, struct cache_join *join)
{
	struct mark *m = mark_at(s, at);

	if (!m)
		return new_mark(c, s, k, join);
	if (now_ns >= m->void_ns) {
		lead(c, s, at, join);
		return CACHE_LEADER;
	}
	if (!join->waiter || !add_waiter(m, join->waiter))
		return CACHE_MISS;
	return CACHE_FOLLOWER;
}

enum cache_found cache_pending_join(struct cache *c, const struct cache_key *k, uint64_t now_ns,
				    struct cache_join *join)
{
	struct shard *s = cache_shard(c, k);
	enum cache_found found;

	pthread_mutex_lock(&s->lock);
	found = pending_join(c, s, k, shard_find(s, k).at[SLOT_MARK], now_ns, join);
	pthread_mutex_unlock(&s->lock);
	return found;
}

void cache_pending_finish(struct cache *c, const struct cache_key *k, uint64_t token,
			  struct cache_waiters *ret)
{
	struct shard *s = cache_shard(c, k);
	struct mark *m;
	uint16_t at;

	*ret = (struct cache_waiters){0};
	pthread_mutex_lock(&s->lock);
	at = shard_find(s, k).at[SLOT_MARK];
	m = mark_at(s, at);
	if (m && m->token == token)
		shard_take(s, at);
	else
		m = NULL;
	pthread_mutex_unlock(&s->lock);
	if (!m)
		return;
	atomic_fetch_sub_explicit(&c->n_marks, 1, memory_order_relaxed);
	ret->v = m->waiters;
	ret->n = m->n_waiters;
	m->waiters = NULL;
	mark_free(m);
}

size_t cache_pending(const struct cache *c)
{
	return atomic_load_explicit(&c->n_marks, memory_order_relaxed);
}
