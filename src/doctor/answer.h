// SPDX-License-Identifier: Apache-2.0
/* The reader of answers: what a message says, as far as a diagnosis must know, and whether it answers the question.
 *
 * Not wire_ingest, which takes an answer as a server may store it: a diagnosis wants to see what is wrong with one (a chain
 * that loops, TC with records, a record too many), and keeps nothing.  Bytes are hostile: bounds by wire/reader.h.  Pure. */
#pragma once

#include "base/compiler.h"
#include "doctor/observe.h"
#include "doctor/question.h"

struct answer_expect {
	uint16_t id;
	const uint8_t *name;
	uint16_t type, cls;
	const uint8_t *cookie; /* the client cookie sent, or NULL */
};

/* Where the reader puts names and texts, at most once each a message; static bounds, copied by the caller. */
struct answer_texts {
	uint8_t target[255], soa_owner[255];
	bool has_target;
	const uint8_t *ede; /* in the message */
	size_t ede_len;
	const uint8_t *txt;
	size_t txt_len;
};

/* Read.  WRONG_NONE: it answers the question and `ret` is filled in; WRONG_ID, WRONG_GARBLED, WRONG_QUESTION: it does not,
 * and `ret` holds what could be read.  ret's pointers stay NULL: the names and texts are in `texts`. */
enum wrong_reply answer_read(const uint8_t *msg, size_t len, const struct answer_expect *e,
			     struct observed_reply *ret, struct answer_texts *texts) NONNULL;
