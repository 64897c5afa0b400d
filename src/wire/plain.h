// SPDX-License-Identifier: Apache-2.0
/* The shapes that nearly every answer from own data has, written straight into the query's arena:
 * addresses at the question's own name, SRV records there with the addresses of their targets, and a denial
 * with an SOA.  They need no compressor (every owner is the question's name, ends in it, or is a target that
 * stands in the message), which makes them cost about what a cache hit costs.
 *
 * What comes out keeps all promises of wire/answer.h.  Thread: any.  Allocates: the arena. */
#pragma once

#include "base/compiler.h"
#include "wire/answer.h"

struct arena;

/* `n` addresses of `size` bytes each (4: A, 16: AAAA), one behind the other.  `flags`: as in
 * wire_build_begin. Those that no message holds are left out, and the answer is marked truncated.  NULL:
 * no memory. */
struct wire_answer *wire_plain_addresses(struct arena *a, const uint8_t *question, uint16_t question_len,
					 uint16_t flags, uint32_t ttl_s, const uint8_t *addrs, unsigned size,
					 unsigned n);

/* An SOA whose names end in the zone's own: only what stands before it, labels without a root. */
struct wire_plain_soa {
	const uint8_t *mname, *rname;
	uint8_t mname_len, rname_len;
	uint32_t ttl_s, serial, refresh_s, retry_s, expire_s, minimum_s;
};

enum {
	WIRE_PLAIN_SOA_PREFIX_MAX = 80, /* mname_len and rname_len */
};

/* No records but the SOA of the zone that begins `zone_off` bytes into the question's name; the names in its
 * data are in lower case there.  NULL: no memory. */
struct wire_answer *wire_plain_denial(struct arena *a, const uint8_t *question, uint16_t question_len,
				      uint16_t flags, unsigned rcode, unsigned zone_off,
				      const struct wire_plain_soa *soa);

/* SRV records at the question's own name.  A target: `head`, labels without a root, and what all targets end in. */
struct wire_plain_srv {
	const uint8_t *head;
	uint8_t head_len; /* may be 0 */
	uint16_t port;
};
/* An address of a target: 4 (A) or 16 bytes (AAAA). */
struct wire_plain_target_address {
	const uint8_t *addr;
	uint8_t size;
	uint8_t srv; /* whose target: the first record that has it */
};
enum { WIRE_PLAIN_SRV_MAX = 16 };
/* Priority 0, one weight for all. */
struct wire_plain_srvs {
	uint32_t ttl_s, address_ttl_s;
	uint16_t weight, n, n_addresses; /* at least one and at most WIRE_PLAIN_SRV_MAX records; as many addresses */
	uint16_t rest_len;
	const uint8_t *rest; /* what all targets end in, wire form; may point into the question */
	struct wire_plain_srv srv[WIRE_PLAIN_SRV_MAX];
	struct wire_plain_target_address address[WIRE_PLAIN_SRV_MAX];
};
/* The addresses are optional records.  NULL: no memory. */
struct wire_answer *wire_plain_services(struct arena *a, const uint8_t *question, uint16_t question_len,
					uint16_t flags, const struct wire_plain_srvs *s);
