// SPDX-License-Identifier: Apache-2.0
#include "plugin/cache/lifetime.h"

/* What has no TTL to go by lives so long.  As in the peer. */
enum { TTL_UNKNOWN_S = 5 };

static uint32_t lowest_ttl(const struct wire_answer *a)
{
	return a->n_rr ? a->min_ttl_s : TTL_UNKNOWN_S;
}

/* The maximum wins where a maximum below the minimum was configured (`cache 1`). */
static uint32_t within(const struct lifetime_config *c, enum cache_kind k, uint32_t ttl_s)
{
	if (ttl_s < c->min_s[k])
		ttl_s = c->min_s[k];
	return ttl_s < c->max_s[k] ? ttl_s : c->max_s[k];
}

static struct lifetime success(const struct lifetime_config *c, uint32_t ttl_s, bool keep)
{
	return (struct lifetime){
		.ttl_s = within(c, CACHE_SUCCESS, ttl_s), .keep = keep, .good = true, .kind = CACHE_SUCCESS};
}

/* RFC 2308 5: the TTL of the SOA, and not more than its MINIMUM.  Without an SOA a denial is not kept. */
static struct lifetime denial(const struct lifetime_config *c, const struct wire_answer *a)
{
	uint32_t ttl_s = lowest_ttl(a);
	bool soa = response_has_type(a, SECTION_AUTHORITY, TYPE_SOA);

	if (soa && a->soa_min_s < ttl_s)
		ttl_s = a->soa_min_s;
	return (struct lifetime){
		.ttl_s = within(c, CACHE_DENIAL, ttl_s), .keep = soa, .good = true, .kind = CACHE_DENIAL};
}

/* NOERROR without an answer and without a denial.  It must not stand for a last good answer. */
static struct lifetime no_answer(const struct lifetime_config *c, uint32_t ttl_s)
{
	struct lifetime l = success(c, ttl_s, true);

	if (c->prefer_positive)
		l.kind = CACHE_DENIAL;
	return l;
}

/* NOERROR with records, or with nothing that says more. */
static struct lifetime noerror(const struct lifetime_config *c, const struct response_question *q,
			       const struct wire_answer *a)
{
	if (!a->n_section[SECTION_ANSWER])
		return no_answer(c, lowest_ttl(a));
	switch (response_chain(q, a)) {
	case CHAIN_ANSWERED:
		return success(c, lowest_ttl(a), true);
	case CHAIN_OPEN: /* NODATA behind CNAMEs, if an SOA says so */
		if (response_has_type(a, SECTION_AUTHORITY, TYPE_SOA))
			return denial(c, a);
		break;
	case CHAIN_BROKEN:
		break;
	}
	return success(c, lowest_ttl(a), false);
}

/* The peer keeps no NXDOMAIN that has CNAMEs before it; RFC 2308 2.1 and 5 do. */
static bool is_cname_to_nxdomain(const struct response_question *q, const struct wire_answer *a,
				 uint64_t wall_s)
{
	return a->rcode == RCODE_NXDOMAIN && a->n_section[SECTION_ANSWER] &&
	       response_chain(q, a) == CHAIN_OPEN &&
	       !(q->do_bit && response_has_invalid_signature(a, wall_s));
}

/* Neither kept nor worth more than what is kept. */
static struct lifetime useless(const struct lifetime_config *c)
{
	return (struct lifetime){.ttl_s = within(c, CACHE_SUCCESS, TTL_UNKNOWN_S), .kind = CACHE_SUCCESS};
}

static struct lifetime whole(const struct lifetime_config *c, const struct response_question *q,
			     const struct wire_answer *a, uint64_t wall_s)
{
	switch (response_type(q, a, wall_s)) {
	case RESPONSE_NOERROR:
		return noerror(c, q, a);
	case RESPONSE_DELEGATION:
		return no_answer(c, TTL_UNKNOWN_S);
	case RESPONSE_NXDOMAIN:
	case RESPONSE_NODATA:
		return denial(c, a);
	case RESPONSE_SERVERERROR:
		return (struct lifetime){
			.ttl_s = c->servfail_s, .keep = true, .failure = true, .kind = CACHE_DENIAL};
	case RESPONSE_OTHERERROR:
		if (is_cname_to_nxdomain(q, a, wall_s))
			return denial(c, a);
		break;
	case RESPONSE_META:
	case RESPONSE_UPDATE:
		break;
	}
	return useless(c);
}

struct lifetime lifetime_of(const struct lifetime_config *c, const struct response_question *q,
			    const struct wire_answer *a, uint64_t wall_s)
{
	struct lifetime l = whole(c, q, a, wall_s);

	if (l.ttl_s == 0 || a->truncated)
		l.keep = false;
	if (a->truncated)
		l.good = false;
	return l;
}
