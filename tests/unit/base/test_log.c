// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CAP = 8 << 20, PATIENCE_MS = 20000 };

/* A file takes everything at once, so what was written can be read after log_stop. */
static int out_fd(void)
{
	char path[] = "/tmp/test-log-XXXXXX";
	int fd = mkstemp(path);

	assert_int_not_equal(fd, -1);
	unlink(path);
	return fd;
}

static char *contents(int fd)
{
	char *text = malloc(CAP);
	ssize_t n = pread(fd, text, CAP - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

static void test_lines_have_the_forms_of_their_levels(void **unused)
{
	int fd = out_fd();
	char *text;

	assert_int_equal(log_start(fd), 0);
	log_line(LOG_DEBUG, "hidden");
	log_set_debug(true);
	log_line(LOG_DEBUG, "shown");
	log_set_debug(false);
	log_line(LOG_INFO, "%s %d", "info", 1);
	log_line(LOG_WARNING, "careful");
	log_line(LOG_ERROR, "plugin/errors: 2 example.org. A: timeout");
	log_line(LOG_FATAL, "over");
	log_plain(".:1053");
	log_stop(PATIENCE_MS);
	text = contents(fd);
	assert_string_equal(text, "[DEBUG] shown\n[INFO] info 1\n[WARNING] careful\n"
				  "[ERROR] plugin/errors: 2 example.org. A: timeout\n[FATAL] over\n.:1053\n");
	free(text);
}

static void test_long_line_is_cut(void **unused)
{
	static const size_t lengths[] = {LOG_RECORD_MAX - 8, LOG_RECORD_MAX - 7, LOG_RECORD_MAX * 3};
	char big[LOG_RECORD_MAX * 3 + 1];

	for (int i = 0; i < 3; i++) {
		int fd = out_fd();
		char *text;

		memset(big, 'x', lengths[i]);
		big[lengths[i]] = '\0';
		assert_int_equal(log_start(fd), 0);
		log_line(LOG_INFO, "%s", big + 1);
		log_stop(PATIENCE_MS);
		text = contents(fd);
		if (i == 0 || i == 1) {
			assert_int_equal(strlen(text), 7 + lengths[i] - 1 + 1);
			assert_null(strstr(text, "..."));
		} else {
			assert_int_equal(strlen(text), LOG_RECORD_MAX + 1);
			assert_string_equal(text + LOG_RECORD_MAX - 4, "x...\n");
		}
		free(text);
	}
}

struct sum {
	int a, b;
};

static size_t format_sum(const void *record, size_t len, char *out, size_t cap)
{
	struct sum s;

	memcpy(&s, record, sizeof(s));
	return (size_t)snprintf(out, cap, "%d+%d=%d", s.a, s.b, s.a + s.b);
}

static void test_record_is_formatted_by_its_own_function(void **unused)
{
	struct sum s = {2, 3};
	int fd = out_fd();
	char *text;

	assert_int_equal(log_start(fd), 0);
	log_record(format_sum, &s, sizeof(s));
	log_stop(PATIENCE_MS);
	text = contents(fd);
	assert_string_equal(text, "2+3=5\n");
	free(text);
}

static void test_start_twice_is_refused(void **unused)
{
	int fd = out_fd();

	assert_int_equal(log_start(fd), 0);
	assert_true(log_start(fd) < 0);
	log_stop(PATIENCE_MS);
	close(fd);
}

static void test_writer_wakes_by_itself(void **unused)
{
	char buf[64] = {0};
	int p[2];

	assert_int_equal(pipe(p), 0);
	assert_int_equal(log_start(p[1]), 0);
	for (int i = 0; i < 20; i++) {
		/* Once at once, and once after the writer had time to fall asleep. */
		if (i % 2)
			usleep(15000);
		log_line(LOG_INFO, "line %02d", i);
		assert_int_equal(read(p[0], buf, sizeof(buf)), 15);
		assert_int_equal(atoi(buf + 12), i);
	}
	log_stop(PATIENCE_MS);
	close(p[0]);
	close(p[1]);
}

enum { N_THREADS = 6, N_EACH = 3000, N_GENERATIONS = 30 };

static void *chatter(void *arg)
{
	int number = (int)(intptr_t)arg;

	for (int i = 0; i < N_EACH; i++) {
		log_line(LOG_INFO, "thread %d line %d", number, i);
		/* A ring holds some 5,000 of these: never full, so nothing may be lost. */
		if (i % 512 == 511)
			usleep(1000);
	}
	return NULL;
}

static void test_each_threads_lines_are_whole_and_in_order(void **unused)
{
	int next[N_THREADS] = {0}, fd = out_fd(), n = 0;
	uint64_t dropped = log_dropped();
	pthread_t threads[N_THREADS];
	char *text, *save = NULL;

	assert_int_equal(log_start(fd), 0);
	for (int i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, chatter, (void *)(intptr_t)i), 0);
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	log_stop(PATIENCE_MS);
	assert_int_equal(log_dropped(), dropped);
	text = contents(fd);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save), n++) {
		int number, i;

		assert_int_equal(sscanf(line, "[INFO] thread %d line %d", &number, &i), 2);
		assert_in_range(number, 0, N_THREADS - 1);
		assert_int_equal(i, next[number]++);
	}
	assert_int_equal(n, N_THREADS * N_EACH);
	free(text);
}

static void *one_line(void *unused)
{
	log_line(LOG_INFO, "short life");
	return NULL;
}

/* More threads than there are rings, one after the other: their rings are handed on. */
static void test_rings_of_ended_threads_are_used_again(void **unused)
{
	uint64_t dropped = log_dropped();
	int fd = out_fd();
	char *text;

	assert_int_equal(log_start(fd), 0);
	for (int g = 0; g < N_GENERATIONS; g++) {
		pthread_t threads[10];

		for (int i = 0; i < 10; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, one_line, NULL), 0);
		for (int i = 0; i < 10; i++)
			pthread_join(threads[i], NULL);
	}
	log_stop(PATIENCE_MS);
	assert_int_equal(log_dropped(), dropped);
	text = contents(fd);
	assert_int_equal(strlen(text), N_GENERATIONS * 10 * strlen("[INFO] short life\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_have_the_forms_of_their_levels),
		cmocka_unit_test(test_long_line_is_cut),
		cmocka_unit_test(test_record_is_formatted_by_its_own_function),
		cmocka_unit_test(test_start_twice_is_refused),
		cmocka_unit_test(test_writer_wakes_by_itself),
		cmocka_unit_test(test_each_threads_lines_are_whole_and_in_order),
		cmocka_unit_test(test_rings_of_ended_threads_are_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
