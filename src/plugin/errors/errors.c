// SPDX-License-Identifier: Apache-2.0
/* errors: a line for each question that ended in an error:
 *
 *   [ERROR] plugin/errors: 2 example.org. A: read udp 192.0.2.1:4711->192.0.2.53:53: i/o timeout */
#include "plugin/errors/errors.h"

#include "server/query.h"
#include "server/worker.h"
#include "wire/name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int setup(struct setup *s, void *state)
{
	return errors_setup(s, state);
}

static void free_patterns(void *state)
{
	struct errors *e = state;

	for (size_t i = 0; i < e->n_list; i++)
		pattern_free(e->list[i].pattern);
	e->n_list = 0;
}

static int worker_start(struct worker *w, void *state, void **ret_local)
{
	const struct errors *e = state;
	struct errors_local *l = calloc(1, sizeof(*l) + e->n_list * sizeof(l->timers[0]));

	if (!l)
		return -ENOMEM;
	l->w = w;
	l->n_timers = e->n_list;
	l->match = pattern_match_new(1);
	if (!l->match) {
		free(l);
		return -ENOMEM;
	}
	for (size_t i = 0; i < e->n_list; i++)
		l->timers[i].c = &e->list[i];
	*ret_local = l;
	return 0;
}

/* What was counted is told before the configuration goes; whoever timed it. */
static void worker_stop(struct worker *w, void *state, void *local)
{
	struct errors_local *l = local;

	for (size_t i = 0; i < l->n_timers; i++) {
		timer_disarm(loop_timers(w->loop), &l->timers[i].timer);
		errors_summarize(l->timers[i].c);
	}
	pattern_match_free(l->match);
	free(l);
}

static enum step reply(const void *state, struct query *q, void *scratch)
{
	char line[2 * LOG_RECORD_MAX], name[WIRE_NAME_TEXT_MAX], type[16];
	const struct errors *e = state;

	if (likely(!q->error))
		return STEP_NEXT;
	wire_name_text(q->in.qname, name);
	snprintf(line, sizeof(line), "%u %s %s: %s", q->reply.rcode, name, wire_type_text(q->in.qtype, type),
		 q->error);
	if (!e->n_list || !errors_consolidate(e, worker_local(q, state), q->error, line))
		log_line(LOG_ERROR, "plugin/errors: %s", line);
	return STEP_NEXT;
}

const struct plugin plugin_errors = {
	.name = "errors",
	.state_size = sizeof(struct errors),
	.setup = setup,
	.free = free_patterns,
	.worker_start = worker_start,
	.worker_stop = worker_stop,
	.reply = reply,
};
