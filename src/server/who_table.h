// SPDX-License-Identifier: Apache-2.0
/* The most frequent of any number of keys in a fixed number of places ("Space-Saving": Metwally, Agrawal, El Abbadi,
 * "Efficient Computation of Frequent and Top-k Elements in Data Streams", 2005).
 *
 * A key that has no place takes that of the rarest one and its count with it: so a count is never too low, and too high by at most what
 * was taken over (`over`).  With n counted in a table of k places no `over` passes n/k, and a key that was counted more often than n/k
 * has a place.
 *
 * A table with slots counts the last WHO_SLOTS slots of time only.  A slot that is begun is emptied in all places at once, so the sum of
 * all places is what was counted in the window.  There a count may be too low as well, when a key lost its place and came back within
 * the window: by at most n/k of the fullest window of those that the two of them lie in.
 *
 * Thread: the owner's.  Nothing is allocated after who_table_init. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WHO_SLOTS = 7 };

struct who_table {
	uint16_t max, n;      /* places, and those in use */
	uint16_t mask;        /* of `bucket` */
	uint16_t key_max;
	uint64_t *hash, *sum, *over;
	uint32_t (*slots)[WHO_SLOTS]; /* NULL: no slots */
	uint32_t *since;      /* the slot in which the key took its place */
	uint16_t *bucket, *next; /* place + 1; 0: end */
	uint16_t *heap, *heap_at; /* places in use, the rarest first; and where each stands in it */
	uint16_t *key_len;
	uint8_t *keys;        /* key_max a place */
};

/* Bytes that its arrays take. */
size_t who_table_size(unsigned max, unsigned key_max, bool with_slots);
/* `mem`: so many bytes, aligned to 8; they live as long as the table.  At most 32768 places. */
void who_table_init(struct who_table *t, void *mem, unsigned max, unsigned key_max, bool with_slots);
/* Count a key `weight` times.  `hash` alone tells keys apart (64 bits, keyed); `len` <= key_max; `slot`: the number of the one that
 * was begun last. */
void who_table_count(struct who_table *t, uint64_t hash, const void *key, size_t len, uint32_t weight, uint32_t slot);
/* Begin slot number `slot`; numbers follow each other. */
void who_table_begin_slot(struct who_table *t, uint32_t slot);
/* What of its count may be somebody else's, at slot `slot`. */
uint64_t who_table_over(const struct who_table *t, unsigned place, uint32_t slot);
/* A key without a place was counted at most that often. */
uint64_t who_table_absent(const struct who_table *t);

static inline const uint8_t *who_table_key(const struct who_table *t, unsigned place)
{
	return t->keys + (size_t)place * t->key_max;
}
