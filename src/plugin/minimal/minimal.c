// SPDX-License-Identifier: Apache-2.0
/* minimal: answers without what nobody has asked for: the authority and additional sections of successes. */
#include "base/clock.h"
#include "base/err.h"
#include "corefile/corefile.h"
#include "plugin/cache/classify.h"
#include "server/query.h"

#include <string.h>

static int setup(struct setup *s, void *state)
{
	int r = 0;

	while (cf_directive(s->in)) {
		if (cf_no_more_args(s->in) || cf_no_block(s->in))
			r = ERR_SYNTAX;
	}
	return r;
}

/* Negative answers need their SOA, referrals are made of what would go; failures stay as they are. */
static bool is_success(const struct query *q, const struct wire_answer *a)
{
	struct response_question asked = {
		.qname = q->in.qname,
		.qtype = q->in.qtype,
		.opcode = (uint8_t)((q->in.flags & FLAG_OPCODE) >> 11),
	};

	return response_type(&asked, a, 0) == RESPONSE_NOERROR;
}

/* Records that stay: the answer section, and for validators the proof that a wildcard's name is not there
 * itself (RFC 4035 3.1.3.3).  They are a prefix of the message. */
static unsigned kept(const struct query *q, const struct wire_answer *a)
{
	if (q->in.do_bit && (response_has_type(a, SECTION_AUTHORITY, TYPE_NSEC) ||
			     response_has_type(a, SECTION_AUTHORITY, TYPE_NSEC3)))
		return a->n_required;
	return a->n_section[SECTION_ANSWER];
}

/* The answer's first `n` records, all of the answer section among them. */
static const struct wire_answer *prefix(struct query *q, const struct wire_answer *a, unsigned n)
{
	uint16_t end = n ? wire_answer_rr(a, n - 1).end : (uint16_t)(WIRE_HEADER_LEN + a->question_len);
	struct wire_answer *p = arena_alloc(&q->arena, sizeof(*p) + n * sizeof(p->ttl_off[0]) + end);
	uint8_t *msg;

	if (!p)
		return NULL;
	memcpy(p, a, sizeof(*p) + n * sizeof(p->ttl_off[0]));
	p->msg_len = end;
	p->n_rr = (uint16_t)n;
	p->n_required = a->n_required < n ? a->n_required : (uint16_t)n;
	p->n_section[SECTION_AUTHORITY] = (uint16_t)(n - a->n_section[SECTION_ANSWER]);
	p->n_section[SECTION_ADDITIONAL] = 0;
	p->soa_min_s = UINT32_MAX;
	p->min_ttl_s = UINT32_MAX;
	p->ede_text_len = 0; /* the reply has it by now */
	msg = (uint8_t *)&p->ttl_off[n];
	memcpy(msg, wire_answer_msg(a), end);
	wire_put_u16(msg + HEADER_NSCOUNT, p->n_section[SECTION_AUTHORITY]);
	wire_put_u16(msg + HEADER_ARCOUNT, 0);
	for (unsigned i = 0; i < n; i++) {
		uint32_t ttl_s = wire_answer_rr(p, i).ttl_s;

		p->min_ttl_s = ttl_s < p->min_ttl_s ? ttl_s : p->min_ttl_s;
	}
	return p;
}

/* A question that was dropped or has no answer for another reason has nothing to take away. */
static enum step reply(const void *state, struct query *q, void *scratch)
{
	const struct wire_answer *a = reply_wire(q), *less;
	unsigned n;

	if (!a || !is_success(q, a))
		return STEP_NEXT;
	n = kept(q, a);
	if (n == a->n_rr)
		return STEP_NEXT;
	less = prefix(q, a, n);
	if (less) { /* without memory the whole is right too */
		q->reply.wire = less;
		q->reply.form = REPLY_WIRE;
	}
	return STEP_NEXT;
}

const struct plugin plugin_minimal = {
	.name = "minimal",
	.setup = setup,
	.reply = reply,
	.makes_answers = true,
};
