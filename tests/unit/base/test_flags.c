// SPDX-License-Identifier: Apache-2.0
#include "base/flags.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct fields {
	const char *text;
	bool yes;
	unsigned number;
	struct flag_list list;
};

static const struct flag flags[] = {
	FLAG("text", FLAG_TEXT, struct fields, text, "", ""),
	FLAG("yes", FLAG_BOOL, struct fields, yes, "", ""),
	FLAG_RANGE("number", 2, 64, struct fields, number, "", ""),
	FLAG("list", FLAG_LIST, struct fields, list, "", ""),
};
static const struct flag_table table = {flags, ARRAY_LEN(flags), NULL};

/* The words as a command line; how many were taken, or negative. */
static int take(struct fields *f, const char *a, const char *b)
{
	char *argv[] = {(char[]){"x"}, NULL, NULL, NULL};
	char word[2][64];
	int at = 1, err;

	strcpy(word[0], a);
	argv[1] = word[0];
	if (b) {
		strcpy(word[1], b);
		argv[2] = word[1];
	}
	*f = (struct fields){.number = 7};
	err = flags_take(&table, b ? 3 : 2, argv, &at, f);
	return err ? err : at;
}

static void test_values_are_the_next_word_or_stand_behind_an_equals_sign(void **state)
{
	struct fields f;

	assert_int_equal(take(&f, "-number", "64"), 2);
	assert_int_equal(f.number, 64);
	assert_int_equal(take(&f, "--number=2", "64"), 1);
	assert_int_equal(f.number, 2);
	assert_int_equal(take(&f, "-list=", NULL), 1);
	assert_int_equal(f.list.n, 1);
}

static void test_a_boolean_takes_no_other_word(void **state)
{
	struct fields f;

	assert_int_equal(take(&f, "-yes", "false"), 1);
	assert_true(f.yes);
	assert_int_equal(take(&f, "-yes=F", NULL), 1);
	assert_false(f.yes);
	assert_int_equal(take(&f, "-yes=maybe", NULL), -EINVAL);
}

static void test_numbers_keep_their_range(void **state)
{
	static const char *const bad[] = {"1", "65", "", "2x", "-3", " 3", "18446744073709551618"};
	struct fields f;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(take(&f, "-number", bad[i]), -EINVAL);
		assert_int_equal(f.number, 7);
	}
}

static void test_what_is_not_in_the_table_or_lacks_its_value_is_refused(void **state)
{
	struct fields f;

	assert_int_equal(take(&f, "-tex", "a"), -EINVAL);
	assert_int_equal(take(&f, "-texts", "a"), -EINVAL);
	assert_int_equal(take(&f, "-text", NULL), -EINVAL);
	assert_int_equal(take(&f, "---text", "a"), -EINVAL);
}

static void test_a_list_is_bounded(void **state)
{
	struct fields f = {.list.n = FLAG_LIST_MAX};
	char *argv[] = {(char[]){"x"}, (char[]){"-list=a"}, NULL};
	int at = 1;

	assert_int_equal(flags_take(&table, 2, argv, &at, &f), -EINVAL);
	assert_int_equal(f.list.n, FLAG_LIST_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_are_the_next_word_or_stand_behind_an_equals_sign),
		cmocka_unit_test(test_a_boolean_takes_no_other_word),
		cmocka_unit_test(test_numbers_keep_their_range),
		cmocka_unit_test(test_what_is_not_in_the_table_or_lacks_its_value_is_refused),
		cmocka_unit_test(test_a_list_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
