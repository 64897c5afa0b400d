// SPDX-License-Identifier: Apache-2.0
/* The sharded store of wire answers.  It keeps; what may be kept, for how long and how it is given out is
 * decided by plugin/cache.
 *
 *   key --hash--> shard (one lock) --open table--> slot --> entry {times, wire answer}   one malloc'ed block
 *                                                       \-> pending mark {who waits}
 *
 * A key has at most one entry of each kind (success, denial) and one pending mark.  Capacity is fixed per
 * kind, counted over all shards; bytes are limited per store and for all stores of the process together.
 * Where there is no room, expired entries go first, then SIEVE decides within the shard of the newcomer:
 * scan-resistant, and a hit writes at most one byte, only if it is not set yet.
 *
 *   store.c    limits, life, counting          shard.c   table, queues, eviction of one shard
 *   find.c     lookups                         entry.c   blocks and keys
 *   pending.c  questions in flight                   flush.c   dropping by name
 *
 * Key: lower-cased name, type, class, DO, CD, RD (the instance is the store itself).  Keyed hash, random per
 * store, so that nobody outside can aim at one shard.
 * Rule: `shard lock`.  Thread: any.  Each call holds one shard lock for the time of one lookup and one copy;
 * a store may take a few more, one after the other. */
#pragma once

#include "base/arena.h"
#include "base/compiler.h"
#include "wire/answer.h"

#include <stdbool.h>
#include <stdint.h>

struct cache;

enum cache_kind { CACHE_SUCCESS, CACHE_DENIAL };
enum { CACHE_KINDS = 2 };
enum { CACHE_DO = 1, CACHE_CD = 2, CACHE_RD = 4 };

struct cache_config {
	size_t capacity[CACHE_KINDS]; /* entries, at least 1 */
	/* Of all entries, bookkeeping included; SIZE_MAX: only the limit of the process. */
	size_t max_bytes;
	/* Count hits (prefetch): one later than this after the last starts anew; 0: do not count. */
	uint32_t hit_window_ms;
};

/* Allocates lazily: an empty store costs its shards, a byte for each entry of capacity.  NULL: no memory. */
struct cache *cache_new(const struct cache_config *cfg);
void cache_get(struct cache *c); /* counted: adoption shares a store between generations */
void cache_put(struct cache *c); /* NULL is left alone */

size_t cache_entries(const struct cache *c, enum cache_kind kind);
/* Entries with their bookkeeping; pending marks are not in it. */
size_t cache_bytes(const struct cache *c);

/* The limit for all stores together (default 64 MiB) and what they hold now. */
void cache_total_limit(size_t bytes);
size_t cache_total_bytes(void);

/* ---------------------------------------------------------------- keys */

struct cache_key {
	const uint8_t *name; /* lower-cased wire form; borrowed */
	uint64_t hash; /* of all, by this store's secret */
	uint16_t type, cls;
	uint8_t name_len;
	uint8_t bits; /* CACHE_DO | CACHE_CD | CACHE_RD */
};

struct cache_key cache_key(const struct cache *c, const uint8_t *name, uint8_t name_len, uint16_t type,
			   uint16_t cls, unsigned bits) MUST_USE;

/* ---------------------------------------------------------------- questions in flight */

/* Who waits.  Nothing of it is looked at here: `owner` (a worker) and the rest are the caller's way to find
 * the query again, which may have ended since. */
struct cache_waiter {
	void *owner;
	void *place;
	uint32_t slot, serial;
};

/* Asking for a question that may be in flight already.  `token` is set for who leads. */
struct cache_join {
	const struct cache_waiter *waiter; /* NULL: lead or nothing */
	uint64_t lead_until_ns; /* a mark whose leader has not finished by then is void */
	uint64_t token;
};

/* The waiters that a finish hands back; `v` is malloc'ed and the caller's. */
struct cache_waiters {
	struct cache_waiter *v;
	unsigned n;
};

enum cache_found {
	CACHE_MISS, /* nothing, and no part in a question in flight (not asked for, or a bound is reached) */
	CACHE_HIT,
	CACHE_LEADER, /* nothing; the mark is set: ask, then cache_pending_finish in any case */
	CACHE_FOLLOWER, /* nothing yet; somebody asks already and will hand the waiter on */
};

/* Join alone, without a lookup: LEADER, FOLLOWER or MISS. */
enum cache_found cache_pending_join(struct cache *c, const struct cache_key *k, uint64_t now_ns,
				    struct cache_join *join) MUST_USE;
/* The leader is through (store first).  Takes the mark away and hands its waiters back; none when the
 * mark was void and another has taken over. */
void cache_pending_finish(struct cache *c, const struct cache_key *k, uint64_t token,
			  struct cache_waiters *ret);
/* Marks set now. */
size_t cache_pending(const struct cache *c);

/* ---------------------------------------------------------------- entries */

struct cache_hit {
	const struct wire_answer *answer; /* in the arena; NULL when that is at its limit */
	enum cache_kind kind;
	bool fresh; /* false: expired, but within what it was kept for */
	bool denied; /* a success beside which a fresh denial stands */
	bool asked; /* a pending mark stands: somebody refreshes the key now */
	bool postponed; /* cache_postpone's time has not passed */
	uint32_t ttl_s; /* as stored */
	uint32_t age_s; /* whole seconds since then */
	unsigned hits; /* this one included; 0 when not counted */
};

/* Look up.  A success that is still kept wins over a denial that is; that both exist is the plugin's choice
 * at cache_store (keep_other).  `join` (may be NULL) is used on a miss, under the same lock, so that no
 * answer can slip in between. */
enum cache_found cache_find(struct cache *c, const struct cache_key *k, uint64_t now_ns, struct arena *a,
			    struct cache_join *join, struct cache_hit *ret) MUST_USE;

/* How an answer is kept. */
struct cache_store {
	enum cache_kind kind;
	uint32_t ttl_s; /* fresh for so long */
	uint32_t keep_s; /* found for so long (>= ttl_s) */
	uint64_t now_ns;
	uint16_t clear_flags; /* header flags that the stored copy shall not have */
	int16_t ede; /* EDE code that goes with it, or EDE_NONE: the answer's own */
	bool weak; /* a failure: does not replace what is still kept, unless that is weak too */
	bool keep_other; /* the key's entry of the other kind stays */
};

/* Copies `answer`, replacing what the key had.  Its question must be the key's but for case.  True: stored.
 * `ret_evicted[kind]` (may be NULL) is added the number of live entries that had to go. */
bool cache_store(struct cache *c, const struct cache_key *k, const struct wire_answer *answer,
		 const struct cache_store *how, unsigned ret_evicted[CACHE_KINDS]);
/* A refresh has failed: hits of this key are `postponed` for `pause_ms` from now (to whole seconds, up). */
void cache_postpone(struct cache *c, const struct cache_key *k, uint64_t now_ns, uint64_t pause_ms);
void cache_remove(struct cache *c, const struct cache_key *k);

/* Drop entries whatever their type, class and flags: of one name, of a name and all below it, or all (`name` NULL).
 * `name`: wire form, any case.  Returns how many.  What is in flight is not touched and may store afterwards.
 * Takes each shard's lock for one walk over its table (some 10 us); not for a worker. */
size_t cache_flush(struct cache *c, const uint8_t *name, bool subtree);
