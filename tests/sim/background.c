// SPDX-License-Identifier: Apache-2.0
/* The background thread in virtual time (server/background.h).
 *
 * A task runs when it is due or a little late, and that is between turns.  A real thread also runs while a worker is
 * in the midst of a query: so it does here where a worker has an RCU pointer in its hand, at the functions that the
 * linker lets pass by us (--wrap).  Such a run comes before its time, else few would meet a query. */
#include "server/background.h"

#include "door.h"
#include "plugin/hosts/table.h"

#include <stdlib.h>

enum { LATE_MAX_MS = 10, PREEMPTS_PERCENT = 10 };

struct background_task {
	struct timer timer;
	struct background_task *next;
	uint64_t interval_ns;
	void (*fn)(void *arg);
	void *arg;
};

static struct background_task *tasks;

static void run(struct background_task *t)
{
	t->fn(t->arg);
	timer_disarm(&world.events, &t->timer);
	world_after(&t->timer, t->interval_ns + world_between(0, LATE_MAX_MS * NS_PER_MS));
}

static void due(struct timer *t)
{
	run(container_of(t, struct background_task, timer));
}

struct background_task *background_every(uint64_t interval_ms, void (*fn)(void *arg), void *arg)
{
	struct background_task *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	*t = (struct background_task){{.fire = due}, tasks, interval_ms * NS_PER_MS, fn, arg};
	tasks = t;
	world_after(&t->timer, t->interval_ns);
	return t;
}

void background_stop(struct background_task *t)
{
	struct background_task **at = &tasks;

	if (!t)
		return;
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	timer_disarm(&world.events, &t->timer);
	free(t);
}

unsigned sim_background_left(void)
{
	unsigned n = 0;

	for (const struct background_task *t = tasks; t; t = t->next)
		n++;
	return n;
}

/* ---------------------------------------------------------------- in the midst of a query */

static void preempt(void)
{
	for (struct background_task *t = tasks; t; t = t->next) {
		if (world_percent(PREEMPTS_PERCENT))
			run(t);
	}
}

const struct hosts_name *__real_hosts_table_find(const struct hosts_table *t, const uint8_t *name, size_t len);
const struct hosts_name *__wrap_hosts_table_find(const struct hosts_table *t, const uint8_t *name, size_t len);
size_t __real_hosts_name_copy(const struct hosts_table *t, const struct hosts_name *n, enum hosts_family f, uint8_t *out,
			      size_t max);
size_t __wrap_hosts_name_copy(const struct hosts_table *t, const struct hosts_name *n, enum hosts_family f, uint8_t *out,
			      size_t max);

const struct hosts_name *__wrap_hosts_table_find(const struct hosts_table *t, const uint8_t *name, size_t len)
{
	preempt();
	return __real_hosts_table_find(t, name, len);
}

size_t __wrap_hosts_name_copy(const struct hosts_table *t, const struct hosts_name *n, enum hosts_family f, uint8_t *out,
			      size_t max)
{
	preempt();
	return __real_hosts_name_copy(t, n, f, out, max);
}
