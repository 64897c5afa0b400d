// SPDX-License-Identifier: Apache-2.0
#include "server/route.h"

#include "base/hash.h"
#include "base/rng.h"
#include "server/generation.h"

#include <errno.h>
#include <string.h>

/* A listener with up to this many zones is searched from front to back: for the usual handful that is
 * quicker than one hash per label of the name. */
enum { LINEAR_MAX = 8 };

/* Open addressing over zone_entry indices + 1; a power of two, at most half full. */
struct zone_index {
	struct hash_key key;
	uint64_t label_counts[2]; /* which numbers of labels occur: others are not looked up */
	uint32_t mask;
	uint32_t slots[];
};

static void sort_by_labels(struct zone_entry *z, size_t n)
{
	/* Insertion sort: stable (file order among equals), and run once per load. */
	for (size_t i = 1; i < n; i++) {
		struct zone_entry e = z[i];
		size_t j = i;

		for (; j > 0 && z[j - 1].n_labels < e.n_labels; j--)
			z[j] = z[j - 1];
		z[j] = e;
	}
}

static bool same_zone(const struct zone_entry *z, const uint8_t *name, size_t len)
{
	return z->zone_len == len && memcmp(z->zone, name, len) == 0;
}

static const struct zone_entry *lookup(const struct listener *l, const uint8_t *name, size_t len)
{
	const struct zone_index *x = l->index;
	uint32_t at = (uint32_t)hash_bytes(&x->key, name, len) & x->mask;

	for (; x->slots[at]; at = (at + 1) & x->mask) {
		const struct zone_entry *z = &l->zones[x->slots[at] - 1];

		if (same_zone(z, name, len))
			return z;
	}
	return NULL;
}

static void index_add(struct zone_index *x, const struct listener *l, size_t i)
{
	const struct zone_entry *z = &l->zones[i];
	uint32_t at = (uint32_t)hash_bytes(&x->key, z->zone, z->zone_len) & x->mask;

	while (x->slots[at])
		at = (at + 1) & x->mask;
	x->slots[at] = (uint32_t)i + 1;
	x->label_counts[z->n_labels / 64] |= 1ull << (z->n_labels % 64);
}

int route_build(struct generation *g, struct listener *l)
{
	struct rng rng;
	size_t n_slots = 16;

	sort_by_labels(l->zones, l->n_zones);
	l->index = NULL;
	if (l->n_zones <= LINEAR_MAX)
		return 0;
	while (n_slots < l->n_zones * 2)
		n_slots *= 2;
	struct zone_index *x = arena_zalloc(&g->arena, sizeof(*x) + n_slots * sizeof(x->slots[0]));
	if (!x)
		return -ENOMEM;
	rng_init(&rng);
	rng_bytes(&rng, &x->key, sizeof(x->key));
	x->mask = (uint32_t)n_slots - 1;
	for (size_t i = 0; i < l->n_zones; i++)
		index_add(x, l, i);
	l->index = x;
	return 0;
}

static const struct zone_entry *search_linear(const struct listener *l, const struct wire_query *q, unsigned min_off)
{
	for (size_t i = 0; i < l->n_zones; i++) {
		const struct zone_entry *z = &l->zones[i];

		if (z->n_labels > q->n_labels - min_off)
			continue;
		unsigned off = q->label_off[q->n_labels - z->n_labels];
		if (same_zone(z, q->qname + off, q->qname_len - off))
			return z;
	}
	return NULL;
}

static const struct zone_entry *search_index(const struct listener *l, const struct wire_query *q, unsigned min_off)
{
	const struct zone_index *x = l->index;

	for (unsigned i = min_off; i <= q->n_labels; i++) {
		unsigned labels = q->n_labels - i;
		unsigned off = q->label_off[i];
		const struct zone_entry *z;

		if (!(x->label_counts[labels / 64] >> (labels % 64) & 1))
			continue;
		z = lookup(l, q->qname + off, q->qname_len - off);
		if (z)
			return z;
	}
	return NULL;
}

/* The longest match after leaving out the first `min_off` labels. */
static const struct zone_entry *search(const struct listener *l, const struct wire_query *q, unsigned min_off)
{
	if (min_off > q->n_labels)
		return NULL;
	return l->index ? search_index(l, q, min_off) : search_linear(l, q, min_off);
}

const struct zone_entry *route_find(const struct listener *l, const struct wire_query *q)
{
	const struct zone_entry *z = search(l, q, 0);

	if (unlikely(q->qtype == TYPE_DS) && z && z->n_labels > 0) {
		const struct zone_entry *above = search(l, q, q->n_labels - z->n_labels + 1u);

		if (above && above->n_labels > 0)
			return above;
	}
	return z;
}
