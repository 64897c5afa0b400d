// SPDX-License-Identifier: Apache-2.0
/* A cut UDP answer is in hand: get the whole one over TCP, without making the client wait for what does not come.
 *
 * The same upstream is asked at once.  When its TCP fails early, another one that has TCP may be asked instead.  After
 * max(1 s, three times the usual TCP time) the cut answer goes out with TC, and the TCP attempt goes on for the
 * cache.  Where TCP is known not to connect, the cut answer goes out at once. */

#include "upstream/exchange.h"

#include "base/err.h"

enum {
	PATIENCE_MIN_MS = 1000,
	/* After the cut answer was given out: how long the whole one is still worth something. */
	LATE_MS = 6000,
	LATE_MAX = 256, /* per worker and set */
};

static void count(const struct upstream_exchange *x, const struct upstream_server *s, enum tcp_outcome o)
{
	metric_inc(x->w->env.cells, s->series.tcp[o]);
}

static uint64_t patience(const struct upstream_peer *p)
{
	uint64_t usual = 3 * p->usual[1].smoothed_ns, min = PATIENCE_MIN_MS * NS_PER_MS;

	return usual > min ? usual : min;
}

void upstream_complete_not_connected(struct attempt *a)
{
	struct upstream_server *s = a->peer->server;

	upstream_tcp_trouble(s, worker_now(a->peer->w));
	if (!atomic_exchange_explicit(&s->tcp_probing, true, memory_order_relaxed))
		upstream_tcp_make_probe(a);
}

/* ---------------------------------------------------------------- late */

/* The end of a late exchange; `answer` NULL: it did not come. */
static void end_late(struct upstream_exchange *x, const struct wire_answer *answer)
{
	if (x->late.done)
		x->late.done(x->late.arg, answer);
	upstream_exchange_drop(x);
}

/* Give out the cut answer and go on.  May end. */
static void go_late(struct upstream_exchange *x)
{
	struct upstream_worker *w = x->w;

	if (w->n_late >= LATE_MAX) {
		upstream_exchange_finish(x);
		return;
	}
	w->n_late++;
	x->holding = true;
	if (w->env.hold)
		w->env.hold(w->env.owner);
	x->phase = PHASE_LATE;
	x->phase_end_ns = x->end_ns = worker_now(w) + LATE_MS * NS_PER_MS;
	upstream_exchange_give(x, &x->late);
	upstream_exchange_arm(x);
}

/* ---------------------------------------------------------------- asking over TCP */

/* The next upstream whose TCP may work, or the cut answer.  May end. */
static void elsewhere(struct upstream_exchange *x)
{
	struct upstream_peer *p;

	while ((p = upstream_order_elsewhere(x))) {
		struct failure f = {.stage = STAGE_DIAL, .leg = LEG_TCP};

		f.err = upstream_exchange_send(x, p, LEG_TCP, false);
		if (!f.err) {
			upstream_exchange_arm(x);
			return;
		}
		upstream_exchange_note_failure(x, p, &f);
		x->tcp_mask |= server_bit(p->server);
	}
	upstream_exchange_finish(x);
}

void upstream_complete_begin(struct upstream_exchange *x, struct upstream_peer *p)
{
	struct failure f = {.stage = STAGE_DIAL, .leg = LEG_TCP};
	uint64_t now = worker_now(x->w);

	metric_inc(x->w->env.cells, p->server->series.truncated);
	if (x->hedge)
		upstream_hedge_end(x);
	x->due_ns = UINT64_MAX;
	x->phase = PHASE_COMPLETING;
	x->phase_end_ns = now + patience(p);
	/* A client on a stream gets nothing out of a cut answer: for it TCP is tried whatever is remembered. */
	if (!x->client_stream && !upstream_tcp_usable(p->server, now)) {
		count(x, p->server, TCP_NOT_TRIED);
		upstream_tcp_probe(p);
		x->tcp_mask |= server_bit(p->server);
		elsewhere(x);
		return;
	}
	f.err = upstream_exchange_send(x, p, LEG_TCP, false);
	if (f.err && x->over_budget) {
		count(x, p->server, TCP_NOT_TRIED);
		upstream_exchange_finish(x);
	} else if (f.err) {
		upstream_complete_failed(x, p, &f);
	} else {
		upstream_exchange_arm(x);
	}
}

/* `p` has no whole answer for us.  May end. */
static void give_up_on(struct upstream_exchange *x, struct upstream_peer *p)
{
	count(x, p->server, TCP_FAILED);
	x->tcp_mask |= server_bit(p->server);
	x->tcp_failed_here = true;
	if (x->phase == PHASE_LATE)
		end_late(x, NULL);
	else
		elsewhere(x);
}

void upstream_complete_failed(struct upstream_exchange *x, struct upstream_peer *p, const struct failure *f)
{
	upstream_exchange_note_failure(x, p, f);
	if (f->err == ERR_GONE && x->same_again < SAME_AGAIN_MAX) {
		x->same_again++;
		if (upstream_exchange_send(x, p, LEG_TCP, true) == 0) {
			upstream_exchange_arm(x);
			return;
		}
	}
	give_up_on(x, p);
}

/* An upstream that answers over UDP but not over TCP says so by rcode, too. */
static bool refused(const struct upstream_exchange *x, unsigned rcode)
{
	return rcode != x->rcode && (rcode == RCODE_SERVFAIL || rcode == RCODE_REFUSED ||
				     rcode == RCODE_NOTIMP || rcode == RCODE_FORMERR);
}

void upstream_complete_answered(struct upstream_exchange *x, struct upstream_peer *p,
				const struct wire_ingest *in)
{
	bool late = x->phase == PHASE_LATE;

	if (refused(x, in->rcode)) {
		give_up_on(x, p);
		return;
	}
	count(x, p->server, in->tc ? TCP_CUT_TOO : late ? TCP_LATE : TCP_ANSWERED);
	if (late) {
		/* Without EDNS it lacks what DO asked for, and a late answer is for keeping alone. */
		end_late(x, in->tc || (x->do_bit && !x->a.edns) ? NULL : in->answer);
		return;
	}
	/* Cut over TCP as well: it holds no less than the one over UDP, and there is nothing left to ask. */
	upstream_exchange_take(x, &x->a, in);
	upstream_exchange_finish(x);
}

void upstream_complete_timeout(struct upstream_exchange *x)
{
	struct attempt *a = &x->a;

	if (x->phase == PHASE_LATE) {
		count(x, a->peer->server, TCP_FAILED);
		end_late(x, NULL);
		return;
	}
	if (x->paced) { /* the question's time is over before its turn comes */
		upstream_exchange_finish(x);
		return;
	}
	if (!upstream_tcp_connected(a))
		upstream_complete_not_connected(a);
	else if (!upstream_tcp_heard(a) && worker_now(x->w) < x->end_ns)
		upstream_tcp_unanswered(a->peer->server, worker_now(x->w));
	go_late(x);
}

void upstream_complete_detach(struct upstream_exchange *x)
{
	go_late(x);
}
