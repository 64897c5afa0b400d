// SPDX-License-Identifier: Apache-2.0
/* The door, part 1: a worker's loop.
 *
 * Everything of the outside that a worker touches goes through the functions of net/loop.h, net/udp.h and
 * net/stream.h plus base/clock.h and base/rng.h.  They have two implementations, chosen when linking: the
 * real one (epoll, sockets) in src/net, and the simulator's (virtual time, one seed) in tests/sim.
 * Nothing else of the server makes a system call while it serves.
 *
 * One turn: epoll_wait until the next timer -> read the clock -> messages of other threads -> tasks of the
 * turn before -> ready sockets -> due timers -> end-of-turn hooks -> what the turn has made is sent.
 * Thread: everything here belongs to the loop's own thread, loop_post and loop_stop excepted. */
#pragma once

#include "base/compiler.h"
#include "base/heap.h"
#include "base/mpsc.h"
#include "base/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

/* Called in each turn after all events, before sleeping.  Unlinked by zeroing `fn`. */
struct loop_hook {
	void (*fn)(void *arg);
	void *arg;
	struct loop_hook *next;
};

/* Something to do in the next turn, with no sleep before it: work that was put off so that others get
 * their share, or a callback that must not come from within the call that caused it.  Zeroed = not queued. */
struct loop_task {
	void (*run)(struct loop_task *t);
	struct loop_task *next, *prev;
};

/* What has passed the door, for metrics.  Written by the loop's thread; others may read with relaxed
 * loads. */
struct net_stats {
	uint64_t udp_rx, udp_tx;   /* datagrams from and to clients */
	uint64_t udp_rx_cut;       /* longer than UDP_RX_MAX, dropped */
	uint64_t udp_tx_dropped;   /* the socket's buffer was full */
	uint64_t udp_tx_errors;    /* refused by the kernel (EMSGSIZE, EPERM, no route, ...) */
	uint64_t upstream_rx, upstream_tx, upstream_errors; /* client sockets */
	uint64_t tcp_accepted;
	uint64_t tcp_refused;      /* closed at once: the table was full of busy connections */
	uint64_t tcp_evicted;      /* idle ones closed for newer ones, or for memory */
	uint64_t tcp_timeouts;     /* closed by the read, idle or write time-out */
	uint64_t tcp_bad;          /* a length under a DNS header's */
	uint64_t tcp_queries;
	uint64_t post_full;        /* posts refused by a full queue (counted by their senders, atomically) */
};

/* `queue_limit`: messages of other threads that may wait.  NULL and errno on failure. */
struct loop *loop_new(size_t queue_limit);
/* Closes what sockets are left without any callback.  loop_run has returned. */
void loop_free(struct loop *l);

/* Turn until loop_stop.  `receiver` is what posted messages are given. */
void loop_run(struct loop *l, void *receiver);
/* Any thread; takes effect at the end of the turn.  Before loop_run: that call makes one turn. */
void loop_stop(struct loop *l);

/* Monotonic time, read once per turn (and again by loop_refresh). */
uint64_t loop_now_ns(const struct loop *l);
uint64_t loop_refresh(struct loop *l);

struct timer_heap *loop_timers(struct loop *l);
struct rng *loop_rng(struct loop *l);
struct net_stats *loop_stats(struct loop *l);
/* `h` lives as long as the loop. */
void loop_at_turn_end(struct loop *l, struct loop_hook *h);

/* Run `t` in the next turn.  A task that is queued already stays where it is. */
void loop_next_turn(struct loop *l, struct loop_task *t);
/* A task that is not queued is left alone. */
void loop_task_cancel(struct loop_task *t);
static inline bool loop_task_queued(const struct loop_task *t)
{
	return t->next != NULL;
}

/* Hand a message to the loop's thread: m->run(m, receiver) is called there.  ERR_LIMIT when its queue is
 * full (m stays the caller's).  Any thread. */
int loop_post(struct loop *l, struct mpsc_msg *m) MUST_USE;
/* Messages that wait now.  Any thread. */
size_t loop_queue_length(struct loop *l);
