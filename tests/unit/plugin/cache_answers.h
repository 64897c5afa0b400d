// SPDX-License-Identifier: Apache-2.0
/* Answers from text, for the tests of cache and log. */
#pragma once

#include "base/arena.h"
#include "message.h"
#include "plugin/cache/classify.h"
#include "wire/build.h"

enum { RECORDS_MAX = 8 };

/* What an upstream could have sent.  Records: "AN www.example. 60 A 192.0.2.1", "NS ..." for the authority
 * section, "AR ..." for the additional one; in this order. */
struct test_case {
	const char *name;
	uint16_t type;
	unsigned rcode;
	bool do_bit;
	const char *records[RECORDS_MAX];
};

struct wire_answer *answer_of(struct wire_builder *b, struct arena *a, const struct test_case *c,
			      uint16_t flags);
/* `name`: 255 bytes that hold the question's. */
struct response_question question_for(const struct test_case *c, uint8_t *name);
