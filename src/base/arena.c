// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer unused parts of blocks are poisoned, so that a write past an allocation and a use
 * after the arena's end are found although malloc knows nothing of them. */
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#define poison(p, n)   __asan_poison_memory_region((p), (n))
#define unpoison(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define poison(p, n)   ((void)(p), (void)(n))
#define unpoison(p, n) ((void)(p), (void)(n))
#endif

struct arena_block {
	struct arena_block *next;
	size_t size; /* with this header */
	uint64_t data[];
};

enum { N_CLASSES = ARRAY_LEN(((struct arena_pool *)0)->free_blocks) };

static const size_t class_size[N_CLASSES] = {4096, 16384, 81920};

/* What a pool keeps for reuse.  A worker's usual load needs a few hundred KiB in flight; a burst's blocks
 * beyond this go back to malloc, so that one bad minute does not stay in the resident size. */
enum { POOL_KEEP_MAX = 1 << 20 };

/* Blocks of an arena without a pool double from the first to the second. */
enum { MALLOC_BLOCK_MIN = 8192, MALLOC_BLOCK_MAX = 65536 };

static size_t align_up(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static uint8_t *block_end(struct arena_block *b)
{
	return (uint8_t *)b + b->size;
}

static int class_for(size_t block_size)
{
	for (int c = 0; c < N_CLASSES; c++) {
		if (block_size <= class_size[c])
			return c;
	}
	return -1;
}

/* Take `size` out of the pool's and the process's allowance. */
static bool pool_charge(struct arena_pool *p, size_t size)
{
	if (p->limit - p->in_use < size)
		return false;
	if (p->shared_in_use) {
		size_t sum = __atomic_add_fetch(p->shared_in_use, size, __ATOMIC_RELAXED);

		if (sum > p->shared_limit) {
			__atomic_sub_fetch(p->shared_in_use, size, __ATOMIC_RELAXED);
			return false;
		}
	}
	p->in_use += size;
	return true;
}

static void pool_uncharge(struct arena_pool *p, size_t size)
{
	p->in_use -= size;
	if (p->shared_in_use)
		__atomic_sub_fetch(p->shared_in_use, size, __ATOMIC_RELAXED);
}

static struct arena_block *pool_get(struct arena_pool *p, int class)
{
	size_t size = class_size[class];
	struct arena_block *b;

	if (!pool_charge(p, size))
		return NULL;
	b = p->free_blocks[class];
	if (b) {
		p->free_blocks[class] = b->next;
		p->kept -= size;
		return b;
	}
	b = malloc(size);
	if (!b) {
		pool_uncharge(p, size);
		return NULL;
	}
	b->size = size;
	return b;
}

static void pool_put(struct arena_pool *p, struct arena_block *b)
{
	int class = class_for(b->size);

	pool_uncharge(p, b->size);
	if (p->kept + b->size > POOL_KEEP_MAX) {
		unpoison(b->data, b->size - sizeof(*b));
		free(b);
		return;
	}
	poison(b->data, b->size - sizeof(*b));
	p->kept += b->size;
	b->next = p->free_blocks[class];
	p->free_blocks[class] = b;
}

void arena_pool_init(struct arena_pool *p, size_t limit, size_t *shared_in_use, size_t shared_limit)
{
	*p = (struct arena_pool){
		.limit = limit,
		.shared_in_use = shared_in_use,
		.shared_limit = shared_limit,
	};
}

void arena_pool_fini(struct arena_pool *p)
{
	assert(p->in_use == 0);
	for (int c = 0; c < N_CLASSES; c++) {
		while (p->free_blocks[c]) {
			struct arena_block *b = p->free_blocks[c];

			p->free_blocks[c] = b->next;
			unpoison(b->data, b->size - sizeof(*b));
			free(b);
		}
	}
	p->kept = 0;
}

void arena_init(struct arena *a, void *first, size_t first_len, struct arena_pool *pool)
{
	size_t skip = align_up((uintptr_t)first) - (uintptr_t)first;

	*a = (struct arena){.pool = pool};
	if (first && skip < first_len) {
		a->cur = (uint8_t *)first + skip;
		a->end = (uint8_t *)first + first_len;
	}
}

void arena_fini(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *b = a->blocks;

		a->blocks = b->next;
		if (a->pool) {
			pool_put(a->pool, b);
		} else {
			unpoison(b->data, b->size - sizeof(*b));
			free(b);
		}
	}
	a->cur = a->end = NULL;
}

/* The smallest class that holds `need`; an arena that has outgrown one small block takes the middle size. */
static struct arena_block *next_pooled(struct arena *a, size_t need)
{
	int class = class_for(need);

	if (class < 0)
		return NULL;
	if (class == 0 && a->blocks)
		class = 1;
	return pool_get(a->pool, class);
}

static struct arena_block *next_malloced(struct arena *a, size_t need)
{
	size_t size = a->blocks ? a->blocks->size * 2 : MALLOC_BLOCK_MIN;
	struct arena_block *b;

	if (size > MALLOC_BLOCK_MAX)
		size = MALLOC_BLOCK_MAX;
	if (size < need)
		size = need;
	b = malloc(size);
	if (b)
		b->size = size;
	return b;
}

/* Link a block that has `used` bytes taken.  The open tail stays with whichever has more of it, so one large
 * allocation does not throw away a nearly fresh block. */
static void link_block(struct arena *a, struct arena_block *b, size_t used)
{
	uint8_t *cur = (uint8_t *)b->data + used;

	if (a->blocks && a->end - a->cur > block_end(b) - cur) {
		b->next = a->blocks->next;
		a->blocks->next = b;
		return;
	}
	b->next = a->blocks;
	a->blocks = b;
	a->cur = cur;
	a->end = block_end(b);
}

static void *alloc_slow(struct arena *a, size_t size, size_t rounded)
{
	size_t need = rounded + sizeof(struct arena_block);
	struct arena_block *b;

	if (need < size)
		return NULL;
	b = a->pool ? next_pooled(a, need) : next_malloced(a, need);
	if (!b)
		return NULL;
	poison(b->data, b->size - sizeof(*b));
	link_block(a, b, rounded);
	unpoison(b->data, size);
	return b->data;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t rounded = align_up(size ? size : 1);
	uint8_t *p = a->cur;

	if (likely(rounded >= size && rounded <= (size_t)(a->end - p))) {
		a->cur += rounded;
		unpoison(p, size);
		return p;
	}
	return alloc_slow(a, size, rounded);
}

void *arena_zalloc(struct arena *a, size_t size)
{
	void *p = arena_alloc(a, size);

	if (p)
		memset(p, 0, size);
	return p;
}

void *arena_copy(struct arena *a, const void *from, size_t size)
{
	void *p = arena_alloc(a, size);

	if (p && size)
		memcpy(p, from, size);
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = arena_alloc(a, len + 1);

	if (p) {
		memcpy(p, s, len);
		p[len] = '\0';
	}
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_copy(a, s, strlen(s) + 1);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		return NULL;
	p = arena_alloc(a, (size_t)len + 1);
	if (!p)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return p;
}
