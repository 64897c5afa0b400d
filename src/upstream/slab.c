// SPDX-License-Identifier: Apache-2.0
/* Places for exchanges.  A chunk is one block of the worker's arena pool cut into equal places, so exchanges cost no
 * malloc and count in the pool's in-flight limit.  Chunks with free places come first in line; an empty one
 * goes back unless it is the only one with room. */

#include "upstream/internal.h"

#include <string.h>

enum {
	/* Fits the pool's middle block with its header. */
	CHUNK_SIZE = 16384 - 64,
};

struct place {
	struct slab_chunk *chunk;
	union {
		struct place *next; /* free */
		uint64_t data[1]; /* taken */
	};
};

struct slab_chunk {
	struct arena arena; /* holds this struct too */
	struct slab_chunk *next, **pprev;
	struct place *free;
	unsigned used;
};

static void chunk_link(struct slab_chunk **head, struct slab_chunk *c)
{
	c->next = *head;
	c->pprev = head;
	if (c->next)
		c->next->pprev = &c->next;
	*head = c;
}

static void chunk_unlink(struct slab_chunk *c)
{
	*c->pprev = c->next;
	if (c->next)
		c->next->pprev = c->pprev;
}

static struct slab_chunk *chunk_new(struct arena_pool *pool, size_t size)
{
	size_t step = (offsetof(struct place, data) + size + 7) & ~(size_t)7;
	struct arena arena;
	struct slab_chunk *c;
	uint8_t *at;

	arena_init(&arena, NULL, 0, pool);
	c = arena_alloc(&arena, CHUNK_SIZE);
	if (!c)
		return NULL;
	*c = (struct slab_chunk){.arena = arena};
	at = (uint8_t *)(c + 1);
	for (size_t left = CHUNK_SIZE - sizeof(*c); left >= step; left -= step, at += step) {
		struct place *p = (void *)at;

		p->chunk = c;
		p->next = c->free;
		c->free = p;
	}
	return c;
}

static void chunk_free(struct slab_chunk *c)
{
	struct arena arena = c->arena;

	chunk_unlink(c);
	arena_fini(&arena);
}

void *upstream_slab_take(struct upstream_worker *w, size_t size)
{
	struct slab_chunk *c = w->chunks;
	struct place *p;

	if (!c) {
		c = chunk_new(w->env.arenas, size);
		if (!c)
			return NULL;
		chunk_link(&w->chunks, c);
	}
	p = c->free;
	c->free = p->next;
	c->used++;
	if (!c->free) {
		chunk_unlink(c);
		chunk_link(&w->full, c);
	}
	return p->data;
}

void upstream_slab_put(struct upstream_worker *w, void *data)
{
	struct place *p = container_of(data, struct place, data);
	struct slab_chunk *c = p->chunk;

	if (!c->free) {
		chunk_unlink(c);
		chunk_link(&w->chunks, c);
	}
	p->next = c->free;
	c->free = p;
	if (--c->used == 0 && (c->next || w->chunks != c))
		chunk_free(c);
}

void upstream_slab_fini(struct upstream_worker *w)
{
	while (w->chunks)
		chunk_free(w->chunks);
	while (w->full)
		chunk_free(w->full);
}
