// SPDX-License-Identifier: Apache-2.0
#include "capture/message.h"

#include "base/clock.h"
#include "capture/signature.h"
#include "wire/limits.h"
#include "wire/name.h"
#include "wire/option.h"

#include <errno.h>

enum { QUESTIONS_MAX = 1 };

/* A name that the bytes end in the middle of: what is there of it, lower-cased. */
static void keep_cut_name(struct wire_reader *r, size_t start, struct capture_message *m)
{
	size_t n = r->len - start;

	n = n < WIRE_NAME_MAX ? n : WIRE_NAME_MAX;
	wire_name_lower(m->name, r->msg + start, n);
	m->name_len = (uint8_t)n;
	m->name_cut = true;
}

static void read_question(struct wire_reader *r, struct capture_message *m)
{
	size_t start = r->off;
	size_t n = wire_reader_name(r, m->name);

	if (r->err == ERR_TRUNCATED)
		keep_cut_name(r, start, m);
	if (r->err)
		return;
	wire_name_lower(m->name, m->name, n);
	m->name_len = (uint8_t)n;
	m->qtype = wire_reader_u16(r);
	m->qclass = wire_reader_u16(r);
	m->question_known = !r->err;
}

static void read_target(const struct wire_reader *r, size_t off, struct capture_message *m)
{
	uint16_t at = m->n_targets < CAPTURE_TARGETS_MAX ? m->targets_len : m->last_target;
	int n = wire_name_read(r->msg, r->len, &off, m->targets + at);

	if (n <= 0)
		return; /* counted as a CNAME, wherever it leads */
	wire_name_lower(m->targets + at, m->targets + at, (size_t)n);
	m->last_target = at;
	m->targets_len = (uint16_t)(at + n);
	m->n_targets += m->n_targets < CAPTURE_TARGETS_MAX;
}

/* An answer record counts as soon as its type is there, so that of a cut answer the first is known. */
static void read_answer_record(struct wire_reader *r, struct capture_message *m, struct capture_signatures *s)
{
	size_t owner = r->off;

	wire_reader_skip_name(r);
	unsigned type = r->err || r->len - r->off < 2 ? 0 : wire_u16(r->msg + r->off);
	struct wire_rr_head h = wire_reader_rr(r);

	if (type == TYPE_CNAME) {
		m->n_cname++;
		if (!r->err)
			read_target(r, h.rdata_off, m);
	} else if (type == TYPE_A || type == TYPE_AAAA) {
		m->n_address++;
	} else if (type) {
		m->n_other++;
		if (type == TYPE_RRSIG && !r->err)
			capture_signature_add(s, r, owner, &h, (uint32_t)(m->time_ns / (int64_t)NS_PER_S));
	}
}

static void read_soa(const struct wire_reader *r, size_t owner, const struct wire_rr_head *h,
		     struct capture_message *m)
{
	uint8_t zone[WIRE_NAME_MAX];

	m->has_soa = true;
	m->detail.soa_ttl_s = h->ttl_s > INT32_MAX ? 0 : h->ttl_s; /* RFC 2181 8 */
	if (m->question_known && wire_name_read(r->msg, r->len, &owner, zone) > 0 &&
	    wire_name_in_zone(m->name, zone))
		m->detail.zone_len = (uint8_t)wire_name_len(zone);
}

static void read_opt(const struct wire_reader *r, const struct wire_rr_head *h, struct capture_message *m)
{
	const uint8_t *options = r->msg + h->rdata_off, *p;
	uint16_t len;

	m->has_opt = true;
	m->udp_size = h->cls;
	m->do_bit = h->ttl_s & 0x8000;
	p = wire_options_valid(options, h->rdlen) ? wire_option_find(options, h->rdlen, OPTION_EDE, &len) : NULL;
	if (p && len >= 2)
		m->detail.ede = wire_u16(p);
}

static void read_other_record(struct wire_reader *r, struct capture_message *m, bool additional)
{
	size_t owner = r->off;

	wire_reader_skip_name(r);
	struct wire_rr_head h = wire_reader_rr(r);

	if (r->err)
		return;
	if (!additional) {
		m->has_ns |= h.type == TYPE_NS;
		if (h.type == TYPE_SOA)
			read_soa(r, owner, &h, m);
	} else if (h.type == TYPE_OPT) {
		read_opt(r, &h, m);
	}
}

static void keep_signatures(const struct capture_signatures *s, struct capture_detail *d)
{
	const struct capture_signed_set *bad = capture_signature_bad(s);

	d->is_signed = s->n > 0;
	if (!bad)
		return;
	d->signed_badly = true;
	d->covered = bad->covered;
	d->inception = bad->inception;
	d->expiration = bad->expiration;
}

static void read_records(struct wire_reader *r, struct capture_message *m)
{
	struct capture_signatures s = {0};
	unsigned i;

	for (i = 0; i < m->n_records[1] && !r->err; i++)
		read_answer_record(r, m, &s);
	m->answer_known = !r->err;
	for (i = 0; i < m->n_records[2] && !r->err; i++)
		read_other_record(r, m, false);
	for (i = 0; i < m->n_records[3] && !r->err; i++)
		read_other_record(r, m, true);
	m->opt_known = !r->err;
	if (r->err)
		m->detail = (struct capture_detail){0};
	else
		keep_signatures(&s, &m->detail);
}

/* A record takes at least 11 bytes: counts beyond that are no message's, but for cut ones whose sender forgot to count. */
static bool counts_plausible(const struct capture_message *m, size_t len)
{
	size_t n = (size_t)m->n_records[1] + m->n_records[2] + m->n_records[3];

	return m->n_records[0] <= QUESTIONS_MAX &&
	       ((m->flags & FLAG_TC) || WIRE_HEADER_LEN + n * WIRE_RR_MIN <= len);
}

static void forget(struct capture_message *m)
{
	m->question_known = m->name_cut = m->opt_known = m->has_opt = m->do_bit = m->answer_known = false;
	m->has_soa = m->has_ns = false;
	m->detail = (struct capture_detail){0};
	m->name_len = 0;
	m->n_targets = m->targets_len = m->last_target = 0;
	m->qtype = m->qclass = m->udp_size = m->n_cname = m->n_address = m->n_other = 0;
}

int capture_message_read(const uint8_t *bytes, size_t captured, size_t len, struct capture_message *ret)
{
	struct wire_reader r = wire_reader_at(bytes, captured, WIRE_HEADER_LEN);

	if (captured < WIRE_HEADER_LEN)
		return ERR_TRUNCATED;
	ret->id = wire_u16(bytes + HEADER_ID);
	ret->flags = wire_u16(bytes + HEADER_FLAGS);
	for (unsigned i = 0; i < 4; i++)
		ret->n_records[i] = wire_u16(bytes + HEADER_QDCOUNT + 2 * i);
	ret->len = len;
	ret->captured = captured;
	forget(ret);
	if (!counts_plausible(ret, len))
		return -EBADMSG;
	if (ret->n_records[0])
		read_question(&r, ret);
	read_records(&r, ret);
	if (!r.err)
		ret->read = CAPTURE_WHOLE;
	else
		ret->read = r.err == ERR_TRUNCATED && captured < len ? CAPTURE_CUT : CAPTURE_BROKEN;
	return 0;
}
