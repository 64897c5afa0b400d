// SPDX-License-Identifier: Apache-2.0
/* Templates -> records of the reply. */
#include "base/err.h"
#include "plugin/template/template.h"
#include "server/worker.h"
#include "zone/rr_text.h"

#include <string.h>

/* Names without a final dot are relative to the root, a missing TTL is an hour, as in the peer. */
static const uint8_t root[1] = {0};
static const struct zone_context context = {.origin = root, .ttl_s = 3600, .has_ttl = true, .cls = CLASS_IN,
					    .no_ldns = true};

static const char *const section_text[] = {"answer", "authority", "additional"};

/* The record's bytes go into the query's arena. */
static bool add(struct query *q, enum wire_section s, const struct zone_rr *rr)
{
	uint8_t *keep = arena_alloc(&q->arena, (size_t)rr->owner_len + rr->rdlen);
	struct reply_rr *added;

	if (!keep)
		return false;
	memcpy(keep, rr->owner, rr->owner_len);
	memcpy(keep + rr->owner_len, rr->rdata, rr->rdlen);
	if (reply_add(q, s, keep, rr->type, rr->ttl_s, keep + rr->owner_len, rr->rdlen))
		return false;
	added = container_of(q->reply.rr_last[s], struct reply_rr, next);
	added->cls = rr->cls;
	return true;
}

static enum step no_memory(struct query *q)
{
	return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "server is at its memory limit", "out of query memory");
}

static void prepare(struct gt_run *run, struct arena *scratch, struct arena_pool *none, struct template_local *l,
		    const struct template_data *d)
{
	arena_pool_init(none, 0, NULL, 0); /* more than the first block is not to be had */
	arena_init(scratch, l->scratch, sizeof(l->scratch), none);
	run->scratch = scratch;
	run->out = l->out;
	run->out_max = sizeof(l->out);
	run->host = (void *)(uintptr_t)d;
}

/* One record.  False: q->reply says why not. */
static bool render(const struct template_data *d, struct template_local *l, enum wire_section s,
		   const struct template_record *r)
{
	struct zone_rr rr = {.rdata = l->rdata};
	struct arena_pool none;
	struct arena scratch;
	struct gt_run run;
	const char *why;

	prepare(&run, &scratch, &none, l, d);
	if (gotmpl_run(r->tmpl, &run, template_dot(d))) {
		template_count_failure(d, r, false);
		query_fail(d->q, RCODE_SERVFAIL, EDE_OTHER, "template failed", "plugin/template: %s \"%.200s\": %s",
			   section_text[s], r->text, run.error);
		return false;
	}
	if (zone_rr_from_text(run.out, run.out_len, &context, &rr, &why)) {
		template_count_failure(d, r, true);
		query_fail(d->q, RCODE_SERVFAIL, EDE_OTHER, "template made no record",
			   "plugin/template: %s \"%.*s\" is no record: %s", section_text[s],
			   (int)(run.out_len < 200 ? run.out_len : 200), run.out, why);
		return false;
	}
	if (add(d->q, s, &rr))
		return true;
	no_memory(d->q);
	return false;
}

/* Without an answer the authority section is what the reply is about: the SOA of a denial, the NS of a referral. */
static void note_required(struct reply *r)
{
	if (r->rr[SECTION_ANSWER])
		return;
	for (struct reply_rr *rr = r->rr[SECTION_AUTHORITY]; rr; rr = rr->next)
		rr->required = true;
}

enum step template_render(const struct template_data *d, struct template_local *l)
{
	struct query *q = d->q;

	reply_begin(q, d->t->rcode, true);
	for (int s = 0; s < 3; s++) {
		for (const struct template_record *r = d->t->records[s]; r; r = r->next) {
			if (!render(d, l, (enum wire_section)s, r))
				return STEP_DONE;
		}
	}
	note_required(&q->reply);
	q->reply.ede = d->t->ede;
	q->reply.ede_text = d->t->ede_text;
	return STEP_DONE;
}
