// SPDX-License-Identifier: Apache-2.0
/* Cut UDP answers: the whole one over TCP, and what happens when that does not come. */
#include "rig.h"

#include <errno.h>

/* UDP: TC and two records; TCP: sixty. */
static void cuts(struct heard *q)
{
	if (q->tcp)
		site_answer(q, 0, 0, 60);
	else
		site_answer(q, 0, FLAG_TC, 2);
}

static void cuts_tcp_slow(struct heard *q)
{
	if (q->tcp)
		q->delay_ms = 700;
	cuts(q);
}

static void cuts_tcp_mute(struct heard *q)
{
	if (!q->tcp)
		cuts(q);
}

static void cuts_tcp_closes(struct heard *q)
{
	if (q->tcp)
		site_close(q);
	else
		cuts(q);
}

static void cuts_tcp_very_slow(struct heard *q)
{
	if (q->tcp)
		q->delay_ms = 1500;
	cuts(q);
}

static void cuts_everywhere(struct heard *q)
{
	site_answer(q, 0, FLAG_TC, q->tcp ? 5 : 2);
}

static void cuts_tcp_servfail(struct heard *q)
{
	if (q->tcp)
		site_answer(q, RCODE_SERVFAIL, 0, 0);
	else
		cuts(q);
}

static void begin(struct rig *r, struct site *up, unsigned n)
{
	rig_begin(r, up, n);
	rig_start(r);
}

static void test_whole_answer_comes_over_tcp(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up, 1);
	for (int i = 0; i < 5; i++) {
		o = rig_get(&r, "example.org");
		assert_int_equal(o->n_answer, 60);
		assert_false(o->truncated);
		assert_false(o->has_late);
	}
	assert_int_equal(up.n_conns, 1); /* kept */
	assert_int_equal(rig_count(&r, 0, truncated), 5);
	assert_int_equal(rig_count(&r, 0, tcp[TCP_ANSWERED]), 5);
	rig_end(&r);
}

static void test_passthrough_gives_the_cut_answer(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts};
	struct rig r;
	const struct outcome *o;

	rig_begin(&r, &up, 1);
	r.config.tc_passthrough = true;
	rig_start(&r);
	o = rig_get(&r, "example.org");
	assert_true(o->truncated);
	assert_int_equal(o->n_answer, 2);
	assert_false(o->has_late);
	assert_int_equal(up.n_syn, 0);
	rig_end(&r);
}

static void test_slow_tcp_is_waited_for(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts_tcp_slow};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up, 1);
	o = rig_get(&r, "example.org");
	assert_false(o->truncated);
	assert_int_equal(o->n_answer, 60);
	assert_in_range(o->ms, 700, 720);
	rig_end(&r);
}

static void test_mute_tcp_gives_the_cut_answer_after_a_second(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts_tcp_mute};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up, 1);
	r.take_late = true;
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_true(o->truncated);
	assert_int_equal(o->n_answer, 2);
	assert_in_range(o->ms, 1000, 1010);
	assert_true(o->has_late);
	door_pass_ms(r.loop, 10000);
	assert_int_equal(o->late_done, 1);
	assert_true(o->late_null);
	rig_end(&r);
}

static void test_late_answer_is_told(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts_tcp_very_slow};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up, 1);
	r.take_late = true;
	o = rig_get(&r, "example.org");
	assert_true(o->truncated);
	assert_in_range(o->ms, 1000, 1010);
	assert_int_equal(r.holds, 1);
	door_pass_ms(r.loop, 1000);
	assert_int_equal(o->late_done, 1);
	assert_int_equal(o->late_n, 60);
	assert_int_equal(r.releases, 1);
	assert_int_equal(rig_count(&r, 0, tcp[TCP_LATE]), 1);
	/* Its usual time is known now, and waited for. */
	o = rig_get(&r, "example.org");
	assert_false(o->truncated);
	assert_in_range(o->ms, 1500, 1520);
	rig_end(&r);
}

static void plain_cuts_tcp_very_slow(struct heard *q)
{
	if (q->edns)
		site_answer_plain(q, RCODE_FORMERR, 0, 0);
	else
		cuts_tcp_very_slow(q);
}

static void test_late_answer_without_edns_is_not_for_do(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = plain_cuts_tcp_very_slow};
	struct rig r;

	for (int i = 0; i < 2; i++) {
		const struct outcome *o;

		begin(&r, &up, 1);
		r.take_late = true;
		r.do_bit = i;
		o = rig_get(&r, "example.org");
		assert_true(o->truncated && o->without_edns);
		door_pass_ms(r.loop, 2000);
		assert_int_equal(o->late_done, 1);
		assert_int_equal(o->late_null, i);
		rig_end(&r);
	}
}

static void test_late_answer_that_nobody_takes_ends_quietly(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts_tcp_very_slow};
	struct rig r;

	begin(&r, &up, 1);
	assert_true(rig_get(&r, "example.org")->truncated);
	door_pass_ms(r.loop, 10000);
	assert_int_equal(r.releases, 1);
	rig_end(&r);
}

static void test_stop_while_late_lets_the_owner_go(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts_tcp_mute};
	struct rig r;

	begin(&r, &up, 1);
	r.take_late = true;
	assert_true(rig_get(&r, "example.org")->has_late);
	rig_end(&r);
	assert_int_equal(r.holds, 1);
	assert_int_equal(r.out[0].late_done, 0);
}

static void test_refused_tcp_gives_the_cut_answer_at_once(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts, .tcp = SITE_REFUSED};
	struct rig r;

	begin(&r, &up, 1);
	for (int i = 0; i < 20; i++) {
		const struct outcome *o = rig_get(&r, "example.org");

		assert_true(o->truncated);
		assert_false(o->has_late);
		assert_in_range(o->ms, 0, 5);
	}
	assert_in_range(up.n_syn, 1, 3);
	rig_end(&r);
}

static void test_closed_tcp_gives_the_cut_answer_and_is_not_remembered(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts_tcp_closes};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up, 1);
	o = rig_get(&r, "example.org");
	assert_true(o->truncated);
	assert_in_range(o->ms, 0, 10);
	up.script = cuts;
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 60);
	rig_end(&r);
}

static void test_cut_over_tcp_too_ends_there(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts_everywhere};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up, 1);
	o = rig_get(&r, "example.org");
	assert_true(o->truncated);
	assert_int_equal(o->n_answer, 5);
	assert_int_equal(up.n_tcp, 1);
	rig_end(&r);
}

static void test_failure_by_rcode_over_tcp_keeps_the_cut_answer(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts_tcp_servfail};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up, 1);
	o = rig_get(&r, "example.org");
	assert_true(o->truncated);
	assert_int_equal(o->rcode, RCODE_NOERROR);
	assert_int_equal(o->n_answer, 2);
	rig_end(&r);
}

/* ---------------------------------------------------------------- TCP that does not connect */

static void test_blackholed_tcp_costs_one_client_a_second(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts, .tcp = SITE_SILENT};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up, 1);
	o = rig_get(&r, "a.example.org");
	assert_true(o->truncated);
	assert_in_range(o->ms, 1000, 1300);
	for (int i = 0; i < 100; i++) {
		o = rig_get(&r, "b.example.org");
		assert_true(o->truncated);
		assert_in_range(o->ms, 0, 20);
		door_pass_ms(r.loop, 30);
	}
	rig_end(&r);
}

static void test_whole_answers_return_with_tcp(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts, .tcp = SITE_SILENT};
	struct rig r;
	unsigned ms = 0;

	begin(&r, &up, 1);
	for (int i = 0; i < 200; i++) {
		assert_true(rig_get(&r, "a.example.org")->truncated);
		door_pass_ms(r.loop, 100);
	}
	up.tcp = SITE_OPEN;
	while (ms < 60000 && rig_get(&r, "a.example.org")->truncated) {
		door_pass_ms(r.loop, 250);
		ms += 250;
	}
	assert_in_range(ms, 0, 20000);
	rig_end(&r);
}

static void test_tcp_probes_are_few_and_one_at_a_time(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts, .tcp = SITE_SILENT};
	struct rig r;

	begin(&r, &up, 1);
	for (int i = 0; i < 480; i++) {
		(void)rig_get(&r, "a.example.org");
		assert_true(door_streams(r.loop) <= 1);
		door_pass_ms(r.loop, 250);
		if (i % 100 == 0)
			r.n = 0;
	}
	assert_in_range(up.n_syn, 4, 40); /* in two minutes */
	rig_end(&r);
}

static void test_trouble_is_forgotten_without_news(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts, .tcp = SITE_SILENT};
	struct rig r;

	begin(&r, &up, 1);
	(void)rig_get(&r, "a.example.org");
	door_pass_ms(r.loop, 60000);
	up.tcp = SITE_OPEN;
	assert_int_equal(rig_get(&r, "a.example.org")->n_answer, 60);
	rig_end(&r);
}

static void test_connection_that_comes_up_late_still_completes(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts, .tcp = SITE_SILENT};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up, 1);
	r.take_late = true;
	o = rig_get(&r, "a.example.org");
	assert_true(o->has_late);
	up.tcp = SITE_OPEN; /* the SYN after 3 s is answered */
	door_pass_ms(r.loop, 3000);
	assert_int_equal(o->late_done, 1);
	assert_int_equal(o->late_n, 60);
	rig_end(&r);
}

static void test_mute_tcp_costs_three_clients_a_second(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts_tcp_mute};
	struct rig r;
	const struct outcome *o;
	unsigned slow = 0;

	begin(&r, &up, 1);
	for (int i = 0; i < 60; i++) {
		o = rig_get(&r, "example.org");
		assert_true(o->truncated);
		slow += o->ms > 20;
		door_pass_ms(r.loop, 300);
	}
	assert_int_equal(slow, 3);
	door_pass_ms(r.loop, 40000);
	up.script = cuts;
	for (int i = 0; i < 3; i++)
		assert_int_equal(rig_get(&r, "example.org")->n_answer, 60);
	rig_end(&r);
}

/* ---------------------------------------------------------------- elsewhere */

static void test_another_upstream_with_tcp_completes(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = cuts, .tcp = SITE_REFUSED},
			     {.address = "192.0.2.2", .script = cuts}};
	struct rig r;

	begin(&r, up, 2);
	for (int i = 0; i < 3; i++) {
		const struct outcome *o = rig_get(&r, "example.org");

		assert_false(o->truncated);
		assert_int_equal(o->n_answer, 60);
		assert_string_equal(o->upstream, "192.0.2.2:53");
	}
	assert_int_equal(up[1].n_udp, 0);
	rig_end(&r);
}

static void test_two_blackholes_cost_no_more_than_one(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = cuts, .tcp = SITE_SILENT},
			     {.address = "192.0.2.2", .script = cuts, .tcp = SITE_SILENT}};
	struct rig r;

	begin(&r, up, 2);
	assert_in_range(rig_get(&r, "example.org")->ms, 1000, 1100);
	for (int i = 0; i < 100; i++) {
		assert_in_range(rig_get(&r, "example.org")->ms, 0, 20);
		door_pass_ms(r.loop, 50);
	}
	rig_end(&r);
}

/* ---------------------------------------------------------------- other clients */

static void test_stream_client_gets_a_marked_answer(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts, .tcp = SITE_REFUSED};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up, 1);
	r.stream = true;
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_true(o->truncated);
	rig_end(&r);
}

static void test_cancel_while_completing_says_nothing(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts_tcp_slow};
	struct rig r;
	unsigned i;

	begin(&r, &up, 1);
	i = rig_ask(&r, "example.org");
	door_pass_ms(r.loop, 100);
	upstream_cancel(r.x[i]);
	door_pass_ms(r.loop, 10000);
	assert_int_equal(r.out[i].done, 0);
	assert_int_equal(rig_count(&r, 0, tcp[TCP_LATE]), 1);
	rig_end(&r);
}

static void test_deadline_while_completing_gives_the_cut_answer(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = cuts_tcp_mute};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up, 1);
	r.deadline_ms = 500;
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_true(o->truncated);
	assert_in_range(o->ms, 440, 499);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_answer_comes_over_tcp),
		cmocka_unit_test(test_passthrough_gives_the_cut_answer),
		cmocka_unit_test(test_slow_tcp_is_waited_for),
		cmocka_unit_test(test_mute_tcp_gives_the_cut_answer_after_a_second),
		cmocka_unit_test(test_late_answer_is_told),
		cmocka_unit_test(test_late_answer_without_edns_is_not_for_do),
		cmocka_unit_test(test_late_answer_that_nobody_takes_ends_quietly),
		cmocka_unit_test(test_stop_while_late_lets_the_owner_go),
		cmocka_unit_test(test_refused_tcp_gives_the_cut_answer_at_once),
		cmocka_unit_test(test_closed_tcp_gives_the_cut_answer_and_is_not_remembered),
		cmocka_unit_test(test_cut_over_tcp_too_ends_there),
		cmocka_unit_test(test_failure_by_rcode_over_tcp_keeps_the_cut_answer),
		cmocka_unit_test(test_blackholed_tcp_costs_one_client_a_second),
		cmocka_unit_test(test_whole_answers_return_with_tcp),
		cmocka_unit_test(test_tcp_probes_are_few_and_one_at_a_time),
		cmocka_unit_test(test_trouble_is_forgotten_without_news),
		cmocka_unit_test(test_connection_that_comes_up_late_still_completes),
		cmocka_unit_test(test_mute_tcp_costs_three_clients_a_second),
		cmocka_unit_test(test_another_upstream_with_tcp_completes),
		cmocka_unit_test(test_two_blackholes_cost_no_more_than_one),
		cmocka_unit_test(test_stream_client_gets_a_marked_answer),
		cmocka_unit_test(test_cancel_while_completing_says_nothing),
		cmocka_unit_test(test_deadline_while_completing_gives_the_cut_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
