// SPDX-License-Identifier: Apache-2.0
#include "message.h"
#include "bytes.h"
#include "wire/name.h"
#include "wire/rdata.h"
#include "wire/reader.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool parse_opt(struct wire_reader *r, struct message *m, const struct wire_rr_head *h, bool last)
{
	if (m->has_opt || !last)
		return false;
	m->has_opt = true;
	m->opt_size = h->cls;
	m->opt_ttl = h->ttl_s;
	m->options = r->msg + h->rdata_off;
	m->options_len = h->rdlen;
	return true;
}

static bool parse_rr(struct wire_reader *r, struct message *m, enum wire_section s, bool last, size_t *pool)
{
	struct message_rr *rr = &m->rr[m->n_rr];
	const uint8_t *rdata;

	rr->section = s;
	(void)wire_reader_name(r, rr->owner);
	struct wire_rr_head h = wire_reader_rr(r);
	if (r->err)
		return false;
	if (h.type == TYPE_OPT)
		return s == SECTION_ADDITIONAL && rr->owner[0] == 0 && parse_opt(r, m, &h, last);
	if (*pool + RDATA_READ_MAX > m->pool_size) {
		m->pool_size = 2 * (*pool + RDATA_READ_MAX);
		m->pool = realloc(m->pool, m->pool_size);
	}
	int n = wire_rdata_read(r->msg, h.rdata_off, h.rdlen, h.type, h.cls, m->pool + *pool, &rdata);
	if (n < 0)
		return false;
	memmove(m->pool + *pool, rdata, (size_t)n);
	rr->rdata_at = *pool; /* made a pointer when the pool stands still */
	*pool += (size_t)n;
	rr->type = h.type;
	rr->cls = h.cls;
	rr->ttl_s = h.ttl_s;
	rr->rdlen = (uint32_t)n;
	m->n_section[s]++;
	m->n_rr++;
	return true;
}

static bool parse(struct wire_reader *r, struct message *m)
{
	static uint8_t name[WIRE_NAME_MAX];
	size_t pool = 0;
	unsigned counts[3];

	if (r->err || wire_u16(r->msg + HEADER_QDCOUNT) != 1)
		return false;
	m->id = wire_u16(r->msg);
	m->flags = wire_u16(r->msg + HEADER_FLAGS);
	m->question = r->msg + r->off;
	(void)wire_reader_name(r, name);
	(void)wire_reader_u32(r);
	m->question_len = (uint16_t)(r->off - WIRE_HEADER_LEN);
	for (unsigned s = 0; s < 3; s++) {
		counts[s] = wire_u16(r->msg + HEADER_ANCOUNT + 2 * s);
		if (m->n_rr + counts[s] > MESSAGE_RR_MAX)
			return false;
		for (unsigned i = 0; i < counts[s]; i++)
			if (!parse_rr(r, m, s, i + 1 == counts[s], &pool))
				return false;
	}
	for (unsigned i = 0; i < m->n_rr; i++)
		m->rr[i].rdata = m->pool + m->rr[i].rdata_at;
	return !r->err && r->off == r->len;
}

struct message *message_parse(const uint8_t *msg, size_t len)
{
	struct message *m = calloc(1, sizeof *m);
	struct wire_reader r = wire_reader_at(msg, len, WIRE_HEADER_LEN);
	unsigned n = 0;

	for (unsigned s = 0; s < 3 && !r.err; s++)
		n += wire_u16(msg + HEADER_ANCOUNT + 2 * s);
	m->rr = calloc((n < MESSAGE_RR_MAX ? n : MESSAGE_RR_MAX) + 1, sizeof *m->rr);
	if (parse(&r, m))
		return m;
	message_free(m);
	return NULL;
}

void message_free(struct message *m)
{
	if (!m)
		return;
	free(m->rr);
	free(m->pool);
	free(m);
}

/* Names take the case of what they are compressed against. */
static bool rdata_has_name(const struct message_rr *r)
{
	const uint8_t *form = wire_rdata_form(r->type, r->cls);

	while (*form != RDATA_REST && *form != RDATA_END && *form != RDATA_NAME && *form != RDATA_NAME_SHORT)
		form++;
	return *form == RDATA_NAME || *form == RDATA_NAME_SHORT;
}

bool message_rr_equal(const struct message_rr *a, const struct message_rr *b, bool ttl)
{
	if (a->section != b->section || a->type != b->type || a->cls != b->cls || a->rdlen != b->rdlen)
		return false;
	if ((ttl && a->ttl_s != b->ttl_s) || !wire_name_equal(a->owner, b->owner))
		return false;
	return rdata_has_name(a) ? wire_bytes_equal_nocase(a->rdata, b->rdata, a->rdlen)
				 : !memcmp(a->rdata, b->rdata, a->rdlen);
}

unsigned message_rr_covered(const struct message_rr *r)
{
	return r->type == TYPE_RRSIG && r->rdlen >= 2 ? wire_u16(r->rdata) : r->type;
}

void message_rr_print(FILE *f, const struct message_rr *r)
{
	static const char *const sections[] = {"answer", "authority", "additional"};
	char name[WIRE_NAME_TEXT_MAX], buf[16];

	wire_name_text(r->owner, name);
	fprintf(f, "%-10s %s %" PRIu32 " %s", sections[r->section], name, r->ttl_s,
		wire_type_text(r->type, buf));
	for (uint32_t i = 0; i < r->rdlen && i < 40; i++)
		fprintf(f, i ? "%02x" : " %02x", r->rdata[i]);
	fprintf(f, r->rdlen > 40 ? "... (%" PRIu32 ")\n" : "\n", r->rdlen);
}

void message_print(FILE *f, const struct message *m)
{
	char name[WIRE_NAME_TEXT_MAX], buf[16];

	wire_name_text(m->question, name);
	fprintf(f, "flags %04x, %s %s, OPT %s %u %08" PRIx32 "\n", m->flags, name,
		wire_type_text(wire_u16(m->question + m->question_len - 4), buf), m->has_opt ? "yes" : "no",
		m->opt_size, m->opt_ttl);
	for (unsigned i = 0; i < m->n_rr; i++)
		message_rr_print(f, &m->rr[i]);
}

static uint8_t *put_name(const char *text, uint8_t *p)
{
	int n = wire_name_from_text(text, p);

	if (n < 0)
		abort();
	return p + n;
}

uint16_t question_of(const char *name, uint16_t type, uint8_t *out)
{
	uint8_t *p = put_name(name, out);

	wire_put_u16(p, type);
	wire_put_u16(p + 2, CLASS_IN);
	return (uint16_t)(p + 4 - out);
}

static uint8_t *put_numbers(char **args, unsigned n, uint8_t *p)
{
	for (unsigned i = 0; i < n; i++, p += 2)
		wire_put_u16(p, (unsigned)atoi(args[i]));
	return p;
}

static uint8_t *put_rrsig(char **args, uint8_t *p)
{
	size_t size = (size_t)atoi(args[2]);

	memset(p, 0, 18);
	wire_put_u16(p, (unsigned)wire_type_from_text(args[0]));
	p = put_name(args[1], p + 18);
	memset(p, 's', size);
	return p + size;
}

static uint8_t *put_soa(char **args, uint8_t *p)
{
	p = put_name(args[0], p);
	p = put_name("hostmaster.example.", p);
	for (unsigned i = 0; i < 4; i++, p += 4)
		wire_put_u32(p, 3600);
	wire_put_u32(p, (uint32_t)atol(args[1]));
	return p + 4;
}

static uint8_t *put_rdata(unsigned type, char **args, uint8_t *p)
{
	switch (type) {
	case TYPE_A:
		return inet_pton(AF_INET, args[0], p) == 1 ? p + 4 : NULL;
	case TYPE_AAAA:
		return inet_pton(AF_INET6, args[0], p) == 1 ? p + 16 : NULL;
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_PTR:
	case TYPE_DNAME:
	case TYPE_NSEC:
		return put_name(args[0], p);
	case TYPE_MX:
		return put_name(args[1], put_numbers(args, 1, p));
	case TYPE_SRV:
		return put_name(args[3], put_numbers(args, 3, p));
	case TYPE_TXT:
		*p = (uint8_t)strlen(args[0]);
		memcpy(p + 1, args[0], *p);
		return p + 1 + *p;
	case TYPE_SOA:
		return put_soa(args, p);
	case TYPE_RRSIG:
		return put_rrsig(args, p);
	default:
		return p + bytes_of(args[0], p);
	}
}

void record_of(const char *text, struct message_rr *ret, uint8_t *rdata)
{
	char copy[2048], *word[8] = {NULL}, *save = NULL;
	unsigned n = 0;

	if (strlen(text) >= sizeof copy)
		abort();
	strcpy(copy, text);
	for (char *w = strtok_r(copy, " ", &save); w && n < 8; w = strtok_r(NULL, " ", &save))
		word[n++] = w;
	memset(ret, 0, sizeof *ret);
	(void)put_name(word[0], ret->owner);
	ret->ttl_s = (uint32_t)strtoul(word[1], NULL, 10);
	ret->type = (uint16_t)wire_type_from_text(word[2]);
	ret->cls = CLASS_IN;
	ret->rdata = rdata;
	uint8_t *end = put_rdata(ret->type, word + 3, rdata);
	if (!end)
		abort();
	ret->rdlen = (uint32_t)(end - rdata);
}

int record_build(struct wire_builder *b, enum wire_section s, bool required, const char *text)
{
	struct message_rr r;
	uint8_t rdata[BYTES_MAX];

	record_of(text, &r, rdata);
	return wire_build_rr(b, s, required, r.owner, r.type, r.cls, r.ttl_s, r.rdata, (uint16_t)r.rdlen);
}

void raw_begin(struct raw *r, uint16_t flags, const char *name, uint16_t type)
{
	memset(r->msg, 0, WIRE_HEADER_LEN);
	wire_put_u16(r->msg + HEADER_FLAGS, flags);
	wire_put_u16(r->msg + HEADER_QDCOUNT, 1);
	r->len = WIRE_HEADER_LEN + (size_t)question_of(name, type, r->msg + WIRE_HEADER_LEN);
}

bool raw_add_rr(struct raw *r, enum wire_section s, const struct message_rr *rr)
{
	uint8_t *count = r->msg + HEADER_ANCOUNT + 2 * (unsigned)s, *p = r->msg + r->len;
	size_t owner_len = wire_name_len(rr->owner);

	if (r->len + owner_len + 10 + rr->rdlen > sizeof r->msg)
		return false;
	memcpy(p, rr->owner, owner_len);
	p += owner_len;
	wire_put_u16(p, rr->type);
	wire_put_u16(p + 2, rr->cls);
	wire_put_u32(p + 4, rr->ttl_s);
	wire_put_u16(p + 8, rr->rdlen);
	memcpy(p + 10, rr->rdata, rr->rdlen);
	r->len += owner_len + 10 + rr->rdlen;
	wire_put_u16(count, wire_u16(count) + 1u);
	return true;
}

void raw_add(struct raw *r, enum wire_section s, const char *text)
{
	struct message_rr rr;
	uint8_t rdata[BYTES_MAX];

	record_of(text, &rr, rdata);
	if (!raw_add_rr(r, s, &rr))
		abort();
}

void raw_opt(struct raw *r, uint32_t ttl, const char *options)
{
	uint8_t rdata[BYTES_MAX];
	struct message_rr rr = {.type = TYPE_OPT, .cls = 1232, .ttl_s = ttl, .rdata = rdata};

	rr.rdlen = (uint32_t)bytes_of(options, rdata);
	if (!raw_add_rr(r, SECTION_ADDITIONAL, &rr))
		abort();
}
