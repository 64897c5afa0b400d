// SPDX-License-Identifier: Apache-2.0
#include "server/who.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct who *w;
static uint32_t left;
static uint64_t now_ns;

static int begin(void **state)
{
	now_ns = 1000 * NS_PER_S;
	w = who_new(42, now_ns);
	left = 1;
	return w ? 0 : -1;
}

static int end(void **state)
{
	who_free(w);
	return 0;
}

/* One question by the client 10.0.0.CLIENT for a name of one label. */
static void ask(uint8_t client, char name, unsigned rcode)
{
	const uint8_t addr[4] = {10, 0, 0, client};
	const uint8_t wire[3] = {1, (uint8_t)name, 0};
	struct who_seen s = {
		.client = addr, .client_len = 4, .name = wire, .name_len = 3, .zone = wire, .zone_len = 3,
		.rcode = (uint16_t)rcode, .transport = WHO_UDP, .plugin = "cache", .delay_ns = 5 * NS_PER_US,
	};

	if (--left == 0)
		left = who_count(w, &s, now_ns);
}

static uint64_t minute_of(const struct who_tally *t)
{
	uint64_t n = 0;

	for (unsigned s = 0; s < WHO_SLOTS; s++)
		n += t->slots[s];
	return n;
}

static uint64_t count_of(const struct who_table *t, const void *key, size_t len)
{
	for (unsigned i = 0; i < t->n; i++) {
		if (t->key_len[i] == len && memcmp(who_table_key(t, i), key, len) == 0)
			return t->sum[i];
	}
	return 0;
}

static uint64_t client_count(const struct who_table *t, uint8_t client)
{
	const uint8_t addr[4] = {10, 0, 0, client};

	return count_of(t, addr, sizeof(addr));
}

static void a_quiet_server_counts_every_question(void **state)
{
	for (unsigned i = 0; i < 2000; i++) {
		ask((uint8_t)(i % 4), 'a', i % 10 ? 0 : 3);
		now_ns += 10 * NS_PER_MS;
	}
	assert_int_equal(w->questions.total, 2000);
	assert_int_equal(w->samples.total, 2000);
	assert_int_equal(w->rcodes[3].total, 200);
	assert_int_equal(w->transports[WHO_UDP].total, 2000);
	assert_int_equal(client_count(&w->total[WHO_CLIENT], 3), 500);
	assert_int_equal(w->drawn - left, 2000);
}

/* 2,000,000 questions at 500,000 a second; one client in 10 questions, one in 4, the rest of a third. */
static void a_busy_server_counts_samples_and_is_right_on_average(void **state)
{
	uint64_t tenth;

	for (unsigned i = 0; i < 2000000; i++) {
		ask(i % 10 == 0 ? 1 : i % 4 == 1 ? 2 : 3, 'a', 0);
		now_ns += 2000;
	}
	left = who_look_again(w, left, now_ns);
	assert_int_equal(w->drawn - left, 2000000); /* the number is exact all the same */
	assert_int_equal(w->asked.total, 2000000);
	assert_in_range(w->samples.total, 2000000 / 64, 2000000 / 64 * 5 / 4);
	/* 200,000 of them, variance about 63 a question: a standard error of 3,550 */
	tenth = client_count(&w->total[WHO_CLIENT], 1);
	assert_in_range(tenth, 200000 - 5 * 3550, 200000 + 5 * 3550);
	assert_in_range(w->questions.total, 2000000 - 5 * 11225, 2000000 + 5 * 11225);
}

static void who_asks_in_turn_is_seen_in_both_turns(void **state)
{
	uint64_t a, aaaa;

	for (unsigned i = 0; i < 1000000; i++) {
		ask(1, i % 2 ? 'a' : 'b', 0);
		now_ns += 2000;
	}
	a = count_of(&w->total[WHO_NAME], "\1a", 3);
	aaaa = count_of(&w->total[WHO_NAME], "\1b", 3);
	assert_in_range(a, 460000, 540000);
	assert_in_range(aaaa, 460000, 540000);
}

static void a_sudden_rush_is_met_within_a_few_samples(void **state)
{
	for (unsigned i = 0; i < 100; i++) {
		ask(1, 'a', 0);
		now_ns += 100 * NS_PER_MS;
	}
	for (unsigned i = 0; i < 10000; i++) { /* all in one moment */
		ask(2, 'a', 0);
	}
	assert_in_range(w->samples.total - 100, 10000 / 64, 10000 / 64 + 7 * 32);
}

static void after_a_rush_who_reads_has_every_question_looked_at_again(void **state)
{
	for (unsigned i = 0; i < 100000; i++) {
		ask(1, 'a', 0);
		now_ns += 1000;
	}
	for (int i = 0; i < 2; i++) { /* in the first second there was the rush, in the next one not */
		now_ns += NS_PER_S;
		left = who_look_again(w, left, now_ns);
		assert_int_equal(w->drawn - left, 100000);
	}
	assert_int_equal(left, 1);
	ask(2, 'b', 0);
	assert_int_equal(client_count(&w->total[WHO_CLIENT], 2), 1);
}

static void the_last_minute_forgets_and_the_total_does_not(void **state)
{
	ask(1, 'a', 2);
	for (unsigned s = 0; s < 59; s++) {
		now_ns += NS_PER_S;
		who_turn(w, now_ns);
		assert_int_equal(client_count(&w->minute[WHO_CLIENT], 1), 1);
		assert_int_equal(minute_of(&w->rcodes[2]), 1);
	}
	now_ns += 11 * NS_PER_S;
	who_turn(w, now_ns);
	assert_int_equal(client_count(&w->minute[WHO_CLIENT], 1), 0);
	assert_int_equal(minute_of(&w->rcodes[2]), 0);
	assert_int_equal(minute_of(&w->questions), 0);
	assert_int_equal(client_count(&w->total[WHO_CLIENT], 1), 1);
	assert_int_equal(w->rcodes[2].total, 1);
}

static void a_night_without_questions_is_no_work(void **state)
{
	ask(1, 'a', 0);
	now_ns += 100000 * NS_PER_S;
	ask(2, 'a', 0);
	assert_int_equal(minute_of(&w->questions), 1);
	assert_int_equal(client_count(&w->minute[WHO_CLIENT], 1), 0);
	assert_int_equal(client_count(&w->minute[WHO_CLIENT], 2), 1);
}

static void a_copy_stands_for_itself(void **state)
{
	struct who *copy = who_new(1, 0);

	ask(1, 'a', 0);
	who_copy(copy, w);
	ask(1, 'a', 0);
	assert_int_equal(client_count(&copy->total[WHO_CLIENT], 1), 1);
	assert_int_equal(client_count(&w->total[WHO_CLIENT], 1), 2);
	who_free(copy);
}

static void delays_are_told_to_a_quarter(void **state)
{
	assert_int_equal(who_delay_index(0), 0);
	assert_int_equal(who_delay_index(UINT64_MAX), WHO_DELAYS - 1);
	for (uint64_t ns = 2 * NS_PER_US; ns < 10 * NS_PER_S; ns += ns / 3) {
		unsigned i = who_delay_index(ns);
		double s = (double)ns / 1e9;

		assert_true(who_delay_begin_s(i) <= s * 1.0001 && s <= who_delay_begin_s(i + 1) * 1.0001);
		assert_true(who_delay_begin_s(i + 1) <= 1.26 * who_delay_begin_s(i));
	}
}

static void more_plugins_than_places_share_the_last(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n",
					    "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z", NULL};
	const uint8_t root[1] = {0}, addr[4] = {0};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct who_seen s = {.client = addr, .client_len = 4, .name = root, .name_len = 1, .zone = root,
				     .zone_len = 1, .plugin = names[i]};

		now_ns += NS_PER_S;
		(void)who_count(w, &s, now_ns);
	}
	assert_int_equal(w->plugins[0].total, 1);
	assert_int_equal(w->plugins[1].total, 1);
	assert_string_equal(w->plugin_names[WHO_PLUGINS - 1], "w");
	assert_int_equal(w->plugins[WHO_PLUGINS].total, 3);
	assert_string_equal(w->plugin_names[WHO_PLUGINS], "other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_quiet_server_counts_every_question, begin, end),
		cmocka_unit_test_setup_teardown(a_busy_server_counts_samples_and_is_right_on_average, begin, end),
		cmocka_unit_test_setup_teardown(who_asks_in_turn_is_seen_in_both_turns, begin, end),
		cmocka_unit_test_setup_teardown(a_sudden_rush_is_met_within_a_few_samples, begin, end),
		cmocka_unit_test_setup_teardown(after_a_rush_who_reads_has_every_question_looked_at_again, begin, end),
		cmocka_unit_test_setup_teardown(the_last_minute_forgets_and_the_total_does_not, begin, end),
		cmocka_unit_test_setup_teardown(a_night_without_questions_is_no_work, begin, end),
		cmocka_unit_test_setup_teardown(a_copy_stands_for_itself, begin, end),
		cmocka_unit_test_setup_teardown(delays_are_told_to_a_quarter, begin, end),
		cmocka_unit_test_setup_teardown(more_plugins_than_places_share_the_last, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
