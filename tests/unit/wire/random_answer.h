// SPDX-License-Identifier: Apache-2.0
/* For tests: answers as upstreams might give them, all from one seed, and what is to be expected of
 * each record. */
#pragma once

#include "message.h"
#include "wire/ingest.h"

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;  /* the seed */
	unsigned serial; /* of names */
};
uint32_t random_u32(struct random *r);
/* lo..hi, both included. */
unsigned random_in(struct random *r, unsigned lo, unsigned hi);
/* True once in n. */
bool random_one_in(struct random *r, unsigned n);

enum random_shape { SHAPE_POSITIVE, SHAPE_NODATA, SHAPE_NXDOMAIN, SHAPE_REFERRAL, SHAPES };

enum { RANDOM_RR_MAX = 700, RANDOM_RDATA = 400 };

struct random_rr {
	struct message_rr rr; /* rr.rdata is `rdata` */
	uint8_t rdata[RANDOM_RDATA];
	bool required;
	bool stripped;        /* must not come through without keep_dnssec */
};

struct random_answer {
	enum random_shape shape;
	unsigned chain;       /* CNAMEs before the final RRset */
	uint16_t qtype, flags;
	uint8_t question[WIRE_NAME_MAX + 4];
	uint16_t question_len;
	bool keep_dnssec;
	unsigned n;
	struct random_rr rr[RANDOM_RR_MAX]; /* in a sensible order */
};

/* Make one.  All records are different. */
void random_answer_make(struct random *r, struct random_answer *a);
/* As an upstream's message, id 0; `shuffle`: records of each section in any order. */
void random_answer_raw(struct random *r, const struct random_answer *a, bool shuffle, struct raw *raw);
struct wire_expect random_answer_expect(const struct random_answer *a);
