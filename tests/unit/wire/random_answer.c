// SPDX-License-Identifier: Apache-2.0
#include "random_answer.h"
#include "wire/name.h"

#include <stdlib.h>
#include <string.h>

/* splitmix64 */
static uint64_t next(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint32_t random_u32(struct random *r)
{
	return (uint32_t)(next(r) >> 32);
}

unsigned random_in(struct random *r, unsigned lo, unsigned hi)
{
	return lo + random_u32(r) % (hi - lo + 1);
}

bool random_one_in(struct random *r, unsigned n)
{
	return random_u32(r) % n == 0;
}

static size_t put_label(struct random *r, uint8_t *p, unsigned max)
{
	unsigned n = random_in(r, 1, max);

	*p++ = (uint8_t)n;
	for (unsigned i = 0; i < n; i++)
		*p++ = random_one_in(r, 40) ? (uint8_t)random_u32(r) : (uint8_t)random_in(r, 'a', 'z');
	return n + 1;
}

/* A new name below `zone`: its first label ends in a serial number, so no two are the same. */
static void name_below(struct random *r, const uint8_t *zone, uint8_t *out)
{
	unsigned labels = random_in(r, 0, 2), serial = r->serial++;
	size_t n = put_label(r, out, random_one_in(r, 8) ? 30 : 8);

	for (; serial; serial /= 10, out[0]++)
		out[n++] = (uint8_t)('0' + serial % 10);
	for (unsigned i = 0; i < labels; i++)
		n += put_label(r, out + n, random_one_in(r, 8) ? 30 : 8);
	memcpy(out + n, zone, wire_name_len(zone));
}

static void any_zone(struct random *r, uint8_t *out)
{
	static const uint8_t root[] = {0};

	if (random_one_in(r, 30))
		memcpy(out, root, 1);
	else
		name_below(r, root, out);
}

/* A new record with empty rdata, or NULL when there are enough. */
static struct random_rr *add(struct random_answer *a, enum wire_section s, const uint8_t *owner,
			     uint16_t type, bool required)
{
	if (a->n == RANDOM_RR_MAX)
		return NULL;
	struct random_rr *x = &a->rr[a->n++];
	x->rr = (struct message_rr){
		.section = s, .type = type, .cls = CLASS_IN, .ttl_s = 60 + a->n, .rdata = x->rdata};
	memcpy(x->rr.owner, owner, wire_name_len(owner));
	x->required = required;
	x->stripped = type == TYPE_RRSIG || type == TYPE_NSEC || type == TYPE_NSEC3;
	return x;
}

static void put_bytes(struct random_rr *x, const void *p, size_t n)
{
	memcpy(x->rdata + x->rr.rdlen, p, n);
	x->rr.rdlen += (uint32_t)n;
}

static void put_number(struct random_rr *x, unsigned v)
{
	put_bytes(x, (uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

static void put_name(struct random_rr *x, const uint8_t *name)
{
	put_bytes(x, name, wire_name_len(name));
}

static void put_filler(struct random_rr *x, size_t n)
{
	memset(x->rdata + x->rr.rdlen, 0x5a, n);
	x->rr.rdlen += (uint32_t)n;
}

static void add_sig(struct random *r, struct random_answer *a, enum wire_section s, const uint8_t *owner,
		    uint16_t covered, const uint8_t *signer, bool required)
{
	struct random_rr *x = add(a, s, owner, TYPE_RRSIG, required);

	if (!x)
		return;
	put_number(x, covered);
	put_filler(x, 16);
	x->rdata[2] = (uint8_t)a->n; /* signatures differ */
	put_name(x, signer);
	put_filler(x, random_one_in(r, 3) ? 128 : 64);
}

static void add_address(struct random_answer *a, enum wire_section s, const uint8_t *owner, uint16_t type,
			bool required)
{
	struct random_rr *x = add(a, s, owner, type, required);

	if (!x)
		return;
	put_filler(x, type == TYPE_A ? 2 : 14);
	put_number(x, a->n);
}

/* Rdata of one record of a final RRset.  Names in it come back in `target` (root: none). */
static void put_final(struct random *r, struct random_rr *x, uint16_t type, unsigned i, const uint8_t *zone,
		      uint8_t *target)
{
	target[0] = 0;
	if (type == TYPE_TXT) {
		unsigned n = random_in(r, 4, 250);
		x->rdata[x->rr.rdlen++] = (uint8_t)(n + 2);
		put_number(x, i);
		put_filler(x, n);
		return;
	}
	if (type == TYPE_A || type == TYPE_AAAA) {
		put_filler(x, type == TYPE_A ? 2 : 14);
		put_number(x, i);
		return;
	}
	name_below(r, zone, target);
	if (type == TYPE_MX || type == TYPE_SRV)
		put_number(x, i);
	if (type == TYPE_SRV)
		put_filler(x, 4);
	put_name(x, target);
}

/* Addresses of a server that a record named: required for glue, optional else. */
static void add_addresses(struct random *r, struct random_answer *a, const uint8_t *server, bool required)
{
	if (!*server || random_one_in(r, 3))
		return;
	add_address(a, SECTION_ADDITIONAL, server, TYPE_A, required);
	if (random_one_in(r, 2))
		add_address(a, SECTION_ADDITIONAL, server, TYPE_AAAA, required);
}

static unsigned random_count(struct random *r)
{
	if (random_one_in(r, 40))
		return random_in(r, 100, 300);
	return random_one_in(r, 3) ? random_in(r, 10, 60) : random_in(r, 1, 5);
}

static void add_chain(struct random *r, struct random_answer *a, const uint8_t *zone, bool sign,
		      uint8_t *name)
{
	uint8_t target[WIRE_NAME_MAX];

	a->chain = random_one_in(r, 2) ? 0 : random_in(r, 1, 5);
	for (unsigned i = 0; i < a->chain; i++) {
		struct random_rr *x = add(a, SECTION_ANSWER, name, TYPE_CNAME, true);
		name_below(r, zone, target);
		put_name(x, target);
		if (sign)
			add_sig(r, a, SECTION_ANSWER, name, TYPE_CNAME, zone, true);
		memcpy(name, target, wire_name_len(target));
	}
}

static void add_ns(struct random *r, struct random_answer *a, const uint8_t *zone, bool referral, bool sign)
{
	unsigned n = random_in(r, 1, 13), first = a->n;
	uint8_t server[WIRE_NAME_MAX], elsewhere[WIRE_NAME_MAX];

	any_zone(r, elsewhere);
	for (unsigned i = 0; i < n; i++) {
		struct random_rr *x = add(a, SECTION_AUTHORITY, zone, TYPE_NS, referral);
		if (!x)
			return;
		name_below(r, random_one_in(r, 3) ? elsewhere : zone, server);
		put_name(x, server);
	}
	if (sign && !referral)
		add_sig(r, a, SECTION_AUTHORITY, zone, TYPE_NS, zone, false);
	for (unsigned i = first, end = first + n; i < end; i++)
		add_addresses(r, a, a->rr[i].rdata, referral && wire_name_in_zone(a->rr[i].rdata, zone));
}

static void add_positive(struct random *r, struct random_answer *a, const uint8_t *zone, bool sign,
			 uint8_t *name)
{
	unsigned n = random_count(r), first = a->n;
	uint8_t target[WIRE_NAME_MAX];

	for (unsigned i = 0; i < n; i++) {
		struct random_rr *x = add(a, SECTION_ANSWER, name, a->qtype, true);
		if (!x)
			return;
		put_final(r, x, a->qtype, i, zone, target);
	}
	if (sign)
		add_sig(r, a, SECTION_ANSWER, name, a->qtype, zone, true);
	unsigned skip = a->qtype == TYPE_SRV ? 6 : a->qtype == TYPE_MX ? 2 : 0;
	bool named = a->qtype == TYPE_SRV || a->qtype == TYPE_MX || a->qtype == TYPE_NS;
	for (unsigned i = first; named && i < first + n; i++)
		if (random_one_in(r, 2))
			add_addresses(r, a, a->rr[i].rdata + skip, false);
}

static void add_proof(struct random *r, struct random_answer *a, const uint8_t *zone)
{
	uint8_t owner[WIRE_NAME_MAX];
	struct random_rr *x;

	name_below(r, zone, owner);
	x = add(a, SECTION_AUTHORITY, owner, random_one_in(r, 2) ? TYPE_NSEC : TYPE_NSEC3, true);
	if (!x)
		return;
	uint16_t type = x->rr.type;
	put_name(x, zone);
	put_filler(x, 20);
	add_sig(r, a, SECTION_AUTHORITY, owner, type, zone, true);
}

static void add_soa(struct random *r, struct random_answer *a, const uint8_t *zone, bool required, bool sign)
{
	uint8_t server[WIRE_NAME_MAX];
	struct random_rr *x = add(a, SECTION_AUTHORITY, zone, TYPE_SOA, required);

	if (!x)
		return;
	name_below(r, zone, server);
	put_name(x, server);
	put_name(x, zone);
	put_filler(x, 20);
	if (sign)
		add_sig(r, a, SECTION_AUTHORITY, zone, TYPE_SOA, zone, required);
}

static uint16_t random_type(struct random *r)
{
	static const uint16_t types[] = {TYPE_A,   TYPE_A,  TYPE_A,   TYPE_AAAA, TYPE_AAAA,
					 TYPE_TXT, TYPE_MX, TYPE_SRV, TYPE_NS};

	return types[random_u32(r) % ARRAY_LEN(types)];
}

void random_answer_make(struct random *r, struct random_answer *a)
{
	uint8_t zone[WIRE_NAME_MAX], name[WIRE_NAME_MAX];
	bool sign = random_one_in(r, 3);

	memset(a, 0, offsetof(struct random_answer, rr));
	memset(a->rr, 0, sizeof a->rr);
	a->shape = random_one_in(r, 2) ? SHAPE_POSITIVE : random_u32(r) % SHAPES;
	a->keep_dnssec = random_one_in(r, 2);
	a->qtype = random_type(r);
	any_zone(r, zone);
	name_below(r, zone, name);
	a->question_len = (uint16_t)(wire_name_len(name) + 4);
	memcpy(a->question, name, wire_name_len(name));
	wire_put_u16(a->question + a->question_len - 4, a->qtype);
	wire_put_u16(a->question + a->question_len - 2, CLASS_IN);
	a->flags = FLAG_QR | (a->shape == SHAPE_NXDOMAIN ? RCODE_NXDOMAIN : 0);

	if (a->shape == SHAPE_REFERRAL) {
		add_ns(r, a, zone, true, sign);
		if (sign)
			add_proof(r, a, zone);
		return;
	}
	add_chain(r, a, zone, sign, name);
	if (a->shape == SHAPE_POSITIVE)
		add_positive(r, a, zone, sign, name);
	else
		add_soa(r, a, zone, true, sign);
	for (unsigned i = random_in(r, 0, 2); sign && i; i--)
		add_proof(r, a, zone);
	if (random_one_in(r, 3))
		add_ns(r, a, zone, false, sign);
}

void random_answer_raw(struct random *r, const struct random_answer *a, bool shuffle, struct raw *raw)
{
	unsigned order[RANDOM_RR_MAX];

	for (unsigned i = 0; i < a->n; i++)
		order[i] = i;
	for (unsigned i = a->n; shuffle && i > 1; i--) {
		unsigned j = random_in(r, 0, i - 1), x = order[j];
		order[j] = order[i - 1];
		order[i - 1] = x;
	}
	memset(raw->msg, 0, WIRE_HEADER_LEN);
	wire_put_u16(raw->msg + HEADER_FLAGS, a->flags);
	wire_put_u16(raw->msg + HEADER_QDCOUNT, 1);
	memcpy(raw->msg + WIRE_HEADER_LEN, a->question, a->question_len);
	raw->len = WIRE_HEADER_LEN + (size_t)a->question_len;
	for (enum wire_section s = SECTION_ANSWER; s <= SECTION_ADDITIONAL; s++)
		for (unsigned i = 0; i < a->n; i++)
			if (a->rr[order[i]].rr.section == s && !raw_add_rr(raw, s, &a->rr[order[i]].rr))
				abort(); /* RANDOM_RR_MAX records always fit */
}

struct wire_expect random_answer_expect(const struct random_answer *a)
{
	return (struct wire_expect){
		.question = a->question, .question_len = a->question_len, .keep_dnssec = a->keep_dnssec};
}
