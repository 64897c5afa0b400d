// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "kube/pace.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { EVENT = 600 };

static uint64_t now_ns = 1000 * NS_PER_S;

/* One event every `gap_ms` for `ms`, as a thread that sleeps when it is told: turns that it took, and the longest sleep. */
static unsigned run(struct kube_pace *p, uint64_t gap_ms, uint64_t ms, size_t bytes, unsigned *ret_sleep)
{
	uint64_t end_ns = now_ns + ms * NS_PER_MS, next_ns = now_ns + gap_ms * NS_PER_MS;
	unsigned turns = 0, sleep;

	*ret_sleep = 0;
	while (now_ns < end_ns) {
		if (now_ns < next_ns)
			now_ns = next_ns; /* it waits for the event */
		while (next_ns <= now_ns)
			next_ns += gap_ms * NS_PER_MS;
		sleep = kube_pace(p, now_ns, bytes);
		now_ns += sleep * NS_PER_MS;
		*ret_sleep = sleep > *ret_sleep ? sleep : *ret_sleep;
		turns++;
	}
	return turns;
}

static void test_few_events_are_taken_at_once(void **state)
{
	struct kube_pace p = {0};
	unsigned sleep;

	(void)state;
	assert_in_range(run(&p, 10, 5000, EVENT, &sleep), 499, 501);
	assert_int_equal(sleep, 0);
}

static void test_a_burst_is_taken_at_once(void **state)
{
	struct kube_pace p = {0};
	unsigned sleep;

	(void)state;
	for (int i = 0; i < 10; i++) {
		(void)run(&p, 2, 30, EVENT, &sleep);
		assert_int_equal(sleep, 0);
		now_ns += 300 * NS_PER_MS;
	}
}

static void test_a_storm_is_taken_by_the_handful(void **state)
{
	struct kube_pace p = {0};
	unsigned sleep;

	(void)state;
	(void)run(&p, 5, 300, EVENT, &sleep); /* it begins */
	assert_in_range(run(&p, 5, 5000, EVENT, &sleep), 300, 400); /* of 1,000 events */
	assert_int_equal(sleep, PACE_SLEEP_MS);
	assert_in_range(run(&p, 1, 5000, EVENT, &sleep), 300, 400); /* of 5,000 */
}

static void test_after_a_storm_events_are_taken_at_once_again(void **state)
{
	struct kube_pace p = {0};
	unsigned sleep;

	(void)state;
	(void)run(&p, 5, 1000, EVENT, &sleep);
	assert_int_equal(sleep, PACE_SLEEP_MS);
	(void)run(&p, 40, 300, EVENT, &sleep); /* it ends */
	(void)run(&p, 40, 1000, EVENT, &sleep);
	assert_int_equal(sleep, 0);
	(void)run(&p, 5, 1000, EVENT, &sleep);
	now_ns += 10 * NS_PER_S;
	assert_int_equal(kube_pace(&p, now_ns, EVENT), 0);
}

static void test_lists_are_read_without_a_rest(void **state)
{
	struct kube_pace p = {0};
	unsigned sleep;

	(void)state;
	assert_in_range(run(&p, 1, 3000, 16384, &sleep), 2999, 3001);
	assert_int_equal(sleep, 0);
	(void)run(&p, 5, 1000, EVENT, &sleep);
	assert_int_equal(kube_pace(&p, now_ns, 16384), 0); /* in a storm too */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_events_are_taken_at_once),
		cmocka_unit_test(test_a_burst_is_taken_at_once),
		cmocka_unit_test(test_a_storm_is_taken_by_the_handful),
		cmocka_unit_test(test_after_a_storm_events_are_taken_at_once_again),
		cmocka_unit_test(test_lists_are_read_without_a_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
