// SPDX-License-Identifier: Apache-2.0
#include "capture/signature.h"

#include "wire/name.h"
#include "wire/wire.h"

enum { RDATA_LEAST = 19, RDATA_EXPIRATION = 8, RDATA_INCEPTION = 12 };

static bool same_owner(const struct wire_reader *r, size_t a, size_t b)
{
	uint8_t name[WIRE_NAME_MAX], other[WIRE_NAME_MAX];

	return wire_name_read(r->msg, r->len, &a, name) > 0 &&
	       wire_name_read(r->msg, r->len, &b, other) > 0 && wire_name_equal(name, other);
}

/* The set, made where there is room; NULL. */
static struct capture_signed_set *find(struct capture_signatures *s, const struct wire_reader *r,
				       size_t owner, uint16_t covered)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (s->set[i].covered == covered && same_owner(r, s->set[i].owner, owner))
			return &s->set[i];
	}
	if (s->n == CAPTURE_SIGNED_SETS_MAX)
		return NULL;
	s->set[s->n] = (struct capture_signed_set){.owner = owner, .covered = covered};
	return &s->set[s->n++];
}

void capture_signature_add(struct capture_signatures *s, const struct wire_reader *r, size_t owner,
			   const struct wire_rr_head *h, uint32_t now_s)
{
	const uint8_t *rdata = r->msg + h->rdata_off;
	struct capture_signed_set *set;
	uint32_t inception, expiration;

	if (h->rdlen < RDATA_LEAST)
		return;
	set = find(s, r, owner, wire_u16(rdata));
	if (!set)
		return;
	expiration = wire_u32(rdata + RDATA_EXPIRATION);
	inception = wire_u32(rdata + RDATA_INCEPTION);
	if (!set->expiration || capture_time_before(set->expiration, expiration)) {
		set->expiration = expiration;
		set->inception = inception;
	}
	/* One that ends before it begins is no matter of any clock. */
	set->holds |= capture_time_before(expiration, inception) ||
		      (!capture_time_before(now_s + CAPTURE_SKEW_S, inception) &&
		       !capture_time_before(expiration, now_s - CAPTURE_SKEW_S));
}

const struct capture_signed_set *capture_signature_bad(const struct capture_signatures *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (!s->set[i].holds)
			return &s->set[i];
	}
	return NULL;
}
