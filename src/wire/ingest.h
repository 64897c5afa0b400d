// SPDX-License-Identifier: Apache-2.0
/* Reading an upstream's answer in one pass: every name checked, also those in the rdata of the types that
 * RFC 3597 lists; OPT taken off; the message written again by our own compressor.  Only such
 * messages are stored or sent. */
#pragma once

#include "base/compiler.h"
#include "wire/answer.h"
#include "wire/wire.h"

struct arena;
struct wire_builder;

/* What an answer must match (RFC 5452 9.1), and how it is kept. */
struct wire_expect {
	uint16_t id;               /* as sent on the wire to the upstream */
	const uint8_t *question;   /* as sent: qname + type + class */
	uint16_t question_len;
	bool match_case;           /* 0x20 was used: the qname must match byte for byte */
	bool keep_dnssec;          /* DO was sent by the client: keep RRSIG/NSEC/NSEC3; else strip those that
				      were not asked for (qtype ANY, RRSIG, NSEC... keep their own) */
};

/* What came beside the records. */
struct wire_ingest {
	struct wire_answer *answer; /* in the arena; NULL unless 0 was returned */
	bool tc;                    /* the message says TC (the answer holds what it had) */
	bool has_opt;
	uint16_t flags;             /* header bits of the upstream */
	unsigned rcode;             /* extended rcode included */
	uint16_t opt_udp_size;
	const uint8_t *options;     /* in the upstream's message */
	uint16_t options_len;
};

/* Quick check of header and question alone: 0, ERR_MISMATCH (wrong id, QR=0, other opcode, other
 * question; drop it and wait on), or -EBADMSG (too short to say).  An answer without a question section
 * (QDCOUNT 0) matches only with rcode FORMERR, NOTIMP, SERVFAIL or REFUSED. */
int wire_answer_matches(const uint8_t *msg, size_t len, const struct wire_expect *e) MUST_USE NONNULL;

/* Read the whole.  0; ERR_MISMATCH as above; -EBADMSG: it matches, but its records are broken (a TC
 * message that ends inside a record is no error: whole records before the end are kept; QDCOUNT 0 uses
 * the expected question); -ENOMEM: the arena's limit.
 * The stored flags are AA, RA, AD and rcode of the upstream; TC is not stored in the header bits but
 * returned in ret->tc. */
int wire_ingest(struct wire_builder *b, struct arena *a, const uint8_t *msg, size_t len,
		const struct wire_expect *e, struct wire_ingest *ret) MUST_USE NONNULL;
