// SPDX-License-Identifier: Apache-2.0
/* A budget of packets a second: never above it, a short wait, then a plain word. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARRIVALS = 2048 };

static struct loop *world;
static uint64_t arrivals[ARRIVALS];
static unsigned n_arrivals;
static uint16_t flags;

static void count(struct heard *q)
{
	/* TCP by its estimate: what the budget must hold. */
	unsigned packets = q->tcp ? q->nth_on_conn == 1 ? 6 : 2 : 1;

	while (packets--) {
		assert_true(n_arrivals < ARRIVALS);
		arrivals[n_arrivals++] = loop_now_ns(world);
	}
	site_answer(q, 0, q->tcp ? 0 : flags, 1);
}

static unsigned most_in_a_second(void)
{
	unsigned most = 0, from = 0;

	for (unsigned i = 0; i < n_arrivals; i++) {
		while (arrivals[i] - arrivals[from] >= NS_PER_S)
			from++;
		if (i - from + 1 > most)
			most = i - from + 1;
	}
	return most;
}

static struct upstream_pace shared;

static void begin(struct rig *r, struct site *up, unsigned n, unsigned pace)
{
	n_arrivals = flags = 0;
	rig_begin(r, up, n);
	world = r->loop;
	shared = (struct upstream_pace){pace, "192.0.2.1:53"};
	for (unsigned i = 0; i < n && pace; i++)
		r->targets[i].pace = &shared;
}

/* How many ended so. */
static unsigned answered(const struct rig *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->n; i++)
		n += r->out[i].err == 0;
	return n;
}

static void test_never_above_the_budget_in_any_second(void **state)
{
	static const bool tcp[] = {false, true};

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(tcp); k++) {
		struct site up = {.address = "192.0.2.1", .script = count};
		struct rig r;

		begin(&r, &up, 1, 50);
		r.config.force_tcp = tcp[k];
		rig_start(&r);
		for (unsigned i = 0; i < 40; i++) {
			for (unsigned j = 0; j < 12; j++)
				(void)rig_ask(&r, "example.org");
			door_pass_ms(r.loop, 100);
		}
		rig_wait(&r);
		assert_in_range(most_in_a_second(), 40, 50);
		for (unsigned i = 0; i < r.n; i++) {
			if (r.out[i].err) {
				assert_int_equal(r.out[i].err, ERR_LIMIT);
				assert_int_equal(r.out[i].ede, EDE_NETWORK_ERROR);
				assert_string_equal(r.out[i].error, "upstream packet budget used");
				assert_in_range(r.out[i].ms, 0, 1);
			} else {
				assert_in_range(r.out[i].ms, 0, 260);
			}
		}
		assert_in_range(answered(&r), tcp[k] ? 70 : 150, 210);
		rig_end(&r);
	}
}

static void test_short_burst_waits_and_is_answered_in_order(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = count};
	struct rig r;

	(void)state;
	begin(&r, &up, 1, 100);
	rig_start(&r);
	for (unsigned i = 0; i < 25; i++)
		(void)rig_ask(&r, "example.org");
	rig_wait(&r);
	assert_int_equal(answered(&r), 25);
	assert_in_range(r.out[7].ms, 0, 2);
	assert_in_range(r.out[24].ms, 150, 250);
	for (unsigned i = 1; i < 25; i++)
		assert_true(r.out[i].ms >= r.out[i - 1].ms);
	rig_end(&r);
}

static void test_without_pace_nothing_waits(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = count};
	struct rig r;

	(void)state;
	begin(&r, &up, 1, 0);
	rig_start(&r);
	for (unsigned i = 0; i < 500; i++)
		(void)rig_ask(&r, "example.org");
	rig_wait(&r);
	assert_int_equal(answered(&r), 500);
	for (unsigned i = 0; i < 500; i++)
		assert_in_range(r.out[i].ms, 0, 2);
	rig_end(&r);
}

static void test_budget_of_all_upstreams_is_one(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = count},
			     {.address = "192.0.2.2", .script = count}};
	struct rig r;

	(void)state;
	begin(&r, up, 2, 50);
	r.config.policy = POLICY_ROUND_ROBIN;
	rig_start(&r);
	for (unsigned i = 0; i < 30; i++) {
		for (unsigned j = 0; j < 12; j++)
			(void)rig_ask(&r, "example.org");
		door_pass_ms(r.loop, 100);
	}
	rig_wait(&r);
	assert_in_range(most_in_a_second(), 40, 50);
	rig_end(&r);
}

static void test_sets_with_one_name_share_a_bucket(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1"}, {.address = "192.0.2.2"}};
	struct upstream_set *same, *other;
	struct rig r;
	uint64_t wait;

	(void)state;
	begin(&r, up, 2, 100);
	shared.name = "eth0";
	rig_start(&r);
	same = upstream_set_new(&r.config);
	shared.name = "eth1";
	other = upstream_set_new(&r.config);
	assert_ptr_equal(same->servers[1].bucket, r.set->servers[0].bucket);
	assert_ptr_not_equal(other->servers[0].bucket, r.set->servers[0].bucket);
	/* What one takes the other lacks, and what is taken outlives a set. */
	assert_int_equal(upstream_bucket_take(same->servers[1].bucket, 8, NS_PER_S, 0, &wait), 0);
	assert_int_equal(upstream_bucket_take(r.set->servers[0].bucket, 1, NS_PER_S, 0, &wait), ERR_LIMIT);
	upstream_set_free(same);
	assert_int_equal(upstream_bucket_take(r.set->servers[0].bucket, 1, NS_PER_S, 0, &wait), ERR_LIMIT);
	assert_int_equal(upstream_bucket_take(other->servers[0].bucket, 8, NS_PER_S, 0, &wait), 0);
	upstream_set_free(other);
	rig_end(&r);
}

/* What one interface cannot take the other may. */
static void test_another_upstream_has_another_bucket(void **state)
{
	static const struct upstream_pace small = {20, "first"};
	struct site up[2] = {{.address = "192.0.2.1", .script = count}, {.address = "192.0.2.2"}};
	struct rig r;

	(void)state;
	begin(&r, up, 2, 0);
	r.targets[0].pace = &small;
	rig_start(&r);
	for (unsigned i = 0; i < 100; i++)
		(void)rig_ask(&r, "example.org");
	rig_wait(&r);
	assert_int_equal(answered(&r), 100);
	assert_in_range(most_in_a_second(), 8, 20);
	assert_true(up[1].n_udp >= 80);
	rig_end(&r);
}

static void test_cut_answer_goes_out_when_tcp_is_over_the_budget(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = count};
	struct rig r;

	(void)state;
	begin(&r, &up, 1, 20);
	rig_start(&r);
	flags = FLAG_TC;
	for (unsigned i = 0; i < 4; i++)
		(void)rig_ask(&r, "example.org");
	rig_wait(&r);
	assert_false(r.out[0].truncated); /* 1 + 6 of 8 */
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(r.out[i].err, 0);
	assert_true(r.out[3].truncated);
	assert_false(r.out[3].has_late);
	assert_true(rig_count(&r, 0, tcp[TCP_NOT_TRIED]) > 0);
	rig_end(&r);
}

static void test_completion_waits_for_its_turn(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = count};
	struct rig r;
	const struct outcome *o;

	(void)state;
	begin(&r, &up, 1, 20);
	rig_start(&r);
	flags = FLAG_TC;
	assert_false(rig_get(&r, "example.org")->truncated);
	o = rig_get(&r, "example.org");
	assert_false(o->truncated);
	assert_in_range(o->ms, 50, 250);
	rig_end(&r);
}

static void slow_once_known(struct heard *q)
{
	q->delay_ms = q->nth > 3 ? 200 : 0;
	site_answer(q, 0, 0, 1);
}

static void test_hedge_does_not_take_what_questions_need(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = slow_once_known}, {.address = "192.0.2.2"}};
	struct rig r;

	(void)state;
	begin(&r, up, 2, 20);
	rig_start(&r);
	for (unsigned i = 0; i < 3; i++)
		(void)rig_get(&r, "example.org");
	for (unsigned i = 0; i < 6; i++)
		(void)rig_ask(&r, "example.org");
	rig_wait(&r);
	assert_int_equal(up[1].n_udp, 0);
	assert_int_equal(answered(&r), 9);
	rig_end(&r);
}

static void test_asker_that_leaves_while_it_waits(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = count};
	struct rig r;

	(void)state;
	begin(&r, &up, 1, 20);
	rig_start(&r);
	for (unsigned i = 0; i < 10; i++)
		(void)rig_ask(&r, "example.org");
	upstream_cancel(r.x[9]);
	r.x[9] = NULL;
	rig_wait(&r);
	assert_int_equal(r.out[9].done, 0);
	assert_int_equal(answered(&r), 10); /* `err` of the one that left stays 0 */
	assert_int_equal(n_arrivals, 9);
	for (unsigned i = 0; i < 10; i++)
		(void)rig_ask(&r, "example.org");
	rig_end(&r); /* stops while some wait */
}

static void test_time_that_ends_before_the_turn_comes(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = count};
	struct rig r;

	(void)state;
	begin(&r, &up, 1, 20);
	r.deadline_ms = 150; /* less 50 of margin */
	rig_start(&r);
	for (unsigned i = 0; i < 10; i++)
		(void)rig_ask(&r, "example.org");
	rig_wait(&r);
	assert_int_equal(r.out[8].err, 0);
	assert_int_equal(r.out[9].err, ERR_LIMIT);
	assert_int_equal(r.out[9].ede, EDE_NETWORK_ERROR);
	assert_in_range(r.out[9].ms, 90, 110);
	rig_end(&r);
}

static void no_edns(struct heard *q)
{
	if (q->edns)
		site_answer_plain(q, RCODE_FORMERR, 0, 0);
	else
		site_answer(q, 0, 0, 1);
}

static void test_second_form_over_the_budget_is_told_as_such(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = no_edns};
	struct rig r;

	(void)state;
	begin(&r, &up, 1, 20);
	rig_start(&r);
	for (unsigned i = 0; i < 10; i++)
		(void)rig_ask(&r, "example.org");
	rig_wait(&r);
	for (unsigned i = 0; i < 10; i++) {
		if (r.out[i].err)
			assert_string_equal(r.out[i].error, "upstream packet budget used");
	}
	assert_in_range(answered(&r), 1, 5);
	rig_end(&r);
}

static void test_silence_is_retried_within_the_budget(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .udp = SITE_SILENT},
			     {.address = "192.0.2.2", .script = count}};
	struct rig r;

	(void)state;
	begin(&r, up, 2, 100);
	r.config.no_hedge = true;
	rig_start(&r);
	for (unsigned i = 0; i < 25; i++)
		(void)rig_ask(&r, "example.org");
	rig_wait(&r);
	assert_int_equal(answered(&r), 25);
	assert_in_range(most_in_a_second(), 20, 100);
	rig_end(&r);
}

/* The first line of the metrics text that begins so. */
static double value_of(const char *line)
{
	size_t len;
	char *text = metrics_text(&len), *at;
	double v = -1;

	assert_non_null(text);
	at = strstr(text, line);
	if (at)
		v = strtod(at + strlen(line), NULL);
	free(text);
	return v;
}

static void test_gauge_tells_the_share_of_the_last_second(void **state)
{
	struct upstream_bucket *b = upstream_bucket_get("gauge", 100);
	static const char line[] = "binnacle_upstream_pace_used_ratio{bucket=\"gauge\"}";
	uint64_t last = clock_mono_ns() - NS_PER_S, wait;

	(void)state;
	for (unsigned i = 0; i < 150; i++)
		(void)!upstream_bucket_take(b, 1, last, 0, &wait);
	/* Unless this very instant lies in another second still. */
	if (clock_mono_ns() / NS_PER_S == last / NS_PER_S + 1)
		assert_true(value_of(line) > 1.4 && value_of(line) < 1.6);
	upstream_bucket_put(b);
	assert_true(value_of(line) == -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_above_the_budget_in_any_second),
		cmocka_unit_test(test_short_burst_waits_and_is_answered_in_order),
		cmocka_unit_test(test_without_pace_nothing_waits),
		cmocka_unit_test(test_budget_of_all_upstreams_is_one),
		cmocka_unit_test(test_sets_with_one_name_share_a_bucket),
		cmocka_unit_test(test_another_upstream_has_another_bucket),
		cmocka_unit_test(test_cut_answer_goes_out_when_tcp_is_over_the_budget),
		cmocka_unit_test(test_completion_waits_for_its_turn),
		cmocka_unit_test(test_hedge_does_not_take_what_questions_need),
		cmocka_unit_test(test_asker_that_leaves_while_it_waits),
		cmocka_unit_test(test_time_that_ends_before_the_turn_comes),
		cmocka_unit_test(test_second_form_over_the_budget_is_told_as_such),
		cmocka_unit_test(test_silence_is_retried_within_the_budget),
		cmocka_unit_test(test_gauge_tells_the_share_of_the_last_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
