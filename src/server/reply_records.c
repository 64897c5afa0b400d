// SPDX-License-Identifier: Apache-2.0
/* From the wire form of a reply to records, for who changes or orders them. */
#include "server/query.h"
#include "wire/name.h"
#include "wire/rdata.h"

#include <errno.h>
#include <string.h>

/* The owner of the record at `off`: that of the one before where it is the same; NULL in *ret: the question's. */
static int read_owner(struct query *q, const struct wire_answer *a, size_t off, const uint8_t *before,
		      const uint8_t **ret)
{
	uint8_t name[WIRE_NAME_MAX];
	int len = wire_name_read(wire_answer_msg(a), a->msg_len, &off, name);

	if (len < 0)
		return len;
	*ret = before;
	if (before && memcmp(before, name, (size_t)len) == 0)
		return 0;
	*ret = NULL;
	if (memcmp(q->question, name, (size_t)len) == 0)
		return 0;
	*ret = arena_copy(&q->arena, name, (size_t)len);
	return *ret ? 0 : -ENOMEM;
}

static int read_rdata(struct query *q, const struct wire_answer *a, const struct wire_rr *rr, uint8_t *room,
		      const uint8_t **ret)
{
	int len = wire_rdata_read(wire_answer_msg(a), rr->rdata_off, rr->rdlen, rr->type, rr->cls, room, ret);

	if (len <= 0 || *ret != room)
		return len;
	*ret = arena_copy(&q->arena, room, (size_t)len);
	return *ret ? len : -ENOMEM;
}

static int add(struct query *q, const struct wire_answer *a, unsigned i, struct reply_rr *before, uint8_t *room,
	       struct reply_rr **ret)
{
	const struct wire_rr rr = wire_answer_rr(a, i);
	struct reply_rr *n = arena_alloc(&q->arena, sizeof(*n));
	const uint8_t *owner = NULL, *rdata = NULL;
	int err, len;

	if (!n)
		return -ENOMEM;
	err = read_owner(q, a, rr.off, before ? before->owner : NULL, &owner);
	len = err ? err : read_rdata(q, a, &rr, room, &rdata);
	if (len < 0)
		return len;
	*n = (struct reply_rr){
		.owner = owner,
		.rdata = rdata,
		.ttl_s = rr.ttl_s,
		.type = rr.type,
		.cls = rr.cls,
		.rdlen = (uint16_t)len,
		.required = i < a->n_required,
	};
	*q->reply.rr_last[rr.section] = n;
	q->reply.rr_last[rr.section] = &n->next;
	*ret = n;
	return 0;
}

int reply_records(struct query *q)
{
	const struct wire_answer *a = q->reply.wire;
	uint8_t room[RDATA_READ_MAX];
	struct reply_rr *n = NULL;
	int err = 0;

	if (q->reply.form != REPLY_WIRE) {
		q->reply.wire = NULL;
		return q->reply.form == REPLY_NONE ? -ENOENT : 0;
	}
	for (int s = 0; s < 3; s++) {
		q->reply.rr[s] = NULL;
		q->reply.rr_last[s] = &q->reply.rr[s];
	}
	for (unsigned i = 0; i < a->n_rr && !err; i++)
		err = add(q, a, i, n, room, &n);
	if (err)
		return err; /* still in wire form */
	q->reply.form = REPLY_RECORDS;
	q->reply.wire = NULL;
	return 0;
}
