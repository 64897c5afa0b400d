// SPDX-License-Identifier: Apache-2.0
/* For tests: a builder, an arena, and answers made from text. */
#pragma once

#include "answer_check.h"
#include "base/arena.h"
#include "message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
	struct wire_builder *b;
	struct arena arena;
};

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->b = wire_builder_new();
	arena_init(&f->arena, NULL, 0, NULL);
	*state = f;
	return f->b ? 0 : -1;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	wire_builder_free(f->b);
	arena_fini(&f->arena);
	free(f);
	return 0;
}

static inline void begin(struct fixture *f, const char *name, uint16_t type)
{
	uint8_t q[WIRE_NAME_MAX + 4];

	wire_build_begin(f->b, q, question_of(name, type, q), FLAG_AA);
}

static inline struct wire_answer *end(struct fixture *f)
{
	struct wire_answer *a = wire_build_end(f->b, &f->arena, RCODE_NOERROR);

	assert_non_null(a);
	const char *wrong = answer_check_block(a);
	if (wrong)
		fail_msg("%s", wrong);
	return a;
}

/* Add records from text: "R" before one marks it required, "-" optional (answers are required anyway). */
static inline void add(struct fixture *f, enum wire_section s, const char *text)
{
	assert_int_equal(record_build(f->b, s, text[0] == 'R', text + 2), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
