// SPDX-License-Identifier: Apache-2.0
/* One shard: an open table of slots, two SIEVE queues through them, and the lock over all of it.
 *
 *   slots[hash scaled to their number, and what follows] -> struct entry | struct mark
 *
 * The caller holds the lock in every function here.  Internal to cache/. */
#pragma once

#include "cache/cache.h"

#include <pthread.h>

/* Entries a shard holds on average when the store is full.  Fewer would make SIEVE's queues too short to tell
 * hot from cold; more make sweeps (linear) longer and the lock busier. */
enum { SHARD_ENTRIES = 128 };

enum slot_kind { SLOT_SUCCESS = CACHE_SUCCESS, SLOT_DENIAL = CACHE_DENIAL, SLOT_MARK };
enum { SLOT_NONE = 0xffff, SHARD_SLOTS_MAX = 0xfff0 };

/* A stored answer: one block. */
struct entry {
	union {
		uint64_t stored_ms; /* monotonic */
		struct entry *next; /* once it is out of the shard: garbage list */
	};
	uint32_t ttl_s;
	uint32_t keep_s;
	uint32_t retry_s; /* monotonic seconds: no refresh before */
	uint32_t last_hit_ms; /* low 32 bits; differences up to 24 days hold */
	uint16_t hits;
	uint8_t bits; /* of the key */
	bool weak;
	bool visited;
	struct wire_answer answer; /* its question, lower-cased, is the rest of the key */
};

/* A question in flight. */
struct mark {
	uint64_t token;
	uint64_t void_ns;
	struct cache_waiter *waiters;
	uint16_t n_waiters, cap_waiters;
	uint16_t type, cls;
	uint8_t bits, name_len;
	uint8_t name[];
};

struct slot {
	union {
		void *block; /* NULL: empty */
		struct entry *entry;
		struct mark *mark;
	};
	uint32_t hash; /* low half of the key's */
	uint32_t gone_s; /* monotonic seconds: nothing looks for it from then on */
	uint16_t newer, older; /* queue neighbours */
	uint8_t kind;
};

/* New entries come in at `newest`; the hand goes from the oldest to the newest. */
struct queue {
	uint16_t newest, oldest, hand;
};

struct shard {
	pthread_mutex_t lock;
	struct slot *slots;
	uint32_t min_gone_s; /* no slot is gone before */
	uint16_t cap, used; /* slots */
	struct queue queue[CACHE_KINDS];
} __attribute__((aligned(64)));

void shard_init(struct shard *s);
/* Everything has been taken out. */
void shard_fini(struct shard *s);

/* Where a key's slots are; SLOT_NONE: it has none of that kind. */
struct place {
	uint16_t at[3];
};
struct place shard_find(const struct shard *s, const struct cache_key *k);

/* Room for one more slot; false: no memory, or the shard has all it can have.  Slots may move. */
bool shard_reserve(struct shard *s) MUST_USE;
/* Put in (after shard_reserve); returns where.  The shard owns the block. */
uint16_t shard_insert(struct shard *s, const struct cache_key *k, enum slot_kind kind, void *block,
		      uint32_t gone_s);
/* Take out; the block is the caller's again.  Other slots may move. */
void *shard_take(struct shard *s, uint16_t at);
void shard_set_gone(struct shard *s, uint16_t at, uint32_t gone_s);

/* The entry of this kind that SIEVE gives up, or SLOT_NONE. */
uint16_t shard_victim(struct shard *s, enum cache_kind kind);

/* Take out all that is gone at `now_s`.  Counts and bytes of what went are added to `ret`. */
struct swept {
	struct entry *garbage;
	size_t n[CACHE_KINDS], bytes;
	unsigned marks;
};
void shard_sweep(struct shard *s, uint32_t now_s, struct swept *ret);
/* Take out the entries (not the marks) that `match` says. */
void shard_take_all(struct shard *s, bool (*match)(const struct entry *e, const void *arg), const void *arg,
		    struct swept *ret);

/* ---------------------------------------------------------------- blocks (entry.c) */

/* A block for `answer` with the key's question in it; NULL: no memory. */
struct entry *entry_new(const struct cache_key *k, const struct wire_answer *answer,
			const struct cache_store *how);
bool entry_is(const struct entry *e, const struct cache_key *k);
/* What it takes, with slot, index and the allocator's own. */
size_t entry_bytes(const struct entry *e);
void entry_free_all(struct entry *garbage);

struct mark *mark_new(const struct cache_key *k);
bool mark_is(const struct mark *m, const struct cache_key *k);
void mark_free(struct mark *m);
