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

/* Behind the last one of the same zone, if there is one. */
static void chain_up(struct listener *l, uint32_t first, size_t i)
{
	while (l->zones[first].next_same)
		first = l->zones[first].next_same - 1;
	l->zones[first].next_same = (uint32_t)i + 1;
}

static void index_add(struct zone_index *x, struct listener *l, size_t i)
{
	const struct zone_entry *z = &l->zones[i];
	uint32_t at = (uint32_t)hash_bytes(&x->key, z->zone, z->zone_len) & x->mask;

	for (; x->slots[at]; at = (at + 1) & x->mask) {
		if (same_zone(&l->zones[x->slots[at] - 1], z->zone, z->zone_len)) {
			chain_up(l, x->slots[at] - 1, i);
			return;
		}
	}
	x->slots[at] = (uint32_t)i + 1;
	x->label_counts[z->n_labels / 64] |= 1ull << (z->n_labels % 64);
}

/* Without an index the first of a zone is found first. */
static void chain_linear(struct listener *l)
{
	for (size_t i = 1; i < l->n_zones; i++) {
		for (uint32_t k = 0; k < i; k++) {
			if (!same_zone(&l->zones[k], l->zones[i].zone, l->zones[i].zone_len))
				continue;
			chain_up(l, k, i);
			break;
		}
	}
}

int route_build(struct generation *g, struct listener *l)
{
	struct rng rng;
	size_t n_slots = 16;

	sort_by_labels(l->zones, l->n_zones);
	l->index = NULL;
	if (l->n_zones <= LINEAR_MAX) {
		chain_linear(l);
		return 0;
	}
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

/* Of the blocks with this zone the first that takes the query. */
static const struct zone_entry *pick(const struct listener *l, const struct zone_entry *z, route_takes_fn takes, void *arg)
{
	while (z->block->filter && !takes(arg, z)) {
		if (!z->next_same)
			return NULL;
		z = &l->zones[z->next_same - 1];
	}
	return z;
}

/* The longest zone with a block that takes the query, after leaving out the first `min_off` labels. */
static const struct zone_entry *find(const struct listener *l, const struct wire_query *q, unsigned min_off,
				     route_takes_fn takes, void *arg)
{
	const struct zone_entry *z, *taken = NULL;

	for (; !taken && (z = search(l, q, min_off)); min_off = q->n_labels - z->n_labels + 1u)
		taken = pick(l, z, takes, arg);
	return taken;
}

const struct zone_entry *route_find(const struct listener *l, const struct wire_query *q, route_takes_fn takes, void *arg)
{
	const struct zone_entry *z = find(l, q, 0, takes, arg);

	if (unlikely(q->qtype == TYPE_DS) && z && z->n_labels > 0) {
		const struct zone_entry *above = find(l, q, q->n_labels - z->n_labels + 1u, takes, arg);

		if (above && above->n_labels > 0)
			return above;
	}
	return z;
}
