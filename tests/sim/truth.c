// SPDX-License-Identifier: Apache-2.0
#include "truth.h"

#include "wire/name.h"
#include "wire/wire.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

enum {
	TEXT_LEN = 180,
	SIGNATURE = 32,
	RRSIG_FIXED = 18,
	ALGORITHM = 13,
	DAY_S = 86400,
};

struct truth truths[TRUTHS_MAX];
unsigned n_truths;
struct forgetting forgettings[FORGETTINGS_MAX];
unsigned n_forgettings;

static const uint8_t zone[] = "\7example\3org";

/* ---------------------------------------------------------------- drawing */

static void draw(struct truth *t, unsigned index)
{
	static const uint32_t ttls[] = {5, 6, 10, 20, 30, 60};
	int n = snprintf((char *)t->name + 1, sizeof(t->name) - 1, "n%u", index);

	t->index = (uint8_t)index;
	t->name[0] = (uint8_t)n;
	memcpy(t->name + 1 + n, zone, sizeof(zone));
	t->name_len = (uint8_t)(1 + n + (int)sizeof(zone));
	t->kind = world_percent(50) ? TRUTH_SOME : (enum truth_kind)world_below(N_TRUTH_KINDS);
	t->is_signed = world_percent(50);
	t->chain = world_percent(30) ? 1 + world_below(4) : 0;
	t->n = t->kind == TRUTH_MANY ? 40 + world_below(TRUTH_N_MAX - 40) : 1 + world_below(8);
	t->ttl_s = ttls[world_below(6)];
	t->chain_ttl_s = ttls[world_below(6)];
	t->period_ns = world_percent(60) ? world_between(1, 12) * NS_PER_S : 0;
}

void truth_draw(void)
{
	memset(truths, 0, sizeof(truths));
	n_truths = 2 + world_below(8);
	for (unsigned i = 0; i < n_truths; i++)
		draw(&truths[i], i);
}

struct truth *truth_find(const uint8_t *name, size_t len)
{
	for (unsigned i = 0; i < n_truths; i++) {
		if (truths[i].name_len == len && wire_bytes_equal_nocase(name, truths[i].name, len))
			return &truths[i];
	}
	return NULL;
}

/* ---------------------------------------------------------------- what it is */

uint8_t truth_version(const struct truth *t, uint64_t now_ns)
{
	return t->period_ns ? (uint8_t)((now_ns - world.begin_ns) / t->period_ns) : 0;
}

unsigned truth_n(const struct truth *t, uint16_t qtype)
{
	switch (t->kind) {
	case TRUTH_SOME:
	case TRUTH_MANY:
		return qtype == TYPE_A ? t->n : 0;
	case TRUTH_TEXT:
		return qtype == TYPE_TXT ? t->n : 0;
	case TRUTH_NODATA:
	case TRUTH_NXDOMAIN:
	case N_TRUTH_KINDS:
		break;
	}
	return 0;
}

uint32_t truth_ttl_s(const struct truth *t, uint16_t qtype)
{
	(void)qtype;
	return t->chain && t->chain_ttl_s < t->ttl_s ? t->chain_ttl_s : t->ttl_s;
}

static size_t rdata_len(uint16_t qtype)
{
	return qtype == TYPE_TXT ? 1 + TEXT_LEN : 4;
}

size_t truth_size(const struct truth *t, uint16_t qtype, bool dnssec)
{
	size_t size = WIRE_HEADER_LEN + t->name_len + 4u;

	/* The first target stands whole where the question is in another case: names in rdata keep theirs. */
	size += t->chain * (12u + 5u) + (t->chain ? t->name_len - 2u : 0);
	size += truth_n(t, qtype) * (12u + rdata_len(qtype));
	if (!truth_n(t, qtype))
		size += 12 + 2 + 2 + 20;
	else if (dnssec && t->is_signed)
		size += 12 + RRSIG_FIXED + sizeof(zone) + SIGNATURE;
	return size;
}

size_t truth_chain_name(const struct truth *t, unsigned k, uint8_t *out)
{
	size_t at = 0;

	if (k) {
		out[0] = 2;
		out[1] = 'c';
		out[2] = (uint8_t)('0' + k);
		at = 3;
	}
	memcpy(out + at, t->name, t->name_len);
	return at + t->name_len;
}

unsigned truth_key(uint16_t qtype, bool do_bit, bool rd, bool cd)
{
	unsigned type = qtype == TYPE_A ? 0 : qtype == TYPE_TXT ? 1 : 2;

	return type * 8u + do_bit * 4u + rd * 2u + cd;
}

uint64_t truth_forgotten_ns(const struct truth *t, uint64_t ns)
{
	uint64_t last = 0;

	for (unsigned i = 0; i < n_forgettings; i++) {
		const struct forgetting *f = &forgettings[i];

		if ((!f->truth || f->truth == t) && f->at_ns < ns && f->at_ns > last)
			last = f->at_ns;
	}
	return last;
}

/* ---------------------------------------------------------------- messages */

static uint8_t *put_head(uint8_t *p, uint16_t owner, uint16_t type, uint32_t ttl_s, size_t rdlen)
{
	wire_put_u16(p, 0xc000u | owner);
	wire_put_u16(p + 2, type);
	wire_put_u16(p + 4, CLASS_IN);
	wire_put_u32(p + 6, ttl_s);
	wire_put_u16(p + 10, (unsigned)rdlen);
	return p + 12;
}

static uint8_t *put_final(uint8_t *p, uint16_t owner, const struct truth_message *m, unsigned i)
{
	size_t len = rdata_len(m->qtype);

	p = put_head(p, owner, m->qtype, m->truth->ttl_s, len);
	if (m->qtype == TYPE_TXT) {
		*p = TEXT_LEN;
		memset(p + 5, 'x', TEXT_LEN - 4);
		p++;
		len--;
	}
	p[0] = m->evil ? TRUTH_EVIL : (uint8_t)(TRUTH_GROUP_BASE + m->group);
	p[1] = m->truth->index;
	p[2] = m->version;
	p[3] = (uint8_t)i;
	return p + len;
}

/* Valid by the clock; nobody here looks at the signature itself. */
static uint8_t *put_rrsig(uint8_t *p, uint16_t owner, const struct truth_message *m)
{
	uint32_t now_s = (uint32_t)(clock_wall_ns() / NS_PER_S);

	p = put_head(p, owner, TYPE_RRSIG, m->truth->ttl_s, RRSIG_FIXED + sizeof(zone) + SIGNATURE);
	wire_put_u16(p, m->qtype);
	p[2] = ALGORITHM;
	p[3] = 3;
	wire_put_u32(p + 4, m->truth->ttl_s);
	wire_put_u32(p + 8, now_s + DAY_S);
	wire_put_u32(p + 12, now_s - DAY_S);
	wire_put_u16(p + 16, 4711);
	memcpy(p + RRSIG_FIXED, zone, sizeof(zone));
	memset(p + RRSIG_FIXED + sizeof(zone), m->version, SIGNATURE);
	return p + RRSIG_FIXED + sizeof(zone) + SIGNATURE;
}

static uint8_t *put_soa(uint8_t *p, uint16_t zone_at, const struct truth_message *m)
{
	p = put_head(p, zone_at, TYPE_SOA, m->truth->ttl_s, 2 + 2 + 20);
	wire_put_u16(p, 0xc000u | zone_at);
	wire_put_u16(p + 2, 0xc000u | zone_at);
	wire_put_u32(p + 4, (uint32_t)m->group << 24 | (uint32_t)m->truth->index << 16 | m->version);
	wire_put_u32(p + 8, 3600);
	wire_put_u32(p + 12, 600);
	wire_put_u32(p + 16, 86400);
	wire_put_u32(p + 20, m->truth->ttl_s);
	return p + 24;
}

size_t truth_compose(const struct truth_message *m, uint16_t flags, uint8_t *out)
{
	uint16_t owner = WIRE_HEADER_LEN;
	uint8_t *p = out + WIRE_HEADER_LEN + m->question_len;
	uint16_t zone_at = (uint16_t)(WIRE_HEADER_LEN + m->truth->name[0] + 1);

	memset(out, 0, WIRE_HEADER_LEN);
	wire_put_u16(out + 2, flags);
	wire_put_u16(out + 4, 1);
	wire_put_u16(out + 6, m->chain + m->n + m->rrsig);
	wire_put_u16(out + 8, m->negative);
	memcpy(out + WIRE_HEADER_LEN, m->question, m->question_len);
	for (unsigned k = 1; k <= m->chain; k++) {
		uint8_t target[WIRE_NAME_MAX];
		size_t len = truth_chain_name(m->truth, k, target);

		p = put_head(p, owner, TYPE_CNAME, m->truth->chain_ttl_s, len);
		owner = (uint16_t)(p - out);
		memcpy(p, target, len);
		p += len;
	}
	for (unsigned i = 0; i < m->n; i++)
		p = put_final(p, owner, m, i);
	if (m->rrsig)
		p = put_rrsig(p, owner, m);
	if (m->negative)
		p = put_soa(p, zone_at, m);
	return (size_t)(p - out);
}

void truth_delivered(struct truth *t, const struct delivery *d)
{
	struct delivery *copy = world_copy(d, sizeof(*d));

	copy->at_ns = world.now_ns;
	copy->next = t->deliveries;
	t->deliveries = copy;
}
