// SPDX-License-Identifier: Apache-2.0
/* What an upstream's answer means: for the question, and for what is known of the upstream. */

#include "upstream/exchange.h"

#include "base/err.h"

#include <errno.h>

static uint64_t now_of(const struct upstream_exchange *x)
{
	return worker_now(x->w);
}

void upstream_exchange_take(struct upstream_exchange *x, struct upstream_peer *p,
			    const struct wire_ingest *in)
{
	x->answer = in->answer;
	x->answer->truncated = in->tc;
	x->answer_plain = !x->edns;
	x->answer_from = p->server;
	x->flags = in->flags;
	x->rcode = (uint16_t)in->rcode;
}

static void smooth(uint64_t *usual_ns, uint64_t ns)
{
	*usual_ns = *usual_ns ? *usual_ns - *usual_ns / 8 + ns / 8 : ns;
}

static void learn_time(struct upstream_exchange *x, struct upstream_peer *p, enum leg leg, unsigned rcode)
{
	uint64_t ns = now_of(x) - x->a.sent_ns;
	unsigned i = rcode < N_RCODE_SERIES - 1 ? rcode : N_RCODE_SERIES - 1;

	smooth(leg == LEG_TCP ? &p->tcp_usual_ns : &p->udp_usual_ns, ns);
	metric_observe(x->w->env.cells, p->server->series.duration[i], &upstream_duration_desc, ns);
}

/* It cannot take EDNS, says so, and has not been asked without yet.                         RFC 6891 7 */
static bool refuses_edns(const struct upstream_exchange *x, const struct upstream_peer *p,
			 const struct wire_ingest *in)
{
	if (!x->edns || (x->plain_mask & server_bit(p->server)))
		return false;
	return in->rcode == RCODE_BADVERS ||
	       (!in->has_opt && (in->rcode == RCODE_FORMERR || in->rcode == RCODE_NOTIMP));
}

static void learn_edns(struct upstream_exchange *x, struct upstream_peer *p, unsigned rcode)
{
	uint64_t bit = server_bit(p->server), now = now_of(x);

	if (x->edns)
		upstream_edns_works(p->server, now);
	else if ((x->plain_mask & bit) && rcode != RCODE_FORMERR && rcode != RCODE_NOTIMP)
		upstream_edns_refused(p->server, now);
	else if (x->silent_mask & bit)
		upstream_edns_silence(p->server, now);
	if (!x->edns && ((x->plain_mask | x->silent_mask) & bit))
		metric_inc(x->w->env.cells, p->server->series.edns_fallbacks);
}

/* Ask the same one again without EDNS, on the same way.  May end. */
static void ask_plain(struct upstream_exchange *x, struct upstream_peer *p, enum leg leg)
{
	struct failure f = {.stage = STAGE_WRITE, .leg = leg};

	x->plain_mask |= server_bit(p->server);
	if (x->phase == PHASE_ASKING) {
		f.err = upstream_exchange_ask(x, p, leg, false);
	} else {
		f.err = upstream_exchange_send(x, p, leg, false);
		if (!f.err)
			upstream_exchange_arm(x);
	}
	if (f.err)
		upstream_attempt_failed(&x->a, &f);
}

static bool wants_whole(const struct upstream_exchange *x)
{
	const struct upstream_config *c = &x->w->set->c;

	return !x->trial && (!c->tc_passthrough || c->prefer_udp);
}

static bool fails_over(const struct upstream_exchange *x, unsigned rcode)
{
	const struct upstream_set *s = x->w->set;

	return rcode < 32 && (s->c.failover_rcodes >> rcode & 1) && x->failovers + 1u < s->n && !x->trial;
}

/* A whole, well-formed answer of `p`; the attempt has left.  May end. */
static void judge(struct upstream_exchange *x, struct upstream_peer *p, enum leg leg,
		  const struct wire_ingest *in)
{
	if (refuses_edns(x, p, in)) {
		ask_plain(x, p, leg);
		return;
	}
	learn_edns(x, p, in->rcode);
	if (x->phase != PHASE_ASKING) {
		upstream_complete_answered(x, p, in);
	} else if (leg == LEG_UDP && in->tc && wants_whole(x)) {
		upstream_exchange_take(x, p, in);
		upstream_complete_begin(x, p);
	} else if (fails_over(x, in->rcode)) {
		upstream_exchange_take(x, p, in);
		x->failovers++;
		upstream_exchange_next(x);
	} else {
		upstream_exchange_take(x, p, in);
		upstream_exchange_finish(x);
	}
}

/* It is the answer, and it cannot be read. */
static void answer_unreadable(struct upstream_exchange *x, int err, enum leg leg)
{
	struct failure f = {.err = err, .stage = STAGE_UNPACK, .leg = leg};

	if (err != -ENOMEM) {
		upstream_attempt_failed(&x->a, &f);
		return;
	}
	upstream_exchange_note_failure(x, x->a.peer, &f);
	if (x->phase == PHASE_LATE)
		upstream_complete_failed(x, x->a.peer, &f);
	else
		upstream_exchange_finish(x);
}

bool upstream_attempt_answer(struct attempt *a, const uint8_t *msg, size_t len)
{
	struct upstream_exchange *x = container_of(a, struct upstream_exchange, a);
	struct upstream_peer *p = a->peer;
	enum leg leg = (enum leg)a->leg;
	struct wire_ingest in;
	const struct wire_expect e = {
		.id = a->id,
		.question = exchange_question(x),
		.question_len = x->question_len,
		.keep_dnssec = x->do_bit,
	};
	int err = wire_ingest(x->w->env.builder, &x->arena, msg, len, &e, &in);

	if (err == ERR_MISMATCH || (err == -EBADMSG && wire_answer_matches(msg, len, &e)))
		return false;
	upstream_leave(a);
	upstream_health_heard(p);
	if (err) {
		answer_unreadable(x, err, leg);
		return true;
	}
	learn_time(x, p, leg, in.rcode);
	judge(x, p, leg, &in);
	return true;
}
