// SPDX-License-Identifier: Apache-2.0
#include "base/heap.h"

#include <errno.h>
#include <stdlib.h>

/* Four children a node: half the depth of a binary heap, and the children of one node share a cache line. */
enum { ARITY = 4 };

static bool before(const struct timer *a, const struct timer *b)
{
	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns;
	return a->serial < b->serial;
}

static void place(struct timer_heap *h, size_t i, struct timer *t)
{
	h->v[i] = t;
	t->index = (uint32_t)i + 1;
}

static void sift_up(struct timer_heap *h, size_t i, struct timer *t)
{
	while (i > 0) {
		size_t parent = (i - 1) / ARITY;

		if (!before(t, h->v[parent]))
			break;
		place(h, i, h->v[parent]);
		i = parent;
	}
	place(h, i, t);
}

/* The earliest child of `i`, or n when it has none. */
static size_t first_child(const struct timer_heap *h, size_t i)
{
	size_t child = i * ARITY + 1;
	size_t end = child + ARITY < h->n ? child + ARITY : h->n;
	size_t best = child;

	if (child >= h->n)
		return h->n;
	while (++child < end) {
		if (before(h->v[child], h->v[best]))
			best = child;
	}
	return best;
}

static void sift_down(struct timer_heap *h, size_t i, struct timer *t)
{
	for (;;) {
		size_t child = first_child(h, i);

		if (child == h->n || !before(h->v[child], t))
			break;
		place(h, i, h->v[child]);
		i = child;
	}
	place(h, i, t);
}

/* Put `t`, whose key may have changed in either direction, where it belongs, starting at `i`. */
static void settle(struct timer_heap *h, size_t i, struct timer *t)
{
	if (i > 0 && before(t, h->v[(i - 1) / ARITY]))
		sift_up(h, i, t);
	else
		sift_down(h, i, t);
}

static int grow(struct timer_heap *h)
{
	size_t cap = h->cap ? h->cap * 2 : 64;
	struct timer **v = reallocarray(h->v, cap, sizeof(struct timer *));

	if (!v)
		return -ENOMEM;
	h->v = v;
	h->cap = cap;
	return 0;
}

void timer_heap_init(struct timer_heap *h)
{
	*h = (struct timer_heap){0};
}

void timer_heap_fini(struct timer_heap *h)
{
	for (size_t i = 0; i < h->n; i++)
		h->v[i]->index = 0;
	free(h->v);
	*h = (struct timer_heap){0};
}

int timer_arm(struct timer_heap *h, struct timer *t, uint64_t at_ns)
{
	if (!timer_armed(t)) {
		if (h->n == h->cap && grow(h) < 0)
			return -ENOMEM;
		t->index = (uint32_t)++h->n;
	}
	t->at_ns = at_ns;
	t->serial = h->next_serial++;
	settle(h, t->index - 1, t);
	return 0;
}

void timer_disarm(struct timer_heap *h, struct timer *t)
{
	struct timer *last;
	size_t i;

	if (!timer_armed(t))
		return;
	i = t->index - 1;
	t->index = 0;
	last = h->v[--h->n];
	if (last != t)
		settle(h, i, last);
}

uint64_t timer_heap_next(const struct timer_heap *h)
{
	return h->n ? h->v[0]->at_ns : UINT64_MAX;
}

void timer_heap_run(struct timer_heap *h, uint64_t now_ns)
{
	while (h->n && h->v[0]->at_ns <= now_ns) {
		struct timer *t = h->v[0];

		timer_disarm(h, t);
		t->fire(t);
	}
}
