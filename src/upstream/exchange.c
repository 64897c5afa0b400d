// SPDX-License-Identifier: Apache-2.0
/* One question's way through its upstreams: attempts, their time-outs, and what an answer leads to.
 * The picture stands in exchange.h. */

#include "upstream/exchange.h"

#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum {
	/* The asker's own deadline shall find the reason already given. */
	END_MARGIN_MS = 50,
	/* Retries on the same upstream because kept connections had ended. */
	SAME_AGAIN_MAX = 3,
	/* An attempt that is this old when time is up has been lost; a younger one may still be answered. */
	LOST_AGE_MS = 1000,
	/* Where UDP can be used instead, a connection has this long to come up. */
	CONNECT_PATIENCE_MS = 1000,
	/* Rounds over upstreams that all fail at once: the pause before the third and the longest one. */
	PAUSE_MIN_MS = 10,
	PAUSE_SHIFT_MAX = 6,
	TRIAL_MS = 2000,
};

static void exchange_next(struct upstream_exchange *x);

static uint64_t now_of(const struct upstream_exchange *x)
{
	return worker_now(x->w);
}

/* ---------------------------------------------------------------- ends */

static void uncount(struct upstream_exchange *x)
{
	if (x->counted)
		atomic_fetch_sub_explicit(&x->w->set->in_flight, 1, memory_order_relaxed);
	x->counted = false;
}

void upstream_exchange_drop(struct upstream_exchange *x)
{
	struct upstream_worker *w = x->w;
	bool holding = x->holding;

	upstream_leave(&x->a);
	timer_disarm(worker_timers(w), &x->timer);
	uncount(x);
	*(x->prev ? &x->prev->next : &w->running) = x->next;
	if (x->next)
		x->next->prev = x->prev;
	arena_fini(&x->arena);
	upstream_slab_put(w, x);
	if (!holding)
		return;
	w->n_late--;
	if (w->env.release)
		w->env.release(w->env.owner);
}

static void describe_failure(const struct upstream_exchange *x, struct upstream_result *r)
{
	int err = x->failed_server ? x->failure.err : ERR_GONE;

	r->err = err ? err : ERR_GONE;
	r->upstream = x->failed_server ? x->failed_server->text : NULL;
	r->rcode = RCODE_SERVFAIL;
	upstream_error_text(x->failed_server, &x->failure, r->error, sizeof(r->error));
	if (err == -EBADMSG) {
		r->ede = EDE_INVALID_DATA;
		r->ede_text = "broken answer from upstream";
	} else if (err == ERR_GONE) {
		r->ede = EDE_NO_REACHABLE_AUTHORITY;
		r->ede_text = "no healthy upstream";
	} else if (err == -ETIMEDOUT || err == ERR_MISMATCH) {
		r->ede = EDE_NO_REACHABLE_AUTHORITY;
		r->ede_text = "no answer from upstream in time";
	} else {
		r->ede = EDE_NETWORK_ERROR;
		r->ede_text = "upstream cannot be reached";
	}
}

void upstream_exchange_give(struct upstream_exchange *x, struct upstream_late *late)
{
	void (*done)(void *arg, const struct upstream_result *r) = x->done;
	struct upstream_result r;

	uncount(x);
	x->done = NULL;
	if (!done)
		return;
	memset(&r, 0, offsetof(struct upstream_result, error) + 1);
	r.tag = x->tag;
	r.ede = EDE_NONE;
	r.ede_text = NULL;
	r.late = late;
	if (x->answer) {
		r.answer = x->answer;
		r.without_edns = x->answer_plain;
		r.flags = x->flags;
		r.rcode = x->rcode;
		r.upstream = x->answer_from->text;
	} else {
		describe_failure(x, &r);
	}
	done(x->arg, &r);
}

void upstream_exchange_finish(struct upstream_exchange *x)
{
	upstream_leave(&x->a);
	upstream_exchange_give(x, NULL);
	upstream_exchange_drop(x);
}

void upstream_exchange_arm(struct upstream_exchange *x)
{
	uint64_t at = x->phase_end_ns < x->end_ns ? x->phase_end_ns : x->end_ns;

	if (timer_arm(worker_timers(x->w), &x->timer, at) == 0)
		return;
	x->failure.err = -ENOMEM;
	upstream_exchange_finish(x);
}

/* The end is known, but whoever asked may still be on the stack. */
static void end_soon(struct upstream_exchange *x)
{
	x->phase = PHASE_ENDING;
	x->phase_end_ns = now_of(x);
	upstream_exchange_arm(x);
}

/* ---------------------------------------------------------------- asking */

void upstream_exchange_note_failure(struct upstream_exchange *x, struct upstream_peer *p, const struct failure *f)
{
	x->failure = *f;
	x->failed_server = p->server;
	metric_inc(x->w->env.cells, p->server->series.failures[upstream_fail_kind(f->err)]);
}

static bool edns_for(const struct upstream_exchange *x, struct upstream_peer *p)
{
	return !((x->plain_mask | x->silent_mask) & server_bit(p->server)) && upstream_edns_usable(p);
}

static enum leg leg_for(const struct upstream_exchange *x, struct upstream_peer *p)
{
	const struct upstream_config *c = &x->w->set->c;

	if (c->force_tcp)
		return LEG_TCP;
	if (c->prefer_udp || !x->client_stream || (x->tcp_mask & server_bit(p->server)))
		return LEG_UDP;
	if (upstream_tcp_usable(p->server, now_of(x)))
		return LEG_TCP;
	upstream_tcp_probe(p);
	return LEG_UDP;
}

int upstream_exchange_send(struct upstream_exchange *x, struct upstream_peer *p, enum leg leg, bool fresh)
{
	upstream_message_select(x, edns_for(x, p));
	x->a.fresh = fresh;
	return leg == LEG_TCP ? upstream_tcp_send(p, &x->a) : upstream_udp_send(p, &x->a);
}

/* Ask `p`; may end. 0, or why it could not be sent. */
static int ask_peer(struct upstream_exchange *x, struct upstream_peer *p, enum leg leg, bool fresh)
{
	const struct upstream_config *c = &x->w->set->c;
	uint64_t limit = c->read_timeout_ns;
	int err = upstream_exchange_send(x, p, leg, fresh);

	if (err)
		return err;
	if (leg == LEG_TCP && !c->force_tcp && !upstream_tcp_connected(&x->a) &&
	    limit > CONNECT_PATIENCE_MS * NS_PER_MS)
		limit = CONNECT_PATIENCE_MS * NS_PER_MS;
	x->phase = PHASE_ASKING;
	x->phase_end_ns = now_of(x) + limit;
	upstream_exchange_arm(x);
	return 0;
}

/* Count what failed against the exchange and the upstream. */
static void charge(struct upstream_exchange *x, struct upstream_peer *p, const struct failure *f)
{
	upstream_exchange_note_failure(x, p, f);
	x->failures++;
	if (f->leg == LEG_TCP)
		x->tcp_mask |= server_bit(p->server);
	upstream_health_error(p, f->err == -ETIMEDOUT);
}

static bool spent(const struct upstream_exchange *x)
{
	uint32_t max = x->w->set->c.max_connect_attempts;

	return x->last_chance || (max && x->failures >= max) || (x->trial && x->failures) ||
	       now_of(x) >= x->end_ns;
}

/* With unlimited attempts, upstreams that refuse at once would be asked thousands of times. */
static bool must_pause(const struct upstream_exchange *x)
{
	const struct upstream_order *o = &x->order;

	return o->at == o->n && o->rounds > 0 && x->phase != PHASE_PAUSED &&
	       now_of(x) - o->round_began_ns < PAUSE_MIN_MS * NS_PER_MS;
}

static void pause_round(struct upstream_exchange *x)
{
	unsigned shift = x->order.rounds < PAUSE_SHIFT_MAX ? x->order.rounds : PAUSE_SHIFT_MAX;

	x->phase = PHASE_PAUSED;
	x->phase_end_ns = now_of(x) + (PAUSE_MIN_MS * NS_PER_MS << shift);
	upstream_exchange_arm(x);
}

/* Ask the next one that can be asked, or end.  May end. */
static void exchange_next(struct upstream_exchange *x)
{
	while (!spent(x)) {
		struct failure f = {.stage = STAGE_DIAL};
		struct upstream_peer *p;

		if (must_pause(x)) {
			pause_round(x);
			return;
		}
		p = upstream_order_next(x);
		if (!p)
			break;
		f.leg = leg_for(x, p);
		f.err = ask_peer(x, p, f.leg, false);
		if (!f.err)
			return;
		x->phase = PHASE_ASKING;
		charge(x, p, &f);
	}
	end_soon(x);
}

/* ---------------------------------------------------------------- failures */

/* Ways on with the same upstream that are not its fault. */
static bool same_again(struct upstream_exchange *x, struct upstream_peer *p, const struct failure *f)
{
	if (f->err == ERR_GONE && x->same_again < SAME_AGAIN_MAX) {
		x->same_again++;
		return ask_peer(x, p, LEG_TCP, true) == 0;
	}
	/* Somebody forges answers: over TCP they cannot. */
	if (f->err == ERR_MISMATCH && f->leg == LEG_UDP && upstream_tcp_usable(p->server, now_of(x)))
		return ask_peer(x, p, LEG_TCP, false) == 0;
	return false;
}

static void attempt_failed(struct attempt *a, const struct failure *f)
{
	struct upstream_exchange *x = container_of(a, struct upstream_exchange, a);
	struct upstream_peer *p = a->peer;

	if (x->phase == PHASE_COMPLETING || x->phase == PHASE_LATE) {
		upstream_complete_failed(x, p, f);
		return;
	}
	if (same_again(x, p, f))
		return;
	charge(x, p, f);
	exchange_next(x);
}

/* What a time-out of the running attempt means, before it is left. */
static struct failure timeout_of(struct upstream_exchange *x)
{
	struct attempt *a = &x->a;
	struct failure f = {.err = -ETIMEDOUT, .stage = STAGE_READ, .leg = (enum leg)a->leg};
	const struct upstream_server *s = a->peer->server;

	if (a->leg == LEG_TCP) {
		if (!upstream_tcp_connected(a)) {
			f.stage = STAGE_DIAL;
			upstream_complete_not_connected(a);
		}
		f.local = upstream_tcp_local(a);
		return f;
	}
	f.local = upstream_udp_local(a);
	if (x->edns && !upstream_udp_heard_wrong(a) && upstream_edns_doubtful(s, now_of(x)))
		x->silent_mask |= server_bit(s);
	return f;
}

static void attempt_timeout(struct upstream_exchange *x)
{
	struct failure f;
	uint64_t whole = x->a.sent_ns + x->w->set->c.read_timeout_ns;

	/* The connection came up meanwhile: the answer has the usual time. */
	if (x->a.leg == LEG_TCP && upstream_tcp_connected(&x->a) && now_of(x) < whole) {
		x->phase_end_ns = whole;
		upstream_exchange_arm(x);
		return;
	}
	f = timeout_of(x);
	if (x->a.leg == LEG_TCP)
		upstream_tcp_leave_silent(&x->a);
	else
		upstream_leave(&x->a);
	attempt_failed(&x->a, &f);
}

/* The whole time is over. */
static void deadline(struct upstream_exchange *x)
{
	if (x->phase == PHASE_ASKING && x->a.leg != LEG_NONE) {
		uint64_t age = now_of(x) - x->a.sent_ns;
		struct failure f = timeout_of(x);

		upstream_exchange_note_failure(x, x->a.peer, &f);
		if (age >= LOST_AGE_MS * NS_PER_MS)
			upstream_health_error(x->a.peer, true);
	}
	upstream_exchange_finish(x);
}

static void exchange_timer(struct timer *t)
{
	struct upstream_exchange *x = container_of(t, struct upstream_exchange, timer);

	switch ((enum exchange_phase)x->phase) {
	case PHASE_ENDING:
		upstream_exchange_finish(x);
		break;
	case PHASE_COMPLETING:
	case PHASE_LATE:
		upstream_complete_timeout(x);
		break;
	case PHASE_PAUSED:
	case PHASE_ASKING:
		if (now_of(x) >= x->end_ns)
			deadline(x);
		else if (x->phase == PHASE_PAUSED)
			exchange_next(x);
		else
			attempt_timeout(x);
		break;
	}
}

/* ---------------------------------------------------------------- answers */

void upstream_exchange_take(struct upstream_exchange *x, struct upstream_peer *p, const struct wire_ingest *in)
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
		f.err = ask_peer(x, p, leg, false);
	} else {
		f.err = upstream_exchange_send(x, p, leg, false);
		if (!f.err)
			upstream_exchange_arm(x);
	}
	if (f.err)
		attempt_failed(&x->a, &f);
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
static void judge(struct upstream_exchange *x, struct upstream_peer *p, enum leg leg, const struct wire_ingest *in)
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
		exchange_next(x);
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
		attempt_failed(&x->a, &f);
		return;
	}
	upstream_exchange_note_failure(x, x->a.peer, &f);
	if (x->phase == PHASE_LATE)
		upstream_complete_failed(x, x->a.peer, &f);
	else
		upstream_exchange_finish(x);
}

static bool attempt_answer(struct attempt *a, const uint8_t *msg, size_t len)
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

static const struct attempt_ops exchange_ops = {.answer = attempt_answer, .failed = attempt_failed};

/* ---------------------------------------------------------------- beginning */

static bool admit(struct upstream_worker *w)
{
	struct upstream_set *s = w->set;

	if (!s->c.max_concurrent ||
	    atomic_fetch_add_explicit(&s->in_flight, 1, memory_order_relaxed) < s->c.max_concurrent)
		return true;
	atomic_fetch_sub_explicit(&s->in_flight, 1, memory_order_relaxed);
	metric_inc(w->env.cells, s->rejected);
	return false;
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
	x->timer.fire = exchange_timer;
	x->do_bit = q->do_bit;
	x->client_stream = q->client_stream;
	x->tag = q->tag;
	x->end_ns = q->deadline_ns - END_MARGIN_MS * NS_PER_MS;
	x->phase_end_ns = x->end_ns;
	if (upstream_message_build(x, q) || timer_arm(worker_timers(w), &x->timer, x->end_ns)) {
		arena_fini(&x->arena);
		upstream_slab_put(w, x);
		return NULL;
	}
	x->next = w->running;
	if (x->next)
		x->next->prev = x;
	w->running = x;
	return x;
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
	exchange_next(x);
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
		 void (*done)(void *arg, const struct upstream_result *r), void *arg, struct upstream_exchange **ret)
{
	struct upstream_exchange *x;
	bool trials;

	assert(q->question_len >= 5 && q->question_len <= WIRE_NAME_MAX + 4);
	if (!admit(w))
		return ERR_LIMIT;
	x = exchange_new(w, q);
	if (!x) {
		if (w->set->c.max_concurrent)
			atomic_fetch_sub_explicit(&w->set->in_flight, 1, memory_order_relaxed);
		return -ENOMEM;
	}
	x->counted = w->set->c.max_concurrent != 0;
	x->done = done;
	x->arg = arg;
	upstream_order_begin(x);
	trials = x->lossy_seen;
	exchange_next(x);
	if (trials)
		start_trials(w, q);
	*ret = x;
	return 0;
}

void upstream_cancel(struct upstream_exchange *x)
{
	x->done = NULL;
	uncount(x);
	if (x->phase == PHASE_COMPLETING) {
		upstream_complete_detach(x);
		return;
	}
	if (x->phase == PHASE_ASKING && x->a.leg != LEG_NONE &&
	    now_of(x) - x->a.sent_ns >= LOST_AGE_MS * NS_PER_MS)
		upstream_health_error(x->a.peer, true);
	upstream_exchange_drop(x);
}
