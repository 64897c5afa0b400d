// SPDX-License-Identifier: Apache-2.0
/* The door, part 1: a worker's loop.
 *
 * Everything of the outside that a worker touches goes through the functions of net/loop.h, net/udp.h and
 * net/stream.h plus base/clock.h and base/rng.h.  They have two implementations, chosen when linking: the
 * real one (epoll, sockets) in src/net, and the simulator's (virtual time, one seed) in tests/sim.
 * Nothing else of the server makes a system call while it serves.
 *
 * One turn: epoll_wait until the next timer -> read the clock -> messages of other threads -> ready
 * sockets -> due timers -> end-of-turn hooks (send what the batch made).
 * Thread: everything here belongs to the loop's own thread, loop_post and loop_stop excepted. */
#pragma once

#include "base/compiler.h"
#include "base/heap.h"
#include "base/mpsc.h"
#include "base/rng.h"

#include <stdint.h>

struct loop;

/* Called in each turn after all events, before sleeping.  Unlinked by zeroing `fn`. */
struct loop_hook {
	void (*fn)(void *arg);
	void *arg;
	struct loop_hook *next;
};

/* `queue_limit`: messages of other threads that may wait.  NULL and errno on failure. */
struct loop *loop_new(size_t queue_limit);
void loop_free(struct loop *l);

/* Turn until loop_stop.  `receiver` is what posted messages are given. */
void loop_run(struct loop *l, void *receiver);
/* Any thread; takes effect at the end of the turn. */
void loop_stop(struct loop *l);

/* Monotonic time, read once per turn (and again by loop_refresh). */
uint64_t loop_now_ns(const struct loop *l);
uint64_t loop_refresh(struct loop *l);

struct timer_heap *loop_timers(struct loop *l);
struct rng *loop_rng(struct loop *l);
/* `h` lives as long as the loop. */
void loop_at_turn_end(struct loop *l, struct loop_hook *h);

/* Hand a message to the loop's thread: m->run(m, receiver) is called there.  ERR_LIMIT when its queue is
 * full (m stays the caller's).  Any thread. */
int loop_post(struct loop *l, struct mpsc_msg *m) MUST_USE;
