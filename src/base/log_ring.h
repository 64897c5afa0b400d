// SPDX-License-Identifier: Apache-2.0
/* A thread's bounded queue of log records: one producer (the thread), one consumer (the writer).
 *
 *    tail                 head
 *     v                    v
 *   [ rec | rec | rec | rec |  free  |        positions only grow; modulo RING_SIZE they are offsets
 *
 * Records are contiguous: where one does not fit before the end of the ring, a filler takes the rest.
 * Part of base/log. */
#pragma once

#include "base/compiler.h"
#include "base/log.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* About 1,700 lines of the usual 150 bytes: what a thread at 300,000 lines/s makes in one pause of the writer.
 * Twice as much would cost each thread another 256 KiB resident once it has gone round. */
enum { RING_SIZE = 256 * 1024 };

struct log_ring {
	uint8_t *data;                      /* RING_SIZE bytes */
	_Atomic bool taken;                 /* a thread has it */
	_Alignas(64) _Atomic uint64_t head; /* written by the producer */
	_Atomic uint64_t dropped;           /* counter, written by the producer */
	_Alignas(64) _Atomic uint64_t tail; /* written by the consumer */
};

/* 0 or -ENOMEM.  The memory becomes resident as it is used. */
int log_ring_init(struct log_ring *r) MUST_USE;

/* Append a record; a full ring counts it as dropped.  Returns the bytes now waiting, 0 when dropped. */
size_t log_ring_put(struct log_ring *r, log_format_fn format, const void *record, size_t len);

/* Format the oldest record into `out` and remove it; `*ret_len` is the line's length.  False: empty. */
bool log_ring_take(struct log_ring *r, char *out, size_t cap, size_t *ret_len);

/* Sequentially consistent with the producer's append, so that "nothing waits" can be decided before sleeping. */
bool log_ring_empty(struct log_ring *r);
