// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/err.h"

#include <errno.h>
#include <limits.h>

static void test_err_text_knows_both_kinds_of_code(void **unused)
{
	static const struct {
		int code;
		const char *text;
	} cases[] = {
		{0, "success"},
		{-ENOENT, "no such file or directory"},
		{-ECONNREFUSED, "connection refused"},
		{-EBADMSG, "bad message"},
		{-EADV, "advertise error"},
		{-EL2NSYNC, "level 2 not synchronized"},
		{-ENXIO, "no such device or address"},
		{-E2BIG, "argument list too long"},
		{-ESRMNT, "srmount error"},
		{-EHWPOISON, "memory page has hardware error"},
		{ERR_TRUNCATED, "bytes end too early"},
		{ERR_MISMATCH, "not an answer to this question"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(err_text(cases[i].code), cases[i].text);
}

static void test_err_text_answers_any_number(void **unused)
{
	static const int codes[] = {1, INT_MAX, INT_MIN, -134, -999, -1000, ERR_MISMATCH - 1};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		assert_string_equal(err_text(codes[i]), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_err_text_knows_both_kinds_of_code),
		cmocka_unit_test(test_err_text_answers_any_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
