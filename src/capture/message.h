// SPDX-License-Identifier: Apache-2.0
/* A DNS message of a capture, as far as it is there.  Unlike the reader of clients' messages (wire/query.h) and that of
 * upstreams' (wire/ingest.h) this one takes what others sent to each other, broken and cut, and says what it could see. */
#pragma once

#include "capture/packet.h"
#include "wire/wire.h"

enum { CAPTURE_TARGETS_MAX = 4 };

/* How far a message could be read. */
enum capture_read {
	CAPTURE_WHOLE, /* to its end */
	CAPTURE_CUT, /* the capture's snap length (or a lost fragment, a gap in a stream) ended it */
	CAPTURE_BROKEN, /* bytes that no sender should produce, or fewer than the message itself announces */
};

/* What is read of whole messages only: all 0 where it was cut. */
struct capture_detail {
	uint32_t soa_ttl_s; /* of the authority section's SOA */
	uint8_t zone_len; /* its owner is the last so many bytes of the question's name; 0: it is no end of that */
	uint16_t ede; /* Extended DNS Error (RFC 8914); 0: none, or "other" */
	bool is_signed; /* the answer section has RRSIGs */
	bool signed_badly; /* ... and a record set there none that holds at time_ns: */
	uint16_t covered; /* its type */
	uint32_t inception, expiration; /* of the signature that ends last; seconds since 1970, modulo 2^32 */
};

struct capture_message {
	/* where it was seen */
	int64_t time_ns;
	unsigned file;
	uint32_t packet;
	uint32_t ifindex; /* 0: not known */
	uint8_t hop_limit;
	bool tcp;
	struct capture_end src, dst;
	uint16_t n_fragments; /* 0: it came in one piece */
	bool fragment_lost; /* some never came */
	size_t len, captured; /* of the DNS message */

	/* what it says */
	enum capture_read read;
	uint16_t id, flags;
	uint16_t n_records[4]; /* as announced: question, answer, authority, additional */
	bool question_known; /* name, type and class were there */
	bool name_cut; /* only the first name_len bytes of the name were there (whole labels or not) */
	uint8_t name_len;
	uint8_t name[WIRE_NAME_MAX]; /* lower case; not ended by a root label when cut */
	uint16_t qtype, qclass;
	bool opt_known; /* every additional record was seen */
	bool has_opt, do_bit;
	uint16_t udp_size;
	/* The answer section, as far as it was read. */
	bool answer_known; /* to its end */
	uint16_t n_cname, n_address, n_other;
	/* What the CNAMEs lead to, one name behind the other, lower case: the first ones and the last. */
	unsigned n_targets;
	uint16_t targets_len, last_target; /* the latter: where the last begins */
	uint8_t targets[CAPTURE_TARGETS_MAX * WIRE_NAME_MAX];
	bool has_soa, has_ns; /* in the authority section */
	struct capture_detail detail;
};

static inline bool capture_is_answer(const struct capture_message *m)
{
	return m->flags & FLAG_QR;
}

static inline unsigned capture_rcode(const struct capture_message *m)
{
	return m->flags & FLAG_RCODE;
}

/* Fill in what the message at bytes[0..captured) of `len` says; `ret`'s first part is the caller's and there before.  0; ERR_TRUNCATED: not
 * even its header is there; -EBADMSG: what is there does not begin as a DNS message does. */
int capture_message_read(const uint8_t *bytes, size_t captured, size_t len,
			 struct capture_message *ret) MUST_USE;
