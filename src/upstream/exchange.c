// SPDX-License-Identifier: Apache-2.0
/* One question's way through its upstreams: attempts, time-outs, ends.  The picture stands in exchange.h. */

#include "upstream/exchange.h"

#include "base/err.h"

#include <errno.h>
#include <string.h>

enum {
	/* Where UDP can be used instead, a connection has this long to come up. */
	CONNECT_PATIENCE_MS = 1000,
	/* Rounds over upstreams that all fail at once: the pause before the third and how often it doubles. */
	PAUSE_MIN_MS = 10,
	PAUSE_SHIFT_MAX = 6,
};

static uint64_t now_of(const struct upstream_exchange *x)
{
	return worker_now(x->w);
}

/* ---------------------------------------------------------------- ends */

void upstream_exchange_uncount(struct upstream_exchange *x)
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
	if (unlikely(x->hedge))
		upstream_hedge_end(x);
	timer_disarm(worker_timers(w), &x->timer);
	upstream_exchange_uncount(x);
	if (w->hand == x)
		w->hand = x->next;
	w->n_running--;
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
	} else if (x->over_budget && (!x->failed_server || err == ERR_LIMIT)) {
		static const char text[] = "upstream packet budget used";

		r->err = ERR_LIMIT;
		r->ede = EDE_NETWORK_ERROR;
		r->ede_text = text;
		memcpy(r->error, text, sizeof(text));
	} else if (!x->failed_server) {
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

	upstream_exchange_uncount(x);
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
		r.stream = x->heard_stream;
		r.sent_ns = x->heard_sent_ns;
	} else {
		describe_failure(x, &r);
	}
	done(x->arg, &r);
}

void upstream_exchange_finish(struct upstream_exchange *x)
{
	upstream_leave(&x->a);
	if (unlikely(x->hedge))
		upstream_hedge_end(x);
	upstream_exchange_give(x, NULL);
	upstream_exchange_drop(x);
}

void upstream_exchange_arm(struct upstream_exchange *x)
{
	uint64_t at = x->phase_end_ns < x->end_ns ? x->phase_end_ns : x->end_ns;

	if (x->due_ns < at)
		at = x->due_ns;
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
	x->due_ns = UINT64_MAX;
	upstream_exchange_arm(x);
}

/* ---------------------------------------------------------------- asking */

void upstream_exchange_note_failure(struct upstream_exchange *x, struct upstream_peer *p,
				    const struct failure *f)
{
	x->failure = *f;
	x->failed_server = p->server;
	metric_inc(x->w->env.cells, p->server->series.failures[upstream_fail_kind(f->err)]);
	upstream_tell_failed(x, p->server, f);
}

bool upstream_exchange_edns(const struct upstream_exchange *x, struct upstream_peer *p)
{
	return !((x->plain_mask | x->silent_mask) & server_bit(p->server)) && upstream_edns_usable(p);
}

enum leg upstream_exchange_leg(const struct upstream_exchange *x, struct upstream_peer *p)
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

static int send_now(struct upstream_exchange *x, struct upstream_peer *p, enum leg leg, bool fresh)
{
	upstream_message_select(x, &x->a, p, leg, upstream_exchange_edns(x, p));
	x->a.fresh = fresh;
	if (unlikely(x->told))
		upstream_tell_asked(x, &x->a, p, leg);
	return leg == LEG_TCP ? upstream_tcp_send(p, &x->a) : upstream_udp_send(p, &x->a);
}

/* 0: `ret_now` says whether it may go now; else the timer will send it. */
static int take_turn(struct upstream_exchange *x, struct upstream_peer *p, enum leg leg, bool fresh,
		     bool *ret_now)
{
	uint64_t wait;
	int err = upstream_pace_question(p, leg, &wait);

	x->over_budget = err == ERR_LIMIT;
	*ret_now = !wait;
	if (err || !wait)
		return err;
	x->paced = true;
	x->paced_leg = (uint8_t)leg;
	x->a.peer = p;
	x->a.fresh = fresh;
	x->due_ns = now_of(x) + wait;
	return 0;
}

int upstream_exchange_send(struct upstream_exchange *x, struct upstream_peer *p, enum leg leg, bool fresh)
{
	if (unlikely(p->server->bucket)) {
		bool now;
		int err = take_turn(x, p, leg, fresh, &now);

		if (err || !now)
			return err;
	}
	return send_now(x, p, leg, fresh);
}

/* It was sent: its time begins. */
static void begin_wait(struct upstream_exchange *x, const struct upstream_peer *p, enum leg leg)
{
	const struct upstream_config *c = &x->w->set->c;
	uint64_t limit = c->read_timeout_ns;

	if (leg == LEG_TCP && !c->force_tcp && !upstream_tcp_connected(&x->a) &&
	    limit > CONNECT_PATIENCE_MS * NS_PER_MS)
		limit = CONNECT_PATIENCE_MS * NS_PER_MS;
	x->phase_end_ns = now_of(x) + limit;
	upstream_hedge_plan(x, p, leg);
	upstream_exchange_arm(x);
}

int upstream_exchange_ask(struct upstream_exchange *x, struct upstream_peer *p, enum leg leg, bool fresh)
{
	int err = upstream_exchange_send(x, p, leg, fresh);

	if (err)
		return err;
	x->phase = PHASE_ASKING;
	if (likely(!x->paced)) {
		begin_wait(x, p, leg);
	} else {
		x->phase_end_ns = x->end_ns;
		upstream_exchange_arm(x);
	}
	return 0;
}

/* Its turn has come. */
static void send_paced(struct upstream_exchange *x)
{
	enum leg leg = (enum leg)x->paced_leg;
	struct failure f = {.stage = STAGE_DIAL, .leg = leg};

	x->paced = false;
	x->due_ns = UINT64_MAX;
	f.err = send_now(x, x->a.peer, leg, x->a.fresh);
	if (f.err)
		upstream_attempt_failed(&x->a, &f);
	else if (x->phase == PHASE_ASKING)
		begin_wait(x, x->a.peer, leg);
	else
		upstream_exchange_arm(x);
}

/* Count what failed against the exchange and the upstream. */
static void charge(struct upstream_exchange *x, struct upstream_peer *p, const struct failure *f)
{
	upstream_exchange_note_failure(x, p, f);
	x->failures++;
	if (f->leg == LEG_TCP)
		x->tcp_mask |= server_bit(p->server);
	/* Our own limits say nothing about the upstream. */
	if (upstream_net_error(f->err) || f->err == -EBADMSG)
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
	x->due_ns = UINT64_MAX;
	x->phase_end_ns = now_of(x) + (PAUSE_MIN_MS * NS_PER_MS << shift);
	upstream_exchange_arm(x);
}

/* What the bucket of `p` has no room for it has for none that share it.  True: no upstream is left. */
static bool over_everywhere(struct upstream_exchange *x, const struct upstream_peer *p)
{
	const struct upstream_server *servers = x->w->set->servers;
	bool all = true;

	for (unsigned i = 0; i < x->order.n; i++) {
		const struct upstream_server *s = &servers[x->order.list[i]];

		if (s->bucket == p->server->bucket)
			x->over_mask |= server_bit(s);
		all = all && (x->over_mask & server_bit(s));
	}
	return all;
}

void upstream_exchange_next(struct upstream_exchange *x)
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
		if (unlikely(x->over_mask & server_bit(p->server)))
			continue;
		f.leg = upstream_exchange_leg(x, p);
		f.err = upstream_exchange_ask(x, p, f.leg, false);
		if (!f.err)
			return;
		x->phase = PHASE_ASKING;
		if (!x->over_budget)
			charge(x, p, &f);
		else if (over_everywhere(x, p))
			break;
	}
	end_soon(x);
}

/* ---------------------------------------------------------------- failures */

/* Ways on with the same upstream that are not its fault. */
static bool same_again(struct upstream_exchange *x, struct upstream_peer *p, const struct failure *f)
{
	if (f->err == ERR_GONE && x->same_again < SAME_AGAIN_MAX) {
		x->same_again++;
		return upstream_exchange_ask(x, p, LEG_TCP, true) == 0;
	}
	/* Somebody forges answers: over TCP they cannot. */
	if (f->err == ERR_MISMATCH && f->leg == LEG_UDP && upstream_tcp_usable(p->server, now_of(x)))
		return upstream_exchange_ask(x, p, LEG_TCP, false) == 0;
	return false;
}

void upstream_attempt_failed(struct attempt *a, const struct failure *f)
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
	if (unlikely(x->was_hedge))
		upstream_hedge_count(x, HEDGE_LOST);
	if (x->hedge_said_no)
		end_soon(x);
	else if (!x->hedge || !upstream_hedge_promote(x))
		upstream_exchange_next(x);
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
	if (a->cookie)
		upstream_cookie_silence(x, a);
	else if (a->edns && !upstream_udp_heard_wrong(a) && upstream_edns_doubtful(s, now_of(x)))
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
	upstream_attempt_failed(&x->a, &f);
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
	x->over_budget |= x->paced; /* its turn has not come */
	if (x->hedge && now_of(x) - x->hedge->a.sent_ns >= LOST_AGE_MS * NS_PER_MS)
		upstream_health_error(x->hedge->a.peer, true);
	upstream_exchange_finish(x);
}

void upstream_exchange_timer(struct timer *t)
{
	struct upstream_exchange *x = container_of(t, struct upstream_exchange, timer);

	if (unlikely(x->paced) && now_of(x) >= x->due_ns && now_of(x) < x->end_ns) {
		send_paced(x);
		return;
	}
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
			upstream_exchange_next(x);
		else if (now_of(x) < x->phase_end_ns)
			upstream_hedge_start(x);
		else
			attempt_timeout(x);
		break;
	}
}
