// SPDX-License-Identifier: Apache-2.0
/* Arenas: memory that is freed all at once.
 *
 * A *query arena* starts in a fixed block (the query's slot) and takes more blocks from its
 * worker's `arena_pool`, which recycles them and enforces the in-flight limit.  A *generation
 * arena* has no pool: blocks come from malloc.  Nobody frees inside an arena.
 *
 * Thread: worker (an arena and its pool belong to one thread; a generation arena is written by the
 * builder thread and frozen afterwards). */
#pragma once

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

struct arena_block;

/* Recycles blocks of 4, 16 and 80 KiB for one worker; a larger request is refused. */
struct arena_pool {
	struct arena_block *free_blocks[3];
	size_t in_use;    /* bytes of blocks now in arenas */
	size_t kept;      /* bytes of blocks in the free lists */
	size_t limit;     /* in_use never exceeds this */
	size_t *shared_in_use; /* process-wide sum (atomic), or NULL */
	size_t shared_limit;
};

struct arena {
	uint8_t *cur, *end;
	struct arena_block *blocks;
	struct arena_pool *pool;
};

/* Begin an arena.  `first` (may be NULL) is used before any block is taken; it stays the caller's.
 * `pool` NULL: blocks come from malloc and are unlimited. */
void arena_init(struct arena *a, void *first, size_t first_len, struct arena_pool *pool);

/* Give all blocks back.  The arena can be used again after arena_init. */
void arena_fini(struct arena *a);

/* `size` bytes, aligned to 8; NULL at the limit (the query is then SERVFAIL).  Sizes above 80 KiB less
 * a header are refused with a pool and served without one. */
void *arena_alloc(struct arena *a, size_t size) MUST_USE;
void *arena_zalloc(struct arena *a, size_t size) MUST_USE;
void *arena_copy(struct arena *a, const void *from, size_t size) MUST_USE;
char *arena_strdup(struct arena *a, const char *s) MUST_USE;
char *arena_strndup(struct arena *a, const char *s, size_t n) MUST_USE;
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3) MUST_USE;

void arena_pool_init(struct arena_pool *p, size_t limit, size_t *shared_in_use, size_t shared_limit);
/* Free the recycled blocks.  All arenas of the pool must have ended. */
void arena_pool_fini(struct arena_pool *p);
