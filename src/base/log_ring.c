// SPDX-License-Identifier: Apache-2.0
#include "base/log_ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* `room` is a multiple of the header's size, so what is left before the end always holds a filler's header. */
struct rec {
	uint32_t room; /* with this header */
	uint32_t len;
	log_format_fn format; /* NULL: filler */
	uint64_t data[];
};

int log_ring_init(struct log_ring *r)
{
	void *p = mmap(NULL, RING_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		       -1, 0);

	if (p == MAP_FAILED)
		return -ENOMEM;
	r->data = p;
	return 0;
}

static struct rec *rec_at(struct log_ring *r, uint64_t pos)
{
	return (struct rec *)(void *)(r->data + pos % RING_SIZE);
}

static size_t drop(struct log_ring *r)
{
	uint64_t n = atomic_load_explicit(&r->dropped, memory_order_relaxed);

	atomic_store_explicit(&r->dropped, n + 1, memory_order_relaxed);
	return 0;
}

size_t log_ring_put(struct log_ring *r, log_format_fn format, const void *record, size_t len)
{
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	size_t room = (sizeof(struct rec) + len + sizeof(struct rec) - 1) & ~(sizeof(struct rec) - 1);
	size_t to_end = RING_SIZE - head % RING_SIZE;
	size_t filler = room > to_end ? to_end : 0;

	if (head + filler + room - tail > RING_SIZE)
		return drop(r);
	if (filler) {
		*rec_at(r, head) = (struct rec){.room = (uint32_t)filler};
		head += filler;
	}
	*rec_at(r, head) = (struct rec){.room = (uint32_t)room, .len = (uint32_t)len, .format = format};
	memcpy(rec_at(r, head)->data, record, len);
	head += room;
	/* Ordered before the producer's look at whether the writer sleeps (log_writer.c). */
	atomic_store_explicit(&r->head, head, memory_order_seq_cst);
	return (size_t)(head - tail);
}

bool log_ring_take(struct log_ring *r, char *out, size_t cap, size_t *ret_len)
{
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint64_t head = atomic_load_explicit(&r->head, memory_order_acquire);
	const struct rec *rec;

	if (head == tail)
		return false;
	rec = rec_at(r, tail);
	if (!rec->format) {
		tail += rec->room;
		rec = rec_at(r, tail);
	}
	*ret_len = rec->format(rec->data, rec->len, out, cap);
	atomic_store_explicit(&r->tail, tail + rec->room, memory_order_release);
	return true;
}

bool log_ring_empty(struct log_ring *r)
{
	return atomic_load_explicit(&r->head, memory_order_seq_cst) ==
	       atomic_load_explicit(&r->tail, memory_order_relaxed);
}
