// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct metric_desc filling = {.name = "test_filling_total", .help = "x", .labels = "n"};
static const struct metric_desc late = {.name = "test_late_total", .help = "x", .labels = "a,b"};

/* The registry is one a process, so the limit has a test program to itself. */
static int fill(void **unused)
{
	for (int i = 0; i < METRICS_MAX_SERIES; i++) {
		char n[16];

		snprintf(n, sizeof(n), "%d", i);
		if (metrics_series(&filling, (const char *[]){n}) == 0)
			return -1;
	}
	return 0;
}

/* What is logged (to stdout, as no writer runs) while one more series is registered. */
static metric_id register_late(const char *a, char *ret_log, size_t cap)
{
	int saved = dup(STDOUT_FILENO), p[2];
	metric_id id;
	ssize_t n;

	assert_int_equal(pipe(p), 0);
	dup2(p[1], STDOUT_FILENO);
	id = metrics_series(&late, (const char *[]){a, "x"});
	dup2(saved, STDOUT_FILENO);
	close(p[1]);
	n = read(p[0], ret_log, cap - 1);
	ret_log[n > 0 ? n : 0] = '\0';
	close(p[0]);
	close(saved);
	return id;
}

static void test_beyond_the_limit_all_count_as_other(void **unused)
{
	uint64_t *cells = metrics_cells_new();
	char log[200], *text;
	metric_id id = register_late("first", log, sizeof(log));
	size_t len;

	assert_string_equal(log,
			    "[WARNING] metrics: limit of 20000 series reached, new series of test_late_total "
			    "count as \"other\"\n");
	assert_int_equal(register_late("second", log, sizeof(log)), id);
	assert_string_equal(log, "");
	metric_inc(cells, id);
	text = metrics_text(&len);
	assert_non_null(strstr(text, "test_late_total{a=\"other\",b=\"other\"} 1\n"));
	free(text);
}

static void test_known_series_are_still_found_at_the_limit(void **unused)
{
	metric_id first = metrics_series(&filling, (const char *[]){"0"});

	assert_int_equal(metrics_series(&filling, (const char *[]){"1"}), first + 1);
}

static void test_cells_are_given_out_to_a_bounded_number_of_threads(void **unused)
{
	uint64_t *cells[METRICS_MAX_THREADS];
	size_t n = 0;

	while (n < METRICS_MAX_THREADS && (cells[n] = metrics_cells_new()) != NULL)
		n++;
	assert_in_range(n, METRICS_MAX_THREADS - 2, METRICS_MAX_THREADS - 1);
	assert_null(metrics_cells_new());
	metrics_cells_put(cells[3]);
	assert_ptr_equal(metrics_cells_new(), cells[3]);
	assert_null(metrics_cells_new());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beyond_the_limit_all_count_as_other),
		cmocka_unit_test(test_known_series_are_still_found_at_the_limit),
		cmocka_unit_test(test_cells_are_given_out_to_a_bounded_number_of_threads),
	};

	return cmocka_run_group_tests(tests, fill, NULL);
}
