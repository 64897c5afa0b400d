// SPDX-License-Identifier: Apache-2.0
/* The hooks of rewrite: rules on the way down, everything put right on the way up.
 *
 * Above this plugin nobody sees what was changed: name, type, class and options are the client's again before the answer goes
 * on, whatever came of the query. */
#include "plugin/rewrite/rewrite.h"

#include "base/err.h"
#include "server/pattern.h"
#include "server/trail.h"
#include "server/worker.h"
#include "wire/name.h"

#include <errno.h>
#include <string.h>

static int setup(struct setup *s, void *state)
{
	return rewrite_setup(s, state);
}

static void release(void *state)
{
	rewrite_free(state);
}

static int worker_start(struct worker *w, void *state, void **ret_local)
{
	const struct rewrite *r = state;

	*ret_local = r->needs_match ? pattern_match_new(PATTERN_GROUPS_MAX) : NULL;
	return *ret_local || !r->needs_match ? 0 : -ENOMEM;
}

static void worker_stop(struct worker *w, void *state, void *local)
{
	if (local)
		pattern_match_free(local);
}

/* ---------------------------------------------------------------- down */

static void put_back(struct query *q, const struct rewrite_done *d)
{
	uint16_t type = wire_u16(d->question + d->question_len - 4), cls = wire_u16(d->question + d->question_len - 2);

	query_set_question(q, d->question, type, cls);
	q->in.options = d->options;
	q->in.options_len = d->options_len;
	q->hop_options = d->hop_options;
}

static enum step fail(struct query *q, struct rewrite_scratch *s, int err)
{
	if (s->done)
		put_back(q, s->done);
	s->done = NULL;
	if (err == -EINVAL)
		return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "rewriting makes no domain name of this one",
				  "invalid name after rewrite: %s", query_name_text(q));
	return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "the question cannot be rewritten", "rewrite: %s", err_text(err));
}

/* What the question is by now. */
static void tell(struct query *q, const struct rewrite_rule *rule)
{
	char name[WIRE_NAME_TEXT_MAX], type[16], cls[16];

	wire_name_text(q->in.qname, name);
	if (rule->field == FIELD_NAME || rule->field == FIELD_TYPE || rule->field == FIELD_CLASS)
		trail_say(q, "makes the question %s %s %s", name, wire_class_text(q->in.qclass, cls),
			  wire_type_text(q->in.qtype, type));
	else
		trail_say(q, rule->field == FIELD_EDNS0 ? "changes the question's EDNS options" : "will change the answer");
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct rewrite *r = state;
	struct rewrite_scratch *s = scratch;

	s->room = worker_local(q, state);
	for (const struct rewrite_rule *rule = r->rules; rule; rule = rule->next) {
		int applied = rewrite_apply(rule, q, s, s->room);

		if (applied < 0)
			return fail(q, s, applied);
		if (unlikely(q->has_trail) && applied)
			tell(q, rule);
		if (applied && !rule->goes_on)
			break;
	}
	return STEP_NEXT;
}

/* ---------------------------------------------------------------- up */

/* Does a step change records, or the rcode?  Then the wire form will not do. */
static bool changes_answer(const struct query *q, const struct rewrite_done *d)
{
	const struct reply *r = &q->reply;

	for (const struct rewrite_step *st = d->steps; st; st = st->before) {
		if ((st->rule->field == FIELD_TTL && !r->ttl_fixed) || st->rule->field == FIELD_CNAME ||
		    (st->rule->field == FIELD_RCODE && r->rcode == st->rule->from))
			return true;
	}
	return d->renamed;
}

/* Records of the question's own name have it as it was below, until the steps say otherwise. */
static int name_owners(struct query *q)
{
	const uint8_t *name = arena_copy(&q->arena, q->question, q->in.qname_len);

	for (int s = 0; s < 3 && name; s++) {
		for (struct reply_rr *rr = q->reply.rr[s]; rr; rr = rr->next) {
			if (!rr->owner)
				rr->owner = name;
		}
	}
	return name ? 0 : -ENOMEM;
}

static int make_records(struct query *q, const struct rewrite_done *d)
{
	int err = reply_records(q);

	return !err && d->renamed ? name_owners(q) : err;
}

static enum step reply(const void *state, struct query *q, void *scratch)
{
	struct rewrite_scratch *s = scratch;
	struct rewrite_done *d = s->done;
	int err = 0;

	if (likely(!d))
		return STEP_NEXT;
	s->done = NULL;
	d->asked_type = q->in.qtype;
	if (q->reply.form != REPLY_NONE && changes_answer(q, d))
		err = make_records(q, d);
	put_back(q, d);
	if (err) {
		(void)query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "the answer cannot be rewritten", "rewrite: %s", err_text(err));
		return STEP_NEXT;
	}
	if (q->reply.form == REPLY_RECORDS && rewrite_cname(q, s, d) == STEP_WAIT)
		return STEP_WAIT;
	if (q->reply.form != REPLY_NONE)
		rewrite_undo(q, d, s->room);
	return STEP_NEXT;
}

const struct plugin plugin_rewrite = {
	.name = "rewrite",
	.state_size = sizeof(struct rewrite),
	.query_size = sizeof(struct rewrite_scratch),
	.setup = setup,
	.free = release,
	.worker_start = worker_start,
	.worker_stop = worker_stop,
	.query = query,
	.reply = reply,
	.makes_answers = true,
};
