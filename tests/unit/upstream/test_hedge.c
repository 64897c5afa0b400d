// SPDX-License-Identifier: Apache-2.0
/* A second upstream while the first takes far longer than usual. */
#include "rig.h"

#include <errno.h>

static unsigned slow_ms; /* of the first upstream */
static unsigned slow_rcode, second_rcode, second_ms;
static uint16_t second_flags;

static void slow(struct heard *q)
{
	if (q->type == TYPE_NS) {
		site_answer(q, 0, 0, 0); /* a health check */
		return;
	}
	q->delay_ms = slow_ms;
	site_answer(q, slow_rcode, 0, 2);
}

static void second(struct heard *q)
{
	q->delay_ms = second_ms;
	site_answer(q, second_rcode, q->tcp ? 0 : second_flags, 1);
}

static void only_health_checks(struct heard *q)
{
	if (q->type == TYPE_NS)
		site_answer(q, 0, 0, 0);
}

static void begin(struct rig *r, struct site *up, unsigned n)
{
	slow_ms = slow_rcode = second_rcode = second_ms = second_flags = 0;
	rig_begin(r, up, n);
}

/* Questions that teach what is usual. */
static void teach(struct rig *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(rig_get(r, "example.org")->err, 0);
}

static unsigned hedges(struct rig *r, unsigned i)
{
	return (unsigned)(rig_count(r, i, hedges[HEDGE_WON]) + rig_count(r, i, hedges[HEDGE_LOST]));
}

static void test_second_upstream_answers_while_the_first_is_slow(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = slow},
			     {.address = "192.0.2.2", .script = second}};
	struct rig r;
	const struct outcome *o;

	(void)state;
	begin(&r, up, 2);
	rig_start(&r);
	teach(&r, 10);
	assert_int_equal(up[1].n_udp, 0);
	slow_ms = 500;
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_in_range(o->ms, 20, 30);
	assert_string_equal(o->upstream, "192.0.2.2:53");
	assert_int_equal(rig_count(&r, 1, hedges[HEDGE_WON]), 1);
	door_pass_ms(r.loop, 1000);
	assert_int_equal(o->done, 1);
	assert_int_equal(r.set->servers[0].lost, 0); /* its late answer was heard */
	assert_int_equal(r.w->n_running, 0);
	rig_end(&r);
}

static void test_first_upstream_wins_when_it_comes_first(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = slow},
			     {.address = "192.0.2.2", .script = second}};
	struct rig r;
	const struct outcome *o;

	(void)state;
	begin(&r, up, 2);
	rig_start(&r);
	teach(&r, 10);
	slow_ms = 60;
	second_ms = 300;
	o = rig_get(&r, "example.org");
	assert_in_range(o->ms, 60, 65);
	assert_string_equal(o->upstream, "192.0.2.1:53");
	assert_int_equal(o->n_answer, 2);
	assert_int_equal(rig_count(&r, 1, hedges[HEDGE_LOST]), 1);
	door_pass_ms(r.loop, 1000);
	assert_int_equal(o->done, 1);
	rig_end(&r);
}

static void test_upstream_that_is_always_slow_is_not_hedged(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = slow}, {.address = "192.0.2.2"}};
	struct rig r;

	(void)state;
	begin(&r, up, 2);
	rig_start(&r);
	slow_ms = 200;
	teach(&r, 20);
	assert_int_equal(hedges(&r, 1), 0);
	rig_end(&r);
}

static void test_servfail_does_not_win_while_the_first_may_answer(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = slow},
			     {.address = "192.0.2.2", .script = second}};
	static const unsigned rcodes[] = {RCODE_SERVFAIL, RCODE_REFUSED};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rcodes); i++) {
		struct rig r;
		const struct outcome *o;

		begin(&r, up, 2);
		rig_start(&r);
		teach(&r, 10);
		slow_ms = 300;
		second_rcode = rcodes[i];
		o = rig_get(&r, "example.org");
		assert_int_equal(o->rcode, RCODE_NOERROR);
		assert_in_range(o->ms, 300, 305);
		assert_string_equal(o->upstream, "192.0.2.1:53");
		assert_int_equal(rig_count(&r, 1, hedges[HEDGE_LOST]), 1);
		rig_end(&r);
	}
}

static void test_servfail_stands_when_the_first_is_silent(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .udp = SITE_SILENT},
			     {.address = "192.0.2.2", .script = second}};
	struct rig r;
	const struct outcome *o;

	(void)state;
	begin(&r, up, 2);
	rig_start(&r);
	second_rcode = RCODE_SERVFAIL;
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_int_equal(o->rcode, RCODE_SERVFAIL);
	assert_in_range(o->ms, 2000, 2010);
	assert_int_equal(up[1].n_udp, 1);
	rig_end(&r);
}

static void test_nxdomain_wins(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = slow},
			     {.address = "192.0.2.2", .script = second}};
	struct rig r;
	const struct outcome *o;

	(void)state;
	begin(&r, up, 2);
	rig_start(&r);
	teach(&r, 10);
	slow_ms = 900;
	second_rcode = RCODE_NXDOMAIN;
	o = rig_get(&r, "example.org");
	assert_int_equal(o->rcode, RCODE_NXDOMAIN);
	assert_in_range(o->ms, 20, 30);
	rig_end(&r);
}

static void test_cut_answer_of_the_second_is_completed_there(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = slow},
			     {.address = "192.0.2.2", .script = second}};
	struct rig r;
	const struct outcome *o;

	(void)state;
	begin(&r, up, 2);
	rig_start(&r);
	teach(&r, 10);
	slow_ms = 900;
	second_flags = FLAG_TC;
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_false(o->truncated);
	assert_string_equal(o->upstream, "192.0.2.2:53");
	assert_int_equal(up[1].n_tcp, 1);
	assert_in_range(o->ms, 20, 40);
	rig_end(&r);
}

static void test_failure_of_the_first_leaves_the_second_running(void **state)
{
	struct site up[3] = {{.address = "192.0.2.1", .udp = SITE_SILENT},
			     {.address = "192.0.2.2", .script = second},
			     {.address = "192.0.2.3"}};
	struct rig r;
	const struct outcome *o;

	(void)state;
	begin(&r, up, 3);
	r.config.read_timeout_ns = 600 * NS_PER_MS;
	rig_start(&r);
	second_ms = 400;
	o = rig_get(&r, "example.org");
	/* Asked at 300, answered at 700; from 600 on it is the only one, and not long enough for another. */
	assert_string_equal(o->upstream, "192.0.2.2:53");
	assert_in_range(o->ms, 700, 710);
	assert_int_equal(up[1].n_udp, 1);
	assert_int_equal(rig_count(&r, 1, hedges[HEDGE_WON]), 1);
	rig_end(&r);
}

static void test_refusing_second_changes_nothing(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = slow},
			     {.address = "192.0.2.2", .udp = SITE_REFUSED}};
	struct rig r;
	const struct outcome *o;

	(void)state;
	begin(&r, up, 2);
	rig_start(&r);
	teach(&r, 10);
	slow_ms = 300;
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_in_range(o->ms, 300, 305);
	assert_int_equal(rig_count(&r, 1, hedges[HEDGE_LOST]), 1);
	rig_end(&r);
}

static void test_extra_load_is_a_few_percent(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = slow},
			     {.address = "192.0.2.2", .script = second}};
	struct rig r;

	(void)state;
	begin(&r, up, 2);
	rig_start(&r);
	for (unsigned i = 0; i < 500; i++) {
		/* Quick mostly, so that slow is not usual. */
		slow_ms = i % 10 ? 0 : 600;
		assert_int_equal(rig_get(&r, "example.org")->err, 0);
	}
	assert_in_range(hedges(&r, 1), 10, 10 + 500 / 20);
	rig_end(&r);
}

static void test_never_with_one_upstream_nor_when_switched_off(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = slow}, {.address = "192.0.2.2"}};
	struct rig r;

	(void)state;
	for (unsigned n = 1; n <= 2; n++) {
		begin(&r, up, n);
		r.config.no_hedge = n == 2;
		rig_start(&r);
		up[0].n_udp = up[1].n_udp = 0;
		teach(&r, 10);
		slow_ms = 500;
		assert_in_range(rig_get(&r, "example.org")->ms, 500, 505);
		assert_int_equal(up[0].n_udp, 11);
		assert_int_equal(up[1].n_udp, 0);
		rig_end(&r);
	}
}

static void test_sequential_hedges_to_the_next_in_order(void **state)
{
	struct site up[3] = {{.address = "192.0.2.1", .script = slow},
			     {.address = "192.0.2.2", .script = second},
			     {.address = "192.0.2.3"}};
	struct rig r;

	(void)state;
	begin(&r, up, 3);
	rig_start(&r);
	for (unsigned i = 0; i < 5; i++) {
		slow_ms = 0;
		teach(&r, 10);
		slow_ms = 400;
		assert_string_equal(rig_get(&r, "example.org")->upstream, "192.0.2.2:53");
		door_pass_ms(r.loop, 500);
	}
	assert_int_equal(up[2].n_udp, 0);
	rig_end(&r);
}

static void test_upstream_that_only_answers_health_checks_costs_little(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = only_health_checks},
			     {.address = "192.0.2.2"}};
	struct rig r;
	unsigned above_50 = 0;

	(void)state;
	begin(&r, up, 2);
	rig_start(&r);
	for (unsigned i = 0; i < 20; i++) {
		const struct outcome *o = rig_get(&r, "example.org");

		assert_int_equal(o->err, 0);
		assert_in_range(o->ms, 0, 500);
		above_50 += o->ms > 50;
		door_pass_ms(r.loop, 200);
	}
	assert_in_range(above_50, 1, 9);
	assert_true(metrics_sum(r.set->servers[0].series.failures[FAIL_TIMEOUT]) >= 3);
	rig_end(&r);
}

static void test_asker_that_leaves_takes_both_along(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = slow},
			     {.address = "192.0.2.2", .script = second}};
	struct rig r;
	unsigned i;

	(void)state;
	begin(&r, up, 2);
	rig_start(&r);
	teach(&r, 10);
	slow_ms = second_ms = 400;
	i = rig_ask(&r, "example.org");
	door_pass_ms(r.loop, 100);
	assert_int_equal(up[1].n_udp, 1);
	upstream_cancel(r.x[i]);
	assert_int_equal(r.w->n_running, 0);
	door_pass_ms(r.loop, 1000);
	assert_int_equal(r.out[i].done, 0);
	rig_end(&r);
}

static void test_stop_ends_both(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = slow},
			     {.address = "192.0.2.2", .script = second}};
	struct rig r;

	(void)state;
	begin(&r, up, 2);
	rig_start(&r);
	teach(&r, 10);
	slow_ms = second_ms = 400;
	(void)rig_ask(&r, "example.org");
	door_pass_ms(r.loop, 100);
	second_ms = 0;
	(void)rig_ask(&r, "example.org");
	door_pass_ms(r.loop, 100); /* one has both, one is only listened to */
	rig_end(&r);
}

static void test_times_and_losses_are_told_once_a_second(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = slow};
	struct rig r;
	struct upstream_server *s;

	(void)state;
	begin(&r, &up, 1);
	rig_start(&r);
	s = &r.set->servers[0];
	slow_ms = 9;
	teach(&r, 1);
	assert_int_equal(s->usual_ns[0], 10 * NS_PER_MS);
	slow_ms = 49;
	teach(&r, 5);
	assert_int_equal(s->usual_ns[0], 10 * NS_PER_MS);
	door_pass_ms(r.loop, 1000);
	teach(&r, 1);
	assert_in_range(s->usual_ns[0], 30 * NS_PER_MS, 50 * NS_PER_MS);
	assert_int_equal(s->loss, 0);
	up.udp = SITE_SILENT;
	(void)rig_get(&r, "example.org");
	assert_true(s->loss > 0);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_second_upstream_answers_while_the_first_is_slow),
		cmocka_unit_test(test_first_upstream_wins_when_it_comes_first),
		cmocka_unit_test(test_upstream_that_is_always_slow_is_not_hedged),
		cmocka_unit_test(test_servfail_does_not_win_while_the_first_may_answer),
		cmocka_unit_test(test_servfail_stands_when_the_first_is_silent),
		cmocka_unit_test(test_nxdomain_wins),
		cmocka_unit_test(test_cut_answer_of_the_second_is_completed_there),
		cmocka_unit_test(test_failure_of_the_first_leaves_the_second_running),
		cmocka_unit_test(test_refusing_second_changes_nothing),
		cmocka_unit_test(test_extra_load_is_a_few_percent),
		cmocka_unit_test(test_never_with_one_upstream_nor_when_switched_off),
		cmocka_unit_test(test_sequential_hedges_to_the_next_in_order),
		cmocka_unit_test(test_upstream_that_only_answers_health_checks_costs_little),
		cmocka_unit_test(test_asker_that_leaves_takes_both_along),
		cmocka_unit_test(test_stop_ends_both),
		cmocka_unit_test(test_times_and_losses_are_told_once_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
