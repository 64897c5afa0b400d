// SPDX-License-Identifier: Apache-2.0
/* A worker's turn in virtual time, in the order of the real one.  A thread does not run whenever it could: it
 * may be late by some chance, so that packets, timers and messages meet in one turn. */
#include "door.h"

#include "base/err.h"

#include <stdlib.h>

static void ring_init(struct loop_task *head)
{
	head->next = head->prev = head;
}

struct loop *loop_new(size_t queue_limit)
{
	struct loop *l = world_alloc(sizeof(*l));

	if (world.n_loops == WORLD_LOOPS_MAX)
		abort();
	l->index = world.n_loops;
	world.loops[world.n_loops++] = l;
	l->now_ns = l->slept_ns = world.now_ns;
	l->woken_ns = UINT64_MAX;
	timer_heap_init(&l->timers);
	rng_init(&l->rng);
	mpsc_init(&l->queue, queue_limit);
	ring_init(&l->soon);
	ring_init(&l->running);
	l->last = &l->first;
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	if (timer_heap_next(&l->timers) != UINT64_MAX)
		world_wrong("worker %u ends with %zu timers armed", l->index, l->timers.n);
	timer_heap_fini(&l->timers);
	world.loops[l->index] = NULL;
}

/* ---------------------------------------------------------------- turns */

/* As the real loop sleeps: whole milliseconds, rounded up. */
static uint64_t timer_turn(const struct loop *l)
{
	uint64_t next = timer_heap_next(&l->timers);

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
	if (l->soon.next != &l->soon)
		at = l->slept_ns;
	return at < l->busy_until_ns ? l->busy_until_ns : at;
}

static void run_tasks(struct loop *l)
{
	if (l->soon.next == &l->soon)
		return;
	l->running = l->soon;
	l->running.next->prev = l->running.prev->next = &l->running;
	ring_init(&l->soon);
	while (l->running.next != &l->running) {
		struct loop_task *t = l->running.next;

		loop_task_cancel(t);
		t->run(t);
	}
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
	l->now_ns = world.now_ns;
	mpsc_run(&l->queue, l->receiver);
	run_tasks(l);
	run_arrivals(l);
	timer_heap_run(&l->timers, l->now_ns);
	for (struct loop_hook *h = l->hooks; h; h = h->next) {
		if (h->fn)
			h->fn(h->arg);
	}
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

uint64_t loop_now_ns(const struct loop *l)
{
	return l->now_ns;
}

uint64_t loop_refresh(struct loop *l)
{
	l->now_ns = world.now_ns;
	return l->now_ns;
}

struct timer_heap *loop_timers(struct loop *l)
{
	return &l->timers;
}

struct rng *loop_rng(struct loop *l)
{
	return &l->rng;
}

struct net_stats *loop_stats(struct loop *l)
{
	return &l->stats;
}

void loop_at_turn_end(struct loop *l, struct loop_hook *h)
{
	struct loop_hook **at = &l->hooks;

	while (*at)
		at = &(*at)->next;
	h->next = NULL;
	*at = h;
}

void loop_next_turn(struct loop *l, struct loop_task *t)
{
	if (loop_task_queued(t))
		return;
	t->next = &l->soon;
	t->prev = l->soon.prev;
	t->prev->next = t;
	l->soon.prev = t;
}

void loop_task_cancel(struct loop_task *t)
{
	if (!loop_task_queued(t))
		return;
	t->prev->next = t->next;
	t->next->prev = t->prev;
	t->next = t->prev = NULL;
}

int loop_post(struct loop *l, struct mpsc_msg *m)
{
	bool was_empty;
	int err = mpsc_push(&l->queue, m, &was_empty);

	if (err)
		l->stats.post_full++;
	else
		loop_wake(l);
	return err;
}
