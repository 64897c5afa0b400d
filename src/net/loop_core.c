// SPDX-License-Identifier: Apache-2.0
#include "net/loop_core.h"

static struct loop_core *core(struct loop *l)
{
	return (struct loop_core *)l;
}

static void ring_init(struct loop_task *head)
{
	head->next = head->prev = head;
}

void loop_core_init(struct loop_core *c, size_t queue_limit)
{
	timer_heap_init(&c->timers);
	rng_init(&c->rng);
	mpsc_init(&c->queue, queue_limit);
	ring_init(&c->soon);
	ring_init(&c->running);
}

uint64_t loop_now_ns(const struct loop *l)
{
	return ((const struct loop_core *)l)->now_ns;
}

struct timer_heap *loop_timers(struct loop *l)
{
	return &core(l)->timers;
}

struct rng *loop_rng(struct loop *l)
{
	return &core(l)->rng;
}

struct net_stats *loop_stats(struct loop *l)
{
	return &core(l)->stats;
}

/* ---------------------------------------------------------------- hooks */

void loop_at_turn_end(struct loop *l, struct loop_hook *h)
{
	struct loop_hook **at = &core(l)->hooks;

	while (*at)
		at = &(*at)->next;
	h->next = NULL;
	*at = h;
}

void loop_core_run_hooks(struct loop_core *c)
{
	for (struct loop_hook *h = c->hooks; h; h = h->next) {
		if (h->fn)
			h->fn(h->arg);
	}
}

/* ---------------------------------------------------------------- tasks */

void loop_next_turn(struct loop *l, struct loop_task *t)
{
	struct loop_task *soon = &core(l)->soon;

	if (loop_task_queued(t))
		return;
	t->next = soon;
	t->prev = soon->prev;
	t->prev->next = t;
	soon->prev = t;
}

void loop_task_cancel(struct loop_task *t)
{
	if (!loop_task_queued(t))
		return;
	t->prev->next = t->next;
	t->next->prev = t->prev;
	t->next = t->prev = NULL;
}

void loop_core_run_tasks(struct loop_core *c)
{
	if (!loop_core_has_tasks(c))
		return;
	c->running = c->soon;
	c->running.next->prev = c->running.prev->next = &c->running;
	ring_init(&c->soon);
	while (c->running.next != &c->running) {
		struct loop_task *t = c->running.next;

		loop_task_cancel(t);
		t->run(t);
	}
}

/* ---------------------------------------------------------------- messages */

size_t loop_queue_length(struct loop *l)
{
	return atomic_load_explicit(&core(l)->queue.n, memory_order_relaxed);
}

int loop_post(struct loop *l, struct mpsc_msg *m)
{
	bool was_empty;
	int err = mpsc_push(&core(l)->queue, m, &was_empty);

	if (err < 0) {
		__atomic_fetch_add(&core(l)->stats.post_full, 1, __ATOMIC_RELAXED);
		return err;
	}
	if (was_empty)
		loop_wake(l);
	return 0;
}
