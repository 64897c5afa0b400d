// SPDX-License-Identifier: Apache-2.0
/* The builder's inside, shared by build.c and ingest.c. */
#pragma once

#include "base/compiler.h"
#include "wire/build.h"
#include "wire/compress.h"
#include "wire/ingest_table.h"
#include "wire/limits.h"
#include "wire/wire.h"

enum {
	/* A record is written before it is known to fit; names are what may run over. */
	BUILDER_SLACK = 2 * (WIRE_NAME_MAX + 1),
	WIRE_EDE_TEXT_MAX = 255,
};

/* The state of the message under construction; reset by wire_build_begin. */
struct wire_build {
	size_t len;              /* bytes written */
	uint16_t question_len, qtype;
	uint16_t flags;
	uint16_t n_rr, n_section[3], n_required;
	bool full;               /* a record did not fit: no more are taken */
	bool truncated;          /* ... and one of those was required */
	uint32_t min_ttl_s, soa_min_s;

	uint16_t final_first, final_count; /* as in struct wire_answer, once final_state is not NONE */
	uint16_t final_cls, run_off, run_size;
	bool run_even;           /* the members so far have equal size and point to before the run */
	enum { FINAL_NONE, FINAL_OPEN, FINAL_CLOSED } final_state;

	uint16_t owner_same;     /* where the last owner can be pointed at, or COMPRESS_REACH */
	uint16_t owner_len;
	uint8_t owner[WIRE_NAME_MAX]; /* the last owner; at the start the question's name */

	int32_t ede;
	uint16_t ede_text_len;
	uint8_t ede_text[WIRE_EDE_TEXT_MAX];
};

struct wire_builder {
	struct wire_build now;
	uint16_t ttl_off[WIRE_RR_MAX];
	uint8_t msg[WIRE_MSG_MAX + BUILDER_SLACK];
	struct wire_compress names;
	struct ingest_table ingest;
};
