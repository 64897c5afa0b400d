// SPDX-License-Identifier: Apache-2.0
#include "plugin/hosts/pool.h"

#include <stdlib.h>

enum { POOL_FIRST = 64, INDEX_FIRST = 64 };

void *pool_add(struct pool *p, size_t n, size_t size)
{
	uint8_t *at;

	if (p->n + n > UINT32_MAX - 1)
		return NULL;
	if (p->n + n > p->cap) {
		size_t cap = p->cap ? p->cap : POOL_FIRST;
		uint8_t *v;

		while (cap < p->n + n)
			cap *= 2;
		v = realloc(p->v, cap * size);
		if (!v)
			return NULL;
		p->v = v;
		p->cap = cap;
	}
	at = p->v + p->n * size;
	p->n += n;
	return at;
}

static void put(struct index *x, struct index_slot s)
{
	uint32_t at = s.hash & x->mask;

	while (x->slots[at].item)
		at = (at + 1) & x->mask;
	x->slots[at] = s;
}

static bool grow(struct index *x)
{
	uint32_t size = x->slots ? 2 * (x->mask + 1) : INDEX_FIRST;
	struct index old = *x;

	if (size == 0)
		return false;
	x->slots = calloc(size, sizeof(*x->slots));
	if (!x->slots) {
		x->slots = old.slots;
		return false;
	}
	x->mask = size - 1;
	for (uint32_t i = 0; old.slots && i <= old.mask; i++) {
		if (old.slots[i].item)
			put(x, old.slots[i]);
	}
	free(old.slots);
	return true;
}

bool index_add(struct index *x, uint32_t hash, uint32_t item)
{
	if ((!x->slots || x->n > x->mask / 2) && !grow(x))
		return false;
	x->n++;
	put(x, (struct index_slot){hash, item + 1});
	return true;
}

uint32_t index_find(const struct index *x, uint32_t hash,
		    bool (*same)(const void *arg, uint32_t item, const void *key, size_t len), const void *arg,
		    const void *key, size_t len)
{
	if (!x->slots)
		return INDEX_NONE;
	for (uint32_t at = hash & x->mask; x->slots[at].item; at = (at + 1) & x->mask) {
		if (x->slots[at].hash == hash && same(arg, x->slots[at].item - 1, key, len))
			return x->slots[at].item - 1;
	}
	return INDEX_NONE;
}
