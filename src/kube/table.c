// SPDX-License-Identifier: Apache-2.0
#include "kube/table.h"

#include <errno.h>
#include <stdlib.h>

enum { SLOTS_MIN = 16 };

static uint64_t word_of(uint64_t hash, const void *record)
{
	return (hash & 0xffff000000000000ull) | (uint64_t)(uintptr_t)record;
}

static struct kube_table_slots *slots_new(uint32_t n)
{
	struct kube_table_slots *s = calloc(1, sizeof(*s) + n * sizeof(s->slot[0]));

	if (s)
		s->mask = n - 1;
	return s;
}

int kube_table_init(struct kube_table *t)
{
	*t = (struct kube_table){.slots = slots_new(SLOTS_MIN)};
	return t->slots ? 0 : -ENOMEM;
}

void kube_table_fini(struct kube_table *t)
{
	free(t->slots);
	t->slots = NULL;
}

/* Between two fifths and four fifths full when it was written anew because it was full. */
static uint32_t size_for(size_t records)
{
	uint32_t n = SLOTS_MIN;

	while (records * 10 > (size_t)n * 6 && n < 1u << 30)
		n *= 2;
	return n;
}

int kube_table_reserve(struct kube_table *t, size_t n, void (*refill)(void *arg, struct kube_table *fresh),
		       void *arg)
{
	size_t size = (size_t)t->slots->mask + 1, filled = t->used + t->tombs + n;
	struct kube_table fresh = {0};
	struct kube_table_slots *old = t->slots;
	bool sparse = size > SLOTS_MIN && (t->used + n) * 10 < size;

	if (filled * 5 <= size * 4 && !sparse)
		return 0;
	fresh.slots = slots_new(size_for(t->used + n));
	if (!fresh.slots)
		return -ENOMEM;
	fresh.slots->round = old->round + 1;
	refill(arg, &fresh);
	t->used = fresh.used;
	t->tombs = 0;
	rcu_set(&t->slots, fresh.slots);
	rcu_free_later(free, old);
	return 0;
}

void kube_table_insert(struct kube_table *t, uint64_t hash, const void *record)
{
	struct kube_table_slots *s = t->slots;
	uint32_t i = (uint32_t)hash & s->mask;

	while (kube_slot_filled(s->slot[i]))
		i = (i + 1) & s->mask;
	if (s->slot[i] == KUBE_SLOT_TOMB)
		t->tombs--;
	t->used++;
	rcu_set(&s->slot[i], word_of(hash, record));
}

static uint64_t *slot_of(struct kube_table *t, uint64_t hash, const void *record)
{
	struct kube_table_slots *s = t->slots;
	uint64_t word = word_of(hash, record);

	for (uint32_t i = (uint32_t)hash & s->mask, n = 0; n <= s->mask; i = (i + 1) & s->mask, n++) {
		if (s->slot[i] == word)
			return &s->slot[i];
		if (s->slot[i] == KUBE_SLOT_EMPTY)
			break;
	}
	return NULL;
}

bool kube_table_remove(struct kube_table *t, uint64_t hash, const void *record)
{
	uint64_t *slot = slot_of(t, hash, record);

	if (!slot)
		return false;
	t->used--;
	t->tombs++;
	rcu_set(slot, KUBE_SLOT_TOMB);
	return true;
}

bool kube_table_replace(struct kube_table *t, uint64_t hash, const void *old, const void *record)
{
	uint64_t *slot = slot_of(t, hash, old);

	if (slot)
		rcu_set(slot, word_of(hash, record));
	return slot;
}

void *kube_slots_next(const struct kube_table_slots *slots, uint32_t *at)
{
	while (*at <= slots->mask) {
		uint64_t word = rcu_get(slots->slot[(*at)++]);

		if (kube_slot_filled(word))
			return kube_slot_record(word);
	}
	return NULL;
}

size_t kube_table_bytes(const struct kube_table *t)
{
	return sizeof(*t->slots) + ((size_t)t->slots->mask + 1) * sizeof(t->slots->slot[0]);
}
