// SPDX-License-Identifier: Apache-2.0
/* The hot path never calls malloc. */
#include "allocations.h"
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_a_hit_allocates_nothing(void **state)
{
	struct cache *c = test_cache(1000, 1000);
	unsigned found = 0;

	(void)state;
	for (unsigned n = 0; n < 1000; n++)
		assert_true(test_put(c, n, 60, SECOND, NULL));
	allocations = 0;
	for (unsigned n = 0; n < 1000; n++)
		found += test_has(c, n, SECOND);
	assert_int_equal(allocations, 0);
	assert_int_equal(found, 1000);
	cache_put(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_hit_allocates_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
