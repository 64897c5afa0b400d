// SPDX-License-Identifier: Apache-2.0
/* One asks, the others wait.
 *
 * The leader's worker makes one block of what its reply is (and was not only stored: it may be an answer
 * that is not kept) and posts it to each worker that has followers.  A follower copies it into its own arena
 * and goes up with it, by its own id, case, size and flags.  When the leader failed, each follower joins once
 * more: the first of them leads, so a passing failure does not fail all, and no more than one question
 * is out at any time. */
#include "plugin/cache/plugin_cache.h"

#include "base/clock.h"
#include "base/mpsc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A follower with less time than this left takes the failure: the leader had more and it was not enough. */
static const uint64_t RETRY_TIME_NS = NS_PER_S;

enum { TEXT_MAX = 160 };

/* What a leader had.  Rule: frozen; freed by the last that lets go. */
struct outcome {
	atomic_uint refs;
	bool failed, dropped, good, positive;
	bool ttl_fixed, cut;
	uint32_t ttl_s;
	int16_t ede;
	char ede_text[TEXT_MAX], error[TEXT_MAX];
	struct wire_answer *answer; /* behind this; NULL: none */
};

struct wake {
	struct mpsc_msg msg;
	struct outcome *o;
	unsigned n;
	struct cache_waiter v[];
};

bool cache_failed(const struct query *q)
{
	return q->dropped || q->reply.form == REPLY_NONE || q->reply.rcode == RCODE_SERVFAIL ||
	       q->reply.rcode == RCODE_REFUSED;
}

static void copy_text(char to[TEXT_MAX], const char *from)
{
	size_t len = from ? strnlen(from, TEXT_MAX - 1) : 0;

	memcpy(to, from ? from : "", len);
	to[len] = '\0';
}

static struct outcome *outcome_of(struct query *q, const struct lifetime *l)
{
	const struct wire_answer *a = q->dropped ? NULL : reply_wire(q);
	struct outcome *o = malloc(sizeof(*o) + (a ? wire_answer_size(a) : 0));

	if (!o)
		return NULL;
	*o = (struct outcome){
		.failed = !a || cache_failed(q),
		.dropped = q->dropped,
		.good = l->good && !q->reply.cut,
		.positive = l->kind == CACHE_SUCCESS,
		.ttl_fixed = q->reply.ttl_fixed,
		.cut = q->reply.cut,
		.ttl_s = q->reply.ttl_s,
		.ede = q->reply.ede,
	};
	atomic_init(&o->refs, 1);
	copy_text(o->ede_text, q->reply.ede_text);
	copy_text(o->error, q->error);
	if (a) {
		o->answer = (struct wire_answer *)(void *)(o + 1);
		memcpy(o->answer, a, wire_answer_size(a));
	}
	return o;
}

static void let_go(struct outcome *o)
{
	if (atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) == 1)
		free(o);
}

/* ---------------------------------------------------------------- followers */

static const char *arena_text(struct query *q, const char *text)
{
	return *text ? arena_strdup(&q->arena, text) : NULL;
}

static void take(struct query *q, const struct outcome *o)
{
	const struct wire_answer *a = o->answer ? wire_answer_copy(&q->arena, o->answer) : NULL;

	if (o->dropped) {
		(void)query_drop(q);
		return;
	}
	if (!a) {
		(void)query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "server is at its memory limit",
				 "out of query memory");
		return;
	}
	reply_set_wire(q, a);
	q->reply.ttl_fixed = o->ttl_fixed;
	q->reply.ttl_s = o->ttl_s;
	q->reply.cut = o->cut;
	q->reply.ede = o->ede;
	q->reply.ede_text = arena_text(q, o->ede_text);
	q->error = arena_text(q, o->error);
	cache_hide_ad(q);
}

/* The leader failed: true, q goes on by itself or waits for the next leader. */
static bool ask_again(struct cache_query *cq, struct query *q)
{
	uint64_t now = loop_now_ns(q->w->loop);
	struct cache_waiter me = {.owner = q->w, .place = cq, .slot = q->slot, .serial = q->serial};
	struct cache_join join = {.waiter = &me, .lead_until_ns = q->deadline_ns + NS_PER_S};

	if (cq->retried || now + RETRY_TIME_NS > q->deadline_ns)
		return false;
	cq->retried = true;
	switch (cache_pending_join(cq->p->store, &cq->key, now, &join)) {
	case CACHE_FOLLOWER:
		return true;
	case CACHE_LEADER:
		cq->role = ROLE_LEADER;
		cq->token = join.token;
		break;
	case CACHE_MISS:
	case CACHE_HIT:
		cq->role = ROLE_ASKER;
		break;
	}
	query_resume(q, STEP_NEXT);
	return true;
}

/* A stale answer is better than what the refresh brought. */
static bool falls_back(const struct cache_query *cq, const struct outcome *o)
{
	if (!cq->fallback)
		return false;
	return !o->good ||
	       (!o->positive && cq->p->set.life.prefer_positive && cq->fallback->stale.kind == CACHE_SUCCESS);
}

static void wake_one(struct worker *w, const struct cache_waiter *v, const struct outcome *o)
{
	struct query *q = query_find(w, (struct query_handle){v->slot, v->serial});
	struct cache_query *cq = v->place;

	if (!q || !q->waiting)
		return; /* ended at its deadline */
	if (o->failed && !cq->fallback && ask_again(cq, q))
		return;
	if (falls_back(cq, o))
		cache_give_stale(cq, q, &cq->fallback->stale);
	else
		take(q, o);
	query_resume(q, STEP_DONE);
}

void cache_follow_timeout(struct timer *t)
{
	struct cache_fallback *f = container_of(t, struct cache_fallback, timer);

	cache_give_stale(f->cq, f->q, &f->stale);
	query_resume(f->q, STEP_DONE);
}

static void wake_run(struct mpsc_msg *m, void *receiver)
{
	struct wake *wk = container_of(m, struct wake, msg);
	struct worker *w = receiver;

	for (unsigned i = 0; i < wk->n; i++)
		wake_one(w, &wk->v[i], wk->o);
	let_go(wk->o);
	free(wk);
}

/* ---------------------------------------------------------------- the leader */

/* Bring the waiters of v[0]'s worker to the front; their number. */
static unsigned gather(struct cache_waiter *v, unsigned n)
{
	unsigned same = 1;

	for (unsigned i = 1; i < n; i++) {
		if (v[i].owner == v[0].owner) {
			struct cache_waiter t = v[i];

			v[i] = v[same];
			v[same++] = t;
		}
	}
	return same;
}

static bool post(struct worker *to, const struct cache_waiter *v, unsigned n, struct outcome *o)
{
	struct wake *wk = malloc(sizeof(*wk) + n * sizeof(*v));

	if (!wk)
		return false;
	wk->msg.run = wake_run;
	wk->o = o;
	wk->n = n;
	memcpy(wk->v, v, n * sizeof(*v));
	atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
	if (!loop_post(to->loop, &wk->msg))
		return true;
	let_go(o);
	free(wk);
	return false;
}

/* Other workers first: they can work while this one sees to its own. */
static void wake_all(struct worker *w, struct cache_waiters *back, struct outcome *o, metric_id lost)
{
	struct cache_waiter *v = back->v, *own = NULL;
	unsigned left = back->n, n, n_own = 0;

	for (; left; v += n, left -= n) {
		n = gather(v, left);
		if (v->owner == w) {
			own = v;
			n_own = n;
		} else if (!post(v->owner, v, n, o)) {
			metric_add(w->cells, lost, n);
		}
	}
	for (unsigned i = 0; i < n_own; i++)
		wake_one(w, &own[i], o);
}

static void hand_out(struct query *q, struct cache_waiters *back, struct outcome *o, metric_id lost)
{
	if (o) {
		wake_all(q->w, back, o, lost);
		let_go(o);
	} else {
		metric_add(q->w->cells, lost, back->n);
	}
	free(back->v);
}

void cache_finish(const struct cache_plugin *p, struct query *q, const struct cache_key *k, uint64_t token,
		  const struct lifetime *l)
{
	struct cache_waiters back;

	cache_pending_finish(p->store, k, token, &back);
	if (back.n)
		hand_out(q, &back, outcome_of(q, l), cache_stats_of(p, q)->lost_wakes);
}

void cache_abandon(const struct cache_plugin *p, struct query *q, const struct cache_key *k, uint64_t token)
{
	struct cache_waiters back;
	struct outcome *o;

	cache_pending_finish(p->store, k, token, &back);
	if (!back.n)
		return;
	o = calloc(1, sizeof(*o));
	if (o) {
		atomic_init(&o->refs, 1);
		o->failed = true;
		o->ede = EDE_NONE;
	}
	hand_out(q, &back, o, cache_stats_of(p, q)->lost_wakes);
}
