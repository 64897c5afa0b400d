// SPDX-License-Identifier: Apache-2.0
/* cname rules: a CNAME of the answer leads elsewhere, and what stands there takes the place of what stood where it led.
 *
 * The new target is asked of the whole server, as a client would ask.  Where that fails the answer is SERVFAIL, never the CNAME
 * alone (server/alias.h). */
#include "plugin/rewrite/rewrite.h"

#include "base/err.h"
#include "server/alias.h"
#include "server/worker.h"
#include "wire/name.h"

#include <errno.h>
#include <string.h>

/* 1: `ret` is the target that the rules want instead. */
static int new_target(const struct rewrite_done *d, struct pattern_match *room, const struct reply_rr *rr, uint8_t *ret)
{
	for (const struct rewrite_step *st = d->steps; st; st = st->before) {
		int r = st->rule->field == FIELD_CNAME ? rewrite_rename(&st->rule->match, room, rr->rdata, ret) : 0;

		if (r)
			return r;
	}
	return 0;
}

static bool has_soa(const struct query *q)
{
	for (const struct reply_rr *rr = q->reply.rr[SECTION_AUTHORITY]; rr; rr = rr->next) {
		if (rr->type == TYPE_SOA)
			return true;
	}
	return false;
}

static void drop_section(struct query *q, enum wire_section s)
{
	q->reply.rr[s] = NULL;
	q->reply.rr_last[s] = &q->reply.rr[s];
}

/* What the old target had, or had not, is of no interest any more. */
static void forget_behind(struct query *q, struct reply_rr *cname)
{
	struct reply *r = &q->reply;

	cname->next = NULL;
	r->rr_last[SECTION_ANSWER] = &cname->next;
	if (has_soa(q))
		drop_section(q, SECTION_AUTHORITY);
	drop_section(q, SECTION_ADDITIONAL);
	r->rcode = RCODE_NOERROR;
	r->cut = false;
	r->ad = false;
	for (int s = 0; s < 3 && r->ttl_fixed; s++) { /* what is added has times of its own */
		for (struct reply_rr *rr = r->rr[s]; rr; rr = rr->next)
			rr->ttl_s = r->ttl_s;
	}
	r->ttl_fixed = false;
}

static void target_known(struct query *q, struct query *sub, void *arg)
{
	struct rewrite_scratch *s = arg;

	(void)alias_complete(q, sub); /* or the reply is a SERVFAIL */
	rewrite_undo(q, s->waiting, s->room);
	query_resume(q, STEP_NEXT);
}

static enum step ask(struct query *q, struct rewrite_scratch *s, const struct rewrite_done *d, const uint8_t *target)
{
	if (d->asked_type == TYPE_CNAME || d->asked_type == TYPE_ANY)
		return STEP_NEXT;
	s->waiting = d;
	if (!alias_leads_back(q, target) && !query_sub(q, QUERY_SERVER, target, d->asked_type, target_known, s))
		return STEP_WAIT;
	(void)alias_loop(q);
	return STEP_NEXT;
}

enum step rewrite_cname(struct query *q, struct rewrite_scratch *s, const struct rewrite_done *d)
{
	uint8_t target[WIRE_NAME_MAX];
	int r = 0;

	for (struct reply_rr *rr = q->reply.rr[SECTION_ANSWER]; rr; rr = rr->next) {
		if (rr->type != TYPE_CNAME)
			continue;
		r = new_target(d, s->room, rr, target);
		if (!r)
			continue;
		rr->rdlen = r > 0 ? (uint16_t)wire_name_len(target) : rr->rdlen;
		rr->rdata = r > 0 ? arena_copy(&q->arena, target, rr->rdlen) : NULL;
		if (!rr->rdata)
			break;
		forget_behind(q, rr);
		return ask(q, s, d, rr->rdata);
	}
	if (r)
		(void)query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "no target can be made for an alias", "rewrite cname: %s",
				 err_text(r > 0 ? -ENOMEM : r));
	return STEP_NEXT;
}
