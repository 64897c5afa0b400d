// SPDX-License-Identifier: Apache-2.0
#include "server/trail.h"

#include "base/clock.h"
#include "server/query.h"

/* The trail that `q` writes into; NULL: whose it was has ended. */
static struct trail *trail_of(const struct query *q)
{
	const struct query *root = q->depth ? query_find(q->w, q->root) : q;

	return root ? root->trail : NULL;
}

struct trail *trail_begin(struct query *q)
{
	struct trail *t = arena_alloc(&q->arena, sizeof(*t));

	if (!t)
		return NULL;
	t->n = 0;
	q->trail = t;
	q->has_trail = true;
	return t;
}

static bool is_of(const struct trail_step *s, const struct query *q)
{
	return s->slot == q->slot && s->began == q->began;
}

/* The last step of a query that it has not left; -1: none. */
static int innermost(const struct trail *t, const struct query *q)
{
	for (int i = (int)t->n - 1; i >= 0; i--) {
		if (!t->steps[i].leave_ns && is_of(&t->steps[i], q))
			return i;
	}
	return -1;
}

void trail_enter(struct query *q, const char *plugin)
{
	struct trail *t = trail_of(q);
	int parent;

	if (!t || t->n == TRAIL_STEPS_MAX)
		return;
	parent = innermost(t, q);
	if (parent == -1 && q->parent)
		parent = innermost(t, q->parent);
	t->steps[t->n++] = (struct trail_step){
		.plugin = plugin,
		.enter_ns = clock_mono_ns(),
		.slot = q->slot,
		.began = q->began,
		.at = q->at,
		.parent = (int16_t)parent,
		.depth = q->depth,
	};
}

static struct trail_step *current(struct query *q)
{
	struct trail *t = trail_of(q);

	for (unsigned i = t ? t->n : 0; i-- > 0;) {
		if (t->steps[i].at == q->at && is_of(&t->steps[i], q))
			return &t->steps[i];
	}
	return NULL;
}

void trail_answered(struct query *q)
{
	struct trail_step *s = current(q);

	if (s)
		s->answered = true;
}

void trail_leave(struct query *q)
{
	struct trail_step *s = current(q);

	if (s)
		s->leave_ns = clock_mono_ns();
}
