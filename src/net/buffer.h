// SPDX-License-Identifier: Apache-2.0
/* Byte queues that hold memory only while something waits in them.
 *
 * Buffers of the smallest size are kept for use again, so that ordinary traffic allocates nothing.
 * Thread: worker. */
#pragma once

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

enum {
	NET_BUFFER_SMALL = 4096,
	NET_BUFFER_SPARE = 64, /* small ones kept */
};

/* Zeroed = empty.  What waits is data[at .. len). */
struct net_buffer {
	uint8_t *data;
	size_t at, len, cap;
};

struct net_buffer_pool {
	void *spare; /* a list through their first bytes */
	unsigned n_spare;
	size_t held; /* bytes of all buffers in use */
};

static inline size_t net_buffer_waiting(const struct net_buffer *b)
{
	return b->len - b->at;
}
static inline const uint8_t *net_buffer_data(const struct net_buffer *b)
{
	return b->data + b->at;
}
/* Append a copy; capacities are powers of two.  0 or -ENOMEM (then nothing has changed). */
int net_buffer_append(struct net_buffer_pool *p, struct net_buffer *b, const uint8_t *data,
		      size_t len) MUST_USE;
/* Take `len` bytes off the front; the last one gives the memory back. */
void net_buffer_consume(struct net_buffer_pool *p, struct net_buffer *b, size_t len);
void net_buffer_drop(struct net_buffer_pool *p, struct net_buffer *b);
/* All buffers have been dropped. */
void net_buffer_pool_fini(struct net_buffer_pool *p);
