// SPDX-License-Identifier: Apache-2.0
#include "kube/http_date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { NOW_S = 784111777 }; /* Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110 5.6.7 */

static void test_the_three_forms_of_a_date_are_read(void **state)
{
	const char *const forms[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
				     "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 GMT\r\n"};
	int64_t s;

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		assert_true(http_date(forms[i], &s));
		assert_int_equal(s, NOW_S);
	}
}

static void test_what_is_no_date_is_refused(void **state)
{
	const char *const bad[] = {"", "soon", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:37 GMTx", "1994-11-06T08:49:37Z",
				   "Sun, 36 Nov 1994 08:49:37 GMT", ",", "Sun, 06 Nov 1994 08:49:37"};
	int64_t s;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(http_date(bad[i], &s));
}

static void test_retry_after_is_seconds_or_a_date(void **state)
{
	(void)state;
	assert_int_equal(http_retry_after("7\r\n", NOW_S), 7);
	assert_int_equal(http_retry_after("0", NOW_S), 0);
	assert_int_equal(http_retry_after("Sun, 06 Nov 1994 08:50:37 GMT\r\n", NOW_S), 60);
	assert_int_equal(http_retry_after("Sunday, 06-Nov-94 08:49:40 GMT", NOW_S), 3);
	assert_int_equal(http_retry_after("nonsense", NOW_S), 0);
	assert_int_equal(http_retry_after("-5", NOW_S), 0);
}

static void test_a_date_that_is_past_asks_for_no_wait(void **state)
{
	(void)state;
	assert_int_equal(http_retry_after("Sun, 06 Nov 1994 08:49:36 GMT", NOW_S), 0);
}

static void test_retry_after_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(http_retry_after("99999999999999999999999", NOW_S), 86400);
	assert_int_equal(http_retry_after("Sun, 06 Nov 2994 08:49:37 GMT", NOW_S), 86400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_three_forms_of_a_date_are_read),
		cmocka_unit_test(test_what_is_no_date_is_refused),
		cmocka_unit_test(test_retry_after_is_seconds_or_a_date),
		cmocka_unit_test(test_a_date_that_is_past_asks_for_no_wait),
		cmocka_unit_test(test_retry_after_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
