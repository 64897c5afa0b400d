// SPDX-License-Identifier: Apache-2.0
/* The hash table of the store: one writer, readers without a lock, eight bytes a record.
 *
 * Open addressing with linear probing over words that hold a pointer (low 48 bits, which is what user space
 * has on amd64 and arm64) and 16 bits of the hash, so that a probe rarely touches a record that is not meant.
 * A removed record leaves a mark (tomb) that ends no search; a table that is four fifths full of either, or a
 * tenth full, is written anew and published as a whole.  The writer reserves room before it inserts, because
 * only the owner can say under which hashes a record stands.
 *
 * Thread: struct kube_table: the writer; struct kube_table_slots: readers. */
#pragma once

#include "base/compiler.h"
#include "base/rcu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kube_table_slots {
	uint32_t mask; /* number of slots less one */
	uint32_t round; /* how often the table was written anew */
	uint64_t slot[];
};

struct kube_table {
	struct kube_table_slots *slots; /* RCU */
	uint32_t used, tombs;
};

enum { KUBE_SLOT_EMPTY = 0, KUBE_SLOT_TOMB = 1 };

static inline void *kube_slot_record(uint64_t word)
{
	return (void *)(uintptr_t)(word & 0xffffffffffffull);
}

static inline bool kube_slot_filled(uint64_t word)
{
	return word > KUBE_SLOT_TOMB;
}

/* A search: every record whose tag fits, which the caller compares.  for (c = kube_probe(slots, hash); (r =
 * kube_probe_next(&c));) */
struct kube_probe {
	const struct kube_table_slots *slots;
	uint32_t at, left;
	uint16_t tag;
};

static inline struct kube_probe kube_probe(const struct kube_table_slots *slots, uint64_t hash)
{
	return (struct kube_probe){slots, (uint32_t)hash & slots->mask, slots->mask + 1,
				   (uint16_t)(hash >> 48)};
}

static inline void *kube_probe_next(struct kube_probe *c)
{
	while (c->left) {
		uint64_t word = rcu_get(c->slots->slot[c->at]);

		if (word == KUBE_SLOT_EMPTY)
			return NULL;
		c->at = (c->at + 1) & c->slots->mask;
		c->left--;
		if (kube_slot_filled(word) && (uint16_t)(word >> 48) == c->tag)
			return kube_slot_record(word);
	}
	return NULL;
}

/* 0 or -ENOMEM. */
int kube_table_init(struct kube_table *t) MUST_USE;
void kube_table_fini(struct kube_table *t);

/* Room for `n` more.  When the table must be written anew, `refill(arg, fresh)` inserts all records into
 * the fresh one. 0 or -ENOMEM (the table is as it was). */
int kube_table_reserve(struct kube_table *t, size_t n, void (*refill)(void *arg, struct kube_table *fresh),
		       void *arg) MUST_USE;
/* Room must have been reserved. */
void kube_table_insert(struct kube_table *t, uint64_t hash, const void *record);
/* Both: the record stands under this hash (once); false: it does not. */
bool kube_table_remove(struct kube_table *t, uint64_t hash, const void *record);
bool kube_table_replace(struct kube_table *t, uint64_t hash, const void *old, const void *record);

/* Every record, by slot; NULL at the end. */
void *kube_slots_next(const struct kube_table_slots *slots, uint32_t *at);
size_t kube_table_bytes(const struct kube_table *t);
