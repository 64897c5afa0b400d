// SPDX-License-Identifier: Apache-2.0
#include "capture/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MS = 1000000 };

static struct capture_mark a[64], b[64];

/* n questions with their answers 5 ms later; in the other file `away` later on the way there, earlier on the way back. */
static void fill(unsigned n, int64_t ahead, int64_t away)
{
	for (unsigned i = 0; i < n; i++) {
		bool answer = i & 1;
		int64_t t = 1000ll * MS * i + (answer ? 5 * MS : 0);

		a[i] = (struct capture_mark){i + 1, t, answer};
		b[n - 1 - i] = (struct capture_mark){i + 1, t + ahead + (answer ? -away : away), answer};
	}
}

static void test_the_networks_delay_is_not_the_clocks(void **state)
{
	struct capture_clock c;

	fill(20, 3700 * (int64_t)MS, 2 * MS);
	assert_true(capture_clock_compare(a, 20, b, 20, &c));
	assert_true(c.known);
	assert_int_equal(c.n_common, 20);
	assert_int_equal(c.ahead_ns, 3700 * (int64_t)MS);
	fill(20, -42, 0);
	assert_true(capture_clock_compare(a, 20, b, 20, &c));
	assert_int_equal(c.ahead_ns, -42);
}

static void test_copies_and_odd_ones_do_not_matter(void **state)
{
	struct capture_clock c;

	fill(20, 100 * MS, MS);
	b[3].time_ns += 900 * (int64_t)MS; /* a packet that was slow */
	a[20] = (struct capture_mark){a[4].digest, a[4].time_ns + 50000, a[4].answer};
	b[20] = (struct capture_mark){999, 1, false};
	assert_true(capture_clock_compare(a, 21, b, 21, &c));
	assert_int_equal(c.ahead_ns, 100 * MS);
}

static void test_two_messages_say_nothing(void **state)
{
	struct capture_clock c;

	fill(20, 0, 0);
	for (unsigned i = 0; i < 18; i++)
		b[i].digest += 1000;
	assert_false(capture_clock_compare(a, 20, b, 20, &c));
	assert_false(c.known);
	assert_int_equal(c.ahead_ns, 0);
	assert_false(capture_clock_compare(a, 0, b, 0, &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_networks_delay_is_not_the_clocks),
		cmocka_unit_test(test_copies_and_odd_ones_do_not_matter),
		cmocka_unit_test(test_two_messages_say_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
