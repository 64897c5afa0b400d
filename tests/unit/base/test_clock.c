// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

#include <time.h>

static void test_clock_mono_never_goes_back(void **unused)
{
	uint64_t last = clock_mono_ns();

	for (int i = 0; i < 10000; i++) {
		uint64_t now = clock_mono_ns();

		assert_true(now >= last);
		last = now;
	}
}

static void test_clock_wall_agrees_with_the_system(void **unused)
{
	uint64_t before = (uint64_t)time(NULL);
	uint64_t now_s = clock_wall_ns() / NS_PER_S;

	assert_in_range(now_s, before, (uint64_t)time(NULL) + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_mono_never_goes_back),
		cmocka_unit_test(test_clock_wall_agrees_with_the_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
