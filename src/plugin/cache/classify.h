// SPDX-License-Identifier: Apache-2.0
/* What kind of answer an answer is.  Pure; any thread.  Used by `cache` and `log`. */
#pragma once

#include "base/compiler.h"
#include "wire/answer.h"

#include <stdbool.h>
#include <stdint.h>

enum response_type {
	RESPONSE_NOERROR,
	RESPONSE_NXDOMAIN,
	RESPONSE_NODATA, /* the name exists, the type does not */
	RESPONSE_DELEGATION,
	RESPONSE_SERVERERROR, /* SERVFAIL, NOTIMP */
	RESPONSE_META, /* NOTIFY, AXFR, IXFR */
	RESPONSE_UPDATE,
	RESPONSE_OTHERERROR,
};

enum response_class { RESPONSE_SUCCESS, RESPONSE_DENIAL, RESPONSE_ERROR };

/* What was asked, as far as it matters here. */
struct response_question {
	const uint8_t *qname; /* any case */
	uint16_t qtype;
	uint8_t opcode;
	bool do_bit;
};

/* `a` may be NULL: there is no answer.  `wall_s`: seconds since 1970, for the validity of signatures. */
enum response_type response_type(const struct response_question *q, const struct wire_answer *a,
				 uint64_t wall_s);
enum response_class response_class(enum response_type t);
/* "NOERROR", "NODATA" ...; "success" ... */
const char *response_type_text(enum response_type t);
const char *response_class_text(enum response_class c);

/* Where the CNAMEs of the answer section lead, from the name asked for. */
enum chain_end {
	CHAIN_ANSWERED, /* to records of the type asked for */
	CHAIN_OPEN, /* to a name without such records here; also without any CNAME */
	CHAIN_BROKEN, /* in a circle, or two ways at once */
};
enum chain_end response_chain(const struct response_question *q, const struct wire_answer *a) NONNULL;

/* A signature outside its time of validity. */
bool response_has_invalid_signature(const struct wire_answer *a, uint64_t wall_s) NONNULL;
bool response_has_type(const struct wire_answer *a, enum wire_section s, uint16_t type) NONNULL;
