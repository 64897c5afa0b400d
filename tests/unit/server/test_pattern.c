// SPDX-License-Identifier: Apache-2.0
/* pattern: expressions mean what they mean to the peer, or are refused. */
#include "base/compiler.h"
#include "base/err.h"
#include "server/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int find(const char *expression, const char *text)
{
	char why[200];
	struct pattern *p = pattern_new(expression, why, sizeof(why));
	struct pattern_match *m = pattern_match_new(1);
	int found;

	if (!p)
		fail_msg("%s: %s", expression, why);
	assert_non_null(m);
	found = pattern_find(p, m, text, strlen(text));
	assert_int_equal(pattern_matches(p, m, text), found == 1);
	pattern_match_free(m);
	pattern_free(p);
	return found;
}

static void test_expressions_mean_what_they_mean_to_the_peer(void **state)
{
	(void)state;
	assert_int_equal(find(".*i/o timeout$", "read udp 192.0.2.1:4711->192.0.2.53:53: i/o timeout"), 1);
	assert_int_equal(find("timeout$", "timeout\n"), 0);
	assert_int_equal(find("(?i)TIMEOUT", "i/o timeout"), 1);
	assert_int_equal(find("(?P<what>refused|timeout)", "connection refused"), 1);
	assert_int_equal(find("", "anything"), 1);
	assert_int_equal(find("a.b", "a\nb"), 0);
	assert_int_equal(find("^\\d+$", "\331\241"), 0);
	assert_int_equal(find("t.o", "t\377o t-o"), 1);
	assert_int_equal(find("^[[:^alpha:]\\]x-z]+$", "1]x"), 1);
	assert_int_equal(find("^\\Qa(b\\E+$", "a(bb"), 1);
	assert_int_equal(find("^a{2,3}?$", "aaa"), 1);
	assert_int_equal(find("^x{,2}$", "x{,2}"), 1);
	assert_int_equal(find("^(?:a*)*$", "aaa"), 1);
	assert_int_equal(find("(?s-i:a.b)", "a\nb"), 1);
}

static void test_an_expression_that_takes_too_long_is_told_from_no_match(void **state)
{
	(void)state;
	assert_int_equal(find("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), ERR_LIMIT);
}

static void test_what_go_does_not_take_is_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"a(?=b)", "look-ahead"},    {"a(?!b)", "look-ahead"},	   {"(?<=a)b", "look-behind"},
		{"(?<!a)b", "look-behind"},  {"(a)\\1", "back-references"}, {"(?>a)", "kind of group"},
		{"(?|a|b)", "kind of group"}, {"(?#a)", "kind of group"},   {"(?x) a", "kind of group"},
		{"(?P=n)", "kind of group"}, {"(?P>n)", "kind of group"},  {"(*UTF)a", "verbs"},
		{"a*+", "repetition"},	     {"a++", "repetition"},	   {"a{2}{3}", "repetition"},
		{"a{1001}", "1000"},	     {"\\Z", "unknown escape"},	   {"\\K", "unknown escape"},
		{"\\R", "unknown escape"},   {"[\\b]", "in a class"},	   {"\\v", "\\x0b"},
		{"(a", "character"},	     {"[a", "character"},	   {"a\\", "character"},
		{"*a", "character"},	     {"(?P<n>a)(?P<n>b)", "character"},
	};
	char why[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_null(pattern_new(cases[i].text, why, sizeof(why)));
		if (!strstr(why, cases[i].words))
			fail_msg("%s: said \"%s\"", cases[i].text, why);
	}
}

static void test_groups_are_told_by_number_and_name(void **state)
{
	const char *text = "ip-10-77.example.";
	char why[200];
	struct pattern *p = pattern_new("^ip-(?P<a>\\d+)-(x)?(?<b>\\d+)", why, sizeof(why));
	struct pattern_match *m = pattern_match_new(4);
	size_t from, to;

	(void)state;
	assert_non_null(p);
	assert_int_equal(pattern_groups(p), 4);
	assert_null(pattern_group_name(p, 0));
	assert_string_equal(pattern_group_name(p, 1), "a");
	assert_null(pattern_group_name(p, 2));
	assert_string_equal(pattern_group_name(p, 3), "b");
	assert_int_equal(pattern_find(p, m, text, strlen(text)), 1);
	assert_true(pattern_group(m, 3, &from, &to));
	assert_int_equal(from, 6);
	assert_int_equal(to, 8);
	assert_false(pattern_group(m, 2, &from, &to));
	assert_false(pattern_group(m, 4, &from, &to));
	assert_int_equal(pattern_find(p, m, "no", 2), 0);
	assert_false(pattern_group(m, 0, &from, &to));
	pattern_match_free(m);
	pattern_free(p);
}

static void test_more_groups_than_allowed_are_refused(void **state)
{
	char text[3 * PATTERN_GROUPS_MAX + 4] = "", why[200];

	(void)state;
	for (int i = 0; i < PATTERN_GROUPS_MAX; i++)
		strcat(text, "(a)");
	assert_null(pattern_new(text, why, sizeof(why)));
	assert_non_null(strstr(why, "100 groups"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expressions_mean_what_they_mean_to_the_peer),
		cmocka_unit_test(test_an_expression_that_takes_too_long_is_told_from_no_match),
		cmocka_unit_test(test_what_go_does_not_take_is_refused),
		cmocka_unit_test(test_groups_are_told_by_number_and_name),
		cmocka_unit_test(test_more_groups_than_allowed_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
