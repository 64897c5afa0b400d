// SPDX-License-Identifier: Apache-2.0
/* Grace periods in virtual time: what was given to rcu_free_later goes when each worker has ended a turn that began
 * afterwards, or sleeps; not a turn earlier, so that whoever keeps an RCU pointer over a STEP_WAIT is found
 * (by ASan, which knows what was freed). */
#include "base/rcu.h"

#include "door.h"

#include <stdlib.h>
#include <string.h>

struct later {
	struct later *next;
	void (*fn)(void *arg);
	void *arg;
	uint64_t turns[WORLD_LOOPS_MAX]; /* each worker's count when it was given */
};

static struct later *laters;

void rcu_join(void)
{
}

void rcu_leave(void)
{
}

void rcu_sleep_begin(void)
{
}

void rcu_sleep_end(void)
{
}

static bool passed(const struct later *l)
{
	for (unsigned i = 0; i < WORLD_LOOPS_MAX; i++) {
		if (world.loops[i] && world.loops[i]->turns <= l->turns[i])
			return false;
	}
	return true;
}

/* After each worker's turn (loop.c). */
void sim_rcu_turn_ended(void)
{
	struct later **at = &laters;

	while (*at) {
		struct later *l = *at;

		if (!passed(l)) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		l->fn(l->arg);
		free(l);
	}
}

void rcu_free_later(void (*fn)(void *arg), void *arg)
{
	struct later *l = calloc(1, sizeof(*l)), **at = &laters;

	if (!l)
		abort();
	l->fn = fn;
	l->arg = arg;
	for (unsigned i = 0; i < WORLD_LOOPS_MAX; i++) {
		if (world.loops[i]) {
			l->turns[i] = world.loops[i]->turns;
			loop_wake(world.loops[i]);
		}
	}
	while (*at)
		at = &(*at)->next;
	*at = l;
}

static void set_true(void *arg)
{
	*(bool *)arg = true;
}

void rcu_wait(void)
{
	bool over = false;

	rcu_free_later(set_true, &over);
	sim_rcu_turn_ended(); /* where there is no worker */
	while (!over)
		(void)world_step(UINT64_MAX); /* each worker was woken, so there is a next turn */
}

void rcu_drain(void)
{
	do {
		rcu_wait();
	} while (laters);
}
