// SPDX-License-Identifier: Apache-2.0
#include "plugin/cache/classify.h"

#include "wire/name.h"

#include <string.h>

enum { CHAIN_MAX = 32 }; /* CNAMEs in a row; more are a fault or a joke */

static unsigned section_first(const struct wire_answer *a, enum wire_section s)
{
	unsigned first = 0;

	for (unsigned i = 0; i < s; i++)
		first += a->n_section[i];
	return first;
}

bool response_has_type(const struct wire_answer *a, enum wire_section s, uint16_t type)
{
	unsigned first = section_first(a, s);

	for (unsigned i = 0; i < a->n_section[s]; i++) {
		if (wire_answer_rr(a, first + i).type == type)
			return true;
	}
	return false;
}

/* Expiration and inception are serial numbers: the nearer of the two sides counts.  RFC 4034 3.1.5 */
static bool signature_valid(const uint8_t *rdata, uint64_t wall_s)
{
	uint32_t now = (uint32_t)wall_s;

	return (int32_t)(wire_u32(rdata + 8) - now) >= 0 && (int32_t)(now - wire_u32(rdata + 12)) >= 0;
}

bool response_has_invalid_signature(const struct wire_answer *a, uint64_t wall_s)
{
	for (unsigned i = 0; i < a->n_rr; i++) {
		struct wire_rr rr = wire_answer_rr(a, i);

		if (rr.type == TYPE_RRSIG && rr.rdlen >= 18 &&
		    !signature_valid(wire_answer_msg(a) + rr.rdata_off, wall_s))
			return true;
	}
	return false;
}

/* The order of the tests is the peer's. */
enum response_type response_type(const struct response_question *q, const struct wire_answer *a,
				 uint64_t wall_s)
{
	if (!a)
		return RESPONSE_OTHERERROR;
	if (q->opcode == OPCODE_UPDATE)
		return RESPONSE_UPDATE;
	if (q->opcode == OPCODE_NOTIFY || q->qtype == TYPE_AXFR || q->qtype == TYPE_IXFR)
		return RESPONSE_META;
	if (q->do_bit && response_has_invalid_signature(a, wall_s))
		return RESPONSE_OTHERERROR;
	if (a->n_section[SECTION_ANSWER] && a->rcode == RCODE_NOERROR)
		return RESPONSE_NOERROR;
	if (a->n_section[SECTION_ANSWER] && a->rcode == RCODE_NXDOMAIN)
		return RESPONSE_OTHERERROR;
	if (a->rcode == RCODE_NXDOMAIN)
		return RESPONSE_NXDOMAIN;
	if (a->rcode == RCODE_SERVFAIL || a->rcode == RCODE_NOTIMP)
		return RESPONSE_SERVERERROR;
	if (a->rcode != RCODE_NOERROR)
		return RESPONSE_OTHERERROR;
	if (response_has_type(a, SECTION_AUTHORITY, TYPE_SOA))
		return RESPONSE_NODATA;
	return response_has_type(a, SECTION_AUTHORITY, TYPE_NS) ? RESPONSE_DELEGATION : RESPONSE_NOERROR;
}

enum response_class response_class(enum response_type t)
{
	switch (t) {
	case RESPONSE_NOERROR:
	case RESPONSE_DELEGATION:
		return RESPONSE_SUCCESS;
	case RESPONSE_NXDOMAIN:
	case RESPONSE_NODATA:
		return RESPONSE_DENIAL;
	case RESPONSE_SERVERERROR:
	case RESPONSE_META:
	case RESPONSE_UPDATE:
	case RESPONSE_OTHERERROR:
		break;
	}
	return RESPONSE_ERROR;
}

const char *response_type_text(enum response_type t)
{
	static const char *const texts[] = {"NOERROR",     "NXDOMAIN", "NODATA", "DELEGATION",
					    "SERVERERROR", "META",     "UPDATE", "OTHERERROR"};

	return texts[t];
}

const char *response_class_text(enum response_class c)
{
	static const char *const texts[] = {"success", "denial", "error"};

	return texts[c];
}

/* ---------------------------------------------------------------- CNAMEs */

/* Comparing owners with one name: the many members of an RRset share a compression pointer, and what the
 * last one led to need not be read again. */
struct owner_test {
	const uint8_t *name;
	uint16_t pointer; /* the last one, 0: none yet (a pointer has its high bits set) */
	bool equal;
};

static bool owner_is(const struct wire_answer *a, const struct wire_rr *rr, struct owner_test *t)
{
	const uint8_t *msg = wire_answer_msg(a);
	uint16_t pointer = wire_u16(msg + rr->off);

	if (pointer < 0xc000)
		pointer = 0;
	else if (pointer == t->pointer)
		return t->equal;
	t->equal = wire_name_equal_at(msg, rr->off, t->name);
	t->pointer = pointer;
	return t->equal;
}

/* One step from `name`: true, and *ret is final or OPEN, or false and `name` is the CNAME's target. */
static bool chain_step(const struct response_question *q, const struct wire_answer *a, uint8_t *name,
		       enum chain_end *ret)
{
	struct owner_test test = {.name = name};
	uint8_t target[WIRE_NAME_MAX], other[WIRE_NAME_MAX];
	int len = 0;

	*ret = CHAIN_OPEN;
	for (unsigned i = 0; i < a->n_section[SECTION_ANSWER]; i++) {
		struct wire_rr rr = wire_answer_rr(a, i);
		bool wanted = rr.type == q->qtype || q->qtype == TYPE_ANY;
		size_t off = rr.rdata_off;
		int n;

		if ((!wanted && rr.type != TYPE_CNAME) || !owner_is(a, &rr, &test))
			continue;
		if (wanted) {
			*ret = CHAIN_ANSWERED;
			return true;
		}
		n = wire_name_read(wire_answer_msg(a), a->msg_len, &off, len ? other : target);
		if (n < 0 || (len && !wire_name_equal(target, other))) {
			*ret = CHAIN_BROKEN;
			return true;
		}
		len = len ? len : n;
	}
	if (len)
		memcpy(name, target, (size_t)len);
	return len == 0;
}

enum chain_end response_chain(const struct response_question *q, const struct wire_answer *a)
{
	uint8_t name[WIRE_NAME_MAX];
	enum chain_end end;

	memcpy(name, q->qname, wire_name_len(q->qname));
	for (int i = 0; i <= CHAIN_MAX; i++) {
		if (chain_step(q, a, name, &end))
			return end;
	}
	return CHAIN_BROKEN;
}
