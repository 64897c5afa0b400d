// SPDX-License-Identifier: Apache-2.0
/* cancel: a deadline of one's own for the questions of a server block. */
#include "base/clock.h"
#include "base/err.h"
#include "corefile/corefile.h"
#include "server/query.h"

/* Just above what stubs wait for.  The core's own deadline comes before it. */
#define DEFAULT_NS (5001 * NS_PER_MS)

struct cancel {
	uint64_t after_ns; /* frozen */
};

static int read_one(struct cf_cursor *c, struct cancel *p)
{
	p->after_ns = DEFAULT_NS;
	if (cf_args_left(c)) {
		if (cf_arg_duration(c, "DURATION", 1, INT64_MAX, &p->after_ns))
			return ERR_SYNTAX;
		if (p->after_ns > QUERY_DEADLINE_MS * NS_PER_MS)
			cf_warning(c->errs, cf_here(c)->file, cf_here(c)->line,
				   "plugin cancel: \"%s\" has no effect: every question is given up after %d.%d s",
				   cf_here(c)->text, QUERY_DEADLINE_MS / 1000, QUERY_DEADLINE_MS % 1000 / 100);
	}
	return cf_no_more_args(c) ? ERR_SYNTAX : cf_no_block(c);
}

static int setup(struct setup *s, void *state)
{
	int r = 0;

	while (cf_directive(s->in)) {
		if (read_one(s->in, state))
			r = ERR_SYNTAX;
	}
	return r;
}

/* The core arms it with the first WAIT, and it is for sub-queries as well.  Refreshes in the background have nobody who
 * waits, and do not come by. */
static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct cancel *p = state;
	uint64_t at = q->arrived_ns + p->after_ns;

	if (at > q->arrived_ns && at < q->deadline_ns)
		q->deadline_ns = at;
	return STEP_NEXT;
}

const struct plugin plugin_cancel = {
	.name = "cancel",
	.state_size = sizeof(struct cancel),
	.setup = setup,
	.query = query,
};
