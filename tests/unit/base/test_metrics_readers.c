// SPDX-License-Identifier: Apache-2.0
/* Values that are read when scraped, and counting by threads that have no cells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/metrics.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct metric_desc gauge = {.name = "t_gauge", .help = "h", .kind = METRIC_GAUGE, .labels = "a"};
static const struct metric_desc plain = {.name = "t_plain_total", .help = "h", .labels = ""};
static const double bounds[] = {0.5, 1};
static const struct metric_desc histogram = {.name = "t_seconds",
					     .help = "h",
					     .kind = METRIC_HISTOGRAM,
					     .labels = "",
					     .buckets = bounds,
					     .n_buckets = 2,
					     .scale = 1e9};

static double number(void *arg)
{
	return *(const double *)arg;
}

static bool shows(const char *what)
{
	size_t len;
	char *text = metrics_text(&len);
	bool found;

	assert_non_null(text);
	found = strstr(text, what) != NULL;
	free(text);
	return found;
}

static void test_the_newest_reader_counts_and_the_one_before_comes_back(void **unused)
{
	const char *const x[] = {"x"};
	double old = 1, new = 2;

	metrics_reader(&gauge, x, number, &old);
	assert_true(shows("t_gauge{a=\"x\"} 1\n"));
	metrics_reader(&gauge, x, number, &new);
	assert_true(shows("t_gauge{a=\"x\"} 2\n"));
	metrics_reader_drop(&new);
	assert_true(shows("t_gauge{a=\"x\"} 1\n"));
	metrics_reader_drop(&old);
	assert_false(shows("t_gauge"));
}

static void test_the_older_reader_goes_unnoticed(void **unused)
{
	const char *const y[] = {"y"};
	double old = 1, new = 2;

	metrics_reader(&gauge, y, number, &old);
	metrics_reader(&gauge, y, number, &new);
	metrics_reader_drop(&old);
	assert_true(shows("t_gauge{a=\"y\"} 2\n"));
	metrics_reader_drop(&new);
	assert_false(shows("a=\"y\""));
}

static void test_registering_twice_is_once(void **unused)
{
	const char *const z[] = {"z"};
	double v = 3;

	metrics_reader(&gauge, z, number, &v);
	metrics_reader(&gauge, z, number, &v);
	metrics_reader_drop(&v);
	assert_false(shows("a=\"z\""));
}

static void test_counting_without_cells_adds_to_the_same_series(void **unused)
{
	uint64_t *cells = metrics_cells_new();
	metric_id id = metrics_series(&plain, NULL);

	assert_true(shows("t_plain_total 0\n"));
	metric_add(cells, id, 2);
	metrics_count(id, 3);
	assert_int_equal(metrics_sum(id), 5);
	assert_true(shows("t_plain_total 5\n"));
	metrics_cells_put(cells);
}

static void test_recording_without_cells(void **unused)
{
	metric_id id = metrics_series(&histogram, NULL);

	metrics_record(id, &histogram, 500000000);
	metrics_record(id, &histogram, 2000000000);
	assert_true(shows("t_seconds_bucket{le=\"0.5\"} 1\nt_seconds_bucket{le=\"1\"} "
			  "1\nt_seconds_bucket{le=\"+Inf\"} 2\n"
			  "t_seconds_sum 2.5\nt_seconds_count 2\n"));
}

static double refreshed;

static void refresh(void)
{
	refreshed++;
}

static void test_hooks_run_before_each_scrape_once(void **unused)
{
	const char *const h[] = {"hook"};

	metrics_reader(&gauge, h, number, &refreshed);
	metrics_before_scrape(refresh);
	metrics_before_scrape(refresh);
	assert_true(shows("t_gauge{a=\"hook\"} 1\n"));
	assert_true(shows("t_gauge{a=\"hook\"} 2\n"));
}

static const struct metric_desc live = {.name = "t_live", .help = "h", .kind = METRIC_GAUGE, .labels = "b,a"};
static unsigned live_series;

/* Backwards: they are sorted all the same. */
static void tell(struct metrics_live *to)
{
	for (unsigned i = live_series; i-- > 0;) {
		char text[16];

		(void)snprintf(text, sizeof(text), "%03u\"", i);
		metrics_live_put(to, (const char *const[]){"x", text}, i);
	}
}

static void test_a_live_family_has_other_series_at_each_scrape(void **unused)
{
	metrics_live(&live, tell);
	live_series = 0;
	assert_false(shows("t_live"));
	live_series = 2;
	assert_true(shows("# HELP t_live h\n# TYPE t_live gauge\nt_live{a=\"000\\\"\",b=\"x\"} 0\n"
			  "t_live{a=\"001\\\"\",b=\"x\"} 1\n"));
	live_series = 1;
	assert_false(shows("t_live{a=\"001"));
	metrics_live(&live, NULL);
	assert_false(shows("t_live"));
}

static void test_a_live_family_is_bounded(void **unused)
{
	metrics_live(&live, tell);
	live_series = METRICS_LIVE_MAX + 10;
	assert_true(shows("t_live{a=\"010"));
	assert_false(shows("t_live{a=\"009"));
	metrics_live(&live, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_newest_reader_counts_and_the_one_before_comes_back),
		cmocka_unit_test(test_the_older_reader_goes_unnoticed),
		cmocka_unit_test(test_registering_twice_is_once),
		cmocka_unit_test(test_counting_without_cells_adds_to_the_same_series),
		cmocka_unit_test(test_recording_without_cells),
		cmocka_unit_test(test_hooks_run_before_each_scrape_once),
		cmocka_unit_test(test_a_live_family_has_other_series_at_each_scrape),
		cmocka_unit_test(test_a_live_family_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
