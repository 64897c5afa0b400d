// SPDX-License-Identifier: Apache-2.0
/* A query's way through its block's plugins: down until one is DONE, then up through those it passed. */

#include "server/generation.h"
#include "server/query.h"
#include "server/trail.h"
#include "server/worker.h"

#include <assert.h>

static enum step step_down(struct query *q)
{
	const struct instance *in = &q->block->chain[q->at];

	if (unlikely(q->has_trail))
		trail_enter(q, in->plugin->name);
	if (!in->plugin->query)
		return STEP_NEXT;
	return in->plugin->query(in->state, q, q->scratch + in->scratch_off);
}

static enum step step_up(struct query *q)
{
	const struct instance *in = &q->block->chain[q->at];

	if (unlikely(q->has_trail))
		trail_up(q);
	if (!in->plugin->reply)
		return STEP_NEXT;
	return in->plugin->reply(in->state, q, q->scratch + in->scratch_off);
}

/* The plugin at q->at has answered: turn round.  Its own reply() is the first on the way up. */
static void turn_round(struct query *q, const char *answered_by)
{
	q->answered_by = answered_by;
	q->direction = -1;
}

/* Take in what a hook said; true: the query moves on, false: it waits. */
static bool advance(struct query *q, enum step s)
{
	if (s == STEP_WAIT) {
		q->reply.late = NULL; /* its exchange does not wait for a hook that waits */
		if (query_admit_wait(q)) {
			q->waiting = true;
			if (unlikely(q->has_trail))
				trail_waits(q);
			return false;
		}
		q->direction = -1; /* refused: q->reply says why */
		return true;
	}
	if (unlikely(q->has_trail) && q->direction < 0)
		trail_leave(q);
	if (q->direction > 0 && s == STEP_DONE) {
		if (unlikely(q->has_trail))
			trail_answered(q);
		q->answered_place = (uint16_t)(q->at + 1);
		turn_round(q, q->block->chain[q->at].plugin->name);
	} else if (q->direction > 0) {
		if (unlikely(q->has_trail))
			trail_handed_on(q);
		q->at++;
	} else {
		q->at--;
	}
	return true;
}

static bool at_end(const struct query *q)
{
	return q->direction < 0 && q->at < q->start;
}

/* Nobody answered.  The peer's text, which people grep for. */
static void fall_off_the_end(struct query *q)
{
	query_fail(q, RCODE_SERVFAIL, EDE_NOT_SUPPORTED, "no plugin of this server block answers",
		   "no next plugin found");
	turn_round(q, "");
	q->at--;
}

void *worker_local(struct query *q, const void *state)
{
	const struct instance *in = q->block->chain;

	/* Nearly always asked for by the plugin whose turn it is. */
	if (q->at >= 0 && q->at < (int)q->block->n_chain && in[q->at].state == state)
		return q->gen->locals[in[q->at].local_index];
	while (in->state != state)
		in++;
	return q->gen->locals[in->local_index];
}

void chain_run(struct query *q)
{
	while (!at_end(q)) {
		if (q->direction > 0 && q->at == (int)q->block->n_chain)
			fall_off_the_end(q);
		else if (!advance(q, q->direction > 0 ? step_down(q) : step_up(q)))
			return;
	}
	query_finish(q);
}

void query_resume(struct query *q, enum step s)
{
	assert(s != STEP_WAIT);
	if (!q->waiting)
		return;
	q->waiting = false;
	q->serial++; /* handles of this wait are spent */
	if (advance(q, s))
		chain_run(q);
}
