// SPDX-License-Identifier: Apache-2.0
/* The beginning of an exchange, and its end by the asker. */

#include "upstream/exchange.h"

#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum {
	/* The asker's own deadline shall find the reason already given. */
	END_MARGIN_MS = 50,
	TRIAL_MS = 2000,
	/* The search for exchanges that nobody wants: newest ones ended per question; from how many running ones on
	 * others are looked at, and how many per question. */
	DROP_MAX = 16,
	MANY = 512,
	LOOKS = 2,
};

static const struct attempt_ops exchange_ops = {
	.answer = upstream_attempt_answer,
	.failed = upstream_attempt_failed,
};

int upstream_admit(struct upstream_worker *w)
{
	struct upstream_set *s = w->set;

	if (!s->c.max_concurrent ||
	    atomic_fetch_add_explicit(&s->in_flight, 1, memory_order_relaxed) < s->c.max_concurrent)
		return 0;
	atomic_fetch_sub_explicit(&s->in_flight, 1, memory_order_relaxed);
	metric_inc(w->env.cells, s->rejected);
	return ERR_LIMIT;
}

void upstream_admit_end(struct upstream_worker *w)
{
	if (w->set->c.max_concurrent)
		atomic_fetch_sub_explicit(&w->set->in_flight, 1, memory_order_relaxed);
}

static struct upstream_exchange *exchange_new(struct upstream_worker *w, const struct upstream_question *q)
{
	struct upstream_exchange *x = upstream_slab_take(w, EXCHANGE_SIZE);

	if (!x)
		return NULL;
	memset(x, 0, offsetof(struct upstream_exchange, room));
	arena_init(&x->arena, x + 1, EXCHANGE_SIZE - sizeof(*x), w->env.arenas);
	x->w = w;
	x->a.ops = &exchange_ops;
	x->timer.fire = upstream_exchange_timer;
	x->do_bit = q->do_bit;
	x->client_stream = q->client_stream;
	x->tag = q->tag;
	x->told = q->told;
	x->end_ns = q->deadline_ns - END_MARGIN_MS * NS_PER_MS;
	x->phase_end_ns = x->end_ns;
	x->due_ns = UINT64_MAX;
	if (upstream_message_build(x, q) || timer_arm(worker_timers(w), &x->timer, x->end_ns)) {
		arena_fini(&x->arena);
		upstream_slab_put(w, x);
		return NULL;
	}
	x->next = w->running;
	if (x->next)
		x->next->prev = x;
	w->running = x;
	w->n_running++;
	return x;
}

/* True: nobody wants it any more, and it has been ended. */
static bool drop_unwanted(struct upstream_worker *w, struct upstream_exchange *x)
{
	if (!x->done || x->phase == PHASE_ENDING || w->env.wanted(x->arg, x->tag))
		return false;
	upstream_cancel(x);
	return true;
}

/* Askers that were shed leave their exchanges behind, and those shed are the newest ones: they go first.  Under
 * load the others are looked through a few at a time. */
static void drop_some_unwanted(struct upstream_worker *w)
{
	unsigned n = 0;

	while (w->running && n++ < DROP_MAX && drop_unwanted(w, w->running))
		continue;
	for (n = 0; w->n_running > MANY && n < LOOKS; n++) {
		struct upstream_exchange *x = w->hand ? w->hand : w->running;

		w->hand = x->next;
		(void)drop_unwanted(w, x); /* either way the hand has moved on */
	}
}

/* A copy of the question for a lossy upstream; nobody waits for it. */
static void start_trial(struct upstream_worker *w, const struct upstream_question *q, unsigned index)
{
	struct upstream_exchange *x = exchange_new(w, q);

	if (!x)
		return;
	x->trial = true;
	x->end_ns = worker_now(w) + TRIAL_MS * NS_PER_MS + w->set->c.read_timeout_ns;
	x->order.n = 1;
	x->order.list[0] = (uint8_t)index;
	upstream_exchange_next(x);
}

static void start_trials(struct upstream_worker *w, const struct upstream_question *q)
{
	uint64_t now = worker_now(w);

	for (unsigned i = 0; i < w->set->n; i++) {
		struct upstream_server *s = &w->set->servers[i];

		if (upstream_lossy(s) && !upstream_down(w->set, s) && upstream_trial_due(s, now))
			start_trial(w, q, i);
	}
}

int upstream_ask(struct upstream_worker *w, const struct upstream_question *q,
		 void (*done)(void *arg, const struct upstream_result *r), void *arg,
		 struct upstream_exchange **ret)
{
	struct upstream_exchange *x;
	bool trials;

	assert(q->question_len >= 5 && q->question_len <= WIRE_NAME_MAX + 4);
	if (w->env.wanted)
		drop_some_unwanted(w);
	if (upstream_admit(w))
		return ERR_LIMIT;
	x = exchange_new(w, q);
	if (!x) {
		upstream_admit_end(w);
		return -ENOMEM;
	}
	x->counted = w->set->c.max_concurrent != 0;
	x->done = done;
	x->arg = arg;
	upstream_hedge_earn(w);
	upstream_order_begin(x);
	trials = x->lossy_seen;
	upstream_exchange_next(x);
	if (trials)
		start_trials(w, q);
	*ret = x;
	return 0;
}

void upstream_cancel(struct upstream_exchange *x)
{
	x->done = NULL;
	upstream_exchange_uncount(x);
	if (x->phase == PHASE_COMPLETING) {
		upstream_complete_detach(x);
		return;
	}
	if (x->phase == PHASE_ASKING && x->a.leg != LEG_NONE &&
	    worker_now(x->w) - x->a.sent_ns >= LOST_AGE_MS * NS_PER_MS)
		upstream_health_error(x->a.peer, true);
	upstream_exchange_drop(x);
}
