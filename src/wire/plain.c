// SPDX-License-Identifier: Apache-2.0
#include "wire/plain.h"
#include "base/arena.h"
#include "wire/wire.h"

#include <string.h>

enum {
	POINTER = 0xc000,
	RR_FIXED = 2 + 10, /* owner as a pointer, type, class, TTL, RDLENGTH */
	SOA_NUMBERS = 20,
};

/* The block with its header and question filled in; the caller adds n records of `body` bytes in all. */
static struct wire_answer *begin(struct arena *a, const uint8_t *question, uint16_t question_len,
				 uint16_t flags, unsigned n, size_t body)
{
	size_t len = WIRE_HEADER_LEN + question_len + body;
	struct wire_answer *w = arena_alloc(a, sizeof(*w) + n * sizeof(w->ttl_off[0]) + len);
	uint8_t *msg;

	if (!w)
		return NULL;
	*w = (struct wire_answer){
		.msg_len = (uint16_t)len,
		.n_rr = (uint16_t)n,
		.n_required = (uint16_t)n,
		.question_len = question_len,
		.rcode = flags & FLAG_RCODE,
		.soa_min_s = UINT32_MAX,
		.ede = EDE_NONE,
	};
	msg = (uint8_t *)&w->ttl_off[n];
	memset(msg, 0, WIRE_HEADER_LEN);
	wire_put_u16(msg + HEADER_FLAGS, flags | FLAG_QR);
	wire_put_u16(msg + HEADER_QDCOUNT, 1);
	memcpy(msg + WIRE_HEADER_LEN, question, question_len);
	return w;
}

static uint8_t *put_rr(uint8_t *p, unsigned owner, uint16_t type, uint32_t ttl_s, unsigned rdlen)
{
	wire_put_u16(p, POINTER | owner);
	wire_put_u16(p + 2, type);
	wire_put_u16(p + 4, CLASS_IN);
	wire_put_u32(p + 6, ttl_s);
	wire_put_u16(p + 10, rdlen);
	return p + RR_FIXED;
}

struct wire_answer *wire_plain_addresses(struct arena *a, const uint8_t *question, uint16_t question_len,
					 uint16_t flags, uint32_t ttl_s, const uint8_t *addrs, unsigned size,
					 unsigned n)
{
	unsigned most = (WIRE_MSG_MAX - WIRE_HEADER_LEN - question_len) / (RR_FIXED + size);
	unsigned count = n < most ? n : most, at = WIRE_HEADER_LEN + question_len;
	struct wire_answer *w =
		begin(a, question, question_len, flags, count, (size_t)count * (RR_FIXED + size));
	uint16_t type = size == 4 ? TYPE_A : TYPE_AAAA;
	uint8_t *msg, *p;

	if (!w)
		return NULL;
	w->n_section[SECTION_ANSWER] = w->final_count = w->run_count = (uint16_t)count;
	w->run_size = (uint16_t)(RR_FIXED + size);
	w->run_off = (uint16_t)at;
	w->truncated = count < n;
	w->min_ttl_s = count ? ttl_s : UINT32_MAX;
	msg = (uint8_t *)&w->ttl_off[count];
	wire_put_u16(msg + HEADER_ANCOUNT, count);
	for (unsigned i = 0; i < count; i++) {
		w->ttl_off[i] = (uint16_t)(at + i * w->run_size + 6);
		p = put_rr(msg + at + (size_t)i * w->run_size, WIRE_HEADER_LEN, type, ttl_s, size);
		memcpy(p, addrs + (size_t)i * size, size);
	}
	return w;
}

/* The labels, then the zone's name: a pointer, or for the root zone the root itself. */
static uint8_t *put_name(uint8_t *p, const uint8_t *labels, size_t len, unsigned zone, bool root)
{
	if (len)
		memcpy(p, labels, len);
	if (root) {
		p[len] = 0;
		return p + len + 1;
	}
	wire_put_u16(p + len, POINTER | zone);
	return p + len + 2;
}

struct wire_answer *wire_plain_denial(struct arena *a, const uint8_t *question, uint16_t question_len,
				      uint16_t flags, unsigned rcode, unsigned zone_off,
				      const struct wire_plain_soa *soa)
{
	uint8_t rr[RR_FIXED + 2 * (WIRE_PLAIN_SOA_PREFIX_MAX + 2) + SOA_NUMBERS], *p = rr, *rdata;
	unsigned zone = WIRE_HEADER_LEN + zone_off, at = WIRE_HEADER_LEN + question_len;
	bool root = question[zone_off] == 0;
	struct wire_answer *w;
	uint8_t *msg;

	p = put_name(p, NULL, 0, zone, root);
	rdata = p + RR_FIXED - 2;
	uint8_t *end = put_name(rdata, soa->mname, soa->mname_len, zone, root);
	end = put_name(end, soa->rname, soa->rname_len, zone, root);
	wire_put_u16(p, TYPE_SOA);
	wire_put_u16(p + 2, CLASS_IN);
	wire_put_u32(p + 4, soa->ttl_s);
	wire_put_u16(p + 8, (unsigned)(end + SOA_NUMBERS - rdata));
	wire_put_u32(end, soa->serial);
	wire_put_u32(end + 4, soa->refresh_s);
	wire_put_u32(end + 8, soa->retry_s);
	wire_put_u32(end + 12, soa->expire_s);
	wire_put_u32(end + 16, soa->minimum_s);
	end += SOA_NUMBERS;

	w = begin(a, question, question_len, (uint16_t)(flags | rcode), 1, (size_t)(end - rr));
	if (!w)
		return NULL;
	w->n_section[SECTION_AUTHORITY] = 1;
	w->min_ttl_s = soa->ttl_s;
	w->soa_min_s = soa->minimum_s < soa->ttl_s ? soa->minimum_s : soa->ttl_s; /* RFC 2308 5 */
	w->ttl_off[0] = (uint16_t)(at + (unsigned)(p - rr) + 4);
	msg = (uint8_t *)&w->ttl_off[1];
	wire_put_u16(msg + HEADER_NSCOUNT, 1);
	memcpy(msg + at, rr, (size_t)(end - rr));
	return w;
}
