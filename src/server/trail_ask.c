// SPDX-License-Identifier: Apache-2.0
#include "server/trail_ask.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "server/generation.h"
#include "server/query.h"
#include "server/route.h"
#include "server/runtime.h"
#include "server/show.h"
#include "server/worker.h"
#include "wire/name.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The asker's and the worker's: who lets go last frees it. */
struct asking {
	struct mpsc_msg msg;
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t cond;
	bool ended, left;     /* by the worker; by the asker, who has waited long enough */
	int err;
	struct trail_report *report; /* the worker's until `ended` */
};

/* ---------------------------------------------------------------- the worker */

static void let_go(struct asking *a, int err)
{
	bool last;

	pthread_mutex_lock(&a->lock);
	a->ended = true;
	a->err = err;
	last = a->left;
	pthread_cond_signal(&a->cond);
	pthread_mutex_unlock(&a->lock);
	if (!last)
		return;
	free(a->report);
	free(a);
}

/* An upstream may have written it. */
static void keep_text(char out[TRAIL_ERROR_MAX], const char *text)
{
	(void)snprintf(out, TRAIL_ERROR_MAX, "%s", text ? text : "");
	text_make_printable(out, 0);
}

static void keep(struct trail_report *r, struct query *q)
{
	struct wire_fit fit;
	const struct wire_answer *whole;

	(void)snprintf(r->server, sizeof(r->server), "%s", q->listener->text);
	(void)snprintf(r->zone, sizeof(r->zone), "%s", q->zone ? q->zone->text : "");
	r->ended_ns = clock_mono_ns();
	r->dropped = q->dropped;
	r->reply_len = (unsigned)respond_into(q, r->reply, &fit);
	r->cut = fit.tc;
	r->rcode = q->reply.rcode;
	r->ede = q->reply.ede;
	keep_text(r->ede_text, q->reply.ede_text);
	keep_text(r->error, q->error);
	r->answered_by = q->answered_by;
	whole = reply_wire(q);
	r->whole_len = whole ? whole->msg_len : 0;
}

static void ended(struct query *parent, struct query *q, void *arg)
{
	struct asking *a = arg;

	keep(a->report, q);
	let_go(a, 0);
}

static void run(struct mpsc_msg *m, void *receiver)
{
	struct asking *a = container_of(m, struct asking, msg);
	struct trail_report *r = a->report;
	struct worker *w = receiver;
	const struct query_inside in = {
		.name = r->asked.name,
		.type = r->asked.type,
		.listener = r->asked.server,
		.client = r->asked.client,
		.trail = &r->trail,
		.ended = ended,
		.arg = a,
	};
	int err;

	r->worker = w->index;
	r->began_ns = clock_mono_ns();
	r->trail.notes = &r->notes;
	err = query_inside(w, &in);
	if (err)
		let_go(a, err);
}

/* ---------------------------------------------------------------- the asker */

static struct asking *asking_new(const struct trail_question *q)
{
	struct asking *a = calloc(1, sizeof(*a));
	pthread_condattr_t attr;

	if (!a)
		return NULL;
	a->report = calloc(1, sizeof(*a->report));
	if (!a->report) {
		free(a);
		return NULL;
	}
	a->msg.run = run;
	a->report->asked = *q;
	pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&a->cond, &attr);
	pthread_condattr_destroy(&attr);
	return a;
}

/* What the waiting brought: the report, or NULL and whose turn it is to free. */
static struct trail_report *wait_for(struct asking *a, int *ret_err)
{
	struct timespec until;
	struct trail_report *r = NULL;
	bool ended_now;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += TRAIL_WAIT_MS / 1000;
	pthread_mutex_lock(&a->lock);
	while (!a->ended && pthread_cond_timedwait(&a->cond, &a->lock, &until) != ETIMEDOUT)
		;
	ended_now = a->ended;
	a->left = true;
	*ret_err = ended_now ? a->err : -ETIMEDOUT;
	if (ended_now)
		r = a->report;
	pthread_mutex_unlock(&a->lock);
	if (ended_now)
		free(a);
	if (*ret_err) {
		free(r);
		return NULL;
	}
	return r;
}

static const char *reason(int err)
{
	switch (err) {
	case ERR_GONE:
		return "no such listener, expected one such as dns://:53";
	case ERR_LIMIT:
		return "the worker has no room for another query";
	default:
		return "the worker did not answer in time";
	}
}

/* To one worker after the other. */
static int post(struct asking *a)
{
	static unsigned turn;
	int err;

	if (!show_hold())
		return ERR_GONE;
	err = loop_post(server_worker(__atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED) % server_workers())->loop, &a->msg);
	show_release();
	return err;
}

struct trail_report *trail_ask(const struct trail_question *q, const char **why)
{
	struct asking *a = asking_new(q);
	struct trail_report *r;
	int err;

	*why = "out of memory";
	if (!a)
		return NULL;
	err = post(a);
	if (err) {
		free(a->report);
		free(a);
		*why = err == ERR_GONE ? "the server is stopping" : reason(err);
		return NULL;
	}
	r = wait_for(a, &err);
	*why = r ? NULL : reason(err);
	return r;
}

void trail_report_free(struct trail_report *r)
{
	free(r);
}
