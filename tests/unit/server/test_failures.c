// SPDX-License-Identifier: Apache-2.0
/* The latest failures and reloads: only while wanted, the newest first, bounded. */
#include "base/rcu.h"
#include "server/failures.h"
#include "server/reloads.h"
#include "server/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct failure_seen out[200];

static void note(unsigned worker, const char *reason)
{
	struct worker w = {.index = worker};

	failures_note_upstream(&w, "192.0.2.1:53", NULL, reason);
}

static void test_nothing_is_kept_while_nobody_wants_it(void **state)
{
	note(0, "unseen");
	assert_false(failures_wanted());
	assert_int_equal(failures_copy(out, 200), 0);
	assert_int_equal(failures_want(2), 0);
	assert_int_equal(failures_copy(out, 200), 0);
	failures_unwant();
	rcu_drain();
}

static void test_each_worker_keeps_its_newest(void **state)
{
	char text[16];

	assert_int_equal(failures_want(2), 0);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(text, sizeof(text), "%d", i);
		note(0, text);
	}
	note(1, "last");
	assert_int_equal(failures_copy(out, 200), FAILURES_KEPT + 1);
	assert_string_equal(out[0].reason, "last");
	assert_string_equal(out[1].reason, "999");
	assert_string_equal(out[FAILURES_KEPT].reason, "952");
	assert_int_equal(failures_copy(out, 3), 3);
	note(2, "of a worker that is not there");
	assert_int_equal(failures_copy(out, 200), FAILURES_KEPT + 1);
	failures_unwant();
	rcu_drain();
}

static void test_they_stay_as_long_as_somebody_wants_them(void **state)
{
	assert_int_equal(failures_want(1), 0);
	assert_int_equal(failures_want(1), 0);
	note(0, "one");
	failures_unwant(); /* the configuration before */
	assert_int_equal(failures_copy(out, 200), 1);
	failures_unwant();
	assert_false(failures_wanted());
	rcu_drain();
}

static void test_long_texts_are_cut(void **state)
{
	char text[1000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(failures_want(1), 0);
	note(0, text);
	assert_int_equal(failures_copy(out, 1), 1);
	assert_int_equal(strlen(out[0].reason), FAILURE_TEXT_MAX - 1);
	failures_unwant();
	rcu_drain();
}

static void test_reloads_are_the_newest_first_and_bounded(void **state)
{
	struct reload_seen r[RELOADS_KEPT];

	assert_int_equal(reloads_copy(r), 0);
	reloads_note("start", 1, NULL);
	reloads_note("signal", 1, "Corefile:3: wrong");
	assert_int_equal(reloads_copy(r), 2);
	assert_true(!r[0].ok && r[1].ok);
	assert_string_equal(r[0].error, "Corefile:3: wrong");
	for (unsigned i = 2; i < 100; i++)
		reloads_note("change", i, NULL);
	assert_int_equal(reloads_copy(r), RELOADS_KEPT);
	assert_int_equal(r[0].generation, 99);
	assert_int_equal(r[RELOADS_KEPT - 1].generation, 100 - RELOADS_KEPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_kept_while_nobody_wants_it),
		cmocka_unit_test(test_each_worker_keeps_its_newest),
		cmocka_unit_test(test_they_stay_as_long_as_somebody_wants_them),
		cmocka_unit_test(test_long_texts_are_cut),
		cmocka_unit_test(test_reloads_are_the_newest_first_and_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
