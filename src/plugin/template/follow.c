// SPDX-License-Identifier: Apache-2.0
/* The CNAMEs that templates make are looked up through the whole server, for questions of A and AAAA. */
#include "plugin/template/template.h"
#include "server/alias.h"
#include "wire/name.h"

static enum step next(struct query *q, struct template_following *f, struct reply_rr *from);

/* What the target has comes right behind its CNAME. */
static void found(struct query *q, struct query *sub, void *arg)
{
	struct template_following *f = arg;
	struct reply_rr *behind = f->at->next, **last = q->reply.rr_last[SECTION_ANSWER];
	enum step s = STEP_DONE;

	f->at->next = NULL;
	q->reply.rr_last[SECTION_ANSWER] = &f->at->next;
	if (alias_complete(q, sub)) {
		*q->reply.rr_last[SECTION_ANSWER] = behind;
		if (behind)
			q->reply.rr_last[SECTION_ANSWER] = last;
		s = next(q, f, behind);
	}
	if (s != STEP_WAIT)
		query_resume(q, s);
}

/* The template has given the target's records itself. */
static bool known(const struct query *q, const uint8_t *target)
{
	for (const struct reply_rr *rr = q->reply.rr[SECTION_ANSWER]; rr; rr = rr->next) {
		if ((rr->type == q->in.qtype || rr->type == TYPE_CNAME) && wire_name_equal(rr->owner, target))
			return true;
	}
	return false;
}

/* From `from` on: the next target that must be looked up. */
static enum step next(struct query *q, struct template_following *f, struct reply_rr *from)
{
	for (f->at = from; f->at; f->at = f->at->next) {
		if (f->at->type != TYPE_CNAME || known(q, f->at->rdata))
			continue;
		if (alias_leads_back(q, f->at->rdata) ||
		    query_sub(q, QUERY_SERVER, f->at->rdata, q->in.qtype, found, f))
			return alias_loop(q);
		return STEP_WAIT;
	}
	return STEP_DONE;
}

enum step template_follow(struct query *q, struct template_following *f)
{
	if (q->in.qtype != TYPE_A && q->in.qtype != TYPE_AAAA)
		return STEP_DONE;
	return next(q, f, q->reply.rr[SECTION_ANSWER]);
}
