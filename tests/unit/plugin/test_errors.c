// SPDX-License-Identifier: Apache-2.0
/* errors: grammar, durations as the peer prints them. */
#include "base/clock.h"
#include "plugin/errors/errors.h"
#include "plugin_reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

extern const struct plugin plugin_errors;

static struct plugin_reading r;
static struct errors e;

static int run(const char *lines)
{
	memset(&e, 0, sizeof(e));
	return plugin_reading_run(&r, &plugin_errors, &e, lines);
}

static void end(void)
{
	plugin_errors.free(&e);
	plugin_reading_end(&r);
}

static void test_options_are_read(void **state)
{
	(void)state;
	assert_int_equal(run("errors stdout {\n stacktrace\n consolidate 5m \"timeout$\" warning show_first\n"
			     " consolidate 30s \"refused\"\n}"),
			 0);
	assert_int_equal(e.n_list, 2);
	assert_int_equal(e.list[0].period_ns, 300 * NS_PER_S);
	assert_string_equal(e.list[0].period_text, "5m0s");
	assert_string_equal(e.list[0].text, "timeout$");
	assert_int_equal(e.list[0].level, LOG_WARNING);
	assert_true(e.list[0].show_first);
	assert_int_equal(e.list[1].level, LOG_ERROR);
	assert_false(e.list[1].show_first);
	end();
}

static void test_what_is_wrong_is_told(void **state)
{
	static const struct {
		const char *lines, *words;
	} cases[] = {
		{"errors stderr", "expected \"stdout\""},
		{"errors stdout more", "no further argument"},
		{"errors\nerrors", "stands twice"},
		{"errors {\n consolidate 1m\n}", "DURATION REGEXP"},
		{"errors {\n consolidate soon x\n}", "DURATION"},
		{"errors {\n consolidate 1m \"([a-z\"\n}", "expression"},
		{"errors {\n consolidate 1m x loud\n}", "expected warning"},
		{"errors {\n consolidate 1m x show_first warning\n}", "behind show_first"},
		{"errors {\n consolidate 1m x error info\n}", "expected show_first"},
		{"errors {\n stacktrace 3\n}", "takes no argument"},
		{"errors {\n consolidat 1m x\n}", "consolidate"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_not_equal(run(cases[i].lines), 0);
		if (!strstr(plugin_reading_error(&r), cases[i].words))
			fail_msg("%s: said \"%s\"", cases[i].lines, plugin_reading_error(&r));
		end();
	}
}

static void test_expressions_over_10000_characters_are_refused(void **state)
{
	char *lines = calloc(1, 12000);

	(void)state;
	strcpy(lines, "errors {\n consolidate 1m ");
	memset(lines + strlen(lines), 'x', 10001);
	strcat(lines, "\n}");
	assert_int_not_equal(run(lines), 0);
	assert_non_null(strstr(plugin_reading_error(&r), "10001 characters"));
	end();
	free(lines);
}

static void test_durations_read_as_in_go(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "0s"},
		{1, "1ns"},
		{1500, "1.5\302\265s"},
		{300 * NS_PER_MS, "300ms"},
		{NS_PER_S, "1s"},
		{1500 * NS_PER_MS, "1.5s"},
		{60 * NS_PER_S, "1m0s"},
		{90 * NS_PER_S, "1m30s"},
		{3600 * NS_PER_S, "1h0m0s"},
		{3723 * NS_PER_S + 40 * NS_PER_MS, "1h2m3.04s"},
		{INT64_MAX, "2562047h47m16.854775807s"},
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cf_duration_text(cases[i].ns, text);
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_are_read),
		cmocka_unit_test(test_what_is_wrong_is_told),
		cmocka_unit_test(test_expressions_over_10000_characters_are_refused),
		cmocka_unit_test(test_durations_read_as_in_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
