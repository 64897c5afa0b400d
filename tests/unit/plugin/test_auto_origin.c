// SPDX-License-Identifier: Apache-2.0
/* auto: the zone's name in a file's. */
#include "plugin/auto/auto.h"
#include "server/pattern.h"
#include "wire/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct origin_case {
	const char *expression, *template, *file, *want; /* want NULL: no name */
};

static void check(const struct origin_case *c)
{
	char why[128], text[WIRE_NAME_TEXT_MAX];
	struct auto_folder f = {.template = c->template, .pattern = pattern_new(c->expression, why, sizeof(why))};
	uint8_t name[WIRE_NAME_MAX];
	int len;

	assert_non_null(f.pattern);
	f.match = pattern_match_new(pattern_groups(f.pattern));
	assert_non_null(f.match);
	assert_true(pattern_matches(f.pattern, f.match, c->file));
	len = auto_origin(&f, c->file, name);
	if (c->want) {
		assert_true(len > 0);
		wire_name_text(name, text);
		assert_string_equal(text, c->want);
		assert_int_equal(len, wire_name_len(name));
	} else {
		assert_true(len < 0);
	}
	pattern_match_free(f.match);
	pattern_free(f.pattern);
}

static void check_all(const struct origin_case *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(&c[i]);
}

static void test_groups_are_put_in_by_number_and_name(void **state)
{
	static const struct origin_case cases[] = {
		{"db\\.(.*)", "${1}", "db.Example.ORG", "example.org."},
		{"db\\.(.*)", "{1}", "db.example.org.", "example.org."},
		{"db\\.(.*)", "$1", "xdb.example.org", "example.org."},
		{"^(.*)\\.([a-z]+)\\.zone$", "{2}.{1}", "a.b.zone", "b.a."},
		{"^(?P<name>[a-z]+)-(x)", "{name}.example", "abc-x", "abc.example."},
		{"^(?P<name>[a-z]+)-(x)", "$name.example", "abc-x", "abc.example."},
		{"(a)(b)?", "{1}{2}c", "a", "ac."},
		{"(a)", "{9}{none}b", "a", "b."},
		{"(a)", "fixed.example", "a", "fixed.example."},
	};

	(void)state;
	check_all(cases, ARRAY_LEN(cases));
}

static void test_what_is_no_reference_stays(void **state)
{
	static const struct origin_case cases[] = {
		{"(a)", "$$1", "a", "$1."},
		{"(a)", "b$", "a", "b$."},
		{"(a)", "x{1", "a", "x{1."},
		{"(a)", "{}", "a", "{}."},
		{"(a)", "${", "a", "${."},
	};

	(void)state;
	check_all(cases, ARRAY_LEN(cases));
}

static void test_a_text_that_is_no_name_is_none(void **state)
{
	static const char long_label[] = "db.0123456789012345678901234567890123456789012345678901234567890123.example";
	static char huge[2000];
	const struct origin_case cases[] = {
		{"db\\.(.*)", "${1}", "db.a..b", NULL},
		{"db\\.(.*)", "${1}", long_label, NULL},
		{"(.*)", "{1}{1}{1}", huge, NULL},
		{"db(.*)", "${1}", "db", "."},
	};

	(void)state;
	memset(huge, 'a', sizeof(huge) - 1);
	check_all(cases, ARRAY_LEN(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups_are_put_in_by_number_and_name),
		cmocka_unit_test(test_what_is_no_reference_stays),
		cmocka_unit_test(test_a_text_that_is_no_name_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
