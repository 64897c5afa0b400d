// SPDX-License-Identifier: Apache-2.0
/* A worker's turn in virtual time, in the order of the real one.  A thread does not run whenever it could: it
 * may be late by some chance, so that packets, timers and messages meet in one turn. */
#include "door.h"

#include "base/err.h"

#include <stdlib.h>

struct loop *loop_new(size_t queue_limit)
{
	uintptr_t room = (uintptr_t)world_alloc(sizeof(struct loop) + _Alignof(struct loop));
	struct loop *l = (struct loop *)((room + _Alignof(struct loop) - 1) / _Alignof(struct loop) * _Alignof(struct loop));

	if (world.n_loops == WORLD_LOOPS_MAX)
		abort();
	l->index = world.n_loops;
	world.loops[world.n_loops++] = l;
	l->core.now_ns = l->slept_ns = world.now_ns;
	l->woken_ns = UINT64_MAX;
	loop_core_init(&l->core, queue_limit);
	l->last = &l->first;
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	if (timer_heap_next(&l->core.timers) != UINT64_MAX)
		world_wrong("worker %u ends with %zu timers armed", l->index, l->core.timers.n);
	timer_heap_fini(&l->core.timers);
	world.loops[l->index] = NULL;
}

/* ---------------------------------------------------------------- turns */

/* As the real loop sleeps: whole milliseconds, rounded up. */
static uint64_t timer_turn(const struct loop *l)
{
	uint64_t next = timer_heap_next(&l->core.timers);

	if (next == UINT64_MAX || next <= l->slept_ns)
		return next;
	return l->slept_ns + (next - l->slept_ns + NS_PER_MS - 1) / NS_PER_MS * NS_PER_MS;
}

uint64_t loop_next_turn_at(const struct loop *l)
{
	uint64_t at = timer_turn(l);

	if (l->in_turn)
		return UINT64_MAX;
	if (l->woken_ns < at)
		at = l->woken_ns;
	if (loop_core_has_tasks(&l->core))
		at = l->slept_ns;
	return at < l->busy_until_ns ? l->busy_until_ns : at;
}

static void run_arrivals(struct loop *l)
{
	struct arrival *a = l->first;

	l->first = NULL;
	l->last = &l->first;
	while (a) {
		struct arrival *next = a->next;

		a->run(a);
		a = next;
	}
}

static uint64_t lateness(void)
{
	unsigned kind = world_below(64);

	if (kind == 0)
		return world_between(0, 4 * NS_PER_MS);
	return kind < 16 ? world_between(0, 200 * NS_PER_US) : 5 * NS_PER_US;
}

void loop_turn(struct loop *l)
{
	l->in_turn = true;
	l->woken_ns = UINT64_MAX;
	l->core.now_ns = world.now_ns;
	mpsc_run(&l->core.queue, l->receiver);
	loop_core_run_tasks(&l->core);
	run_arrivals(l);
	timer_heap_run(&l->core.timers, l->core.now_ns);
	loop_core_run_hooks(&l->core);
	streams_flush(l);
	l->in_turn = false;
	l->slept_ns = world.now_ns;
	l->busy_until_ns = world.now_ns + lateness();
	l->turns++;
	sim_rcu_turn_ended();
}

void loop_wake(struct loop *l)
{
	if (world.now_ns < l->woken_ns)
		l->woken_ns = world.now_ns;
}

void loop_arrive(struct loop *l, struct arrival *a)
{
	a->next = NULL;
	*l->last = a;
	l->last = &a->next;
	loop_wake(l);
}

/* ---------------------------------------------------------------- net/loop.h */

uint64_t loop_refresh(struct loop *l)
{
	l->core.now_ns = world.now_ns;
	return l->core.now_ns;
}
