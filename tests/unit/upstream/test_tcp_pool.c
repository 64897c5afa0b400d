// SPDX-License-Identifier: Apache-2.0
/* Kept connections: shared, ended, renewed. */
#include "rig.h"

#include <errno.h>

static unsigned answers_per_conn;
static bool by_reset, hang;

static void silent(struct heard *q)
{
	(void)q;
}

/* So many answers on a connection, then its end, 50 ms later or with the next question. */
static void gives_up(struct heard *q)
{
	if (q->nth_on_conn > answers_per_conn)
		return;
	site_answer(q, 0, 0, 1);
	if (q->nth_on_conn < answers_per_conn || hang)
		return;
	q->delay_ms = 50;
	if (by_reset)
		site_reset(q);
	else
		site_close(q);
}

static struct heard held[64];
static unsigned n_held;

static void hold_back(struct heard *q)
{
	held[n_held++] = *q;
}

static void begin(struct rig *r, struct site *up)
{
	n_held = 0;
	rig_begin(r, up, 1);
	r->config.force_tcp = true;
	rig_start(r);
}

static void test_questions_share_one_connection(void **state)
{
	struct site up = {.address = "192.0.2.1"};
	struct rig r;

	begin(&r, &up);
	for (int i = 0; i < 100; i++)
		(void)rig_ask(&r, "example.org");
	rig_wait(&r);
	assert_int_equal(up.n_conns, 1);
	assert_int_equal(up.n_tcp, 100);
	assert_int_equal(rig_count(&r, 0, pool_misses[1]), 1);
	assert_int_equal(rig_count(&r, 0, pool_hits[1]), 99);
	rig_end(&r);
}

static void test_answers_come_in_any_order(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = hold_back};
	struct rig r;

	begin(&r, &up);
	for (int i = 0; i < 20; i++) {
		const char name[] = {(char)('a' + i), 0};

		(void)rig_ask(&r, name);
	}
	door_pass_ms(r.loop, 100);
	assert_int_equal(n_held, 20);
	for (unsigned i = n_held; i > 0; i--)
		site_answer(&held[i - 1], 0, 0, held[i - 1].name[1] - 'a' + 1u);
	rig_wait(&r);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(r.out[i].n_answer, i + 1);
	rig_end(&r);
}

static void test_answers_in_pieces_are_put_together(void **state)
{
	static const unsigned pieces[] = {1, 2, 3, 100, 1000};

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		struct site up = {.address = "192.0.2.1", .fragment = pieces[i]};
		struct rig r;

		begin(&r, &up);
		for (int k = 0; k < 10; k++)
			(void)rig_ask(&r, "example.org");
		rig_wait(&r);
		for (int k = 0; k < 10; k++)
			assert_int_equal(r.out[k].n_answer, 1);
		rig_end(&r);
	}
}

static void huge(struct heard *q)
{
	site_answer(q, 0, 0, 4000);
}

static void test_largest_answers_pass(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = huge, .fragment = 1448};
	struct rig r;

	begin(&r, &up);
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 4000);
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 4000);
	rig_end(&r);
}

static void test_upstream_that_closes_each_time_is_never_noticed(void **state)
{
	for (int i = 0; i < 4; i++) {
		struct site up = {.address = "192.0.2.1", .script = gives_up};
		struct rig r;

		answers_per_conn = 1;
		by_reset = i & 1;
		hang = false;
		begin(&r, &up);
		for (int k = 0; k < 6; k++) {
			const struct outcome *o = rig_get(&r, "example.org");

			assert_int_equal(o->err, 0);
			assert_in_range(o->ms, 0, i & 2 ? 60 : 10);
			if (!(i & 2))
				door_pass_ms(r.loop, 300);
		}
		assert_int_equal(rig_count(&r, 0, failures[FAIL_NETWORK]), 0);
		rig_end(&r);
	}
}

static void test_burst_over_closing_connections_is_answered(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = gives_up};
	struct rig r;

	answers_per_conn = 2;
	by_reset = hang = false;
	begin(&r, &up);
	for (int i = 0; i < 8; i++)
		(void)rig_ask(&r, "example.org");
	rig_wait(&r);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(r.out[i].err, 0);
		assert_in_range(r.out[i].ms, 0, 300);
	}
	rig_end(&r);
}

static void test_connection_gone_silent_is_replaced_within_a_second(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = gives_up};
	struct rig r;
	const struct outcome *o;

	answers_per_conn = 3;
	hang = true;
	begin(&r, &up);
	for (int i = 0; i < 3; i++)
		rig_get(&r, "example.org");
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_in_range(o->ms, 300, 400);
	assert_int_equal(up.n_conns, 2);
	rig_end(&r);
}

static void test_all_that_wait_on_a_silent_connection_are_asked_on_another(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = gives_up};
	struct rig r;

	(void)state;
	answers_per_conn = 50;
	hang = true;
	begin(&r, &up);
	for (int i = 0; i < 45; i++)
		rig_get(&r, "example.org");
	for (int i = 0; i < 30; i++) { /* five are answered yet */
		(void)rig_ask(&r, "example.org");
		door_pass_ms(r.loop, 5);
	}
	rig_wait(&r);
	for (unsigned i = 0; i < r.n; i++) {
		assert_int_equal(r.out[i].err, 0);
		assert_in_range(r.out[i].ms, 0, 400);
	}
	assert_int_equal(up.n_conns, 2);
	assert_int_equal(rig_count(&r, 0, failures[FAIL_TIMEOUT]), 0);
	rig_end(&r);
}

static void test_fresh_connection_that_is_silent_is_a_failure(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = silent};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, -ETIMEDOUT);
	assert_in_range(o->ms, 4000, 4020);
	assert_non_null(strstr(o->error, "read tcp 192.0.2.99:"));
	assert_non_null(strstr(o->error, "->192.0.2.1:53: i/o timeout"));
	rig_end(&r);
}

static void closes_at_once(struct heard *q)
{
	site_close(q);
}

static void test_silent_connection_is_not_used_again(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = silent};
	struct rig r;

	begin(&r, &up);
	r.config.max_fails = 0;
	(void)rig_get(&r, "example.org");
	assert_int_equal(up.n_conns, 2);
	assert_int_equal(door_streams(r.loop), 0);
	rig_end(&r);
}

static void test_fresh_connection_that_closes_is_a_failure(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = closes_at_once};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up);
	o = rig_get(&r, "example.org");
	assert_int_not_equal(o->err, 0);
	assert_string_equal(o->error, "EOF");
	assert_int_equal(o->ede, EDE_NETWORK_ERROR);
	assert_in_range(up.n_conns, 2, 3); /* the health check may have its own */
	rig_end(&r);
}

static void test_idle_connection_is_closed_after_expire(void **state)
{
	struct site up = {.address = "192.0.2.1"};
	struct rig r;

	begin(&r, &up);
	rig_get(&r, "example.org");
	assert_int_equal(door_streams(r.loop), 1);
	door_pass_ms(r.loop, 9900);
	assert_int_equal(door_streams(r.loop), 1);
	door_pass_ms(r.loop, 200);
	assert_int_equal(door_streams(r.loop), 0);
	assert_int_equal(rig_get(&r, "example.org")->err, 0);
	assert_int_equal(up.n_conns, 2);
	rig_end(&r);
}

static void test_expire_zero_keeps_nothing(void **state)
{
	struct site up = {.address = "192.0.2.1"};
	struct rig r;

	rig_begin(&r, &up, 1);
	r.config.force_tcp = true;
	r.config.expire_ns = 0;
	rig_start(&r);
	for (int i = 0; i < 3; i++)
		assert_int_equal(rig_get(&r, "example.org")->err, 0);
	assert_int_equal(up.n_conns, 3);
	assert_int_equal(door_streams(r.loop), 0);
	rig_end(&r);
}

static void test_max_age_ends_a_busy_connection_in_peace(void **state)
{
	struct site up = {.address = "192.0.2.1"};
	struct rig r;

	rig_begin(&r, &up, 1);
	r.config.force_tcp = true;
	r.config.max_age_ns = 20 * NS_PER_S;
	rig_start(&r);
	for (int i = 0; i < 60; i++) {
		assert_int_equal(rig_get(&r, "example.org")->err, 0);
		door_pass_ms(r.loop, 1000);
	}
	assert_in_range(up.n_conns, 3, 4);
	rig_end(&r);
}

static void test_max_idle_conns_closes_the_surplus(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = hold_back};
	struct rig r;

	rig_begin(&r, &up, 1);
	r.config.force_tcp = true;
	r.config.max_idle_conns = 1;
	rig_start(&r);
	n_held = 0;
	r.w->peers[0].tcp.depth = 4;
	for (int i = 0; i < 12; i++)
		(void)rig_ask(&r, "example.org");
	door_pass_ms(r.loop, 100);
	assert_int_equal(door_streams(r.loop), 3);
	for (unsigned i = 0; i < n_held; i++)
		site_answer(&held[i], 0, 0, 1);
	rig_wait(&r);
	assert_int_equal(door_streams(r.loop), 1);
	rig_end(&r);
}

static void test_connections_and_what_waits_on_them_are_bounded(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = silent};
	struct rig r;

	begin(&r, &up);
	r.config.max_fails = 0;
	for (int k = 0; k < 5; k++) {
		r.n = 0;
		for (int i = 0; i < RIG_ANSWERS; i++)
			(void)rig_ask(&r, "example.org");
	}
	assert_in_range(door_streams(r.loop), 16, 16);
	rig_end(&r);
}

static void zero_length(struct heard *q)
{
	site_raw(q, NULL, 0);
}

static void test_empty_message_ends_the_connection(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = zero_length};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, -EBADMSG);
	assert_in_range(o->ms, 0, 20);
	rig_end(&r);
}

static void wrong_then_right(struct heard *q)
{
	site_forged(q, 1, NULL);
	site_forged(q, 0, "evil.example.org");
	site_answer(q, 0, 0, 1);
}

static void test_messages_that_answer_nothing_are_dropped(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = wrong_then_right};
	struct rig r;

	begin(&r, &up);
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 1);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions_share_one_connection),
		cmocka_unit_test(test_answers_come_in_any_order),
		cmocka_unit_test(test_answers_in_pieces_are_put_together),
		cmocka_unit_test(test_largest_answers_pass),
		cmocka_unit_test(test_upstream_that_closes_each_time_is_never_noticed),
		cmocka_unit_test(test_burst_over_closing_connections_is_answered),
		cmocka_unit_test(test_connection_gone_silent_is_replaced_within_a_second),
		cmocka_unit_test(test_all_that_wait_on_a_silent_connection_are_asked_on_another),
		cmocka_unit_test(test_fresh_connection_that_is_silent_is_a_failure),
		cmocka_unit_test(test_silent_connection_is_not_used_again),
		cmocka_unit_test(test_fresh_connection_that_closes_is_a_failure),
		cmocka_unit_test(test_idle_connection_is_closed_after_expire),
		cmocka_unit_test(test_expire_zero_keeps_nothing),
		cmocka_unit_test(test_max_age_ends_a_busy_connection_in_peace),
		cmocka_unit_test(test_max_idle_conns_closes_the_surplus),
		cmocka_unit_test(test_connections_and_what_waits_on_them_are_bounded),
		cmocka_unit_test(test_empty_message_ends_the_connection),
		cmocka_unit_test(test_messages_that_answer_nothing_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
