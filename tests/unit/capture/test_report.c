// SPDX-License-Identifier: Apache-2.0
/* The report's tables: times, rates, names, walks. */
#include "doctor/pcap_report.h"
#include "wire/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const paths[] = {"/tmp/client.pcap"};
static struct report r;

static int setup(void **state)
{
	return report_init(&r, paths, 1);
}

static int teardown(void **state)
{
	report_fini(&r);
	return 0;
}

static void test_percentiles_are_right_to_a_tenth(void **state)
{
	static struct report_latency l;

	for (int64_t us = 1; us <= 100000; us++)
		report_latency_add(&l, us * 1000);
	for (unsigned p = 1; p < 100; p++) {
		int64_t want = (int64_t)p * 1000 * 1000, got = report_latency_ns(&l, p);
		assert_true(llabs(got - want) * 10 <= want);
	}
	assert_int_equal(report_latency_ns(&l, 100), 100000 * 1000);
}

static void test_seconds_go_into_the_class_of_their_rate(void **state)
{
	static struct report_rate t;
	unsigned busy = 0, quiet = 0;

	for (int64_t s = 1; s <= 3; s++) {
		for (unsigned i = 0; i < (s == 3 ? 200u : 10u); i++)
			report_rate_add(&t, s * 1000000000 + i, s == 3 && i % 2);
	}
	report_rate_end(&t);
	for (unsigned i = 0; i < REPORT_RATE_CLASSES; i++) {
		if (t.classes[i].lost) {
			busy = i;
			assert_int_equal(t.classes[i].asked, 200);
			assert_int_equal(t.classes[i].lost, 100);
		} else if (t.classes[i].asked) {
			quiet = i;
			assert_int_equal(t.classes[i].asked, 20);
			assert_int_equal(t.classes[i].seconds, 2);
		}
	}
	assert_true(busy > quiet + 2);
}

static void count_name(const char *text)
{
	uint8_t name[WIRE_NAME_MAX];
	int n = wire_name_from_text(text, name);

	assert_true(n > 0);
	report_name_add(&r, name, (size_t)n, false);
}

static void test_frequent_names_survive_any_number_of_rare_ones(void **state)
{
	const struct report_name *top[REPORT_TOP_NAMES];
	char text[64];

	for (unsigned i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "n%u.example.org.", i);
		count_name(text);
		if (i % 50 == 0)
			count_name("frequent.example.org.");
	}
	assert_int_equal(report_top_names(&r, top), REPORT_TOP_NAMES);
	wire_name_text(top[0]->name, text);
	assert_string_equal(text, "frequent.example.org.");
	assert_true(top[0]->n + r.names_forgotten >= 2000);
	assert_true(r.n_names < REPORT_NAMES_MAX);
}

/* A question of 192.0.2.1 that was answered like that. */
static void asked(int64_t ms, const char *name, uint16_t qtype, unsigned rcode, bool address)
{
	struct exchange *e = calloc(1, sizeof(*e) + WIRE_NAME_MAX);
	struct exchange_answer *a = calloc(1, sizeof(*a));

	assert_true(e && a);
	e->client = (struct capture_end){.addr = {192, 0, 2, 1}, .port = 4000, .family = 4};
	e->asked.time_ns = ms * 1000000;
	e->question_known = true;
	e->qtype = qtype;
	e->name_len = (uint8_t)wire_name_from_text(name, e->name);
	a->flags = (uint16_t)(FLAG_QR | rcode);
	a->has_soa = !address;
	a->n_address = a->n_records[1] = address;
	e->answer = a;
	report_walk_add(&r, e);
	free(a);
	free(e);
}

static void test_a_search_path_is_one_walk(void **state)
{
	static const char *const names[] = {"web.other.default.svc.cluster.local.",
					    "web.other.svc.cluster.local."};

	for (unsigned i = 0; i < 2; i++) {
		asked(i, names[i], TYPE_A, i ? RCODE_NOERROR : RCODE_NXDOMAIN, i);
		asked(i, names[i], TYPE_AAAA, i ? RCODE_NOERROR : RCODE_NXDOMAIN, false);
	}
	report_walk_finish(&r);
	assert_int_equal(r.walks_done, 1);
	assert_int_equal(r.walks_questions, 4);
	assert_int_equal(r.walks_names, 1);
}

static void test_the_nodes_domain_and_the_bare_name_belong_to_it(void **state)
{
	asked(0, "db.default.svc.cluster.local.", TYPE_A, RCODE_NXDOMAIN, false);
	asked(1, "db.svc.cluster.local.", TYPE_A, RCODE_NXDOMAIN, false);
	asked(2, "db.cluster.local.", TYPE_A, RCODE_NXDOMAIN, false);
	asked(3, "db.", TYPE_A, RCODE_NXDOMAIN, false);
	report_walk_finish(&r);
	assert_int_equal(r.walks_done, 1);
	assert_int_equal(r.walks_questions, 4);
	assert_int_equal(r.walks_names, 0);
}

static void test_names_that_only_begin_alike_are_no_walk(void **state)
{
	asked(0, "www.example.org.", TYPE_A, RCODE_NXDOMAIN, false);
	asked(1, "www.example.net.", TYPE_A, RCODE_NOERROR, true); /* two labels alike: taken for one */
	asked(5000, "www.one.org.", TYPE_A, RCODE_NXDOMAIN, false);
	asked(5001, "www.two.net.", TYPE_A, RCODE_NOERROR, true);
	asked(9000, "api.one.org.", TYPE_A, RCODE_NOERROR, true);
	asked(9001, "api.org.", TYPE_A, RCODE_NOERROR, true); /* nothing was denied */
	report_walk_finish(&r);
	assert_int_equal(r.walks_done, 1);
}

static void test_texts_are_safe_to_print(void **state)
{
	static const uint8_t evil[] = "\005\033[31m\003a\nb\001\"";
	char text[REPORT_NAME_TEXT_MAX];

	assert_string_equal(report_write_name(evil, sizeof(evil), false, text), "\\027[31m.a\\010b.\\\".");
	assert_string_equal(report_write_name(evil, 4, true, text), "\\027[3...");
	assert_string_equal(report_text(&r, "a\033b\xff"), "a?b?");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_percentiles_are_right_to_a_tenth),
		TEST(test_seconds_go_into_the_class_of_their_rate),
		TEST(test_frequent_names_survive_any_number_of_rare_ones),
		TEST(test_a_search_path_is_one_walk),
		TEST(test_the_nodes_domain_and_the_bare_name_belong_to_it),
		TEST(test_names_that_only_begin_alike_are_no_walk),
		TEST(test_texts_are_safe_to_print),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
