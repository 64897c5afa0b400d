// SPDX-License-Identifier: Apache-2.0
/* For tests: a message taken apart, its names decompressed, and the way from text to records. */
#pragma once

#include "wire/build.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <stdio.h>

enum { MESSAGE_RR_MAX = 6000 };

struct message_rr {
	enum wire_section section;
	uint8_t owner[WIRE_NAME_MAX];
	uint16_t type, cls;
	uint32_t ttl_s;
	const uint8_t *rdata; /* decompressed */
	uint32_t rdlen;
	size_t rdata_at;      /* in the message's pool */
};

struct message {
	uint16_t id, flags, question_len;
	const uint8_t *question; /* in the bytes parsed */
	unsigned n_rr, n_section[3];
	bool has_opt;
	uint16_t opt_size, options_len;
	uint32_t opt_ttl;
	const uint8_t *options;
	struct message_rr *rr; /* the OPT is not among them */
	uint8_t *pool;
	size_t pool_size;
};

/* Take `msg` apart with the library's reader.  NULL: not well formed to its last byte, or an OPT that
 * is not the last record.  Freed by message_free. */
struct message *message_parse(const uint8_t *msg, size_t len);
void message_free(struct message *m);

/* Same owner (without case), type, class and rdata; the TTL too when asked. */
bool message_rr_equal(const struct message_rr *a, const struct message_rr *b, bool ttl);
/* An RRSIG's covered type, else the type. */
unsigned message_rr_covered(const struct message_rr *r);
/* In dig form, one line a record. */
void message_print(FILE *f, const struct message *m);
void message_rr_print(FILE *f, const struct message_rr *r);

/* qname (text), type and class IN into `out` (260 bytes); its length. */
uint16_t question_of(const char *name, uint16_t type, uint8_t *out);

/* A record from text, "www.example. 60 A 192.0.2.1", rdata by type:
 *   A AAAA address | NS CNAME PTR DNAME name | MX 10 name | SRV 1 2 3 name | TXT word | SOA mname minimum
 *   RRSIG covered signer size (size: bytes of the signature) | others: hex digits
 * into the fields of `ret` (rdata in `rdata`, 4096 bytes).  Aborts on a test's own mistake. */
void record_of(const char *text, struct message_rr *ret, uint8_t *rdata);
/* record_of and wire_build_rr; what that returns. */
int record_build(struct wire_builder *b, enum wire_section s, bool required, const char *text);

/* An upstream's message, records in any order and not compressed. */
struct raw {
	size_t len;
	uint8_t msg[65535];
};
void raw_begin(struct raw *r, uint16_t flags, const char *name, uint16_t type);
/* Sections in ascending order.  False: no room. */
bool raw_add_rr(struct raw *r, enum wire_section s, const struct message_rr *rr);
void raw_add(struct raw *r, enum wire_section s, const char *text);
/* An OPT with these options (bytes_of). */
void raw_opt(struct raw *r, uint32_t ttl, const char *options);
