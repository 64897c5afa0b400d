// SPDX-License-Identifier: Apache-2.0
/* Lookups: the hot path.  hash -> shard -> lock -> compare -> copy -> unlock. */
#include "cache/store.h"

#include <string.h>

struct cache_key cache_key(const struct cache *c, const uint8_t *name, uint8_t name_len, uint16_t type,
			   uint16_t cls, unsigned bits)
{
	uint8_t buf[WIRE_NAME_MAX + 5];

	memcpy(buf, name, name_len);
	wire_put_u16(buf + name_len, type);
	wire_put_u16(buf + name_len + 2, cls);
	buf[name_len + 4] = (uint8_t)bits;
	return (struct cache_key){
		.name = name,
		.name_len = name_len,
		.type = type,
		.cls = cls,
		.bits = (uint8_t)bits,
		.hash = hash_bytes(&c->secret, buf, name_len + 5u),
	};
}

static struct entry *entry_at(const struct shard *s, uint16_t at)
{
	return at == SLOT_NONE ? NULL : s->slots[at].entry;
}

static bool within(const struct entry *e, uint64_t now_ms, uint32_t seconds)
{
	return now_ms < e->stored_ms + (uint64_t)seconds * 1000;
}

static void count_hit(struct entry *e, uint64_t now_ms, uint32_t window_ms)
{
	if ((uint32_t)now_ms - e->last_hit_ms > window_ms)
		e->hits = 0;
	e->last_hit_ms = (uint32_t)now_ms;
	if (e->hits < UINT16_MAX)
		e->hits++;
}

static void copy_out(const struct entry *e, struct arena *a, struct cache_hit *ret)
{
	/* Not wire_answer_copy: one call less while the lock is held. */
	ret->answer = arena_copy(a, &e->answer, wire_answer_size(&e->answer));
}

/* The entry to give out: a success that is kept, else a denial that is. */
static struct entry *choose(const struct shard *s, const struct place *p, uint64_t now_ms,
			    struct cache_hit *ret)
{
	struct entry *good = entry_at(s, p->at[SLOT_SUCCESS]), *denial = entry_at(s, p->at[SLOT_DENIAL]);

	if (denial && !within(denial, now_ms, denial->keep_s))
		denial = NULL;
	if (good && within(good, now_ms, good->keep_s)) {
		ret->kind = CACHE_SUCCESS;
		ret->denied = denial && within(denial, now_ms, denial->ttl_s);
		return good;
	}
	ret->kind = CACHE_DENIAL;
	ret->denied = false;
	return denial;
}

static bool is_asked(const struct shard *s, const struct place *p, uint64_t now_ns)
{
	return p->at[SLOT_MARK] != SLOT_NONE && now_ns < s->slots[p->at[SLOT_MARK]].mark->void_ns;
}

static void give_out(const struct cache *c, struct entry *e, uint64_t now_ms, bool marked, struct arena *a,
		     struct cache_hit *ret)
{
	uint64_t age_ms = now_ms > e->stored_ms ? now_ms - e->stored_ms : 0;

	if (!e->visited)
		e->visited = true;
	if (c->cfg.hit_window_ms)
		count_hit(e, now_ms, c->cfg.hit_window_ms);
	ret->hits = e->hits;
	ret->fresh = within(e, now_ms, e->ttl_s);
	ret->asked = marked;
	ret->postponed = now_ms / 1000 < e->retry_s;
	ret->ttl_s = e->ttl_s;
	ret->age_s = (uint32_t)(age_ms / 1000);
	copy_out(e, a, ret);
}

enum cache_found cache_find(struct cache *c, const struct cache_key *k, uint64_t now_ns, struct arena *a,
			    struct cache_join *join, struct cache_hit *ret)
{
	struct shard *s = cache_shard(c, k);
	uint64_t now_ms = now_ns / 1000000;
	enum cache_found found = CACHE_MISS;
	struct entry *e;
	struct place p;

	pthread_mutex_lock(&s->lock);
	p = shard_find(s, k);
	e = choose(s, &p, now_ms, ret);
	if (e) {
		give_out(c, e, now_ms, is_asked(s, &p, now_ns), a, ret);
		found = CACHE_HIT;
	} else if (join) {
		found = pending_join(c, s, k, p.at[SLOT_MARK], now_ns, join);
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}
