// SPDX-License-Identifier: Apache-2.0
#include "server/alias.h"

#include "wire/name.h"
#include "wire/rdata.h"

#include <errno.h>
#include <string.h>

bool alias_leads_back(const struct query *q, const uint8_t *target)
{
	for (const struct query *p = q; p; p = p->parent) {
		if (p->in.qtype == q->in.qtype && wire_name_equal(p->in.qname, target))
			return true;
	}
	return false;
}

enum step alias_loop(struct query *q)
{
	return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "the alias leads back to itself, or too far",
			  "alias loop, or a chain of aliases that is too long");
}

bool query_unserved(const struct query *sub)
{
	const struct reply *r = &sub->reply;

	if (sub->answered_by && !*sub->answered_by)
		return true; /* past the end of a chain */
	return r->form == REPLY_RECORDS && r->ede == EDE_NOT_AUTHORITATIVE &&
	       (r->rcode == RCODE_REFUSED || r->rcode == RCODE_SERVFAIL);
}

void reply_require(struct query *q, enum wire_section s)
{
	container_of(q->reply.rr_last[s], struct reply_rr, next)->required = true;
}

int reply_copy_rr(struct query *q, enum wire_section s, struct query *sub, unsigned i)
{
	const struct wire_answer *from = reply_wire(sub);
	uint32_t ttl_s = sub->reply.ttl_s; /* a kept answer's records have the time that is left to it */
	const uint8_t *msg = wire_answer_msg(from);
	struct wire_rr rr = wire_answer_rr(from, i);
	uint8_t owner[WIRE_NAME_MAX], plain[WIRE_MSG_MAX + RDATA_NAMES_MAX * 256];
	size_t off = rr.off;
	int owner_len = wire_name_read(msg, from->msg_len, &off, owner), rdlen;
	const uint8_t *rdata;
	uint8_t *copy;

	if (owner_len < 0)
		return owner_len; /* our own compressor made it: cannot be */
	rdlen = wire_rdata_read(msg, rr.rdata_off, rr.rdlen, rr.type, rr.cls, plain, &rdata);
	if (rdlen < 0)
		return rdlen;
	copy = arena_alloc(&q->arena, (size_t)owner_len + (size_t)rdlen);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, owner, (size_t)owner_len);
	if (rdlen)
		memcpy(copy + owner_len, rdata, (size_t)rdlen);
	if (!sub->reply.ttl_fixed)
		ttl_s = rr.ttl_s;
	return reply_add(q, s, copy, rr.type, ttl_s, copy + owner_len, (uint16_t)rdlen);
}

int reply_copy_all(struct query *q, struct query *sub)
{
	const struct wire_answer *a = reply_wire(sub);
	int err = 0;

	for (unsigned i = 0; i < a->n_rr && !err; i++) {
		enum wire_section s = wire_answer_rr(a, i).section;

		err = reply_copy_rr(q, s, sub, i);
		if (!err && i < a->n_required)
			reply_require(q, s);
	}
	return err;
}

static int copy_answers(struct query *q, struct query *sub)
{
	for (unsigned i = 0; i < sub->reply.wire->n_section[SECTION_ANSWER]; i++) {
		int err = reply_copy_rr(q, SECTION_ANSWER, sub, i);

		if (err)
			return err;
	}
	return 0;
}

/* What says that there is nothing: the SOA, and with DO its signature and the proofs. */
static int copy_denial(struct query *q, struct query *sub)
{
	const struct wire_answer *a = sub->reply.wire;
	unsigned first = a->n_section[SECTION_ANSWER];

	for (unsigned i = first; i < first + a->n_section[SECTION_AUTHORITY]; i++) {
		int err;

		if (!q->in.do_bit && wire_answer_rr(a, i).type != TYPE_SOA)
			continue;
		err = reply_copy_rr(q, SECTION_AUTHORITY, sub, i);
		if (err)
			return err;
		reply_require(q, SECTION_AUTHORITY);
	}
	return 0;
}

static enum step fail(struct query *q, struct query *sub)
{
	int ede = sub->reply.ede == EDE_NONE ? EDE_NO_REACHABLE_AUTHORITY : sub->reply.ede;
	const char *text = sub->reply.ede_text ? arena_strdup(&q->arena, sub->reply.ede_text) : NULL;

	return query_fail(q, RCODE_SERVFAIL, ede, text ? text : "the alias's target could not be resolved",
			  "%s", sub->error ? sub->error : "the alias's target could not be resolved");
}

static void out_of_memory(struct query *q)
{
	(void)query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "server is at its memory limit",
			 "out of query memory");
}

bool alias_complete(struct query *q, struct query *sub)
{
	unsigned rcode = sub->reply.rcode;
	const struct wire_answer *a;

	if (query_unserved(sub))
		return true;
	a = reply_wire(sub);
	if (!a || (rcode != RCODE_NOERROR && rcode != RCODE_NXDOMAIN)) {
		(void)fail(q, sub);
		return false;
	}
	if (copy_answers(q, sub) ||
	    (!sub->reply.cut && (rcode == RCODE_NXDOMAIN || !a->final_count) && copy_denial(q, sub))) {
		out_of_memory(q);
		return false;
	}
	if (rcode == RCODE_NXDOMAIN)
		q->reply.rcode = RCODE_NXDOMAIN;
	q->reply.cut |= sub->reply.cut;
	q->reply.no_store |= sub->reply.no_store;
	return true;
}

void alias_reply(struct query *q, struct query *sub, const uint8_t *target, uint32_t ttl_s)
{
	reply_begin(q, RCODE_NOERROR, true);
	if (reply_add(q, SECTION_ANSWER, NULL, TYPE_CNAME, ttl_s, target, (uint16_t)wire_name_len(target)))
		out_of_memory(q);
	else
		(void)alias_complete(q, sub);
}
