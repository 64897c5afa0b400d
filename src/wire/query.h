// SPDX-License-Identifier: Apache-2.0
/* The reader of clients' messages: checked once here; nothing later checks again.
 *
 * Rules: RFC 1035 4.1, RFC 6891 6.1, RFC 8906, shared with no other reader.  Never logs, never allocates. */
#pragma once

#include "base/compiler.h"
#include "wire/wire.h"

/* A client's query after the check.  Views point into the message, which outlives this struct for the
 * duration of the batch; what must live longer is copied by the query's owner. */
struct wire_query {
	uint16_t id;
	uint16_t flags;          /* all 16 bits as received */
	uint16_t question_len;   /* bytes of qname + qtype + qclass in the message, at offset 12 */
	uint16_t qtype, qclass;
	uint8_t qname_len;       /* wire length, root included */
	uint8_t n_labels;        /* labels without the root */
	uint8_t qname[WIRE_NAME_MAX]; /* lower-cased */
	uint8_t label_off[WIRE_LABELS_MAX + 1]; /* offset of each label in qname; the root label last */

	bool has_soa;            /* an SOA came with the question: what the client of an IXFR has */
	uint32_t soa_serial;

	bool has_opt;
	bool do_bit;
	uint8_t edns_version;
	uint16_t udp_size;       /* as sent by the client, not raised to 512; 0 without OPT */
	uint16_t options_len;
	const uint8_t *options;  /* the OPT's rdata; every option's length was checked; NULL without OPT */
};

/* What to do with a message (returned by wire_query_read). */
enum wire_verdict {
	WIRE_OK,       /* `ret` is filled in */
	WIRE_DROP,     /* silence: shorter than a header, or QR=1 */
	WIRE_FORMERR,  /* answer by wire_query_error */
	WIRE_NOTIMP,   /* opcode other than QUERY and NOTIFY: header only */
	WIRE_BADVERS,  /* EDNS version > 0; `ret` is filled in */
};

/* Check a client's message.
 *
 * FORMERR: question count other than 1, ANCOUNT > 1, NSCOUNT > 1, ARCOUNT > 2, counts that the bytes do
 * not hold, a compressed or broken question name, broken records, two OPTs, an OPT that is not owned by
 * the root or not in the additional section, an option that runs past its OPT, a TSIG that is not the
 * last additional record.  Bytes after the message are ignored.
 * A TSIG as last additional record is let through unread (plugin tsig).
 * `ret` is filled in for WIRE_OK and WIRE_BADVERS only (then without options: their form is another
 * version's). */
enum wire_verdict wire_query_read(const uint8_t *msg, size_t len, struct wire_query *ret) NONNULL;

/* Write the short answer to a message with verdict FORMERR or NOTIMP: id, opcode and RD echoed (opcode QUERY for
 * FORMERR), all counts 0.  Where only a record behind it was broken, FORMERR has the question (q->question_len, which
 * wire_query_read sets for FORMERR too; 0 where there is none).
 * msg has >= 12 bytes, out room for 12 and the question.  Returns the length. */
size_t wire_query_error(const uint8_t *msg, enum wire_verdict v, const struct wire_query *q, uint8_t *out);

/* Find an EDNS option's data in checked options; NULL when absent.  The first one counts.  Not NULL for
 * an option without data. */
const uint8_t *wire_option_find(const uint8_t *options, size_t options_len, uint16_t code, uint16_t *ret_len);
