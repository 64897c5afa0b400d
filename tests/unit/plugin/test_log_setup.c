// SPDX-License-Identifier: Apache-2.0
/* The grammar of `log`. */
#include "plugin/log/log.h"
#include "plugin_reading.h"
#include "wire/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

extern const struct plugin plugin_log;

static struct plugin_reading r;
static struct log_rules rules;

static void accepts(const char *lines, size_t n)
{
	memset(&rules, 0, sizeof(rules));
	if (plugin_reading_run(&r, &plugin_log, &rules, lines))
		fail_msg("%s: %s", lines, plugin_reading_error(&r));
	assert_int_equal(rules.n, n);
}

static void is_rule(size_t i, const char *zone, const char *format, unsigned classes)
{
	char text[WIRE_NAME_TEXT_MAX];

	wire_name_text(rules.v[i].zone.zone, text);
	assert_string_equal(text, zone);
	assert_string_equal(rules.v[i].format_text, format);
	assert_int_equal(rules.v[i].classes, classes);
}

static void test_alone_it_logs_everything(void **state)
{
	(void)state;
	accepts("log", 1);
	is_rule(0, ".", log_format_common, LOG_ALL_CLASSES);
	plugin_reading_end(&r);
}

static void test_json_may_name_labels(void **state)
{
	(void)state;
	accepts("log {\n json\n}", 1);
	is_rule(0, ".", "", LOG_ALL_CLASSES);
	assert_true(rules.v[0].json);
	plugin_reading_end(&r);
	accepts("log example.org {\n json forward/upstream view/name\n class error\n json geoip/country/code\n}\nlog", 2);
	is_rule(0, "example.org.", "{/forward/upstream}{/view/name}{/geoip/country/code}", 1 << RESPONSE_ERROR);
	assert_true(rules.v[0].json);
	is_rule(1, ".", log_format_common, LOG_ALL_CLASSES);
	assert_false(rules.v[1].json);
	plugin_reading_end(&r);
}

static void test_names_have_a_rule_each(void **state)
{
	(void)state;
	accepts("log example.org example.com", 2);
	is_rule(0, "example.org.", log_format_common, LOG_ALL_CLASSES);
	is_rule(1, "example.com.", log_format_common, LOG_ALL_CLASSES);
	plugin_reading_end(&r);
}

static void test_a_last_word_with_a_brace_is_a_format(void **state)
{
	(void)state;
	accepts("log . \"{name} {rcode}\"", 1);
	is_rule(0, ".", "{name} {rcode}", LOG_ALL_CLASSES);
	plugin_reading_end(&r);
	accepts("log example.org \"{combined}\"", 1);
	is_rule(0, "example.org.", log_format_combined, LOG_ALL_CLASSES);
	plugin_reading_end(&r);
	accepts("log example.org \"< {common} >\"", 1);
	assert_true(strstr(rules.v[0].format_text, "< {remote}:{port} - ") == rules.v[0].format_text);
	plugin_reading_end(&r);
}

static void test_a_format_alone_is_for_all_names(void **state)
{
	(void)state;
	accepts("log \"{name}\"", 1);
	is_rule(0, ".", "{name}", LOG_ALL_CLASSES);
	plugin_reading_end(&r);
}

static void test_classes_accumulate(void **state)
{
	(void)state;
	accepts("log . {\n class denial\n class error\n}", 1);
	is_rule(0, ".", log_format_common, 1 << RESPONSE_DENIAL | 1 << RESPONSE_ERROR);
	plugin_reading_end(&r);
	accepts("log {\n class success denial\n}\nlog example.org {\n class all\n}", 2);
	is_rule(0, ".", log_format_common, 1 << RESPONSE_SUCCESS | 1 << RESPONSE_DENIAL);
	is_rule(1, "example.org.", log_format_common, LOG_ALL_CLASSES);
	plugin_reading_end(&r);
}

static void test_what_is_wrong_is_told(void **state)
{
	static const struct {
		const char *lines, *words;
	} cases[] = {
		{"log . {\n class good\n}", "success"},
		{"log . {\n class\n}", "all|success|denial|error"},
		{"log . {\n clas all\n}", "class"},
		{"log . \"{name}\" {\n json\n}", "no FORMAT"},
		{"log {\n json upstream\n}", "no metadata label"},
		{"log {\n json {/a/b}\n}", "no metadata label"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_not_equal(plugin_reading_run(&r, &plugin_log, &rules, cases[i].lines), 0);
		if (!strstr(plugin_reading_error(&r), cases[i].words))
			fail_msg("%s: said \"%s\"", cases[i].lines, plugin_reading_error(&r));
		plugin_reading_end(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone_it_logs_everything),
		cmocka_unit_test(test_json_may_name_labels),
		cmocka_unit_test(test_names_have_a_rule_each),
		cmocka_unit_test(test_a_last_word_with_a_brace_is_a_format),
		cmocka_unit_test(test_a_format_alone_is_for_all_names),
		cmocka_unit_test(test_classes_accumulate),
		cmocka_unit_test(test_what_is_wrong_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
