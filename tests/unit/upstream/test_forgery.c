// SPDX-License-Identifier: Apache-2.0
/* Answers that nobody asked for, and how hard they are to guess. */
#include "rig.h"

#include <errno.h>

static void silent(struct heard *q)
{
	(void)q;
}

static void wrong_id_first(struct heard *q)
{
	if (!q->tcp)
		site_forged(q, 0x5555, NULL);
	site_answer(q, 0, 0, 1);
}

static void wrong_question_first(struct heard *q)
{
	site_forged(q, 0, "evil.example.org");
	q->delay_ms = 50;
	site_answer(q, 0, 0, 1);
}

static void only_wrong_question(struct heard *q)
{
	site_forged(q, 0, "evil.example.org");
}

static void query_sent_back(struct heard *q)
{
	uint8_t m[64] = {0};

	wire_put_u16(m, q->id);
	wire_put_u16(m + 2, FLAG_RD);
	wire_put_u16(m + 4, 1);
	memcpy(m + 12, q->name, q->name_len);
	memcpy(m + 12 + q->name_len, (const uint8_t[]){0, 1, 0, 1}, 4);
	site_raw(q, m, 12 + q->name_len + 4);
}

static void storm(struct heard *q)
{
	for (int i = 1; i <= 50 && !q->tcp; i++)
		site_forged(q, (uint16_t)i, NULL);
	q->delay_ms = q->tcp ? 0 : 100; /* the right one over UDP comes, too late */
	site_answer(q, 0, 0, q->tcp ? 2 : 1);
}

static void doubled(struct heard *q)
{
	for (int i = 0; i < 20; i++)
		site_answer(q, 0, 0, 1);
}

static void begin(struct rig *r, struct site *up)
{
	rig_begin(r, up, 1);
	rig_start(r);
}

static void test_wrong_id_is_dropped_and_waited_on(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = wrong_id_first};
	struct rig r;

	begin(&r, &up);
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 1);
	assert_int_equal(up.n_udp, 1);
	assert_int_equal(rig_count(&r, 0, mismatched), 1);
	rig_end(&r);
}

static void test_wrong_question_is_dropped_and_waited_on(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = wrong_question_first};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_in_range(o->ms, 50, 60);
	assert_int_equal(up.n_udp, 1);
	rig_end(&r);
}

static void test_nothing_but_wrong_questions_is_a_failure(void **state)
{
	static void (*const scripts[])(struct heard *) = {only_wrong_question, query_sent_back};

	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		struct site up = {.address = "192.0.2.1", .script = scripts[i]};
		struct rig r;
		const struct outcome *o;

		begin(&r, &up);
		o = rig_get(&r, "example.org");
		assert_int_not_equal(o->err, 0);
		assert_in_range(o->ms, 4000, 4499);
		rig_end(&r);
	}
}

static void test_storm_of_wrong_ids_costs_one_tcp_retry(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = storm};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_int_equal(o->n_answer, 2); /* TCP's */
	assert_in_range(o->ms, 0, 10);
	assert_int_equal(up.n_udp, 1);
	assert_int_equal(up.n_tcp, 1);
	door_pass_ms(r.loop, 500);
	assert_int_equal(r.n_done, 1);
	rig_end(&r);
}

/* Knows the port and the question, and guesses at the id, a thousand times before the answer comes. */
static void sprayer(struct heard *q)
{
	if (!q->tcp) {
		struct heard f = *q;

		for (unsigned i = 0; i < 1000; i++) {
			f.id = (uint16_t)(i * 65537u / 1000u);
			if (f.id != q->id)
				site_answer(&f, 0, 0, 9);
		}
		q->delay_ms = 100;
	}
	site_answer(q, 0, 0, q->tcp ? 2 : 1);
}

static void test_sprayer_at_a_known_port_never_wins(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = sprayer};
	struct rig r;

	(void)state;
	begin(&r, &up);
	for (unsigned i = 1; i <= 50; i++) {
		const struct outcome *o = rig_get(&r, "example.org");

		assert_int_equal(o->err, 0);
		assert_int_equal(o->n_answer, 2); /* over TCP, once */
		assert_in_range(o->ms, 0, 10);
		assert_int_equal(up.n_tcp, i);
		assert_int_equal(up.n_udp, i);
		door_pass_ms(r.loop, 150); /* the rest of it comes, and the right answer, too late */
	}
	/* Many questions at once, each sprayed at. */
	for (unsigned i = 0; i < 50; i++)
		(void)rig_ask(&r, "example.org");
	rig_wait(&r);
	for (unsigned i = 50; i < 100; i++)
		assert_int_equal(r.out[i].n_answer, 2);
	assert_int_equal(up.n_tcp, 100);
	assert_int_equal(r.set->servers[0].fails, 0);
	rig_end(&r);
}

static void test_sprayer_at_one_upstream_does_not_win_by_a_hedge(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = silent},
			     {.address = "192.0.2.2", .script = sprayer}};
	struct rig r;
	const struct outcome *o;

	(void)state;
	rig_begin(&r, up, 2);
	rig_start(&r);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_in_range(o->n_answer, 1, 2);
	rig_end(&r);
}

static void test_storm_without_tcp_is_left_by_another_port(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = storm, .tcp = SITE_REFUSED};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up);
	o = rig_get(&r, "example.org");
	assert_int_not_equal(o->err, 0);
	assert_in_range(o->ms, 0, 10);
	up.script = NULL;
	assert_int_equal(rig_get(&r, "example.org")->err, 0);
	rig_end(&r);
}

/* Eight wrong ones in all are no reason when each question has seen fewer. */
static void test_few_wrong_ids_for_each_question_change_nothing(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = wrong_id_first};
	struct rig r;

	begin(&r, &up);
	for (int i = 0; i < 200; i++)
		assert_int_equal(rig_get(&r, "example.org")->err, 0);
	assert_int_equal(up.n_tcp, 0);
	rig_end(&r);
}

static void test_late_and_doubled_answers_are_not_held_against_the_port(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = doubled};
	struct rig r;

	begin(&r, &up);
	for (int i = 0; i < 100; i++)
		assert_int_equal(rig_get(&r, "example.org")->err, 0);
	assert_int_equal(up.n_tcp, 0);
	assert_int_equal(rig_count(&r, 0, mismatched), 0);
	rig_end(&r);
}

static uint16_t ids[256], ports[256];
static unsigned n_heard;

static void note(struct heard *q)
{
	ids[n_heard] = q->id;
	ports[n_heard++] = q->port;
	site_answer(q, 0, 0, 1);
}

static unsigned distinct(const uint16_t *v, unsigned n)
{
	unsigned k = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned j = 0;

		while (j < i && v[j] != v[i])
			j++;
		k += j == i;
	}
	return k;
}

static void test_ids_and_ports_vary(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = note};
	struct rig r;

	begin(&r, &up);
	n_heard = 0;
	for (int i = 0; i < 200; i++)
		rig_get(&r, "example.org");
	assert_int_equal(n_heard, 200);
	assert_in_range(distinct(ids, 200), 195, 200);
	assert_in_range(distinct(ports, 200), 28, 200);
	rig_end(&r);
}

static void test_sockets_are_replaced_and_closed_by_age(void **state)
{
	struct site up = {.address = "192.0.2.1"};
	struct rig r;
	unsigned first;

	begin(&r, &up);
	for (int i = 0; i < 100; i++)
		rig_get(&r, "example.org");
	first = door_ports(r.loop);
	assert_in_range(door_sockets(r.loop), 1, 32);
	door_pass_ms(r.loop, 16000);
	assert_int_equal(door_sockets(r.loop), 0);
	for (int i = 0; i < 100; i++)
		rig_get(&r, "example.org");
	assert_in_range(door_ports(r.loop), first + 20, 64);
	rig_end(&r);
}

static void test_sockets_are_replaced_after_200_queries(void **state)
{
	struct site up = {.address = "192.0.2.1"};
	struct rig r;

	begin(&r, &up);
	for (int i = 0; i < 20000; i++) {
		rig_get(&r, "example.org");
		r.n = 0;
	}
	assert_in_range(door_ports(r.loop), 90, 140);
	assert_true(door_sockets(r.loop) <= 32);
	rig_end(&r);
}

static void test_sockets_grow_with_load_within_their_share(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = silent};
	struct rig r;

	begin(&r, &up);
	r.set->n_workers = 2; /* a share of 128 */
	for (int i = 0; i < RIG_ANSWERS; i++)
		(void)rig_ask(&r, "example.org");
	assert_in_range(door_sockets(r.loop), 40, 128);
	for (int round = 0; round < 10; round++) {
		r.n = 0;
		for (int i = 0; i < RIG_ANSWERS; i++)
			(void)rig_ask(&r, "example.org");
	}
	assert_in_range(door_sockets(r.loop), 100, 128);
	up.script = NULL;
	door_pass_ms(r.loop, 30000);
	assert_int_equal(door_sockets(r.loop), 0);
	r.set->n_workers = 1;
	rig_end(&r);
}

static void icmp_host_unreachable(struct heard *q)
{
	site_icmp(q, -EHOSTUNREACH);
}

static void test_icmp_error_ends_the_attempt(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = icmp_host_unreachable},
			     {.address = "192.0.2.2"}};
	struct rig r;
	const struct outcome *o;

	rig_begin(&r, up, 2);
	rig_start(&r);
	o = rig_get(&r, "example.org");
	assert_string_equal(o->upstream, "192.0.2.2:53");
	assert_in_range(o->ms, 0, 10);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_id_is_dropped_and_waited_on),
		cmocka_unit_test(test_wrong_question_is_dropped_and_waited_on),
		cmocka_unit_test(test_nothing_but_wrong_questions_is_a_failure),
		cmocka_unit_test(test_storm_of_wrong_ids_costs_one_tcp_retry),
		cmocka_unit_test(test_sprayer_at_a_known_port_never_wins),
		cmocka_unit_test(test_sprayer_at_one_upstream_does_not_win_by_a_hedge),
		cmocka_unit_test(test_storm_without_tcp_is_left_by_another_port),
		cmocka_unit_test(test_few_wrong_ids_for_each_question_change_nothing),
		cmocka_unit_test(test_late_and_doubled_answers_are_not_held_against_the_port),
		cmocka_unit_test(test_ids_and_ports_vary),
		cmocka_unit_test(test_sockets_are_replaced_and_closed_by_age),
		cmocka_unit_test(test_sockets_are_replaced_after_200_queries),
		cmocka_unit_test(test_sockets_grow_with_load_within_their_share),
		cmocka_unit_test(test_icmp_error_ends_the_attempt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
