// SPDX-License-Identifier: Apache-2.0
#include "server/who_table.h"

#include "base/compiler.h"

#include <string.h>

/* Arrays stand one behind the other, those of 8 bytes first. */
struct layout {
	size_t sum, over, slots, since, bucket, next, heap, heap_at, key_len, keys, end;
	unsigned buckets;
};

static struct layout layout_of(unsigned max, unsigned key_max, bool with_slots)
{
	struct layout l = {.buckets = 1};

	while (l.buckets < max)
		l.buckets *= 2;
	l.sum = max * sizeof(uint64_t);
	l.over = l.sum + max * sizeof(uint64_t);
	l.slots = l.over + max * sizeof(uint64_t);
	l.since = l.slots + (with_slots ? max * sizeof(uint32_t[WHO_SLOTS]) : 0);
	l.bucket = l.since + max * sizeof(uint32_t);
	l.next = l.bucket + l.buckets * sizeof(uint16_t);
	l.heap = l.next + max * sizeof(uint16_t);
	l.heap_at = l.heap + max * sizeof(uint16_t);
	l.key_len = l.heap_at + max * sizeof(uint16_t);
	l.keys = l.key_len + max * sizeof(uint16_t);
	l.end = (l.keys + (size_t)max * key_max + 7) & ~(size_t)7;
	return l;
}

size_t who_table_size(unsigned max, unsigned key_max, bool with_slots)
{
	return layout_of(max, key_max, with_slots).end;
}

void who_table_init(struct who_table *t, void *mem, unsigned max, unsigned key_max, bool with_slots)
{
	struct layout l = layout_of(max, key_max, with_slots);
	char *m = mem;

	memset(mem, 0, l.end);
	*t = (struct who_table){
		.max = (uint16_t)max,
		.mask = (uint16_t)(l.buckets - 1),
		.key_max = (uint16_t)key_max,
		.hash = mem,
		.sum = (void *)(m + l.sum),
		.over = (void *)(m + l.over),
		.slots = with_slots ? (void *)(m + l.slots) : NULL,
		.since = (void *)(m + l.since),
		.bucket = (void *)(m + l.bucket),
		.next = (void *)(m + l.next),
		.heap = (void *)(m + l.heap),
		.heap_at = (void *)(m + l.heap_at),
		.key_len = (void *)(m + l.key_len),
		.keys = (void *)(m + l.keys),
	};
}

/* Place + 1, or 0. */
static unsigned find(const struct who_table *t, uint64_t hash)
{
	unsigned i = t->bucket[hash & t->mask];

	while (i && t->hash[i - 1] != hash)
		i = t->next[i - 1];
	return i;
}

static void unlink_place(struct who_table *t, unsigned place)
{
	uint16_t *at = &t->bucket[t->hash[place] & t->mask];

	while (*at != place + 1)
		at = &t->next[*at - 1];
	*at = t->next[place];
}

/* ---------------------------------------------------------------- the rarest */

static void put_at(struct who_table *t, unsigned i, unsigned place)
{
	t->heap[i] = (uint16_t)place;
	t->heap_at[place] = (uint16_t)i;
}

/* It has become more frequent. */
static void sink(struct who_table *t, unsigned place)
{
	unsigned i = t->heap_at[place], child;
	uint64_t sum = t->sum[place];

	for (; (child = 2 * i + 1) < t->n; i = child) {
		if (child + 1 < t->n && t->sum[t->heap[child + 1]] < t->sum[t->heap[child]])
			child++;
		if (sum <= t->sum[t->heap[child]])
			break;
		put_at(t, i, t->heap[child]);
	}
	put_at(t, i, place);
}

/* A new place, as rare as can be. */
static void rise(struct who_table *t, unsigned place)
{
	unsigned i = t->n - 1u;

	for (; i; i = (i - 1) / 2)
		put_at(t, i, t->heap[(i - 1) / 2]);
	put_at(t, 0, place);
}

/* ---------------------------------------------------------------- counting */

/* A place for a new key, with the count that it takes over. */
static unsigned take_place(struct who_table *t, uint64_t hash, const void *key, size_t len, uint32_t slot)
{
	unsigned i = t->n;

	if (t->n < t->max) {
		t->n++;
		rise(t, i);
	} else {
		i = t->heap[0];
		unlink_place(t, i);
	}
	t->over[i] = t->sum[i];
	t->since[i] = slot;
	t->hash[i] = hash;
	t->next[i] = t->bucket[hash & t->mask];
	t->bucket[hash & t->mask] = (uint16_t)(i + 1);
	t->key_len[i] = (uint16_t)len;
	memcpy(t->keys + (size_t)i * t->key_max, key, len);
	return i;
}

void who_table_count(struct who_table *t, uint64_t hash, const void *key, size_t len, uint32_t weight, uint32_t slot)
{
	unsigned i = find(t, hash);

	i = i ? i - 1 : take_place(t, hash, key, len, slot);
	t->sum[i] += weight;
	if (t->slots)
		t->slots[i][slot % WHO_SLOTS] += weight;
	sink(t, i);
}

void who_table_begin_slot(struct who_table *t, uint32_t slot)
{
	unsigned s = slot % WHO_SLOTS;

	if (!t->slots)
		return;
	for (unsigned i = 0; i < t->n; i++) {
		t->sum[i] -= t->slots[i][s];
		t->slots[i][s] = 0;
	}
	for (unsigned i = t->n / 2u; i-- > 0;) /* from the last that has one below it */
		sink(t, t->heap[i]);
}

uint64_t who_table_over(const struct who_table *t, unsigned place, uint32_t slot)
{
	uint64_t before = 0;

	if (!t->slots)
		return t->over[place];
	/* What it took over lies in the slots up to the one in which it did. */
	for (uint32_t s = t->since[place]; slot - s < WHO_SLOTS; s--)
		before += t->slots[place][s % WHO_SLOTS];
	return before < t->over[place] ? before : t->over[place];
}

uint64_t who_table_absent(const struct who_table *t)
{
	return t->n == t->max ? t->sum[t->heap[0]] : 0;
}
