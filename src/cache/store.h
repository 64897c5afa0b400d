// SPDX-License-Identifier: Apache-2.0
/* The store behind the handle.  Internal to cache/. */
#pragma once

#include "base/hash.h"
#include "cache/shard.h"

#include <stdatomic.h>

struct cache {
	struct cache_config cfg; /* frozen */
	struct hash_key secret; /* frozen */
	size_t n_shards; /* frozen; a power of two, at most 2^16 */
	atomic_uint refs;
	/* Counters of all shards; written by stores only, on a line of their own. */
	_Alignas(64) atomic_size_t n[CACHE_KINDS];
	atomic_size_t bytes;
	atomic_size_t n_marks;
	atomic_uint_fast64_t next_token;
	atomic_size_t cursor; /* which shard is looked at next for what has expired */
	struct shard shards[];
};

/* The high half of the hash tells the shard, the low half the place in its table. */
static inline struct shard *cache_shard(struct cache *c, const struct cache_key *k)
{
	return &c->shards[k->hash >> 32 & (c->n_shards - 1)];
}

static inline uint32_t cache_seconds(uint64_t now_ns)
{
	return (uint32_t)(now_ns / 1000000000);
}

/* pending.c, used under the shard's lock; `at`: where the key's mark is, or SLOT_NONE. */
enum cache_found pending_join(struct cache *c, struct shard *s, const struct cache_key *k, uint16_t at,
			      uint64_t now_ns, struct cache_join *join);

/* store.c: take what went in a sweep or an eviction out of the counts. */
void cache_uncount(struct cache *c, const struct swept *w);
