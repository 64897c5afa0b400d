// SPDX-License-Identifier: Apache-2.0
/* The check of clients' messages: the first code that sees foreign bytes. */
#include "wire/query.h"
#include "wire/name.h"
#include "wire/option.h"
#include "wire/reader.h"

#include <string.h>

enum {
	MAX_ANCOUNT = 1, /* the SOA of a NOTIFY, RFC 1996 3.7 */
	MAX_NSCOUNT = 1, /* the SOA of an IXFR, RFC 1995 3 */
	SOA_NUMBERS = 20, SOA_LEAST = 22,
	MAX_ARCOUNT = 2, /* OPT and TSIG */
};

static unsigned opcode_of(unsigned flags)
{
	return (flags & FLAG_OPCODE) >> 11;
}

/* The question: a name without compression (nothing stands before it that a pointer could lead to),
 * type, class. */
static bool read_question(struct wire_reader *r, struct wire_query *q)
{
	size_t start = r->off;
	unsigned n = 0, c;

	do {
		size_t at = r->off - start;
		c = wire_reader_u8(r);
		if (r->err || c > WIRE_LABEL_MAX || at + 1 + c > WIRE_NAME_MAX)
			return false;
		q->label_off[n++] = (uint8_t)at;
		(void)wire_reader_bytes(r, c); /* checked by the next read */
	} while (c);
	size_t len = r->off - start;
	q->qname_len = (uint8_t)len;
	q->n_labels = (uint8_t)(n - 1);
	q->qtype = wire_reader_u16(r);
	q->qclass = wire_reader_u16(r);
	q->question_len = (uint16_t)(len + 4);
	if (r->err)
		return false;
	wire_name_lower(q->qname, r->msg + start, len);
	return true;
}

static bool read_opt(struct wire_query *q, const uint8_t *msg, const struct wire_rr_head *h, bool root_owner)
{
	if (q->has_opt || !root_owner)
		return false;
	q->has_opt = true;
	q->udp_size = h->cls;
	q->edns_version = (uint8_t)(h->ttl_s >> 16);
	q->do_bit = h->ttl_s & 0x8000;
	if (q->edns_version != 0)
		return true; /* what follows in another version is not ours to judge */
	q->options = msg + h->rdata_off;
	q->options_len = h->rdlen;
	return wire_options_valid(q->options, q->options_len);
}

/* One record.  Beside the OPT and an SOA's serial nothing of it is kept: only that the message holds it whole. */
static bool read_record(struct wire_reader *r, struct wire_query *q, bool additional, bool last)
{
	size_t owner = r->off;

	wire_reader_skip_name(r);
	bool root_owner = !r->err && r->msg[owner] == 0;
	struct wire_rr_head h = wire_reader_rr(r);
	if (r->err)
		return false;
	if (h.type == TYPE_OPT)
		return additional && read_opt(q, r->msg, &h, root_owner);
	if (h.type == TYPE_TSIG)
		return additional && last; /* RFC 8945 5.1 */
	if (unlikely(h.type == TYPE_SOA && !additional && h.rdlen >= SOA_LEAST)) {
		q->has_soa = true;
		q->soa_serial = wire_u32(r->msg + h.rdata_off + h.rdlen - SOA_NUMBERS);
	}
	return true;
}

static bool counts_allowed(const uint8_t *msg)
{
	return wire_u16(msg + HEADER_QDCOUNT) == 1 && wire_u16(msg + HEADER_ANCOUNT) <= MAX_ANCOUNT &&
	       wire_u16(msg + HEADER_NSCOUNT) <= MAX_NSCOUNT && wire_u16(msg + HEADER_ARCOUNT) <= MAX_ARCOUNT;
}

static bool read_records(struct wire_reader *r, struct wire_query *q)
{
	unsigned an = wire_u16(r->msg + HEADER_ANCOUNT), ns = wire_u16(r->msg + HEADER_NSCOUNT);
	unsigned ar = wire_u16(r->msg + HEADER_ARCOUNT);

	for (unsigned i = 0; i < an + ns; i++)
		if (!read_record(r, q, false, false))
			return false;
	for (unsigned i = 0; i < ar; i++)
		if (!read_record(r, q, true, i + 1 == ar))
			return false;
	return true;
}

enum wire_verdict wire_query_read(const uint8_t *msg, size_t len, struct wire_query *ret)
{
	struct wire_reader r = wire_reader_at(msg, len, WIRE_HEADER_LEN);

	if (r.err)
		return WIRE_DROP;
	unsigned flags = wire_u16(msg + HEADER_FLAGS);
	if (flags & FLAG_QR)
		return WIRE_DROP;
	unsigned opcode = opcode_of(flags);
	if (opcode != OPCODE_QUERY && opcode != OPCODE_NOTIFY)
		return WIRE_NOTIMP;

	ret->id = wire_u16(msg + HEADER_ID);
	ret->flags = (uint16_t)flags;
	ret->has_opt = ret->do_bit = ret->has_soa = false;
	ret->edns_version = 0;
	ret->udp_size = ret->options_len = 0;
	ret->options = NULL;
	if (!counts_allowed(msg) || !read_question(&r, ret)) {
		ret->question_len = 0;
		return WIRE_FORMERR;
	}
	if (!read_records(&r, ret))
		return WIRE_FORMERR;
	return ret->edns_version ? WIRE_BADVERS : WIRE_OK;
}

size_t wire_query_error(const uint8_t *msg, enum wire_verdict v, const struct wire_query *q, uint8_t *out)
{
	size_t question = v == WIRE_FORMERR ? q->question_len : 0;
	unsigned flags = wire_u16(msg + HEADER_FLAGS), keep = FLAG_RD, rcode = RCODE_FORMERR;

	if (v == WIRE_NOTIMP) {
		keep |= FLAG_OPCODE;
		rcode = RCODE_NOTIMP;
	}
	out[0] = msg[0];
	out[1] = msg[1];
	wire_put_u16(out + HEADER_FLAGS, FLAG_QR | (flags & keep) | rcode);
	wire_put_u32(out + HEADER_QDCOUNT, question ? 0x10000 : 0); /* and no answers */
	wire_put_u32(out + HEADER_NSCOUNT, 0);
	memcpy(out + WIRE_HEADER_LEN, msg + WIRE_HEADER_LEN, question);
	return WIRE_HEADER_LEN + question;
}
