// SPDX-License-Identifier: Apache-2.0
/* Counting errors of one kind instead of telling each.
 *
 * All workers count together; the one whose error is the first of a period times the summary. */
#include "plugin/errors/errors.h"

#include "net/loop.h"
#include "server/query.h"
#include "server/worker.h"

void errors_summarize(struct consolidation *c)
{
	unsigned n = atomic_exchange_explicit(&c->n, 0, memory_order_relaxed);

	/* A single one was told already where the first is shown. */
	if (n > (c->show_first ? 1u : 0u))
		log_line(c->level, "plugin/errors: %u errors like '%s' occurred in last %s", n, c->text,
			 c->period_text);
}

static void time_is_up(struct timer *t)
{
	errors_summarize(container_of(t, struct summary_timer, timer)->c);
}

static void first(const struct consolidation *c, struct errors_local *l, struct summary_timer *st,
		  const char *line)
{
	st->timer.fire = time_is_up;
	if (c->show_first)
		log_line(c->level, "plugin/errors: %s", line);
	if (timer_arm(loop_timers(l->w->loop), &st->timer, loop_now_ns(l->w->loop) + c->period_ns))
		errors_summarize(st->c); /* no memory for the timer: told at once */
}

bool errors_consolidate(const struct errors *e, struct errors_local *l, const char *error, const char *line)
{
	for (size_t i = 0; i < e->n_list; i++) {
		struct consolidation *c = &e->list[i];

		if (!pattern_matches(c->pattern, l->match, error))
			continue;
		if (atomic_fetch_add_explicit(&c->n, 1, memory_order_relaxed) == 0)
			first(c, l, &l->timers[i], line);
		return true;
	}
	return false;
}
