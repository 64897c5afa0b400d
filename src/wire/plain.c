// SPDX-License-Identifier: Apache-2.0
#include "wire/plain.h"
#include "base/arena.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <string.h>

enum {
	POINTER = 0xc000,
	RR_FIXED = 2 + 10, /* owner as a pointer, type, class, TTL, RDLENGTH */
	SOA_NUMBERS = 20,
	SRV_NUMBERS = 6, /* priority, weight, port */
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

/* The SOA's names.  They are not the question's bytes, whose letters are the client's (wire/compress.h): the zone's name stands
 * in the first one, in lower case, and the second one points there. */
static uint8_t *put_soa_names(uint8_t *p, const struct wire_plain_soa *soa, unsigned at, const uint8_t *zone)
{
	size_t zone_len = wire_name_len(zone);

	if (soa->mname_len)
		memcpy(p, soa->mname, soa->mname_len);
	p += soa->mname_len;
	at += soa->mname_len;
	wire_name_lower(p, zone, zone_len);
	p += zone_len;
	if (soa->rname_len)
		memcpy(p, soa->rname, soa->rname_len);
	p += soa->rname_len;
	if (!*zone) {
		*p = 0;
		return p + 1;
	}
	wire_put_u16(p, POINTER | at);
	return p + 2;
}

struct wire_answer *wire_plain_denial(struct arena *a, const uint8_t *question, uint16_t question_len,
				      uint16_t flags, unsigned rcode, unsigned zone_off,
				      const struct wire_plain_soa *soa)
{
	uint8_t rr[RR_FIXED + 2 * (WIRE_PLAIN_SOA_PREFIX_MAX + 2) + WIRE_NAME_MAX + SOA_NUMBERS], *p = rr, *rdata;
	unsigned at = WIRE_HEADER_LEN + question_len;
	const uint8_t *zone = question + zone_off;
	struct wire_answer *w;
	uint8_t *msg;

	if (*zone) {
		wire_put_u16(p, POINTER | (WIRE_HEADER_LEN + zone_off));
		p += 2;
	} else {
		*p++ = 0;
	}
	rdata = p + RR_FIXED - 2;
	uint8_t *end = put_soa_names(rdata, soa, at + (unsigned)(rdata - rr), zone);
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

/* ---------------------------------------------------------------- SRV */

static size_t services_size(const struct wire_plain_srvs *s)
{
	size_t size = s->n * (size_t)(RR_FIXED + SRV_NUMBERS + s->rest_len) + s->n_addresses * (size_t)RR_FIXED;

	for (unsigned i = 0; i < s->n; i++)
		size += s->srv[i].head_len;
	for (unsigned i = 0; i < s->n_addresses; i++)
		size += s->address[i].size;
	return size;
}

static inline uint8_t *put_srv(uint8_t *p, const struct wire_plain_srvs *s, const struct wire_plain_srv *r)
{
	p = put_rr(p, WIRE_HEADER_LEN, TYPE_SRV, s->ttl_s, SRV_NUMBERS + (unsigned)r->head_len + s->rest_len);
	wire_put_u16(p, 0);
	wire_put_u16(p + 2, s->weight);
	wire_put_u16(p + 4, r->port);
	p += SRV_NUMBERS;
	if (r->head_len)
		memcpy(p, r->head, r->head_len);
	p += r->head_len;
	memcpy(p, s->rest, s->rest_len);
	return p + s->rest_len;
}

/* The record's target, `len` bytes at `target`, is the question's name. */
static inline bool is_question(const struct wire_plain_srvs *s, const uint8_t *target, unsigned len,
			       const uint8_t *question, uint16_t question_len)
{
	if (len + 4u != question_len)
		return false;
	return s->rest == question || wire_bytes_equal_nocase(target, question, len);
}

static inline uint8_t *put_address(uint8_t *p, unsigned owner, uint32_t ttl_s,
				   const struct wire_plain_target_address *t)
{
	if (t->size == 4) {
		p = put_rr(p, owner, TYPE_A, ttl_s, 4);
		memcpy(p, t->addr, 4);
		return p + 4;
	}
	p = put_rr(p, owner, TYPE_AAAA, ttl_s, 16);
	memcpy(p, t->addr, 16);
	return p + 16;
}

static void note_services(struct wire_answer *w, const struct wire_plain_srvs *s, uint8_t *msg)
{
	w->n_section[SECTION_ANSWER] = w->n_required = w->final_count = s->n;
	w->n_section[SECTION_ADDITIONAL] = s->n_addresses;
	w->min_ttl_s = s->n_addresses && s->address_ttl_s < s->ttl_s ? s->address_ttl_s : s->ttl_s;
	wire_put_u16(msg + HEADER_ANCOUNT, s->n);
	wire_put_u16(msg + HEADER_ARCOUNT, s->n_addresses);
}

struct wire_answer *wire_plain_services(struct arena *a, const uint8_t *question, uint16_t question_len,
					uint16_t flags, const struct wire_plain_srvs *s)
{
	unsigned owner[WIRE_PLAIN_SRV_MAX], n_rr = s->n + s->n_addresses;
	struct wire_answer *w = begin(a, question, question_len, flags, n_rr, services_size(s));
	uint8_t *msg, *p;

	if (!w)
		return NULL;
	msg = (uint8_t *)&w->ttl_off[n_rr];
	p = msg + WIRE_HEADER_LEN + question_len;
	note_services(w, s, msg);
	for (unsigned i = 0; i < s->n; i++) {
		unsigned target_len = s->srv[i].head_len + s->rest_len;
		bool same;

		w->ttl_off[i] = (uint16_t)(p - msg + 6);
		p = put_srv(p, s, &s->srv[i]);
		/* where the target's addresses find their owner */
		same = is_question(s, p - target_len, target_len, question, question_len);
		owner[i] = same ? WIRE_HEADER_LEN : (unsigned)(p - msg) - target_len;
	}
	for (unsigned i = 0; i < s->n_addresses; i++) {
		const struct wire_plain_target_address *t = &s->address[i];

		w->ttl_off[s->n + i] = (uint16_t)(p - msg + 6);
		p = put_address(p, owner[t->srv], s->address_ttl_s, t);
	}
	return w;
}
