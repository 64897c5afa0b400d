// SPDX-License-Identifier: Apache-2.0
/* Hedging: when the first upstream takes far longer than usual, a second one is asked while the first is still
 * listened to, and the first good answer counts.
 *
 * What the first one does after that is still wanted, for what it tells of that upstream: the exchange goes on as a
 * trial, for which nobody waits.  So an upstream that answers nothing but health checks is found out after
 * a few questions, none of which has waited for a whole time-out. */

#include "upstream/exchange.h"

#include "base/err.h"

#include <errno.h>
#include <string.h>

enum {
	/* Shorter waits than this are no reason: a scheduler's turn, a lost race with the network's own queues. */
	FLOOR_MS = 20,
	/* An upstream of which nothing is known yet. */
	UNKNOWN_MS = 300,
	/* The extra load: each question earns a twentieth of a hedge; so many may be saved up.  The first ones are
	 * given, so that a quiet server, or one that has just started, hedges too. */
	CREDIT_COST = 20,
	CREDIT_MAX = 10 * CREDIT_COST,
	/* Nobody waits for the first one any more: how long it has until its question counts as lost. */
	OVERTAKEN_MS = LOST_AGE_MS,
};

static const struct attempt_ops hedge_ops = {
	.answer = upstream_hedge_answer,
	.failed = upstream_hedge_failed,
};

void upstream_hedge_earn(struct upstream_worker *w)
{
	if (w->hedge_credit < CREDIT_MAX)
		w->hedge_credit++;
}

void upstream_hedge_begin(struct upstream_worker *w)
{
	w->hedge_credit = CREDIT_MAX;
}

/* 0: never, it would come too late to matter. */
static uint64_t delay(const struct upstream_peer *p, enum leg leg)
{
	struct usual_time t = upstream_times_usual(p, leg);
	uint64_t most = p->w->set->c.read_timeout_ns / 4 * 3;
	uint64_t ns = 3 * t.smoothed_ns + 4 * t.spread_ns;

	if (!t.smoothed_ns)
		ns = UNKNOWN_MS * NS_PER_MS;
	else if (ns < FLOOR_MS * NS_PER_MS)
		ns = FLOOR_MS * NS_PER_MS;
	return ns < most ? ns : 0;
}

void upstream_hedge_plan(struct upstream_exchange *x, const struct upstream_peer *p, enum leg leg)
{
	const struct upstream_set *s = x->w->set;
	uint64_t ns;

	x->due_ns = UINT64_MAX;
	if (s->n == 1 || s->c.no_hedge || x->trial || x->hedge || x->hedge_said_no)
		return;
	ns = delay(p, leg);
	if (ns)
		x->due_ns = worker_now(x->w) + ns;
}

static int ask(struct upstream_exchange *x, struct upstream_peer *p, enum leg leg)
{
	struct attempt *a = &x->hedge->a;

	upstream_message_select(x, a, p, leg, upstream_exchange_edns(x, p));
	if (unlikely(x->told))
		upstream_tell_asked(x, a, p, leg);
	return leg == LEG_TCP ? upstream_tcp_send(p, a) : upstream_udp_send(p, a);
}

/* The query of the exchange once more: the first one may still wait in its frame for a connection. */
static struct upstream_hedge *copy_query(struct upstream_exchange *x)
{
	size_t len = upstream_message_size(x);
	struct upstream_hedge *h = arena_alloc(&x->arena, sizeof(*h) + len);

	if (!h)
		return NULL;
	*h = (struct upstream_hedge){.x = x, .a.ops = &hedge_ops, .a.frame = h->frame};
	memcpy(h->frame, x->a.frame, len);
	return h;
}

static void start(struct upstream_exchange *x)
{
	struct upstream_worker *w = x->w;
	struct upstream_peer *p;
	enum leg leg;

	if (w->hedge_credit < CREDIT_COST)
		return;
	p = upstream_order_hedge(x);
	if (!p)
		return;
	x->hedge = copy_query(x);
	if (!x->hedge)
		return;
	leg = upstream_exchange_leg(x, p);
	if (!upstream_pace_hedge(p, leg) || ask(x, p, leg))
		x->hedge = NULL;
	else
		w->hedge_credit -= CREDIT_COST;
}

void upstream_hedge_start(struct upstream_exchange *x)
{
	x->due_ns = UINT64_MAX;
	start(x);
	upstream_exchange_arm(x);
}

static void count(const struct upstream_exchange *x, const struct upstream_peer *p, enum hedge_outcome o)
{
	metric_inc(x->w->env.cells, p->server->series.hedges[o]);
}

void upstream_hedge_count(struct upstream_exchange *x, enum hedge_outcome o)
{
	x->was_hedge = false;
	count(x, x->a.peer, o);
}

void upstream_hedge_end(struct upstream_exchange *x)
{
	upstream_leave(&x->hedge->a);
	count(x, x->hedge->a.peer, HEDGE_LOST);
	x->hedge = NULL;
}

void upstream_hedge_again(struct upstream_exchange *x, enum leg leg)
{
	if (!upstream_pace_hedge(x->hedge->a.peer, leg) || ask(x, x->hedge->a.peer, leg))
		upstream_hedge_end(x);
}

/* Not the upstream's fault: forged answers, or a kept connection that had ended. */
static bool another_way(struct upstream_exchange *x, const struct failure *f)
{
	struct attempt *a = &x->hedge->a;

	if (f->err == ERR_MISMATCH && f->leg == LEG_UDP &&
	    upstream_tcp_usable(a->peer->server, worker_now(x->w))) {
		upstream_hedge_again(x, LEG_TCP);
		return true;
	}
	if (f->err != ERR_GONE || x->same_again >= SAME_AGAIN_MAX)
		return false;
	x->same_again++;
	a->fresh = true;
	upstream_hedge_again(x, LEG_TCP);
	return true;
}

void upstream_hedge_failed(struct attempt *a, const struct failure *f)
{
	struct upstream_exchange *x = container_of(a, struct upstream_hedge, a)->x;
	struct upstream_peer *p = a->peer;

	if (another_way(x, f))
		return;
	metric_inc(x->w->env.cells, p->server->series.failures[upstream_fail_kind(f->err)]);
	upstream_tell_failed(x, p->server, f);
	if (f->leg == LEG_TCP)
		x->tcp_mask |= server_bit(p->server);
	if (upstream_net_error(f->err) || f->err == -EBADMSG)
		upstream_health_error(p, f->err == -ETIMEDOUT);
	upstream_hedge_end(x);
}

bool upstream_hedge_promote(struct upstream_exchange *x)
{
	struct attempt *h = &x->hedge->a;

	if (worker_now(x->w) >= x->end_ns)
		return false;
	if (h->leg == LEG_TCP)
		upstream_tcp_move(h, &x->a);
	else
		upstream_udp_move(h, &x->a);
	h->ops = x->a.ops;
	x->a = *h;
	x->hedge = NULL;
	x->was_hedge = true;
	x->phase_end_ns = x->a.sent_ns + x->w->set->c.read_timeout_ns;
	upstream_hedge_plan(x, x->a.peer, (enum leg)x->a.leg);
	upstream_exchange_arm(x);
	return true;
}

/* ---------------------------------------------------------------- its answer */

/* The first one goes on as a trial. */
static void go_on_alone(struct upstream_exchange *x)
{
	uint64_t usual = 3 * upstream_times_usual(x->a.peer, (enum leg)x->a.leg).smoothed_ns;
	uint64_t wait = OVERTAKEN_MS * NS_PER_MS;
	uint64_t end = x->a.sent_ns + (usual > wait ? usual : wait);

	if (x->a.leg == LEG_NONE) { /* about to be asked again */
		upstream_exchange_finish(x);
		return;
	}
	x->trial = true;
	x->due_ns = UINT64_MAX;
	if (end < worker_now(x->w))
		end = worker_now(x->w);
	if (end < x->phase_end_ns)
		x->phase_end_ns = end;
	upstream_exchange_give(x, NULL);
	upstream_exchange_arm(x);
}

static bool good(const struct upstream_exchange *x, unsigned rcode)
{
	return (rcode == RCODE_NOERROR || rcode == RCODE_NXDOMAIN) && !upstream_answer_fails_over(x, rcode);
}

/* Whoever waits may get it if the first one has nothing better. */
static void keep(struct upstream_exchange *x, const struct wire_ingest *in)
{
	upstream_exchange_take(x, &x->hedge->a, in);
	if (upstream_answer_fails_over(x, in->rcode))
		x->failovers++;
	else
		x->hedge_said_no = true;
	upstream_hedge_end(x);
}

void upstream_hedge_answered(struct upstream_exchange *x, struct upstream_peer *p, enum leg leg,
			     const struct wire_ingest *in)
{
	bool edns = x->hedge->a.edns;

	if (!good(x, in->rcode)) {
		keep(x, in);
		return;
	}
	count(x, p, HEDGE_WON);
	upstream_exchange_take(x, &x->hedge->a, in);
	x->hedge = NULL;
	if (!upstream_answer_completes(x, leg, in)) {
		go_on_alone(x);
		return;
	}
	upstream_leave(&x->a);
	x->a.peer = p;
	x->a.edns = edns;
	x->paced = false;
	upstream_complete_begin(x, p);
}
