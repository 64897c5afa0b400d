// SPDX-License-Identifier: Apache-2.0
/* The table, the queues and the eviction of one shard.
 *
 * Open addressing with linear probing; what is taken out is closed over by its followers, so there are no
 * tombstones.  Queues link slots by number and are mended when a slot moves: that makes one array of what
 * would be a table of numbers and an array of slots, and a hit meets one cache line less.  The number of
 * slots is no power of two, so that it grows by a quarter and a full store's shards are well filled.
 *
 * SIEVE (Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024): new entries come in at the newest end; the
 * hand walks from old to new, clears `visited` where it is set and evicts where it is not.  An entry that
 * is never asked for again is met unvisited on the hand's first pass; one that is asked for stays. */
#include "cache/shard.h"

#include <stdlib.h>
#include <string.h>

void shard_init(struct shard *s)
{
	pthread_mutex_init(&s->lock, NULL);
	s->min_gone_s = UINT32_MAX;
	for (int k = 0; k < CACHE_KINDS; k++)
		s->queue[k] = (struct queue){.newest = SLOT_NONE, .oldest = SLOT_NONE, .hand = SLOT_NONE};
}

void shard_fini(struct shard *s)
{
	free(s->slots);
	pthread_mutex_destroy(&s->lock);
}

/* ---------------------------------------------------------------- table */

static inline uint16_t home(const struct shard *s, uint32_t hash)
{
	return (uint16_t)((uint64_t)hash * s->cap >> 32);
}

static inline uint16_t next(const struct shard *s, uint16_t at)
{
	return at + 1 == s->cap ? 0 : (uint16_t)(at + 1);
}

/* How far `to` is from `from`, going forward. */
static inline uint16_t distance(const struct shard *s, uint16_t from, uint16_t to)
{
	return (uint16_t)(to >= from ? to - from : to + s->cap - from);
}

struct place shard_find(const struct shard *s, const struct cache_key *k)
{
	struct place p = {{SLOT_NONE, SLOT_NONE, SLOT_NONE}};
	uint32_t hash = (uint32_t)k->hash;

	if (!s->cap)
		return p;
	for (uint16_t at = home(s, hash); s->slots[at].block; at = next(s, at)) {
		const struct slot *sl = &s->slots[at];

		if (sl->hash != hash)
			continue;
		if (sl->kind == SLOT_MARK ? mark_is(sl->mark, k) : entry_is(sl->entry, k))
			p.at[sl->kind] = at;
	}
	return p;
}

static uint16_t first_empty(const struct shard *s, uint32_t hash)
{
	uint16_t at = home(s, hash);

	while (s->slots[at].block)
		at = next(s, at);
	return at;
}

/* ---------------------------------------------------------------- queues */

/* Whoever points to queue member `at` shall point to `newer_side` from the older end and to `older_side`
 * from the newer end. */
static void repoint(struct shard *s, uint16_t at, uint16_t newer_side, uint16_t older_side)
{
	const struct slot *sl = &s->slots[at];
	struct queue *q = &s->queue[sl->kind];

	if (sl->newer != SLOT_NONE)
		s->slots[sl->newer].older = newer_side;
	else
		q->newest = newer_side;
	if (sl->older != SLOT_NONE)
		s->slots[sl->older].newer = older_side;
	else
		q->oldest = older_side;
}

static void enqueue(struct shard *s, uint16_t at)
{
	struct queue *q = &s->queue[s->slots[at].kind];

	s->slots[at].newer = SLOT_NONE;
	s->slots[at].older = q->newest;
	if (q->newest != SLOT_NONE)
		s->slots[q->newest].newer = at;
	else
		q->oldest = at;
	q->newest = at;
}

static void dequeue(struct shard *s, uint16_t at)
{
	const struct slot *sl = &s->slots[at];
	struct queue *q = &s->queue[sl->kind];

	if (q->hand == at)
		q->hand = sl->newer;
	repoint(s, at, sl->older, sl->newer);
}

/* The second round at the latest finds one, because the first clears every mark. */
uint16_t shard_victim(struct shard *s, enum cache_kind kind)
{
	struct queue *q = &s->queue[kind];

	if (q->hand == SLOT_NONE)
		q->hand = q->oldest;
	while (q->hand != SLOT_NONE && s->slots[q->hand].entry->visited) {
		s->slots[q->hand].entry->visited = false;
		q->hand = s->slots[q->hand].newer;
		if (q->hand == SLOT_NONE)
			q->hand = q->oldest;
	}
	return q->hand;
}

/* ---------------------------------------------------------------- growing */

/* Bring one slot of the old array into the new one; the old slot is left with its new number in `hash`,
 * which is what the hand is found by. */
static void bring(struct shard *s, struct slot *from)
{
	uint16_t at = first_empty(s, from->hash);

	s->slots[at] = *from;
	from->hash = at;
	if (from->kind != SLOT_MARK)
		enqueue(s, at);
}

static void bring_queue(struct shard *s, struct slot *old, enum cache_kind kind)
{
	struct queue was = s->queue[kind];

	s->queue[kind] = (struct queue){.newest = SLOT_NONE, .oldest = SLOT_NONE, .hand = SLOT_NONE};
	for (uint16_t at = was.oldest; at != SLOT_NONE; at = old[at].newer)
		bring(s, &old[at]);
	if (was.hand != SLOT_NONE)
		s->queue[kind].hand = (uint16_t)old[was.hand].hash;
}

static bool grow(struct shard *s)
{
	uint32_t cap = s->cap + 8u + s->cap / 4u;
	struct slot *old = s->slots, *slots;
	uint16_t n_old = s->cap;

	if (s->cap == SHARD_SLOTS_MAX)
		return false;
	if (cap > SHARD_SLOTS_MAX)
		cap = SHARD_SLOTS_MAX;
	slots = calloc(cap, sizeof(*slots));
	if (!slots)
		return false;
	s->slots = slots;
	s->cap = (uint16_t)cap;
	bring_queue(s, old, CACHE_SUCCESS);
	bring_queue(s, old, CACHE_DENIAL);
	for (uint16_t at = 0; at < n_old; at++) {
		if (old[at].block && old[at].kind == SLOT_MARK)
			bring(s, &old[at]);
	}
	free(old);
	return true;
}

/* At most seven tenths full: a lookup then passes 2 slots on average when it finds and 6 when it does not,
 * two lines.  Four fifths would save 4 bytes an entry and double the latter. */
bool shard_reserve(struct shard *s)
{
	return (s->used + 1u) * 10 <= s->cap * 7u || grow(s) || s->used + 1u < s->cap;
}

/* ---------------------------------------------------------------- in and out */

void shard_set_gone(struct shard *s, uint16_t at, uint32_t gone_s)
{
	s->slots[at].gone_s = gone_s;
	if (gone_s < s->min_gone_s)
		s->min_gone_s = gone_s;
}

uint16_t shard_insert(struct shard *s, const struct cache_key *k, enum slot_kind kind, void *block,
		      uint32_t gone_s)
{
	uint16_t at = first_empty(s, (uint32_t)k->hash);

	s->slots[at] = (struct slot){.block = block, .hash = (uint32_t)k->hash, .kind = (uint8_t)kind};
	s->used++;
	shard_set_gone(s, at, gone_s);
	if (kind != SLOT_MARK)
		enqueue(s, at);
	return at;
}

static void move(struct shard *s, uint16_t from, uint16_t to)
{
	struct slot *sl = &s->slots[from];

	if (sl->kind != SLOT_MARK) {
		struct queue *q = &s->queue[sl->kind];

		if (q->hand == from)
			q->hand = to;
		repoint(s, from, to, to);
	}
	s->slots[to] = *sl;
}

/* Close the hole at `hole`: what follows without a gap and is not at home moves back into it. */
static void close_over(struct shard *s, uint16_t hole)
{
	for (uint16_t at = next(s, hole); s->slots[at].block; at = next(s, at)) {
		if (distance(s, home(s, s->slots[at].hash), at) >= distance(s, hole, at)) {
			move(s, at, hole);
			hole = at;
		}
	}
	s->slots[hole] = (struct slot){0};
}

void *shard_take(struct shard *s, uint16_t at)
{
	void *block = s->slots[at].block;

	if (s->slots[at].kind != SLOT_MARK)
		dequeue(s, at);
	s->used--;
	close_over(s, at);
	return block;
}

static void sweep_one(struct shard *s, uint16_t at, struct swept *ret)
{
	uint8_t kind = s->slots[at].kind;
	struct entry *e;

	if (kind == SLOT_MARK) {
		mark_free(shard_take(s, at));
		ret->marks++;
		return;
	}
	e = shard_take(s, at);
	ret->n[kind]++;
	ret->bytes += entry_bytes(e);
	e->next = ret->garbage;
	ret->garbage = e;
}

/* Taking out at `at` may bring a later slot there, or, round the end of the array, one that was seen already:
 * so the same place is looked at again. */
void shard_sweep(struct shard *s, uint32_t now_s, struct swept *ret)
{
	uint32_t min = UINT32_MAX;
	uint16_t at = 0;

	if (now_s < s->min_gone_s)
		return;
	while (at < s->cap) {
		const struct slot *sl = &s->slots[at];

		if (sl->block && sl->gone_s <= now_s) {
			sweep_one(s, at, ret);
			continue;
		}
		if (sl->block && sl->gone_s < min)
			min = sl->gone_s;
		at++;
	}
	s->min_gone_s = min;
}

void shard_take_all(struct shard *s, bool (*match)(const struct entry *e, const void *arg), const void *arg,
		    struct swept *ret)
{
	uint16_t at = 0;

	while (at < s->cap) {
		const struct slot *sl = &s->slots[at];

		if (sl->block && sl->kind != SLOT_MARK && match(sl->entry, arg))
			sweep_one(s, at, ret); /* and look at the same place again */
		else
			at++;
	}
}
