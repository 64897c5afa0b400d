// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/background.h"

#include <sched.h>
#include <stdatomic.h>

static void count(void *arg)
{
	atomic_fetch_add((atomic_uint *)arg, 1);
}

static void wait_for(atomic_uint *n, unsigned at_least)
{
	while (atomic_load(n) < at_least)
		sched_yield();
}

static void test_background_runs_each_task_again_and_again(void **unused)
{
	atomic_uint a = 0, b = 0;
	struct background_task *ta = background_every(1, count, &a), *tb = background_every(3, count, &b);

	assert_non_null(ta);
	assert_non_null(tb);
	wait_for(&a, 5);
	wait_for(&b, 3);
	background_stop(ta);
	background_stop(tb);
}

static void test_background_does_not_run_a_stopped_task(void **unused)
{
	atomic_uint a = 0, b = 0;
	struct background_task *ta = background_every(1, count, &a), *tb = background_every(1, count, &b);
	unsigned then;

	wait_for(&a, 1);
	background_stop(ta);
	then = atomic_load(&a);
	wait_for(&b, atomic_load(&b) + 20);
	assert_int_equal(atomic_load(&a), then);
	background_stop(tb);
	background_stop(NULL);
}

static void test_background_starts_anew_after_the_last_task(void **unused)
{
	for (int i = 0; i < 50; i++) {
		atomic_uint n = 0;
		struct background_task *t = background_every(1, count, &n);

		if (i % 2)
			wait_for(&n, 1);
		background_stop(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_background_runs_each_task_again_and_again),
		cmocka_unit_test(test_background_does_not_run_a_stopped_task),
		cmocka_unit_test(test_background_starts_anew_after_the_last_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
