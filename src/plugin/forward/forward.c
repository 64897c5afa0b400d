// SPDX-License-Identifier: Apache-2.0
/* Questions on their way to an upstream and back: the rule that matches asks (upstream/), the query waits, the answer
 * is copied into its arena as it came.  What clients may see of it (OPT, AD, sizes) the core decides. */

#include "plugin/forward/forward.h"

#include "base/clock.h"
#include "base/err.h"
#include "plugin/forward/flight.h"
#include "server/failures.h"
#include "server/generation.h"
#include "server/metadata.h"
#include "server/query.h"
#include "server/tap.h"
#include "server/trail.h"
#include "server/worker.h"
#include "wire/name.h"

#include <errno.h>
#include <stdlib.h>

/* With less left than this a question that failed is not asked again. */
enum { RETRY_LEFT_MS = 500 };

/* One rule on one worker. */
struct rule_part {
	struct forward_local *local;
	const struct forward_rule *rule;
	struct upstream_worker *upstreams;
	struct flights *flights;
};

struct forward_local {
	struct worker *w;
	unsigned n;
	struct rule_part parts[];
};

static enum step ask(struct rule_part *part, struct query *q, bool again);

/* ---------------------------------------------------------------- matching */

static bool excepted(const struct forward_rule *r, const uint8_t *name)
{
	for (size_t i = 0; i < r->n_except; i++) {
		if (wire_name_in_zone(name, r->except[i]))
			return true;
	}
	return false;
}

/* FROM itself is always taken, whatever `except` says. */
static bool matches(const struct forward_rule *r, const uint8_t *name)
{
	return wire_name_in_zone(name, r->from) && (wire_name_equal(name, r->from) || !excepted(r, name));
}

static struct rule_part *match_from(struct forward_local *local, unsigned first, const uint8_t *name)
{
	for (unsigned i = first; i < local->n; i++) {
		if (matches(local->parts[i].rule, name))
			return &local->parts[i];
	}
	return NULL;
}

/* Types that are no questions about data: a transfer or a signature ends with the server that was asked. */
static bool never_forwarded(const struct query *q)
{
	switch (q->in.qtype) {
	case TYPE_OPT:
	case TYPE_TKEY:
	case TYPE_TSIG:
	case TYPE_IXFR:
	case TYPE_AXFR:
		return true;
	default:
		return (q->in.flags & FLAG_OPCODE) != 0;
	}
}

static enum step refuse(struct query *q)
{
	if (q->in.qtype == TYPE_OPT)
		return query_fail(q, RCODE_FORMERR, EDE_OTHER, "OPT is no question", NULL);
	if (q->in.qtype == TYPE_AXFR || q->in.qtype == TYPE_IXFR)
		return query_fail(q, RCODE_REFUSED, EDE_NOT_SUPPORTED, "zone transfers are not forwarded",
				  NULL);
	if (q->in.flags & FLAG_OPCODE)
		return query_fail(q, RCODE_REFUSED, EDE_NOT_SUPPORTED, "NOTIFY is not forwarded", NULL);
	return query_fail(q, RCODE_REFUSED, EDE_NOT_SUPPORTED, "this type is not forwarded", NULL);
}

/* ---------------------------------------------------------------- answers */

/* The next `forward` of the block shall try. */
static bool hands_on(const struct forward_rule *r, const struct upstream_result *res)
{
	if (res->rcode < 32 && (r->next_rcodes >> res->rcode & 1))
		return true;
	return r->next_on_nodata && res->rcode == RCODE_NOERROR && !res->answer->truncated &&
	       res->answer->n_section[SECTION_ANSWER] == 0;
}

static enum step take_answer(struct query *q, const struct upstream_result *res, struct upstream_late *late)
{
	const struct wire_answer *copy = wire_answer_copy(&q->arena, res->answer);

	if (!copy)
		return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "server is at its memory limit",
				  "out of query memory");
	reply_set_wire(q, copy);
	q->reply.cd = res->flags & FLAG_CD; /* as the upstream says, like AA and AD */
	q->reply.no_store = res->without_edns && q->in.do_bit;
	q->reply.late = late;
	return STEP_DONE;
}

static void tell_taps(const struct rule_part *part, struct query *q, const struct upstream_result *res)
{
	const struct tap_exchange x = {
		.upstream = res->upstream,
		.stream = res->stream,
		.asked_ns = res->sent_ns ? res->sent_ns : q->arrived_ns,
		.answered_ns = loop_now_ns(part->local->w->loop),
		.answer = res->err ? NULL : res->answer,
	};

	for (const struct query_tap *t = q->taps; t; t = t->next)
		t->exchanged(t, q, &x);
}

static enum step take_result(struct rule_part *part, struct query *q, const struct upstream_result *res,
			     struct upstream_late *late)
{
	struct rule_part *next;

	if (res->upstream)
		metadata_set(q, part->rule->upstream_label, res->upstream);
	if (unlikely(q->taps) && res->upstream)
		tell_taps(part, q, res);
	if (res->err)
		return query_fail(q, RCODE_SERVFAIL, res->ede, res->ede_text, "%s", res->error);
	if (hands_on(part->rule, res)) {
		next = match_from(part->local, (unsigned)(part - part->local->parts) + 1, q->in.qname);
		if (next)
			return ask(next, q, false);
	}
	return take_answer(q, res, late);
}

/* One of those who waited for this answer.  Who only joined a question that failed asks once more, if there is time. */
static void give(struct rule_part *part, struct query *q, const struct upstream_result *res, struct upstream_late *late,
		 bool joined, bool again)
{
	bool retry = res->err && joined && !again &&
		     q->deadline_ns > loop_now_ns(part->local->w->loop) + RETRY_LEFT_MS * NS_PER_MS;
	enum step s = retry ? ask(part, q, true) : take_result(part, q, res, late);

	if (s == STEP_WAIT)
		return;
	query_resume(q, s);
	/* What could want the late answer has had its turn; after this call it may be gone.  The query may have ended, its
	 * slot stays. */
	if (late && q->reply.late == late)
		q->reply.late = NULL;
}

static void leave(struct rule_part *part, struct flight_seat *seat)
{
	if (seat->joined)
		upstream_admit_end(part->upstreams);
	flight_seat_free(part->flights, seat);
}

static void done(void *arg, const struct upstream_result *res)
{
	struct rule_part *part = arg;
	struct flight_seat *seat = flight_end(part->flights, res->tag);
	struct upstream_late *late = res->late; /* has room for one who wants it */
	bool joined = false;

	while (seat) {
		struct flight_seat *next = seat->next;
		struct query *q = query_find(part->local->w, seat->who);
		bool again = seat->again;

		leave(part, seat);
		if (q) {
			give(part, q, res, late, joined, again);
			late = NULL;
		}
		joined = true;
		seat = next;
	}
}

/* A flight that nobody will be told of. */
static void end_flight(struct rule_part *part, uint64_t tag)
{
	struct flight_seat *seat = flight_end(part->flights, tag);

	while (seat) {
		struct flight_seat *next = seat->next;

		leave(part, seat);
		seat = next;
	}
}

/* ---------------------------------------------------------------- what happens meanwhile */

static void say_event(struct query *q, const struct upstream_event *e)
{
	const char *by = e->stream ? "TCP" : "UDP";
	char text[200], rcode[16];

	switch (e->kind) {
	case UPSTREAM_ASKED:
		trail_say(q, "asks %s over %s%s%s", e->upstream, by, e->edns ? "" : " without EDNS",
			  e->hedge ? ", as the first one takes long" : "");
		break;
	case UPSTREAM_ANSWERED:
		trail_say(q, "%s answers over %s in %.1f ms: %s%s", e->upstream, by, (double)e->took_ns / 1e6,
			  wire_rcode_text(e->rcode, rcode), e->cut ? ", truncated" : "");
		break;
	case UPSTREAM_FAILED:
		upstream_event_error(e, text, sizeof(text));
		trail_say(q, "%s fails over %s: %s", e->upstream, by, text);
		break;
	}
}

static void note_failure(const struct rule_part *part, uint64_t tag, const struct upstream_event *e)
{
	const struct flight_seat *first = flight_seats(part->flights, tag);
	char text[200];

	upstream_event_error(e, text, sizeof(text));
	failures_note_upstream(part->local->w, e->upstream, first ? query_find(part->local->w, first->who) : NULL, text);
}

static void told(void *arg, uint64_t tag, const struct upstream_event *e)
{
	const struct rule_part *part = arg;

	if (e->kind == UPSTREAM_FAILED && unlikely(failures_wanted()))
		note_failure(part, tag, e);
	for (const struct flight_seat *s = flight_seats(part->flights, tag); s; s = s->next) {
		struct query *q = query_find(part->local->w, s->who);

		if (q && q->has_trail)
			say_event(q, e);
	}
}

/* Queries that were shed, or whose configuration was replaced, have ended without a word. */
static bool wanted(void *arg, uint64_t tag)
{
	struct rule_part *part = arg;

	if (flight_wanted(part->flights, part->local->w, tag))
		return true;
	end_flight(part, tag); /* the exchange goes without a word: nobody may join it any more */
	return false;
}

/* ---------------------------------------------------------------- asking */

static int ask_upstream(struct rule_part *part, const struct query *q, uint64_t tag)
{
	struct upstream_exchange *x;
	const struct upstream_question question = {
		.question = q->question,
		.question_len = q->in.question_len,
		/* AD tells the upstream that AD in the answer is understood: the answer is shared by clients that set it
		 * and clients that do not (RFC 6840 5.7). */
		.flags = (uint16_t)(q->in.flags | FLAG_AD),
		.do_bit = q->in.do_bit,
		.client_stream = q->from.stream,
		.udp_cap = q->udp_cap,
		.options = q->in.options,
		.options_len = q->in.options_len,
		.hop_options = q->hop_options,
		.deadline_ns = q->deadline_ns,
		.tag = tag,
		.told = q->has_trail,
	};

	return upstream_ask(part->upstreams, &question, done, part, &x);
}

static enum step not_asked(const struct rule_part *part, struct query *q, int err)
{
	if (err == ERR_LIMIT)
		return query_fail(q, RCODE_REFUSED, EDE_OTHER, "too many concurrent queries",
				  "concurrent queries exceeded maximum %u", part->rule->config.max_concurrent);
	return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "server is at its memory limit", "%s", err_text(err));
}

/* Who waits counts in max_concurrent, whoever asked. */
static enum step join(struct rule_part *part, const struct flight_key *k, struct query *q, bool again)
{
	int err = upstream_admit(part->upstreams);

	if (!err && !flight_join(part->flights, k, q, again)) {
		upstream_admit_end(part->upstreams);
		err = -ENOMEM;
	}
	if (err)
		return not_asked(part, q, err);
	metric_inc(q->w->cells, part->rule->merged);
	if (unlikely(q->has_trail))
		trail_say(q, "waits for the same question, which is under way");
	return STEP_WAIT;
}

static enum step ask(struct rule_part *part, struct query *q, bool again)
{
	struct flight_key key;
	bool shared = flight_key_of(part->flights, q, &key);
	uint64_t tag;
	int err;

	if (shared && flight_under_way(part->flights, &key))
		return join(part, &key, q, again);
	tag = flight_begin(part->flights, shared ? &key : NULL, q, again);
	err = tag ? ask_upstream(part, q, tag) : -ENOMEM;
	if (!err)
		return STEP_WAIT;
	end_flight(part, tag); /* it has one seat, the query's own */
	return not_asked(part, q, err);
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	struct rule_part *part = match_from(worker_local(q, state), 0, q->in.qname);

	if (!part) {
		if (unlikely(q->has_trail))
			trail_say(q, "forwards other names only");
		return STEP_NEXT;
	}
	if (never_forwarded(q))
		return refuse(q);
	return ask(part, q, false);
}

/* ---------------------------------------------------------------- life */

static void stop(void *state)
{
	struct forward *f = state;

	for (unsigned i = 0; i < f->n; i++) {
		upstream_set_free(f->rules[i].set);
		f->rules[i].set = NULL;
	}
}

static metric_id merged_series(const struct forward_rule *r)
{
	static const struct metric_desc merged = {
		"binnacle_forward_merged_total", "Questions that waited for the same one in flight on their worker.",
		METRIC_COUNTER, "from", NULL, 0, 0};
	char from[WIRE_NAME_TEXT_MAX];
	const char *const values[] = {from};

	wire_name_text(r->from, from);
	return metrics_series(&merged, values);
}

static int start(struct generation *gen, void *state)
{
	struct forward *f = state;

	for (unsigned i = 0; i < f->n; i++) {
		f->rules[i].merged = merged_series(&f->rules[i]);
		f->rules[i].upstream_label = metadata_label("forward/upstream");
		f->rules[i].set = upstream_set_new(&f->rules[i].config);
		if (!f->rules[i].set) {
			stop(state);
			return -ENOMEM;
		}
	}
	return 0;
}

static void hold(void *owner)
{
	gen_worker_hold(owner);
}

static void release(void *owner)
{
	gen_worker_release(owner);
}

static void worker_stop(struct worker *w, void *state, void *arg)
{
	struct forward_local *local = arg;

	for (unsigned i = 0; i < local->n; i++) {
		upstream_worker_stop(local->parts[i].upstreams);
		flights_free(local->parts[i].flights);
	}
	free(local);
}

static int worker_start(struct worker *w, void *state, void **ret)
{
	const struct forward *f = state;
	const struct upstream_env env = {
		.loop = w->loop,
		.builder = w->builder,
		.arenas = &w->arenas,
		.cells = w->cells,
		.hold = hold,
		.release = release,
		.owner = w->preparing,
		.wanted = wanted,
		.told = told,
	};
	struct forward_local *local = calloc(1, sizeof(*local) + f->n * sizeof(local->parts[0]));

	if (!local)
		return -ENOMEM;
	local->w = w;
	for (; local->n < f->n; local->n++) {
		struct rule_part *part = &local->parts[local->n];
		int err;

		part->flights = flights_new(loop_rng(w->loop));
		err = part->flights ? upstream_worker_start(f->rules[local->n].set, &env, &part->upstreams) : -ENOMEM;
		if (err) {
			flights_free(part->flights);
			worker_stop(w, state, local);
			return err;
		}
		part->local = local;
		part->rule = &f->rules[local->n];
	}
	*ret = local;
	return 0;
}

const struct plugin plugin_forward = {
	.name = "forward",
	.state_size = sizeof(struct forward),
	.setup = forward_setup,
	.start = start,
	.stop = stop,
	.worker_start = worker_start,
	.worker_stop = worker_stop,
	.query = query,
	.show = forward_show,
	.serves_all_classes = true,
	.makes_answers = true,
	.recursion = true,
};
