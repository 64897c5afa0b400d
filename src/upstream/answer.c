// SPDX-License-Identifier: Apache-2.0
/* What an upstream's answer means: for the question, and for what is known of the upstream. */

#include "upstream/exchange.h"

#include "base/err.h"

#include <errno.h>

static uint64_t now_of(const struct upstream_exchange *x)
{
	return worker_now(x->w);
}

void upstream_exchange_take(struct upstream_exchange *x, const struct attempt *a,
			    const struct wire_ingest *in)
{
	x->answer = in->answer;
	x->answer->truncated = in->tc;
	x->answer_plain = !a->edns;
	x->answer_from = a->peer->server;
	x->flags = in->flags;
	x->rcode = (uint16_t)in->rcode;
}

static void learn_time(struct upstream_exchange *x, const struct attempt *a, enum leg leg, unsigned rcode)
{
	struct upstream_peer *p = a->peer;
	uint64_t ns = now_of(x) - a->sent_ns;
	unsigned i = rcode < N_RCODE_SERIES - 1 ? rcode : N_RCODE_SERIES - 1;

	upstream_times_answered(p, leg, ns);
	metric_observe(x->w->env.cells, p->server->series.duration[i], &upstream_duration_desc, ns);
}

/* It cannot take EDNS, says so, and has not been asked without yet.                         RFC 6891 7 */
static bool refuses_edns(const struct upstream_exchange *x, const struct attempt *a,
			 const struct wire_ingest *in)
{
	if (!a->edns || (x->plain_mask & server_bit(a->peer->server)))
		return false;
	return in->rcode == RCODE_BADVERS ||
	       (!in->has_opt && (in->rcode == RCODE_FORMERR || in->rcode == RCODE_NOTIMP));
}

static void learn_edns(struct upstream_exchange *x, const struct attempt *a, unsigned rcode)
{
	struct upstream_peer *p = a->peer;
	uint64_t bit = server_bit(p->server), now = now_of(x);

	if (a->edns)
		upstream_edns_works(p->server, now);
	else if ((x->plain_mask & bit) && rcode != RCODE_FORMERR && rcode != RCODE_NOTIMP)
		upstream_edns_refused(p->server, now);
	else if (x->silent_mask & bit)
		upstream_edns_silence(p->server, now);
	if (!a->edns && ((x->plain_mask | x->silent_mask) & bit))
		metric_inc(x->w->env.cells, p->server->series.edns_fallbacks);
}

/* Ask the same one again by `leg`, in another form.  May end. */
static void ask_again(struct upstream_exchange *x, struct attempt *a, enum leg leg)
{
	struct failure f = {.stage = STAGE_WRITE, .leg = leg};

	if (a != &x->a) {
		upstream_hedge_again(x, leg);
		return;
	}
	if (x->phase == PHASE_ASKING) {
		f.err = upstream_exchange_ask(x, a->peer, leg, false);
	} else {
		f.err = upstream_exchange_send(x, a->peer, leg, false);
		if (!f.err)
			upstream_exchange_arm(x);
	}
	if (f.err)
		upstream_attempt_failed(a, &f);
}

bool upstream_answer_completes(const struct upstream_exchange *x, enum leg leg, const struct wire_ingest *in)
{
	const struct upstream_config *c = &x->w->set->c;

	return leg == LEG_UDP && in->tc && !x->trial && (!c->tc_passthrough || c->prefer_udp);
}

bool upstream_answer_fails_over(const struct upstream_exchange *x, unsigned rcode)
{
	const struct upstream_set *s = x->w->set;

	return rcode < 32 && (s->c.failover_rcodes >> rcode & 1) && x->failovers + 1u < s->n && !x->trial;
}

/* The answer to the running attempt, which has left.  May end. */
static void judge(struct upstream_exchange *x, enum leg leg, const struct wire_ingest *in)
{
	struct upstream_peer *p = x->a.peer;

	if (unlikely(x->was_hedge))
		upstream_hedge_count(x, HEDGE_WON);
	if (x->phase != PHASE_ASKING) {
		upstream_complete_answered(x, p, in);
	} else if (upstream_answer_completes(x, leg, in)) {
		upstream_exchange_take(x, &x->a, in);
		upstream_complete_begin(x, p);
	} else if (upstream_answer_fails_over(x, in->rcode)) {
		upstream_exchange_take(x, &x->a, in);
		x->failovers++;
		if (!x->hedge || !upstream_hedge_promote(x))
			upstream_exchange_next(x);
	} else {
		upstream_exchange_take(x, &x->a, in);
		upstream_exchange_finish(x);
	}
}

/* It is the answer, and it cannot be read. */
static void unreadable(struct upstream_exchange *x, struct attempt *a, int err, enum leg leg)
{
	struct failure f = {.err = err, .stage = STAGE_UNPACK, .leg = leg};

	if (a != &x->a) {
		upstream_hedge_failed(a, &f);
		return;
	}
	if (err != -ENOMEM) {
		upstream_attempt_failed(a, &f);
		return;
	}
	upstream_exchange_note_failure(x, a->peer, &f);
	if (x->phase == PHASE_LATE)
		upstream_complete_failed(x, a->peer, &f);
	else
		upstream_exchange_finish(x);
}

/* A whole, well-formed answer; the attempt has left.  May end. */
static void weigh(struct upstream_exchange *x, struct attempt *a, enum leg leg, enum cookie_verdict cookie,
		  const struct wire_ingest *in)
{
	learn_time(x, a, leg, in->rcode);
	if (unlikely(x->told))
		upstream_tell_answered(x, a, leg, in);
	if (unlikely(cookie != COOKIE_FINE)) {
		ask_again(x, a, upstream_cookie_trouble(x, a, leg, cookie));
		return;
	}
	if (refuses_edns(x, a, in)) {
		x->plain_mask |= server_bit(a->peer->server);
		ask_again(x, a, leg);
		return;
	}
	learn_edns(x, a, in->rcode);
	if (likely(a == &x->a))
		judge(x, leg, in);
	else
		upstream_hedge_answered(x, a->peer, leg, in);
}

/* The right answer but for its letter case: an upstream that does not keep it, or a forger. */
static bool take_other_case(struct upstream_exchange *x, struct attempt *a, const struct wire_expect *e,
			    const uint8_t *msg, size_t len)
{
	if (!upstream_case_differs(e, msg, len))
		return false;
	upstream_leave(a);
	ask_again(x, a, upstream_case_trouble(x, a));
	return true;
}

/* Something came under the id of `a`, the exchange's running attempt or its hedge. */
static bool take(struct upstream_exchange *x, struct attempt *a, const uint8_t *msg, size_t len)
{
	enum leg leg = (enum leg)a->leg;
	enum cookie_verdict cookie = COOKIE_FINE;
	struct wire_ingest in;
	const struct wire_expect e = {
		.id = a->id,
		.question = attempt_question(a),
		.question_len = x->question_len,
		.match_case = a->mixed,
		.keep_dnssec = x->do_bit,
	};
	int err = wire_ingest(x->w->env.builder, &x->arena, msg, len, &e, &in);

	if (err == ERR_MISMATCH || (err == -EBADMSG && wire_answer_matches(msg, len, &e)))
		return unlikely(a->mixed) && take_other_case(x, a, &e, msg, len);
	if (x->w->set->c.cookies != COOKIES_OFF && !err) {
		cookie = upstream_cookie_judge(x, a, leg, &in);
		if (cookie == COOKIE_FORGED)
			return false;
	}
	x->heard_sent_ns = a->sent_ns;
	x->heard_stream = leg == LEG_TCP;
	upstream_leave(a);
	upstream_health_heard(a->peer);
	if (unlikely(a->mixed))
		a->peer->case_strikes = 0;
	if (err)
		unreadable(x, a, err, leg);
	else
		weigh(x, a, leg, cookie, &in);
	return true;
}

bool upstream_attempt_answer(struct attempt *a, const uint8_t *msg, size_t len)
{
	return take(container_of(a, struct upstream_exchange, a), a, msg, len);
}

bool upstream_hedge_answer(struct attempt *a, const uint8_t *msg, size_t len)
{
	return take(container_of(a, struct upstream_hedge, a)->x, a, msg, len);
}
