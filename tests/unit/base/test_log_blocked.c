// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Nobody reads: 64 KiB of pipe, 64 KiB in the writer's hand, 256 KiB of ring, and then drops. */
enum { N_LINES = 20000 };

static int p[2];

static void *chatter(void *unused)
{
	for (int i = 0; i < N_LINES; i++)
		log_line(LOG_INFO, "a line that nobody reads, number %d", i);
	return NULL;
}

static void chatter_in_two_threads(void)
{
	pthread_t t;

	assert_int_equal(pthread_create(&t, NULL, chatter, NULL), 0);
	chatter(NULL);
	pthread_join(t, NULL);
}

/* The next line that the reader gets, of a stream. */
static bool next_line(FILE *f, char *line, int cap)
{
	return fgets(line, cap, f) != NULL;
}

static void test_blocked_reader_never_blocks_a_thread_and_drops_are_reported(void **unused)
{
	unsigned long whole = 0, told = 0, n;
	uint64_t before = log_dropped();
	char line[256], *text;
	size_t len;
	FILE *f;

	assert_int_equal(pipe(p), 0);
	assert_int_equal(log_start(p[1]), 0);
	chatter_in_two_threads();
	assert_true(log_dropped() > before);
	text = metrics_text(&len);
	assert_non_null(strstr(text, "\nbinnacle_log_dropped_total "));
	assert_null(strstr(text, "\nbinnacle_log_dropped_total 0\n"));
	free(text);

	/* Now somebody reads: whole lines, and in the end the sum of those that are missing. */
	f = fdopen(p[0], "r");
	while (whole + told < 2 * N_LINES && next_line(f, line, sizeof(line))) {
		if (sscanf(line, "[WARNING] log: %lu lines dropped", &n) == 1)
			told += n;
		else if (strncmp(line, "[INFO] a line that nobody reads, number ", 40) == 0)
			whole++;
		else
			fail_msg("broken line: %s", line);
	}
	assert_int_equal(whole + told, 2 * N_LINES);
	assert_int_equal(told, log_dropped() - before);
	log_stop(20000);
	fclose(f);
	close(p[1]);
}

static void test_closed_reader_counts_lines_as_dropped(void **unused)
{
	uint64_t before = log_dropped();

	assert_int_equal(pipe(p), 0);
	close(p[0]);
	assert_int_equal(log_start(p[1]), 0);
	for (int i = 0; i < 100; i++)
		log_line(LOG_INFO, "nobody");
	log_stop(20000);
	assert_int_equal(log_dropped() - before, 100);
	close(p[1]);
}

/* The last test: the process's log cannot be started again afterwards. */
static void test_stop_gives_up_when_the_reader_is_stuck(void **unused)
{
	uint64_t begin_ns, took_ms, dropped;

	assert_int_equal(pipe(p), 0);
	assert_int_equal(log_start(p[1]), 0);
	chatter_in_two_threads();
	begin_ns = clock_mono_ns();
	log_stop(100);
	took_ms = (clock_mono_ns() - begin_ns) / NS_PER_MS;
	assert_in_range(took_ms, 99, 10000);
	dropped = log_dropped();
	log_line(LOG_INFO, "nowhere to go");
	assert_int_equal(log_dropped(), dropped + 1);
	assert_true(log_start(p[1]) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocked_reader_never_blocks_a_thread_and_drops_are_reported),
		cmocka_unit_test(test_closed_reader_counts_lines_as_dropped),
		cmocka_unit_test(test_stop_gives_up_when_the_reader_is_stuck),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
