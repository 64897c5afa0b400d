// SPDX-License-Identifier: Apache-2.0
/* The grammar of `cache`: what is read, what is refused, in which words. */
#include "base/clock.h"
#include "plugin/cache/plugin_cache.h"
#include "plugin_reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

extern const struct plugin plugin_cache;

struct reading {
	struct plugin_reading in;
	struct cache_plugin p;
};

static struct reading *accepts(const char *lines)
{
	static struct reading r;

	memset(&r, 0, sizeof(r));
	if (plugin_reading_run(&r.in, &plugin_cache, &r.p, lines))
		fail_msg("%s: %s", lines, plugin_reading_error(&r.in));
	return &r;
}

static void refuses(const char *lines, const char *words)
{
	struct reading r = {0};

	assert_int_not_equal(plugin_reading_run(&r.in, &plugin_cache, &r.p, lines), 0);
	if (!strstr(plugin_reading_error(&r.in), words))
		fail_msg("%s: said \"%s\", expected \"%s\"", lines, plugin_reading_error(&r.in), words);
	plugin_reading_end(&r.in);
}

static void test_defaults_are_the_peers(void **state)
{
	struct reading *r = accepts("cache");

	(void)state;
	assert_true(r->p.set.zones.all);
	assert_int_equal(r->p.set.capacity[CACHE_SUCCESS], 10000);
	assert_int_equal(r->p.set.capacity[CACHE_DENIAL], 10000);
	assert_int_equal(r->p.set.life.max_s[CACHE_SUCCESS], 3600);
	assert_int_equal(r->p.set.life.max_s[CACHE_DENIAL], 1800);
	assert_int_equal(r->p.set.life.min_s[CACHE_SUCCESS], 5);
	assert_int_equal(r->p.set.life.min_s[CACHE_DENIAL], 5);
	assert_int_equal(r->p.set.life.servfail_s, 5);
	assert_int_equal(r->p.set.prefetch, 0);
	assert_int_equal(r->p.set.stale.window_s, 0);
	assert_false(r->p.set.keep_ttl);
	plugin_reading_end(&r->in);
}

static void test_a_number_is_both_maxima_and_words_are_zones(void **state)
{
	struct reading *r = accepts("cache 30 example.org 10.0.0.0/24");

	(void)state;
	assert_int_equal(r->p.set.life.max_s[CACHE_SUCCESS], 30);
	assert_int_equal(r->p.set.life.max_s[CACHE_DENIAL], 30);
	assert_false(r->p.set.zones.all);
	assert_int_equal(r->p.set.zones.keys.n, 2);
	plugin_reading_end(&r->in);
}

static void test_every_option_is_read(void **state)
{
	struct reading *r =
		accepts("cache {\n success 100 20 1\n denial -5 10 0\n prefetch 3 30s 25%\n"
			" serve_stale 2h verify 500ms 10s 1m\n serve_stale_policy prefer_positive\n"
			" servfail 90s\n disable denial example.com\n keepttl\n}");
	const struct cache_settings *set = &r->p.set;

	(void)state;
	assert_int_equal(set->capacity[CACHE_SUCCESS], 100);
	assert_int_equal(set->life.max_s[CACHE_SUCCESS], 20);
	assert_int_equal(set->life.min_s[CACHE_SUCCESS], 1);
	assert_int_equal(set->capacity[CACHE_DENIAL], -5);
	assert_int_equal(set->life.min_s[CACHE_DENIAL], 0);
	assert_int_equal(set->prefetch, 3);
	assert_int_equal(set->prefetch_window_ns, 30 * NS_PER_S);
	assert_int_equal(set->prefetch_percent, 25);
	assert_int_equal(set->stale.window_s, 7200);
	assert_true(set->stale.verify);
	assert_int_equal(set->stale.timeout_ns, 500 * NS_PER_MS);
	assert_int_equal(set->stale.ttl_s, 10);
	assert_int_equal(set->stale.recheck_ns, 60 * NS_PER_S);
	assert_true(set->life.prefer_positive);
	assert_int_equal(set->life.servfail_s, 90);
	assert_false(set->disabled[CACHE_SUCCESS]);
	assert_true(set->disabled[CACHE_DENIAL]);
	assert_int_equal(set->disabled_in[CACHE_DENIAL].keys.n, 1);
	assert_true(set->keep_ttl);
	plugin_reading_end(&r->in);
}

static void test_serve_stale_by_default_is_an_hour_at_once(void **state)
{
	struct reading *r = accepts("cache {\n serve_stale\n}");

	(void)state;
	assert_int_equal(r->p.set.stale.window_s, 3600);
	assert_false(r->p.set.stale.verify);
	plugin_reading_end(&r->in);
	r = accepts("cache {\n serve_stale 0\n}");
	assert_int_equal(r->p.set.stale.window_s, 0);
	plugin_reading_end(&r->in);
	r = accepts("cache {\n serve_stale 1h IMMEDIATE 30s 5m\n}");
	assert_int_equal(r->p.set.stale.ttl_s, 30);
	plugin_reading_end(&r->in);
}

static void test_verify_waits_1800_ms_unless_told(void **state)
{
	struct reading *r = accepts("cache {\n serve_stale 1h verify\n}");

	(void)state;
	assert_int_equal(r->p.set.stale.timeout_ns, 1800 * NS_PER_MS);
	plugin_reading_end(&r->in);
	r = accepts("cache {\n serve_stale 1h verify 0\n}");
	assert_int_equal(r->p.set.stale.timeout_ns, 0);
	plugin_reading_end(&r->in);
}

static void test_arguments_beyond_minttl_are_ignored(void **state)
{
	struct reading *r = accepts("cache {\n success 100 20 1 what ever\n}");

	(void)state;
	plugin_reading_end(&r->in);
}

static void test_what_is_wrong_is_told(void **state)
{
	static const struct {
		const char *lines, *words;
	} cases[] = {
		{"cache 0", "expected a TTL of at least 1 second"},
		{"cache -3", "expected a TTL of at least 1 second"},
		{"cache\ncache", "stands twice"},
		{"cache {\n success\n}", "CAPACITY"},
		{"cache {\n success many\n}", "CAPACITY"},
		{"cache {\n success 10 0\n}", "TTL"},
		{"cache {\n denial 10 5 -1\n}", "MINTTL"},
		{"cache {\n prefetch -1\n}", "AMOUNT"},
		{"cache {\n prefetch 1 1m 10\n}", "10% to 90%"},
		{"cache {\n prefetch 1 1m 9%\n}", "10% to 90%"},
		{"cache {\n prefetch 1 1m 91%\n}", "10% to 90%"},
		{"cache {\n prefetch 1 soon\n}", "DURATION"},
		{"cache {\n serve_stale -1h\n}", "DURATION"},
		{"cache {\n serve_stale 1h later\n}", "\"immediate\" or \"verify\""},
		{"cache {\n serve_stale 1h immediate 1500ms\n}", "whole seconds"},
		{"cache {\n serve_stale 1h immediate 1s 6m\n}", "RECHECK"},
		{"cache {\n serve_stale 1h immediate 1s 1m 1m\n}", "no further argument"},
		{"cache {\n serve_stale_policy prefer_positive\n}", "needs serve_stale"},
		{"cache {\n serve_stale\n serve_stale_policy best\n}", "\"prefer_positive\""},
		{"cache {\n serve_stale\n serve_stale_policy prefer_positive\n serve_stale_policy "
		 "prefer_positive\n}",
		 "twice"},
		{"cache {\n servfail 6m\n}", "DURATION"},
		{"cache {\n disable everything\n}", "success"},
		{"cache {\n keepttl now\n}", "takes no argument"},
		{"cache {\n succes 10\n}", "success"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		refuses(cases[i].lines, cases[i].words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_are_the_peers),
		cmocka_unit_test(test_a_number_is_both_maxima_and_words_are_zones),
		cmocka_unit_test(test_every_option_is_read),
		cmocka_unit_test(test_serve_stale_by_default_is_an_hour_at_once),
		cmocka_unit_test(test_verify_waits_1800_ms_unless_told),
		cmocka_unit_test(test_arguments_beyond_minttl_are_ignored),
		cmocka_unit_test(test_what_is_wrong_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
