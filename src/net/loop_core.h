// SPDX-License-Identifier: Apache-2.0
/* The part of a loop that is the same in both doors (net/loop.h): its clock reading, timers, tasks, hooks and messages.
 * How it sleeps and what wakes it is each door's own.  Thread: the loop's, the queue excepted. */
#pragma once

#include "net/loop.h"

/* The first member of both doors' struct loop: loop_core.c knows no more of it. */
struct loop_core {
	uint64_t now_ns; /* of the turn */
	struct timer_heap timers;
	struct loop_task soon, running; /* ring heads: for the next turn, being run */
	struct loop_hook *hooks;
	struct net_stats stats;
	struct rng rng;

	/* Written by other threads: on a cache line of its own. */
	_Alignas(64) struct mpsc queue;
};

/* `c` is zeroed.  Its timers are the caller's to end. */
void loop_core_init(struct loop_core *c, size_t queue_limit);

/* There are tasks for the next turn. */
static inline bool loop_core_has_tasks(const struct loop_core *c)
{
	return c->soon.next != &c->soon;
}

/* Parts of a turn.  Those queued while these run wait for the next one. */
void loop_core_run_tasks(struct loop_core *c);
void loop_core_run_hooks(struct loop_core *c);

/* The door's: a message has come into an empty queue.  Any thread. */
void loop_wake(struct loop *l);
