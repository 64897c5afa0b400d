// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/metrics.h"

#include <pthread.h>
#include <stdlib.h>

enum { N_THREADS = 4, N_EACH = 100000 };

static const struct metric_desc counter = {.name = "test_total", .help = "x", .labels = ""};
static const double buckets[] = {10, 100};
static const struct metric_desc histogram = {
	.name = "test_size",
	.help = "x",
	.kind = METRIC_HISTOGRAM,
	.labels = "",
	.buckets = buckets,
	.n_buckets = 2,
};

static void *count(void *unused)
{
	metric_id c = metrics_series(&counter, NULL), h = metrics_series(&histogram, NULL);
	uint64_t *cells = metrics_cells_new();

	for (uint64_t i = 0; cells && i < N_EACH; i++) {
		metric_inc(cells, c);
		metric_observe(cells, h, &histogram, i);
	}
	if (cells)
		metrics_cells_put(cells);
	return NULL;
}

static void test_threads_count_while_others_scrape(void **unused)
{
	metric_id id = metrics_series(&counter, NULL);
	pthread_t threads[N_THREADS];
	size_t len;

	for (int i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
	while (metrics_sum(id) < N_THREADS * N_EACH) {
		char *text = metrics_text(&len);

		assert_non_null(text);
		free(text);
	}
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(metrics_sum(id), N_THREADS * N_EACH);
	assert_int_equal(metrics_sum(metrics_series(&histogram, NULL)), N_THREADS * 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_count_while_others_scrape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
