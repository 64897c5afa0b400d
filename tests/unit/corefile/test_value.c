// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <errno.h>

static void test_duration_reads_as_go_does(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} v[] = {
		{"0", 0},
		{"+0", 0},
		{"-0", 0},
		{"0s", 0},
		{"-0s", 0},
		{"1ns", 1},
		{"1us", 1000},
		{"1\xc2\xb5s", 1000},
		{"1\xce\xbcs", 1000},
		{"1ms", 1000000},
		{"5s", 5000000000},
		{"+5s", 5000000000},
		{"1m", 60000000000},
		{"1h2m3s", 3723000000000},
		{"1.5h", 5400000000000},
		{".5s", 500000000},
		{"1.s", 1000000000},
		{"300ms", 300000000},
		{"1h1h", 7200000000000},
		{"0.000000001s", 1},
		{"1.0000000000000000000000001s", 1000000000},
		{"2562047h47m16.854775807s", INT64_MAX},
		{"9223372036854775807ns", INT64_MAX},
		{"0.3333333333333333333h", 1200000000000},
	};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		uint64_t ns = 99;
		assert_int_equal(cf_duration(v[i].text, &ns), 0);
		assert_int_equal(ns, v[i].ns);
	}
}

static void test_duration_refuses_other_text(void **state)
{
	static const char *const v[] = {"",    "5",    "s",    ".s",  ".",     "-",    "+",
					"5x",  "5 s",  "5S",   "1d",  "1h-2m", "--5s", "5s ",
					" 5s", "1e3s", "0x5s", "5ss", "infs",  "1h 2m"};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		uint64_t ns = 99;
		assert_int_equal(cf_duration(v[i], &ns), -EINVAL);
		assert_int_equal(ns, 99);
	}
}

static void test_duration_refuses_what_it_cannot_hold(void **state)
{
	static const char *const v[] = {"-5s",
					"-1ns",
					"9223372036854775808ns",
					"2562048h",
					"99999999999999999999s",
					"2562047h47m16.854775808s",
					"2562047h1h"};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		uint64_t ns = 99;
		assert_int_equal(cf_duration(v[i], &ns), -ERANGE);
		assert_int_equal(ns, 99);
	}
}

static void test_integer_reads_as_go_does(void **state)
{
	static const struct {
		const char *text;
		int result;
		int64_t value;
	} v[] = {
		{"0", 0, 0},
		{"-0", 0, 0},
		{"+7", 0, 7},
		{"-7", 0, -7},
		{"007", 0, 7},
		{"9223372036854775807", 0, INT64_MAX},
		{"-9223372036854775808", 0, INT64_MIN},
		{"9223372036854775808", -ERANGE, 0},
		{"-9223372036854775809", -ERANGE, 0},
		{"99999999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"-", -EINVAL, 0},
		{"+", -EINVAL, 0},
		{"1_000", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"1.0", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"99999999999999999999x", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		int64_t n = 0;
		assert_int_equal(cf_integer(v[i].text, &n), v[i].result);
		assert_int_equal(n, v[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_duration_reads_as_go_does),
		cmocka_unit_test(test_duration_refuses_other_text),
		cmocka_unit_test(test_duration_refuses_what_it_cannot_hold),
		cmocka_unit_test(test_integer_reads_as_go_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
