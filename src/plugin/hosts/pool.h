// SPDX-License-Identifier: Apache-2.0
/* What a hosts table is built of: growing arrays, and an index over one.  Rule: builder while they grow, then frozen. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Items are named by their number: the array moves when it grows.  Zeroed = empty; `v` is freed by its owner. */
struct pool {
	uint8_t *v;
	size_t n, cap; /* items */
};

/* Room for `n` more items of `size` bytes at the end, uninitialized; NULL: no memory, or 2^32 items. */
void *pool_add(struct pool *p, size_t n, size_t size);

enum { INDEX_NONE = UINT32_MAX };

/* Open addressing over numbers, at most half full.  Zeroed = empty; `slots` is freed by its owner. */
struct index {
	struct index_slot {
		uint32_t hash, item; /* item + 1; 0: free */
	} *slots;
	uint32_t n, mask;
};

/* False: no memory. */
bool index_add(struct index *x, uint32_t hash, uint32_t item);
/* The item whose key is `key`, or INDEX_NONE. */
uint32_t index_find(const struct index *x, uint32_t hash,
		    bool (*same)(const void *arg, uint32_t item, const void *key, size_t len), const void *arg,
		    const void *key, size_t len);
