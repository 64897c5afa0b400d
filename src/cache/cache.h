// SPDX-License-Identifier: Apache-2.0
/* The sharded store of wire answers.  It keeps; what may be kept, for how long and how it is given out is
 * decided by plugin/cache.
 *
 * Fixed capacity in entries per store, memory bounded by its byte limit too.  Eviction is SIEVE per shard:
 * scan-resistant, and a hit writes at most one byte.  Expired entries go first.
 * Key: lower-cased name, type, class, DO, CD, RD (the instance is the store itself).  Keyed hash, random per store.
 * Thread: any; each call holds one shard lock for the time of one lookup and one copy. */
#pragma once

#include "base/arena.h"
#include "base/compiler.h"
#include "wire/answer.h"

#include <stdbool.h>
#include <stdint.h>

struct cache;

enum cache_kind { CACHE_SUCCESS, CACHE_DENIAL };

struct cache_key {
	const uint8_t *name; /* lower-cased wire form */
	uint8_t name_len;
	uint8_t bits;        /* CACHE_DO | CACHE_CD | CACHE_RD */
	uint16_t type, cls;
};
enum { CACHE_DO = 1, CACHE_CD = 2, CACHE_RD = 4 };

/* What is known of an entry beside the answer. */
struct cache_meta {
	uint64_t stored_ns;   /* monotonic */
	uint64_t expires_ns;  /* fresh until then */
	uint32_t ttl_s;       /* the whole message's TTL when it was stored */
};

/* capacity: entries (success and denial have a store each or share one: the plugin's choice).
 * Allocates lazily: an empty store costs only its shard table.  NULL: no memory. */
struct cache *cache_new(size_t capacity, size_t max_bytes);
void cache_get(struct cache *c);  /* counted: adoption shares a store between generations */
void cache_put(struct cache *c);

/* Copy the entry's answer into `a`; false on a miss.  An expired entry is a hit with *ret_meta telling so
 * (the plugin decides about stale).  *ret_answer is NULL when the arena is at its limit (a miss then). */
bool cache_find(struct cache *c, const struct cache_key *k, struct arena *a, const struct wire_answer **ret_answer,
		struct cache_meta *ret_meta) MUST_USE;

/* Store (copies `answer`), replacing what the key had.  Returns the number of entries evicted for room. */
unsigned cache_store(struct cache *c, const struct cache_key *k, const struct wire_answer *answer,
		     const struct cache_meta *meta);
void cache_remove(struct cache *c, const struct cache_key *k);

size_t cache_entries(const struct cache *c);
size_t cache_bytes(const struct cache *c);
