// SPDX-License-Identifier: Apache-2.0
/* Positions only grow; a frame lies in one piece, behind its length.  Where it would not fit before the end of the ring, a
 * length of SKIP leads to the beginning. */
#include "base/frame_ring.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HEAD = 8 }; /* a length, and what keeps frames aligned */
#define SKIP UINT32_MAX

struct frame_ring {
	uint8_t *data;
	size_t size; /* a power of two */
	uint64_t begun; /* producer: where the open frame begins */
	_Atomic uint64_t dropped;
	_Alignas(64) _Atomic uint64_t head;
	_Alignas(64) _Atomic uint64_t tail;
};

struct frame_ring *frame_ring_new(size_t bytes)
{
	struct frame_ring *r = aligned_alloc(64, sizeof(*r));
	size_t size = 65536;

	if (!r)
		return NULL;
	memset(r, 0, sizeof(*r));
	while (size < bytes)
		size *= 2;
	r->size = size;
	/* Becomes resident as it is used. */
	r->data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r->data != MAP_FAILED)
		return r;
	free(r);
	return NULL;
}

void frame_ring_free(struct frame_ring *r)
{
	if (!r)
		return;
	munmap(r->data, r->size);
	free(r);
}

static size_t padded(size_t len)
{
	return (HEAD + len + 7) / 8 * 8;
}

static void put_u32(const struct frame_ring *r, uint64_t at, uint32_t v)
{
	memcpy(r->data + (at & (r->size - 1)), &v, sizeof(v));
}

static void count_dropped(struct frame_ring *r)
{
	atomic_store_explicit(&r->dropped, r->dropped + 1, memory_order_relaxed);
}

uint8_t *frame_ring_begin(struct frame_ring *r, size_t max)
{
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	size_t need = padded(max), to_end = r->size - (head & (r->size - 1));
	uint64_t at = need > to_end ? head + to_end : head;

	if (at + need - tail > r->size) {
		count_dropped(r);
		return NULL;
	}
	if (at != head)
		put_u32(r, head, SKIP);
	r->begun = at;
	return r->data + (at & (r->size - 1)) + HEAD;
}

void frame_ring_end(struct frame_ring *r, size_t len)
{
	put_u32(r, r->begun, (uint32_t)len);
	atomic_store_explicit(&r->head, r->begun + padded(len), memory_order_release);
}

const uint8_t *frame_ring_peek(struct frame_ring *r, size_t *ret_len)
{
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint32_t len;

	if (tail == atomic_load_explicit(&r->head, memory_order_acquire))
		return NULL;
	memcpy(&len, r->data + (tail & (r->size - 1)), sizeof(len));
	if (len == SKIP) {
		tail += r->size - (tail & (r->size - 1));
		atomic_store_explicit(&r->tail, tail, memory_order_release);
		memcpy(&len, r->data, sizeof(len));
	}
	*ret_len = len;
	return r->data + (tail & (r->size - 1)) + HEAD;
}

void frame_ring_pop(struct frame_ring *r)
{
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint32_t len;

	memcpy(&len, r->data + (tail & (r->size - 1)), sizeof(len));
	atomic_store_explicit(&r->tail, tail + padded(len), memory_order_release);
}

uint64_t frame_ring_dropped(const struct frame_ring *r)
{
	return atomic_load_explicit(&r->dropped, memory_order_relaxed);
}
