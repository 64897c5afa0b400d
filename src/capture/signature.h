// SPDX-License-Identifier: Apache-2.0
/* Signatures (RRSIG, RFC 4034 3) of an answer section, and whether they hold at the time of the packet.
 *
 * While keys are rolled a record set has several signatures, and one that holds is enough: so sets are looked at, 8 of a
 * message.  Thread: any.  Allocates nothing. */
#pragma once

#include "wire/reader.h"

enum {
	CAPTURE_SIGNED_SETS_MAX = 8,
	CAPTURE_SKEW_S = 300, /* clocks that differ by so much are in order */
};

struct capture_signed_set {
	size_t owner; /* where its name stands in the message */
	uint16_t covered; /* the type */
	bool holds; /* one of its signatures is in its time */
	uint32_t inception, expiration; /* of the one that ends last: seconds since 1970, modulo 2^32 */
};

struct capture_signatures {
	unsigned n;
	struct capture_signed_set set[CAPTURE_SIGNED_SETS_MAX];
};

/* Take in an RRSIG whose owner begins at `owner` of the message. */
void capture_signature_add(struct capture_signatures *s, const struct wire_reader *r, size_t owner,
			   const struct wire_rr_head *h, uint32_t now_s);
/* A set none of whose signatures holds; NULL: there is none. */
const struct capture_signed_set *capture_signature_bad(const struct capture_signatures *s);

/* a is before b: RFC 4034 3.1.5, RFC 1982. */
static inline bool capture_time_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}
