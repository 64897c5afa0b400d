// SPDX-License-Identifier: Apache-2.0
/* A world to observe, for tests. */
#pragma once

#include "doctor/world.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static inline int setup_world(void **state)
{
	struct observed_world *w = test_calloc(1, sizeof(*w));

	world_init(w, 200);
	w->timeout_ms = 300;
	w->type = TYPE_A;
	*state = w;
	return 0;
}

static inline int teardown_world(void **state)
{
	world_fini(*state);
	test_free(*state);
	return 0;
}

static inline void assert_name(struct observed_world *w, const uint8_t *name, const char *text)
{
	assert_non_null(name);
	assert_string_equal(world_name_text(w, name), text);
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)
