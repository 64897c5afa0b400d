// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/metrics.h"
#include "base/metrics_number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t *cells;

static int begin(void **unused)
{
	cells = metrics_cells_new();
	return cells ? 0 : -1;
}

static void assert_text_has(const char *want)
{
	size_t len;
	char *text = metrics_text(&len);

	assert_non_null(text);
	assert_int_equal(len, strlen(text));
	if (!strstr(text, want))
		fail_msg("no\n%sin\n%s", want, text);
	free(text);
}

static void assert_text_lacks(const char *what)
{
	size_t len;
	char *text = metrics_text(&len);

	assert_non_null(text);
	if (strstr(text, what))
		fail_msg("%s in\n%s", what, text);
	free(text);
}

static void test_numbers_are_the_shortest_that_read_back(void **unused)
{
	static const struct {
		double v;
		const char *text;
	} cases[] = {
		{0, "0"},
		{1, "1"},
		{-1, "-1"},
		{16000, "16000"},
		{64e3, "64000"},
		{999999, "999999"},
		{1e6, "1e+06"},
		{1234567, "1.234567e+06"},
		{1e21, "1e+21"},
		{1.5e22, "1.5e+22"},
		{123456789.125, "1.23456789125e+08"},
		{0.00025, "0.00025"},
		{0.0001, "0.0001"},
		{0.00001, "1e-05"},
		{0.000123456, "0.000123456"},
		{8.192, "8.192"},
		{-8.192, "-8.192"},
		{0.1 + 0.2, "0.30000000000000004"},
		{1e300, "1e+300"},
		{5e-324, "5e-324"},
		{1.7976931348623157e308, "1.7976931348623157e+308"},
		{INFINITY, "+Inf"},
		{-INFINITY, "-Inf"},
		{NAN, "NaN"},
	};
	char out[METRIC_NUMBER_MAX];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		metric_number(cases[i].v, out);
		assert_string_equal(out, cases[i].text);
	}
}

static void test_counter_with_labels(void **unused)
{
	static const struct metric_desc d = {
		.name = "test_requests_total",
		.help = "Counter of requests.",
		.labels = "zone,server",
	};
	metric_id id = metrics_series(&d, (const char *[]){"example.org.", "dns://:53"});

	metric_inc(cells, id);
	metric_add(cells, id, 41);
	assert_int_equal(metrics_sum(id), 42);
	assert_text_has("# HELP test_requests_total Counter of requests.\n"
			"# TYPE test_requests_total counter\n"
			"test_requests_total{server=\"dns://:53\",zone=\"example.org.\"} 42\n");
}

static void test_series_with_the_same_labels_are_one(void **unused)
{
	static const struct metric_desc d = {.name = "test_same_total", .help = "x", .labels = "a,b"};
	metric_id id = metrics_series(&d, (const char *[]){"1", "2"});

	assert_int_equal(metrics_series(&d, (const char *[]){"1", "2"}), id);
	assert_int_not_equal(metrics_series(&d, (const char *[]){"2", "1"}), id);
	assert_int_not_equal(id, 0);
}

static void test_labels_are_escaped(void **unused)
{
	static const struct metric_desc d = {
		.name = "test_escape_total",
		.help = "a\\b\nc\"d",
		.labels = "value",
	};

	metric_inc(cells, metrics_series(&d, (const char *[]){"a\\b\nc\"d"}));
	assert_text_has("# HELP test_escape_total a\\\\b\\nc\"d\n");
	assert_text_has("test_escape_total{value=\"a\\\\b\\nc\\\"d\"} 1\n");
}

static void test_label_with_quotes_is_not_another_series(void **unused)
{
	static const struct metric_desc d = {.name = "test_inject_total", .help = "x", .labels = "a,b"};

	assert_int_not_equal(metrics_series(&d, (const char *[]){"1\",b=\"2", ""}),
			     metrics_series(&d, (const char *[]){"1", "2\",b=\""}));
}

static void test_uncounted_series_are_left_out(void **unused)
{
	static const struct metric_desc vector = {.name = "test_silent_total", .help = "x", .labels = "a"};
	static const struct metric_desc plain = {.name = "test_plain_total", .help = "x", .labels = ""};

	metrics_series(&vector, (const char *[]){"1"});
	metrics_series(&plain, NULL);
	assert_text_lacks("test_silent_total");
	assert_text_has("# TYPE test_plain_total counter\ntest_plain_total 0\n");
}

static void test_gauge_goes_down_and_below_zero(void **unused)
{
	static const struct metric_desc d = {
		.name = "test_open",
		.help = "x",
		.kind = METRIC_GAUGE,
		.labels = "proto",
	};
	metric_id id = metrics_series(&d, (const char *[]){"tcp"});

	metric_add(cells, id, 3);
	metric_sub(cells, id, 2);
	assert_text_has("# TYPE test_open gauge\ntest_open{proto=\"tcp\"} 1\n");
	metric_sub(cells, id, 1);
	assert_text_has("test_open{proto=\"tcp\"} 0\n");
	metric_sub(cells, id, 7);
	assert_text_has("test_open{proto=\"tcp\"} -7\n");
}

static void test_histogram_is_cumulative_and_scaled(void **unused)
{
	static const double buckets[] = {0.00025, 0.001, 8.192};
	static const struct metric_desc d = {
		.name = "test_seconds",
		.help = "x",
		.kind = METRIC_HISTOGRAM,
		.labels = "server",
		.buckets = buckets,
		.n_buckets = 3,
		.scale = 1e9,
	};
	metric_id id = metrics_series(&d, (const char *[]){"dns://:53"});

	metric_observe(cells, id, &d, 250000); /* equals the first bound */
	metric_observe(cells, id, &d, 250001);
	metric_observe(cells, id, &d, 1000000);     /* equals the second */
	metric_observe(cells, id, &d, 9000000000u); /* beyond all */
	assert_text_has("# TYPE test_seconds histogram\n"
			"test_seconds_bucket{server=\"dns://:53\",le=\"0.00025\"} 1\n"
			"test_seconds_bucket{server=\"dns://:53\",le=\"0.001\"} 3\n"
			"test_seconds_bucket{server=\"dns://:53\",le=\"8.192\"} 3\n"
			"test_seconds_bucket{server=\"dns://:53\",le=\"+Inf\"} 4\n"
			"test_seconds_sum{server=\"dns://:53\"} 9.001500001\n"
			"test_seconds_count{server=\"dns://:53\"} 4\n");
}

static void test_histogram_without_labels_or_scale(void **unused)
{
	static const double buckets[] = {0, 100, 64e3};
	static const struct metric_desc d = {
		.name = "test_bytes",
		.help = "x",
		.kind = METRIC_HISTOGRAM,
		.labels = "",
		.buckets = buckets,
		.n_buckets = 3,
	};
	metric_id id = metrics_series(&d, NULL);

	metric_observe(cells, id, &d, 100);
	assert_text_has("test_bytes_bucket{le=\"0\"} 0\n"
			"test_bytes_bucket{le=\"100\"} 1\n"
			"test_bytes_bucket{le=\"64000\"} 1\n"
			"test_bytes_bucket{le=\"+Inf\"} 1\n"
			"test_bytes_sum 100\n"
			"test_bytes_count 1\n");
}

static double read_value(void *arg)
{
	return *(double *)arg;
}

static void test_reader_is_asked_when_scraped(void **unused)
{
	static const struct metric_desc d = {
		.name = "test_entries",
		.help = "x",
		.kind = METRIC_GAUGE,
		.labels = "type",
	};
	double a = 7, b = 8;

	metrics_reader(&d, (const char *[]){"success"}, read_value, &a);
	assert_text_has("test_entries{type=\"success\"} 7\n");
	metrics_reader(&d, (const char *[]){"success"}, read_value, &b);
	assert_text_has("test_entries{type=\"success\"} 8\n");
	metrics_reader_drop(&a);
	assert_text_has("test_entries{type=\"success\"} 8\n");
	metrics_reader_drop(&b);
	assert_text_lacks("test_entries");
}

static void test_families_and_series_are_sorted(void **unused)
{
	static const struct metric_desc z = {.name = "test_z_total", .help = "x", .labels = "n"};
	static const struct metric_desc y = {.name = "test_y_total", .help = "x", .labels = "n"};

	metric_inc(cells, metrics_series(&z, (const char *[]){"b"}));
	metric_inc(cells, metrics_series(&z, (const char *[]){"a"}));
	metric_inc(cells, metrics_series(&y, (const char *[]){"c"}));
	assert_text_has("test_y_total{n=\"c\"} 1\n"
			"# HELP test_z_total x\n# TYPE test_z_total counter\n"
			"test_z_total{n=\"a\"} 1\ntest_z_total{n=\"b\"} 1\n");
}

/* What has been looked at, as text. */
static void note(void *arg, const struct metric_desc *d, const char *labels, double value, double sum)
{
	char *to = arg;

	if (strncmp(d->name, "test_look", strlen("test_look")) == 0)
		(void)snprintf(to + strlen(to), 256 - strlen(to), "%s{%s}=%g,%g\n", d->name, labels, value, sum);
}

static double five(void *arg)
{
	return 5;
}

static void test_looking_gives_the_values_of_a_scrape(void **unused)
{
	static const double bounds[] = {1, 2};
	static const struct metric_desc h = {.name = "test_look_seconds", .help = "x", .kind = METRIC_HISTOGRAM,
					     .labels = "n", .buckets = bounds, .n_buckets = 2, .scale = 10};
	static const struct metric_desc g = {.name = "test_look_now", .help = "x", .kind = METRIC_GAUGE, .labels = ""};
	metric_id id = metrics_series(&h, (const char *[]){"a"});
	char text[256] = "";

	(void)metrics_series(&h, (const char *[]){"never"});
	metrics_reader(&g, NULL, five, &text);
	metric_observe(cells, id, &h, 5);
	metric_observe(cells, id, &h, 100);
	assert_int_equal(metrics_look(note, text), 0);
	assert_string_equal(text, "test_look_now{}=5,0\ntest_look_seconds{n=\"a\"}=2,10.5\n");
	metrics_reader_drop(&text);
}

static void test_id_zero_counts_nowhere(void **unused)
{
	metric_inc(cells, 0);
	metric_add(cells, 255, 5);
	assert_text_lacks("} 5\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_the_shortest_that_read_back),
		cmocka_unit_test(test_counter_with_labels),
		cmocka_unit_test(test_series_with_the_same_labels_are_one),
		cmocka_unit_test(test_labels_are_escaped),
		cmocka_unit_test(test_label_with_quotes_is_not_another_series),
		cmocka_unit_test(test_uncounted_series_are_left_out),
		cmocka_unit_test(test_gauge_goes_down_and_below_zero),
		cmocka_unit_test(test_histogram_is_cumulative_and_scaled),
		cmocka_unit_test(test_histogram_without_labels_or_scale),
		cmocka_unit_test(test_reader_is_asked_when_scraped),
		cmocka_unit_test(test_families_and_series_are_sorted),
		cmocka_unit_test(test_looking_gives_the_values_of_a_scrape),
		cmocka_unit_test(test_id_zero_counts_nowhere),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
