// SPDX-License-Identifier: Apache-2.0
#include "server/who_table.h"

#include "base/compiler.h"

#include <string.h>

/* Arrays stand one behind the other, those of 8 bytes first. */
struct layout {
	size_t sum, over, slots, since, bucket, next, key_len, keys, end;
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
	l.key_len = l.next + max * sizeof(uint16_t);
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

/* Most of the many rare ones have the same count, so the first that has no more than the least known will nearly always be near. */
static unsigned rarest(struct who_table *t)
{
	unsigned best = t->hand;

	for (unsigned k = 0; k < t->max; k++) {
		unsigned i = t->hand;

		t->hand = (uint16_t)(i + 1 == t->max ? 0 : i + 1);
		if (t->sum[i] <= t->floor)
			return i;
		if (t->sum[i] < t->sum[best])
			best = i;
	}
	t->floor = t->sum[best];
	return best;
}

/* A place for a new key, with the count that it takes over. */
static unsigned take_place(struct who_table *t, uint64_t hash, const void *key, size_t len, uint32_t slot)
{
	unsigned i = t->n;

	if (t->n < t->max) {
		t->n++;
		t->floor = 0;
	} else {
		i = rarest(t);
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
	t->floor = 0;
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
	uint64_t least = t->n == t->max ? UINT64_MAX : 0;

	for (unsigned i = 0; i < t->n && least; i++)
		least = t->sum[i] < least ? t->sum[i] : least;
	return least;
}
