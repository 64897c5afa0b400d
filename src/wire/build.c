// SPDX-License-Identifier: Apache-2.0
/* The builder: records in, one block of wire out. */
#include "base/arena.h"
#include "base/err.h"
#include "wire/builder.h"
#include "wire/name.h"
#include "wire/rdata.h"
#include "wire/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { RR_HEAD_LEN = 10 };

struct wire_builder *wire_builder_new(void)
{
	/* Pages that no message has touched cost nothing: an allocation of this size is mapped. */
	struct wire_builder *b = calloc(1, sizeof *b);

	if (b)
		ingest_table_init(&b->ingest);
	return b;
}

void wire_builder_free(struct wire_builder *b)
{
	free(b);
}

void wire_build_begin(struct wire_builder *b, const uint8_t *question, uint16_t question_len, uint16_t flags)
{
	struct wire_build *n = &b->now;

	memset(n, 0, sizeof *n);
	n->question_len = question_len;
	n->qtype = wire_u16(question + question_len - 4);
	n->flags = flags | FLAG_QR;
	n->min_ttl_s = n->soa_min_s = UINT32_MAX;
	n->ede = EDE_NONE;
	n->len = WIRE_HEADER_LEN + question_len;

	wire_compress_begin(&b->names, n->len);
	n->owner_same = wire_compress_put(&b->names, b->msg, WIRE_HEADER_LEN, question, COMPRESS_WHOLE).same;
	n->owner_len = (uint16_t)(question_len - 4);
	memcpy(n->owner, question, n->owner_len);
	memcpy(b->msg + WIRE_HEADER_LEN, question, question_len);
}

/* The owner at msg[at].  Mostly it is that of the record before, or the question's.  *ret_same: it is. */
static size_t put_owner(struct wire_builder *b, size_t at, const uint8_t *owner, bool *ret_same)
{
	struct wire_build *n = &b->now;
	size_t len = wire_name_len(owner);

	*ret_same = len == n->owner_len && wire_bytes_equal_nocase(owner, n->owner, len);
	if (*ret_same && n->owner_same < COMPRESS_REACH) {
		wire_put_u16(b->msg + at, 0xc000u | n->owner_same);
		return 2;
	}
	struct wire_compressed c = wire_compress_put(&b->names, b->msg, at, owner, COMPRESS_OWNER);
	n->owner_same = c.same;
	n->owner_len = (uint16_t)len;
	memcpy(n->owner, owner, len);
	return c.len;
}

/* One item of checked rdata to msg[at], names compressed where the type allows; the offset after
 * it.  What would pass the end of the buffer is only counted. */
static size_t put_item(struct wire_builder *b, struct wire_reader *r, unsigned item, size_t at)
{
	size_t start = r->off;

	if (item == RDATA_NAME || item == RDATA_NAME_SHORT) {
		const uint8_t *name = wire_reader_plain_name(r);
		if (at <= WIRE_MSG_MAX)
			at += wire_compress_put(&b->names, b->msg, at, name,
						item == RDATA_NAME_SHORT ? COMPRESS_RDATA : COMPRESS_WHOLE)
				      .len;
		return at;
	}
	wire_rdata_skip(r, item);
	size_t n = r->off - start;
	if (at + n <= WIRE_MSG_MAX)
		memcpy(b->msg + at, r->msg + start, n);
	return at + n;
}

static size_t put_rdata(struct wire_builder *b, size_t at, const uint8_t *form, const uint8_t *rdata,
			uint16_t rdlen)
{
	struct wire_reader r = wire_reader_at(rdata, rdlen, 0);

	if (wire_rdata_is_bytes(form))
		return put_item(b, &r, RDATA_REST, at);
	while (*form != RDATA_REST && *form != RDATA_END)
		at = put_item(b, &r, *form++, at);
	return put_item(b, &r, RDATA_REST, at);
}

/* Follow the answer section's final RRset: the first records of the type asked for. */
static void note_final(struct wire_build *n, size_t start, uint16_t type, uint16_t cls, bool same_owner,
		       bool plain_owner)
{
	size_t size = n->len - start;

	if (n->final_state == FINAL_NONE && type == n->qtype && type != TYPE_ANY) {
		n->final_state = FINAL_OPEN;
		n->final_first = n->n_rr;
		n->final_cls = cls;
		n->run_off = (uint16_t)start;
		n->run_size = (uint16_t)size;
		n->run_even = plain_owner && (type == TYPE_A || type == TYPE_AAAA);
	} else if (n->final_state == FINAL_OPEN && (type != n->qtype || cls != n->final_cls || !same_owner)) {
		n->final_state = FINAL_CLOSED;
	}
	if (n->final_state == FINAL_OPEN) {
		n->final_count++;
		n->run_even = n->run_even && size == n->run_size;
	}
}

static void note_times(struct wire_build *n, enum wire_section s, uint16_t type, uint32_t ttl_s,
		       const uint8_t *rdata_end)
{
	if (ttl_s < n->min_ttl_s)
		n->min_ttl_s = ttl_s;
	if (s != SECTION_AUTHORITY || type != TYPE_SOA)
		return;
	uint32_t minimum = wire_u32(rdata_end - 4);
	n->soa_min_s = minimum < ttl_s ? minimum : ttl_s; /* RFC 2308 5 */
}

static int refuse(struct wire_build *n, bool required)
{
	n->full = true;
	n->truncated |= required;
	return ERR_NO_SPACE;
}

/* The record's fixed part at msg[at]. */
static void put_head(struct wire_builder *b, size_t at, uint16_t type, uint16_t cls, uint32_t ttl_s,
		     size_t rdlen)
{
	uint8_t *p = b->msg + at;

	wire_put_u16(p, type);
	wire_put_u16(p + 2, cls);
	wire_put_u32(p + 4, ttl_s);
	wire_put_u16(p + 8, (unsigned)rdlen);
	b->ttl_off[b->now.n_rr] = (uint16_t)(at + 4);
}

int wire_build_rr(struct wire_builder *b, enum wire_section s, bool required, const uint8_t *owner,
		  uint16_t type, uint16_t cls, uint32_t ttl_s, const uint8_t *rdata, uint16_t rdlen)
{
	const uint8_t *form = wire_rdata_form(type, cls);
	struct wire_build *n = &b->now;
	size_t start = n->len;
	bool same_owner;

	if (!wire_rdata_valid(form, rdata, rdlen))
		return -EINVAL;
	required |= s == SECTION_ANSWER;
	if (n->full)
		return refuse(n, required);
	size_t owner_len = put_owner(b, start, owner, &same_owner);
	size_t rdata_off = start + owner_len + RR_HEAD_LEN;
	size_t end = rdata_off <= WIRE_MSG_MAX ? put_rdata(b, rdata_off, form, rdata, rdlen) : rdata_off;
	if (end > WIRE_MSG_MAX)
		return refuse(n, required);

	if (ttl_s > INT32_MAX)
		ttl_s = 0; /* RFC 2181 8 */
	put_head(b, start + owner_len, type, cls, ttl_s, end - rdata_off);
	n->len = end;
	if (s == SECTION_ANSWER) {
		/* A root owner is one byte and points nowhere. */
		bool plain_owner = owner_len == 1 || (b->msg[start] & 0xc0) == 0xc0;
		note_final(n, start, type, cls, same_owner, plain_owner);
	}
	note_times(n, s, type, ttl_s, b->msg + end);
	n->n_section[s]++;
	n->n_rr++;
	if (required)
		n->n_required = n->n_rr;
	return 0;
}

void wire_build_ede(struct wire_builder *b, uint16_t code, const uint8_t *text, size_t text_len)
{
	struct wire_build *n = &b->now;

	if (text_len > WIRE_EDE_TEXT_MAX) {
		text_len = WIRE_EDE_TEXT_MAX;
		while (text_len && (text[text_len] & 0xc0) == 0x80)
			text_len--; /* not within a character of UTF-8 */
	}
	n->ede = code;
	n->ede_text_len = (uint16_t)text_len;
	if (text_len)
		memcpy(n->ede_text, text, text_len);
}

static void put_header(struct wire_builder *b, unsigned rcode)
{
	const struct wire_build *n = &b->now;

	wire_put_u16(b->msg + HEADER_ID, 0);
	wire_put_u16(b->msg + HEADER_FLAGS, (n->flags & ~(unsigned)FLAG_RCODE) | (rcode & FLAG_RCODE));
	wire_put_u16(b->msg + HEADER_QDCOUNT, 1);
	wire_put_u16(b->msg + HEADER_ANCOUNT, n->n_section[SECTION_ANSWER]);
	wire_put_u16(b->msg + HEADER_NSCOUNT, n->n_section[SECTION_AUTHORITY]);
	wire_put_u16(b->msg + HEADER_ARCOUNT, n->n_section[SECTION_ADDITIONAL]);
}

struct wire_answer *wire_build_end(struct wire_builder *b, struct arena *a, unsigned rcode)
{
	const struct wire_build *n = &b->now;
	bool has_final = n->final_state != FINAL_NONE;
	struct wire_answer w = {
		.msg_len = (uint16_t)n->len,
		.n_rr = n->n_rr,
		.n_section = {n->n_section[0], n->n_section[1], n->n_section[2]},
		.n_required = n->n_required,
		.question_len = n->question_len,
		.final_first = has_final ? n->final_first : n->n_section[SECTION_ANSWER],
		.final_count = n->final_count,
		.run_count = n->run_even ? n->final_count : 0,
		.run_size = n->run_even ? n->run_size : 0,
		.run_off = n->run_even ? n->run_off : 0,
		.rcode = (uint16_t)rcode,
		.truncated = n->truncated,
		.min_ttl_s = n->min_ttl_s,
		.soa_min_s = n->soa_min_s,
		.ede = n->ede,
		.ede_text_len = n->ede_text_len,
	};
	struct wire_answer *ret = arena_alloc(a, wire_answer_size(&w));

	if (!ret)
		return NULL;
	put_header(b, rcode);
	*ret = w;
	memcpy(ret->ttl_off, b->ttl_off, n->n_rr * sizeof ret->ttl_off[0]);
	uint8_t *msg = (uint8_t *)&ret->ttl_off[n->n_rr];
	memcpy(msg, b->msg, n->len);
	memcpy(msg + n->len, n->ede_text, n->ede_text_len);
	return ret;
}
