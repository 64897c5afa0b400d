// SPDX-License-Identifier: Apache-2.0
/* The store: its life, what goes in, and what has to go for it.
 *
 * Capacity and bytes are counted over all shards, so that a store holds exactly what was configured however
 * the hash spreads it.  A newcomer that finds the store full makes its own shard give something up; only
 * when that has nothing left are others asked.  Several threads that store at once may pass a limit together
 * for the moment between counting and evicting. */
#include "cache/store.h"

#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

enum {
	/* Other shards that are looked at for what has expired before a live entry goes: all have been seen
	 * after a quarter as many stores as there are shards. */
	PEEK = 4,
	SHARDS_MAX = 1 << 16,
};

static atomic_size_t total_bytes;
static atomic_size_t total_limit = (size_t)64 << 20;

void cache_total_limit(size_t bytes)
{
	atomic_store_explicit(&total_limit, bytes, memory_order_relaxed);
}

size_t cache_total_bytes(void)
{
	return atomic_load_explicit(&total_bytes, memory_order_relaxed);
}

/* ---------------------------------------------------------------- life */

static size_t shard_count(const struct cache_config *cfg)
{
	size_t entries = cfg->capacity[CACHE_SUCCESS] + cfg->capacity[CACHE_DENIAL];
	size_t n = 1;

	while (n < SHARDS_MAX && entries / (n * 2) >= SHARD_ENTRIES)
		n *= 2;
	return n;
}

struct cache *cache_new(const struct cache_config *cfg)
{
	size_t n_shards = shard_count(cfg);
	size_t size = sizeof(struct cache) + n_shards * sizeof(struct shard);
	struct cache *c = aligned_alloc(_Alignof(struct cache), size);
	struct rng rng;

	if (!c)
		return NULL;
	memset(c, 0, size);
	c->cfg = *cfg;
	c->n_shards = n_shards;
	rng_init(&rng);
	rng_bytes(&rng, &c->secret, sizeof(c->secret));
	atomic_init(&c->refs, 1);
	for (size_t i = 0; i < n_shards; i++)
		shard_init(&c->shards[i]);
	return c;
}

void cache_get(struct cache *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
}

static void empty(struct cache *c, struct shard *s)
{
	struct swept w = {0};

	shard_sweep(s, UINT32_MAX, &w);
	cache_uncount(c, &w);
	entry_free_all(w.garbage);
	shard_fini(s);
}

void cache_put(struct cache *c)
{
	if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < c->n_shards; i++)
		empty(c, &c->shards[i]);
	free(c);
}

/* ---------------------------------------------------------------- counting */

size_t cache_entries(const struct cache *c, enum cache_kind kind)
{
	return atomic_load_explicit(&c->n[kind], memory_order_relaxed);
}

size_t cache_bytes(const struct cache *c)
{
	return atomic_load_explicit(&c->bytes, memory_order_relaxed);
}

static void count_bytes(struct cache *c, size_t bytes)
{
	atomic_fetch_add_explicit(&c->bytes, bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&total_bytes, bytes, memory_order_relaxed);
}

void cache_uncount(struct cache *c, const struct swept *w)
{
	for (int k = 0; k < CACHE_KINDS; k++) {
		if (w->n[k])
			atomic_fetch_sub_explicit(&c->n[k], w->n[k], memory_order_relaxed);
	}
	if (w->bytes) {
		atomic_fetch_sub_explicit(&c->bytes, w->bytes, memory_order_relaxed);
		atomic_fetch_sub_explicit(&total_bytes, w->bytes, memory_order_relaxed);
	}
	if (w->marks)
		atomic_fetch_sub_explicit(&c->n_marks, w->marks, memory_order_relaxed);
}

static bool over_capacity(const struct cache *c, enum cache_kind kind)
{
	return cache_entries(c, kind) > c->cfg.capacity[kind];
}

static bool over_bytes(const struct cache *c)
{
	return cache_bytes(c) > c->cfg.max_bytes ||
	       cache_total_bytes() > atomic_load_explicit(&total_limit, memory_order_relaxed);
}

/* ---------------------------------------------------------------- making room */

/* Take one out and count it out; its block goes on the garbage list. */
static void drop(struct cache *c, struct shard *s, uint16_t at, struct entry **garbage)
{
	uint8_t kind = s->slots[at].kind;
	struct entry *e = shard_take(s, at);
	struct swept w = {.bytes = entry_bytes(e)};

	w.n[kind] = 1;
	cache_uncount(c, &w);
	e->next = *garbage;
	*garbage = e;
}

/* Make this shard give up what is too much, as far as it has something; a success or a denial that is one
 * too many costs one of its own kind, bytes cost either. */
static void evict(struct cache *c, struct shard *s, enum cache_kind kind, struct entry **garbage,
		  unsigned evicted[CACHE_KINDS])
{
	for (;;) {
		bool bytes = !over_capacity(c, kind);
		uint16_t at = SLOT_NONE;

		if (bytes && !over_bytes(c))
			return;
		at = shard_victim(s, kind);
		if (at == SLOT_NONE && bytes)
			at = shard_victim(s, kind == CACHE_SUCCESS ? CACHE_DENIAL : CACHE_SUCCESS);
		if (at == SLOT_NONE)
			return;
		evicted[s->slots[at].kind]++;
		drop(c, s, at, garbage);
	}
}

static void sweep(struct cache *c, struct shard *s, uint32_t now_s, struct entry **garbage)
{
	struct swept w = {.garbage = *garbage};

	shard_sweep(s, now_s, &w);
	cache_uncount(c, &w);
	*garbage = w.garbage;
}

static struct shard *next_shard(struct cache *c)
{
	size_t i = atomic_fetch_add_explicit(&c->cursor, 1, memory_order_relaxed);

	return &c->shards[i & (c->n_shards - 1)];
}

/* The store is full: see whether something has expired elsewhere.  Holds no lock when called. */
static void peek(struct cache *c, uint32_t now_s, struct entry **garbage)
{
	for (int i = 0; i < PEEK; i++) {
		struct shard *s = next_shard(c);

		pthread_mutex_lock(&s->lock);
		sweep(c, s, now_s, garbage);
		pthread_mutex_unlock(&s->lock);
	}
}

/* Still too much although the newcomer's own shard has given what it had.  Holds no lock when called. */
static void evict_elsewhere(struct cache *c, const struct shard *own, enum cache_kind kind,
			    struct entry **garbage, unsigned evicted[CACHE_KINDS])
{
	for (size_t i = 0; i < c->n_shards && (over_capacity(c, kind) || over_bytes(c)); i++) {
		struct shard *s = next_shard(c);

		if (s == own)
			continue;
		pthread_mutex_lock(&s->lock);
		evict(c, s, kind, garbage, evicted);
		pthread_mutex_unlock(&s->lock);
	}
}

/* ---------------------------------------------------------------- storing */

static uint32_t gone_s(const struct entry *e)
{
	uint64_t s = e->stored_ms / 1000 + e->keep_s + 1;

	return s < UINT32_MAX ? (uint32_t)s : UINT32_MAX - 1;
}

static bool kept(const struct entry *e, uint64_t now_ns)
{
	return now_ns / 1000000 < e->stored_ms + (uint64_t)e->keep_s * 1000;
}

/* Something that a failure must not replace. */
static bool has_better(const struct shard *s, const struct place *p, uint64_t now_ns)
{
	for (int k = 0; k < CACHE_KINDS; k++) {
		const struct entry *e = p->at[k] == SLOT_NONE ? NULL : s->slots[p->at[k]].entry;

		if (e && !e->weak && kept(e, now_ns))
			return true;
	}
	return false;
}

/* Put `e` where the key's entry of this kind is; the place in the queue stays, and so do the hits. */
static void replace(struct cache *c, struct shard *s, uint16_t at, struct entry *e, struct entry **garbage)
{
	struct slot *sl = &s->slots[at];
	struct entry *old = sl->entry;
	struct swept w = {.bytes = entry_bytes(old)};

	e->hits = old->hits;
	e->last_hit_ms = old->last_hit_ms;
	e->visited = old->visited;
	sl->entry = e;
	shard_set_gone(s, at, gone_s(e));
	count_bytes(c, entry_bytes(e));
	cache_uncount(c, &w);
	old->next = *garbage;
	*garbage = old;
}

/* Under the shard's lock.  False: not taken, `e` is still the caller's. */
static bool put_in(struct cache *c, struct shard *s, const struct cache_key *k, struct entry *e,
		   const struct cache_store *how, struct entry **garbage, unsigned evicted[CACHE_KINDS])
{
	enum cache_kind other = how->kind == CACHE_SUCCESS ? CACHE_DENIAL : CACHE_SUCCESS;
	struct place p = shard_find(s, k);

	if (how->weak && has_better(s, &p, how->now_ns))
		return false;
	if (p.at[other] != SLOT_NONE && !how->keep_other)
		drop(c, s, p.at[other], garbage);
	if (p.at[how->kind] != SLOT_NONE) {
		replace(c, s, p.at[how->kind], e, garbage);
		return true;
	}
	if (!shard_reserve(s))
		return false;
	atomic_fetch_add_explicit(&c->n[how->kind], 1, memory_order_relaxed);
	count_bytes(c, entry_bytes(e));
	evict(c, s, how->kind, garbage, evicted);
	shard_insert(s, k, (enum slot_kind)how->kind, e, gone_s(e));
	return true;
}

static bool is_full(const struct cache *c, enum cache_kind kind)
{
	return cache_entries(c, kind) >= c->cfg.capacity[kind];
}

bool cache_store(struct cache *c, const struct cache_key *k, const struct wire_answer *answer,
		 const struct cache_store *how, unsigned ret_evicted[CACHE_KINDS])
{
	struct shard *s = cache_shard(c, k);
	uint32_t now_s = cache_seconds(how->now_ns);
	struct entry *e = entry_new(k, answer, how), *garbage = NULL;
	unsigned evicted[CACHE_KINDS] = {0};
	bool in;

	if (!e)
		return false;
	if (is_full(c, how->kind))
		peek(c, now_s, &garbage);
	pthread_mutex_lock(&s->lock);
	sweep(c, s, now_s, &garbage);
	in = put_in(c, s, k, e, how, &garbage, evicted);
	pthread_mutex_unlock(&s->lock);
	if (!in)
		free(e);
	evict_elsewhere(c, s, how->kind, &garbage, evicted);
	entry_free_all(garbage);
	for (int kind = 0; ret_evicted && kind < CACHE_KINDS; kind++)
		ret_evicted[kind] += evicted[kind];
	return in;
}

void cache_remove(struct cache *c, const struct cache_key *k)
{
	struct shard *s = cache_shard(c, k);
	struct entry *garbage = NULL;

	pthread_mutex_lock(&s->lock);
	for (int kind = 0; kind < CACHE_KINDS; kind++) {
		struct place p = shard_find(s, k);

		if (p.at[kind] != SLOT_NONE)
			drop(c, s, p.at[kind], &garbage);
	}
	pthread_mutex_unlock(&s->lock);
	entry_free_all(garbage);
}

void cache_postpone(struct cache *c, const struct cache_key *k, uint64_t now_ns, uint64_t pause_ms)
{
	struct shard *s = cache_shard(c, k);
	struct place p;

	pthread_mutex_lock(&s->lock);
	p = shard_find(s, k);
	for (int kind = 0; kind < CACHE_KINDS; kind++) {
		if (p.at[kind] != SLOT_NONE)
			s->slots[p.at[kind]].entry->retry_s =
				(uint32_t)((now_ns / 1000000 + pause_ms + 999) / 1000);
	}
	pthread_mutex_unlock(&s->lock);
}
