// SPDX-License-Identifier: Apache-2.0
/* A bounded queue of byte strings between two threads: one producer (a worker, which never waits), one consumer (a thread that
 * sends them somewhere).  A full ring drops the newest and counts it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct frame_ring;

/* At least `bytes` and 64 KiB; becomes resident as it is used.  NULL: no memory. */
struct frame_ring *frame_ring_new(size_t bytes);
/* Both threads are through with it.  NULL is left alone. */
void frame_ring_free(struct frame_ring *r);

/* Producer: room for a frame of at most `max` bytes, aligned to 8; NULL: full, counted. */
uint8_t *frame_ring_begin(struct frame_ring *r, size_t max);
/* It has become `len` bytes, at most what was asked for. */
void frame_ring_end(struct frame_ring *r, size_t len);

/* Consumer: the oldest frame; NULL: none.  Valid until frame_ring_pop, which takes it out. */
const uint8_t *frame_ring_peek(struct frame_ring *r, size_t *ret_len);
void frame_ring_pop(struct frame_ring *r);

/* Any thread. */
uint64_t frame_ring_dropped(const struct frame_ring *r);
