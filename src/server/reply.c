// SPDX-License-Identifier: Apache-2.0
/* What plugins do with a query's reply: set it, add to it, fail. */

#include "base/err.h"
#include "server/query.h"
#include "server/worker.h"
#include "wire/build.h"
#include "wire/name.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void reply_clear(struct query *q)
{
	struct reply *r = &q->reply;

	*r = (struct reply){.ede = EDE_NONE, .cd = q->in.flags & FLAG_CD};
	for (int s = 0; s < 3; s++)
		r->rr_last[s] = &r->rr[s];
}

void reply_set_wire(struct query *q, const struct wire_answer *a)
{
	uint16_t flags = wire_u16(wire_answer_msg(a) + 2);

	reply_clear(q);
	q->reply.form = REPLY_WIRE;
	q->reply.wire = a;
	q->reply.rcode = a->rcode;
	q->reply.aa = flags & FLAG_AA;
	q->reply.ra = flags & FLAG_RA;
	q->reply.ad = flags & FLAG_AD;
	q->reply.cut = a->truncated;
	q->reply.ede = a->ede;
	if (a->ede_text_len) /* a missing text (arena limit) leaves the code alone, which says enough */
		q->reply.ede_text = arena_strndup(&q->arena, (const char *)wire_answer_msg(a) + a->msg_len,
						  a->ede_text_len);
}

void reply_begin(struct query *q, unsigned rcode, bool aa)
{
	reply_clear(q);
	q->reply.form = REPLY_RECORDS;
	q->reply.rcode = (uint16_t)rcode;
	q->reply.aa = aa;
}

int reply_add(struct query *q, enum wire_section s, const uint8_t *owner, uint16_t type, uint32_t ttl_s,
	      const uint8_t *rdata, uint16_t rdlen)
{
	struct reply_rr *rr = arena_alloc(&q->arena, sizeof(*rr));

	if (!rr)
		return -ENOMEM;
	*rr = (struct reply_rr){
		.owner = owner,
		.type = type,
		.cls = q->in.qclass,
		.ttl_s = ttl_s,
		.rdata = rdata,
		.rdlen = rdlen,
		.required = s == SECTION_ANSWER,
	};
	*q->reply.rr_last[s] = rr;
	q->reply.rr_last[s] = &rr->next;
	return 0;
}

enum step query_fail(struct query *q, unsigned rcode, int ede, const char *ede_text, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	reply_begin(q, rcode, false);
	q->reply.ede = ede;
	q->reply.ede_text = ede_text;
	q->reply.no_store = true;
	if (!fmt)
		return STEP_DONE;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* a longer text is cut, which is fine for a log line */
	va_end(ap);
	q->error = arena_strdup(&q->arena, text);
	if (!q->error)
		q->error = "out of query memory";
	return STEP_DONE;
}

enum step query_drop(struct query *q)
{
	reply_clear(q);
	q->dropped = true;
	return STEP_DONE;
}

/* The record form, compressed.  The message holds the question as the client wrote it. */
static const struct wire_answer *build(struct query *q)
{
	struct reply *r = &q->reply;
	struct wire_builder *b = q->w->builder;
	uint16_t flags = (uint16_t)(FLAG_QR | (r->aa ? FLAG_AA : 0) | (r->ra ? FLAG_RA : 0) |
				    (r->ad ? FLAG_AD : 0) | (q->in.flags & FLAG_OPCODE) | (r->rcode & FLAG_RCODE));
	struct wire_answer *a;

	wire_build_begin(b, q->question, q->in.question_len, flags);
	for (int s = 0; s < 3; s++) {
		for (const struct reply_rr *rr = r->rr[s]; rr; rr = rr->next) {
			const uint8_t *owner = rr->owner ? rr->owner : q->question;

			if (wire_build_rr(b, (enum wire_section)s, rr->required, owner, rr->type, rr->cls,
					  rr->ttl_s, rr->rdata, rr->rdlen))
				return wire_build_end(b, &q->arena, r->rcode); /* full: marked truncated */
		}
	}
	a = wire_build_end(b, &q->arena, r->rcode);
	if (a && r->cut)
		a->truncated = true; /* made of an answer that was cut on its way to us */
	return a;
}

const struct wire_answer *reply_wire(struct query *q)
{
	if (q->reply.form == REPLY_RECORDS && !q->reply.wire)
		q->reply.wire = build(q);
	return q->reply.form == REPLY_NONE ? NULL : q->reply.wire;
}

void query_cap_udp(struct query *q, uint16_t size)
{
	q->udp_lowered = true;
	if (size < q->udp_cap)
		q->udp_cap = size;
}

uint16_t query_limit(const struct query *q)
{
	uint16_t limit = WIRE_UDP_MIN;

	if (q->from.stream)
		return WIRE_MSG_MAX;
	if (q->in.has_opt && q->in.udp_size > limit)
		limit = q->in.udp_size;
	return limit < q->udp_cap ? limit : q->udp_cap;
}

const char *query_proto(const struct query *q)
{
	return q->from.stream ? "tcp" : "udp";
}

const char *query_name_text(struct query *q)
{
	char text[WIRE_NAME_TEXT_MAX];

	wire_name_text(q->in.qname, text);
	return arena_strdup(&q->arena, text);
}
