// SPDX-License-Identifier: Apache-2.0
/* An answer in wire form: the only form in which answers are stored, shared and sent.
 *
 *   header (12) | question | records: REQUIRED ones first, then optional ones | no OPT
 *   beside it: the offset of each record's TTL field
 *
 * Made by our own compressor only (build.h, ingest.h), which guarantees what patching and cutting need:
 *  - the required records are a prefix of all records (n_required).  Required are (design): the answer
 *    section; the SOA of a negative answer; NS and in-bailiwick glue of a referral; with DO the RRSIGs of
 *    these and the NSEC/NSEC3 proofs.  They come first in their section, and required additional ones
 *    (glue) exist only in a referral, whose authority section is required whole;
 *  - RRsets are in one piece, each followed by its RRSIGs;
 *  - compression pointers point backwards, and never into a record that may be dropped while the pointing
 *    one is kept: records are dropped from the end, except for the members of the run, which nobody
 *    points into;
 *  - the members of the rotatable run (the final A or AAAA RRset) have equal size and point only to
 *    before the run.
 *
 * Life: immutable.  Owned by an arena or a cache entry; one contiguous block (wire_answer_size). */
#pragma once

#include "base/compiler.h"
#include "wire/wire.h"

struct arena;

struct wire_answer {
	uint16_t msg_len;
	uint16_t n_rr;            /* all records */
	uint16_t n_section[3];    /* answer, authority, additional */
	uint16_t n_required;      /* the first n_required records are required */
	uint16_t question_len;
	uint16_t final_first;     /* index of the first record of the answer section's final RRset: what
				     stands before it is the chain (CNAME, DNAME and their RRSIGs, in order
				     from the question) */
	uint16_t final_count;     /* records of the final RRset without its RRSIGs, which follow it */
	uint16_t run_count;       /* = final_count when that RRset is A or AAAA and can rotate; else 0 */
	uint16_t run_size;        /* bytes of each member */
	uint16_t run_off;         /* offset of the first member in the message */
	uint16_t rcode;           /* low 4 bits are in the header too; extended rcodes whole */
	bool truncated;           /* the upstream's own truncation could not be resolved: TC in every form */
	uint32_t min_ttl_s;       /* lowest TTL of all records (0 records: UINT32_MAX) */
	uint32_t soa_min_s;       /* min(SOA TTL, SOA MINIMUM) of an authority SOA; UINT32_MAX without one */
	int32_t ede;              /* EDE that came with it (0..65535) or EDE_NONE */
	uint16_t ede_text_len;
	/* then: uint16_t ttl_off[n_rr], uint8_t msg[msg_len], ede text */
	uint16_t ttl_off[];
};

static inline const uint8_t *wire_answer_msg(const struct wire_answer *a)
{
	return (const uint8_t *)&a->ttl_off[a->n_rr];
}
static inline const uint8_t *wire_answer_ede_text(const struct wire_answer *a)
{
	return wire_answer_msg(a) + a->msg_len;
}
/* Bytes of the whole block; what a cache copies. */
size_t wire_answer_size(const struct wire_answer *a);
/* Copy into an arena; NULL at its limit. */
struct wire_answer *wire_answer_copy(struct arena *a, const struct wire_answer *from);

/* One record of an answer, for plugins that look at it without taking the record form. */
struct wire_rr {
	uint16_t off, rdata_off, end; /* offsets in the message */
	uint16_t type, cls, rdlen;
	uint32_t ttl_s;
	enum wire_section section;
};
/* The i-th record (0 <= i < n_rr). */
struct wire_rr wire_answer_rr(const struct wire_answer *a, unsigned i);

/* How an answer is written for one client. */
struct wire_client {
	uint16_t id;
	const uint8_t *question;  /* the client's own bytes (question_len of them), or NULL: as stored */
	uint16_t limit;           /* bytes at most, OPT included */
	uint16_t set, clear;      /* header flags to set and to clear (AA, RA, AD, RD, CD ...) */
	bool has_opt;             /* write an OPT */
	bool do_bit;
	uint16_t udp_size;        /* our own size, in that OPT */
	bool ttl_fixed;           /* all TTLs become ttl_s */
	uint32_t ttl_s;
	bool rotate;              /* start the run at member `start` % run_count (loadbalance) */
	uint32_t start;           /* also where a cut run starts, rotate or not */
	bool subset;              /* `fit subset`: a cut run of addresses goes without TC, unless DO is set */
	const uint8_t *options;   /* EDNS options to write (EDE, NSID, cookie), options_len bytes */
	uint16_t options_len;
};

struct wire_fit {
	uint16_t len;             /* bytes written */
	bool tc;                  /* TC was set */
	bool subset;              /* TC was left out for `subset` */
	uint16_t n_rr;            /* records written, OPT not counted */
};

/* Write `a` for one client into out (`c->limit` bytes at least): patch header, question, TTLs, rotate, cut
 * to whole records, append the OPT.
 *
 *  - everything fits: sent whole, no TC;
 *  - the required records fit: they and as many optional ones as fit, from the front, no TC.  An
 *    optional RRset and its RRSIGs go or stay together (RFC 2181 9, RFC 4035 3.1.1);
 *  - else TC: the chain (answer records before the final RRset) first, then as many members of the
 *    final RRset as fit; of a rotatable run, those from `start` on, cyclic; a cut RRset carries no
 *    RRSIG.
 * `c->subset` leaves TC out where a rotatable run was cut and at least one member is sent.
 * `a->truncated` sets TC whatever fits.
 * The OPT is always there; its options give way after the optional records: the text of EDE first, then
 * from the end, until the required records fit, or, with TC, the chain and one member of the final RRset.
 * An extended rcode to a client without EDNS becomes SERVFAIL.
 * Flags: what is stored, without `clear`, with `set`; QR always.
 * Never fails for limit >= 512.  Thread: any.  Allocates: nothing.   RFC 2181 9, RFC 6891 7 */
struct wire_fit wire_answer_write(const struct wire_answer *a, const struct wire_client *c,
				  uint8_t *out) NONNULL;
