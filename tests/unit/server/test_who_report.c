// SPDX-License-Identifier: Apache-2.0
/* Reports of real workers, taken by other threads while they count. */
#include "server/who_report.h"

#include "base/json.h"
#include "server/runtime.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WORKERS = 2, READERS = 2 };

static int start(void **state)
{
	return server_start(&(struct server_options){.n_workers = WORKERS, .limits = query_limits_default});
}

static int stop(void **state)
{
	server_stop(0, NULL, 0);
	return 0;
}

/* As many questions as `arg` says by 10.0.0.1, half as many by 10.0.0.2 of the first worker alone. */
static int count(struct worker *w, void *arg)
{
	uint8_t addr[4] = {10, 0, 0, 1};
	struct who_seen s = {.client = addr, .client_len = 4, .name = (const uint8_t *)"\3<x>\5a.b\"c", .name_len = 11,
			     .zone = (const uint8_t *)"\5a.b\"c", .zone_len = 7, .rcode = 3, .plugin = "cache",
			     .delay_ns = 1000000};
	unsigned n = *(const unsigned *)arg;

	for (unsigned i = 0; i < n; i++) {
		addr[3] = i % 3 == 2 && w->index == 0 ? 2 : 1;
		if (--w->who_left == 0)
			w->who_left = who_count(w->who, &s, loop_now_ns(w->loop));
	}
	return 0;
}

static bool owner_of(void *arg, const uint8_t *addr, size_t len, struct who_owner *ret)
{
	if (len != 4 || addr[3] != 1)
		return false;
	ret->kind = WHO_OWNER_POD;
	strcpy(ret->text, arg);
	return true;
}

static void all_workers_counts_come_together(void **state)
{
	static char pod[] = "shop/web-0";
	struct who_report *r;
	struct text t = {0};
	struct json j = {.t = &t};
	unsigned n = 12;

	who_owner_add(owner_of, pod);
	assert_int_equal(server_on_all(count, &n), 0);
	r = who_report_take();
	who_owner_drop(pod);
	assert_non_null(r);
	assert_int_equal(r->workers, WORKERS);
	assert_int_equal(r->workers_missing, 0);
	assert_int_equal(r->questions, 24);
	assert_int_equal(r->minute.asked, 24);
	assert_int_equal(r->minute.questions, 24);
	assert_int_equal(r->total.rcodes[3], 24);
	assert_int_equal(r->minute.top[WHO_CLIENT].n, 2);
	assert_string_equal(r->minute.top[WHO_CLIENT].items[0].text, "10.0.0.1");
	assert_int_equal(r->minute.top[WHO_CLIENT].items[0].at_least, 20);
	assert_int_equal(r->minute.top[WHO_CLIENT].items[0].at_most, 20);
	assert_int_equal(r->minute.top[WHO_CLIENT].items[1].at_least, 4);
	assert_int_equal(r->minute.top[WHO_CLIENT].items[0].sampling_error, 0);
	assert_string_equal(r->minute.top[WHO_CLIENT].items[0].owner.text, "shop/web-0");
	assert_int_equal(r->minute.top[WHO_CLIENT].items[1].owner.kind, WHO_OWNER_NONE);
	assert_true(who_delay_part_s(&r->minute, 0.5) >= 0.001 && who_delay_part_s(&r->minute, 0.5) <= 0.00126);
	json_open(&j, NULL, '{');
	who_report_json(r, &j);
	json_close(&j, '}');
	assert_false(t.failed);
	assert_non_null(strstr(t.p, "\"name\":\"\\u003cx\\u003e.a\\\\.b\\\\\\\"c.\""));
	assert_non_null(strstr(t.p, "{\"client\":\"10.0.0.1\",\"pod\":\"shop/web-0\",\"at_least\":20"));
	assert_null(strpbrk(t.p, "<>"));
	free(t.p);
	who_report_free(r);
}

static void *read_often(void *arg)
{
	for (int i = 0; i < 20; i++) {
		struct who_report *r = who_report_take();

		if (!r || r->workers != WORKERS || r->total.top[WHO_CLIENT].n > 2)
			*(bool *)arg = true;
		who_report_free(r);
	}
	return NULL;
}

static void reports_are_taken_while_workers_count(void **state)
{
	pthread_t readers[READERS];
	bool wrong = false;
	unsigned n = 30000;

	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_often, &wrong), 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(server_on_all(count, &n), 0);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_join(readers[i], NULL), 0);
	assert_false(wrong);
}

static void a_server_that_has_ended_gives_an_empty_report(void **state)
{
	struct who_report *r;

	server_stop(0, NULL, 0);
	r = who_report_take();
	assert_non_null(r);
	assert_int_equal(r->workers, 0);
	assert_int_equal(r->questions, 0);
	who_report_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_workers_counts_come_together, start, stop),
		cmocka_unit_test_setup_teardown(reports_are_taken_while_workers_count, start, stop),
		cmocka_unit_test_setup_teardown(a_server_that_has_ended_gives_an_empty_report, start, NULL),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
