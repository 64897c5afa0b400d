// SPDX-License-Identifier: Apache-2.0
/* An upstream's message: does it answer what was asked, and what does it hold? */
#include "wire/ingest.h"
#include "base/err.h"
#include "wire/builder.h"
#include "wire/ingest_order.h"
#include "wire/name.h"
#include "wire/option.h"
#include "wire/query.h"
#include "wire/reader.h"

#include <errno.h>
#include <string.h>

/* Rcodes of servers that do not understand the question and so do not repeat it. */
static bool may_lack_question(unsigned flags)
{
	unsigned rcode = flags & FLAG_RCODE;

	return rcode == RCODE_FORMERR || rcode == RCODE_NOTIMP || rcode == RCODE_SERVFAIL ||
	       rcode == RCODE_REFUSED;
}

static bool same_question(const uint8_t *got, const struct wire_expect *e)
{
	size_t name_len = e->question_len - 4u;

	if (memcmp(got + name_len, e->question + name_len, 4) != 0)
		return false;
	return e->match_case ? !memcmp(got, e->question, name_len)
			     : wire_bytes_equal_nocase(got, e->question, name_len);
}

int wire_answer_matches(const uint8_t *msg, size_t len, const struct wire_expect *e)
{
	if (len < WIRE_HEADER_LEN)
		return -EBADMSG;
	unsigned flags = wire_u16(msg + HEADER_FLAGS), n = wire_u16(msg + HEADER_QDCOUNT);
	if (wire_u16(msg + HEADER_ID) != e->id || !(flags & FLAG_QR) || (flags & FLAG_OPCODE))
		return ERR_MISMATCH;
	if (n == 0)
		return may_lack_question(flags) ? 0 : ERR_MISMATCH;
	if (n != 1)
		return ERR_MISMATCH;
	if (len - WIRE_HEADER_LEN < e->question_len)
		return -EBADMSG;
	return same_question(msg + WIRE_HEADER_LEN, e) ? 0 : ERR_MISMATCH;
}

/* The state of one wire_ingest. */
struct ingest {
	struct wire_reader r;
	struct ingest_table *t;
	const struct wire_expect *e;
	uint16_t qtype;
	struct wire_ingest *ret;
};

/* The first OPT counts; one with broken options counts without them. */
static void read_opt(struct ingest *in, const struct wire_rr_head *h)
{
	struct wire_ingest *ret = in->ret;

	if (ret->has_opt)
		return;
	ret->has_opt = true;
	ret->opt_udp_size = h->cls;
	ret->rcode |= h->ttl_s >> 24 << 4;
	if (wire_options_valid(in->r.msg + h->rdata_off, h->rdlen)) {
		ret->options = in->r.msg + h->rdata_off;
		ret->options_len = h->rdlen;
	}
}

/* Records that belong to the hop between the upstream and us: OPT, TSIG, SIG(0) (RFC 2931 3). */
static bool is_hop_by_hop(const struct ingest *in, const struct wire_rr_head *h)
{
	if (h->type == TYPE_SIG && h->rdlen >= 2 && wire_u16(in->r.msg + h->rdata_off) == 0)
		return true;
	return h->type == TYPE_OPT || h->type == TYPE_TSIG;
}

/* Signatures and proofs are for clients that set DO, or asked for them by type.  RFC 4035 3.2.1. */
static bool is_unwanted(const struct ingest *in, enum wire_section s, uint16_t type)
{
	if (in->e->keep_dnssec || (type != TYPE_RRSIG && type != TYPE_NSEC && type != TYPE_NSEC3))
		return false;
	return s != SECTION_ANSWER || (in->qtype != TYPE_ANY && in->qtype != type);
}

static int read_record(struct ingest *in, enum wire_section s)
{
	struct wire_reader *r = &in->r;
	uint8_t owner[WIRE_NAME_MAX];
	size_t off = r->off, owner_len = wire_reader_name(r, owner);
	struct wire_rr_head h = wire_reader_rr(r);

	if (r->err)
		return r->err;
	if (h.type == TYPE_OPT && s == SECTION_ADDITIONAL)
		read_opt(in, &h);
	if (is_hop_by_hop(in, &h) || is_unwanted(in, s, h.type))
		return 0;
	const struct ingest_record rec = {
		.section = s,
		.owner = owner,
		.owner_len = owner_len,
		.owner_off = (uint16_t)off,
		.type = h.type,
		.cls = h.cls,
		.rdata_off = (uint16_t)h.rdata_off,
		.rdlen = h.rdlen,
		.ttl_s = h.ttl_s,
	};
	return ingest_table_add(in->t, &rec);
}

/* All records.  A message with TC may end within one: what is whole before that is kept. */
static int read_records(struct ingest *in)
{
	for (enum wire_section s = SECTION_ANSWER; s <= SECTION_ADDITIONAL; s++) {
		unsigned n = wire_u16(in->r.msg + HEADER_ANCOUNT + 2 * (unsigned)s);
		for (unsigned i = 0; i < n; i++) {
			int err = read_record(in, s);
			if (err == ERR_TRUNCATED && in->ret->tc)
				return 0;
			if (err)
				return -EBADMSG;
		}
	}
	return 0;
}

static unsigned records_at_most(const uint8_t *msg, size_t len)
{
	unsigned fit = (unsigned)(len / WIRE_RR_MIN), n = 0;

	for (unsigned at = HEADER_ANCOUNT; at <= HEADER_ARCOUNT; at += 2)
		n += wire_u16(msg + at);
	return n < fit ? n : fit;
}

static void note_ede(struct wire_builder *b, const struct wire_ingest *ret)
{
	uint16_t n;
	const uint8_t *ede = wire_option_find(ret->options, ret->options_len, OPTION_EDE, &n);

	if (ede && n >= 2)
		wire_build_ede(b, wire_u16(ede), ede + 2, n - 2u);
}

static void write_answer(struct wire_builder *b, const struct wire_expect *e, const struct wire_ingest *ret)
{
	const uint8_t *end = e->question + e->question_len;
	struct ingest_context c = {
		.b = b,
		.t = &b->ingest,
		.qname = e->question,
		.qtype = wire_u16(end - 4),
		.qclass = wire_u16(end - 2),
		.aa = ret->flags & FLAG_AA,
		.rcode = ret->rcode,
	};

	if (c.qclass == CLASS_ANY)
		c.qclass = CLASS_IN; /* whose chain is followed */
	wire_build_begin(b, e->question, e->question_len, ret->flags & (FLAG_AA | FLAG_RA | FLAG_AD));
	note_ede(b, ret);
	ingest_write(&c);
}

int wire_ingest(struct wire_builder *b, struct arena *a, const uint8_t *msg, size_t len,
		const struct wire_expect *e, struct wire_ingest *ret)
{
	*ret = (struct wire_ingest){0};
	int err = wire_answer_matches(msg, len, e);
	if (err)
		return err;
	if (len > WIRE_MSG_MAX)
		return -EBADMSG;

	ret->flags = wire_u16(msg + HEADER_FLAGS);
	ret->tc = ret->flags & FLAG_TC;
	ret->rcode = ret->flags & FLAG_RCODE;
	size_t question_len = wire_u16(msg + HEADER_QDCOUNT) ? e->question_len : 0;
	struct ingest in = {
		.r = wire_reader_at(msg, len, WIRE_HEADER_LEN + question_len),
		.t = &b->ingest,
		.e = e,
		.qtype = wire_u16(e->question + e->question_len - 4),
		.ret = ret,
	};
	ingest_table_begin(in.t, msg, len, records_at_most(msg, len));
	err = read_records(&in);
	if (err)
		return err;
	write_answer(b, e, ret);
	ret->answer = wire_build_end(b, a, ret->rcode);
	return ret->answer ? 0 : -ENOMEM;
}
