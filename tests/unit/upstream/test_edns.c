// SPDX-License-Identifier: Apache-2.0
/* Upstreams that cannot take EDNS: found out, worked around, remembered, tried again. */
#include "rig.h"

#include <errno.h>

static unsigned refusal;

static void refuses(struct heard *q)
{
	if (q->edns)
		site_answer_plain(q, refusal, 0, 0);
	else
		site_answer(q, 0, 0, 1);
}

static void badvers(struct heard *q)
{
	if (q->edns)
		site_answer(q, RCODE_BADVERS, 0, 0);
	else
		site_answer(q, 0, 0, 1);
}

static void drops(struct heard *q)
{
	if (!q->edns)
		site_answer(q, 0, 0, 1);
}

static void formerr_always(struct heard *q)
{
	site_answer_plain(q, RCODE_FORMERR, 0, 0);
}

static void notimp_with_opt(struct heard *q)
{
	site_answer(q, RCODE_NOTIMP, 0, 0);
}

static void ignores_and_cuts(struct heard *q)
{
	site_answer_plain(q, 0, q->tcp ? 0 : FLAG_TC, q->tcp ? 60 : 0);
}

static void refuses_and_cuts(struct heard *q)
{
	if (q->edns)
		site_answer_plain(q, RCODE_FORMERR, 0, 0);
	else
		site_answer(q, 0, q->tcp ? 0 : FLAG_TC, q->tcp ? 60 : 0);
}

static void begin(struct rig *r, struct site *up)
{
	rig_begin(r, up, 1);
	r->config.max_fails = 0;
	rig_start(r);
}

static void test_refusal_is_answered_without_edns_at_once(void **state)
{
	static const unsigned rcodes[] = {RCODE_FORMERR, RCODE_NOTIMP};

	for (size_t i = 0; i < ARRAY_LEN(rcodes); i++) {
		struct site up = {.address = "192.0.2.1", .script = refuses};
		struct rig r;
		const struct outcome *o;

		refusal = rcodes[i];
		begin(&r, &up);
		o = rig_get(&r, "example.org");
		assert_int_equal(o->rcode, RCODE_NOERROR);
		assert_true(o->without_edns);
		assert_in_range(o->ms, 0, 5);
		assert_int_equal(up.n_edns, 1);
		/* Remembered. */
		assert_int_equal(rig_get(&r, "example.org")->n_answer, 1);
		assert_int_equal(up.n_edns, 1);
		rig_end(&r);
	}
}

static void test_badvers_is_a_refusal(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = badvers};
	struct rig r;

	begin(&r, &up);
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 1);
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 1);
	assert_int_equal(up.n_edns, 1);
	rig_end(&r);
}

static void test_refusal_over_tcp_is_one_too(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = refuses};
	struct rig r;

	refusal = RCODE_FORMERR;
	begin(&r, &up);
	r.stream = true;
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 1);
	assert_int_equal(up.n_udp, 0);
	rig_end(&r);
}

static void test_formerr_to_both_forms_is_the_answer(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = formerr_always};
	struct rig r;

	begin(&r, &up);
	assert_int_equal(rig_get(&r, "example.org")->rcode, RCODE_FORMERR);
	assert_int_equal(up.n_udp, 2);
	/* It says nothing about EDNS. */
	up.script = NULL;
	assert_false(rig_get(&r, "example.org")->without_edns);
	rig_end(&r);
}

static void test_notimp_with_opt_is_the_answer(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = notimp_with_opt};
	struct rig r;

	begin(&r, &up);
	assert_int_equal(rig_get(&r, "example.org")->rcode, RCODE_NOTIMP);
	assert_int_equal(up.n_udp, 1);
	rig_end(&r);
}

static void test_completion_works_without_edns(void **state)
{
	static void (*const scripts[])(struct heard *) = {ignores_and_cuts, refuses_and_cuts};

	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		struct site up = {.address = "192.0.2.1", .script = scripts[i]};
		struct rig r;
		const struct outcome *o;

		begin(&r, &up);
		o = rig_get(&r, "example.org");
		assert_int_equal(o->n_answer, 60);
		assert_false(o->truncated);
		rig_end(&r);
	}
}

static void test_silence_with_edns_is_tried_without(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = drops};
	struct rig r;
	const struct outcome *o;

	begin(&r, &up);
	for (int i = 0; i < 3; i++) {
		o = rig_get(&r, "example.org");
		assert_int_equal(o->err, 0);
		assert_true(o->without_edns);
		assert_in_range(o->ms, 2000, 2010);
	}
	/* Three times is proof. */
	o = rig_get(&r, "example.org");
	assert_int_equal(o->err, 0);
	assert_in_range(o->ms, 0, 10);
	assert_int_equal(up.n_edns, 3);
	rig_end(&r);
}

static unsigned drop_next;

static void lossy(struct heard *q)
{
	if (drop_next) {
		drop_next--;
		return;
	}
	site_answer(q, 0, 0, 1);
}

static void test_lost_packets_are_no_proof(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = lossy};
	struct rig r;

	begin(&r, &up);
	rig_get(&r, "example.org");
	for (int i = 0; i < 20; i++) {
		const struct outcome *o;

		drop_next = 1;
		o = rig_get(&r, "example.org");
		assert_int_equal(o->err, 0);
		assert_false(o->without_edns);
	}
	rig_end(&r);
}

/* One packet in a hundred is lost, on the way there or back; the same ones in each run. */
static void one_percent(struct heard *q)
{
	static uint32_t seed = 1;

	seed = seed * 1664525u + 1013904223u;
	if ((seed >> 8) % 100 != 0)
		site_answer(q, 0, 0, 1);
}

static void ask_through_loss(struct rig *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		r->n = 0; /* its places serve again */
		assert_int_equal(rig_get(r, "example.org")->err, 0);
		assert_int_equal(r->set->servers[0].edns_off_until_ns, 0);
	}
}

static void test_one_percent_of_loss_is_never_held_against_edns(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = one_percent};
	struct rig r;

	(void)state;
	begin(&r, &up);
	ask_through_loss(&r, 10000);
	assert_in_range(rig_count(&r, 0, failures[FAIL_TIMEOUT]), 50, 150);
	rig_end(&r);
	/* Nor at the start, when nothing speaks for EDNS yet. */
	for (unsigned i = 0; i < 300; i++) {
		begin(&r, &up);
		ask_through_loss(&r, 20);
		rig_end(&r);
	}
	/* Nor after nights without a question. */
	begin(&r, &up);
	for (unsigned i = 0; i < 300; i++) {
		door_pass_ms(r.loop, 700000);
		ask_through_loss(&r, 3);
	}
	rig_end(&r);
}

static void test_memory_ends_when_edns_works_again(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = refuses};
	struct rig r;

	refusal = RCODE_FORMERR;
	begin(&r, &up);
	rig_get(&r, "example.org");
	up.script = NULL;
	door_pass_ms(r.loop, 299000);
	assert_true(rig_get(&r, "example.org")->without_edns);
	door_pass_ms(r.loop, 2000);
	assert_true(rig_get(&r, "example.org")->without_edns); /* a probe goes beside it */
	door_pass_ms(r.loop, 100);
	assert_false(rig_get(&r, "example.org")->without_edns);
	rig_end(&r);
}

static void test_memory_stays_while_edns_does_not_work(void **state)
{
	static void (*const scripts[])(struct heard *) = {refuses, drops};

	refusal = RCODE_FORMERR;
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		struct site up = {.address = "192.0.2.1", .script = scripts[i]};
		struct rig r;

		begin(&r, &up);
		for (int k = 0; k < 3; k++)
			rig_get(&r, "example.org");
		for (int k = 0; k < 3; k++) {
			door_pass_ms(r.loop, 301000);
			for (int j = 0; j < 10; j++) {
				const struct outcome *o = rig_get(&r, "example.org");

				assert_int_equal(o->err, 0);
				assert_in_range(o->ms, 0, 10);
				door_pass_ms(r.loop, 500);
			}
		}
		assert_in_range(up.n_edns, 2, 6);
		rig_end(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusal_is_answered_without_edns_at_once),
		cmocka_unit_test(test_badvers_is_a_refusal),
		cmocka_unit_test(test_refusal_over_tcp_is_one_too),
		cmocka_unit_test(test_formerr_to_both_forms_is_the_answer),
		cmocka_unit_test(test_notimp_with_opt_is_the_answer),
		cmocka_unit_test(test_completion_works_without_edns),
		cmocka_unit_test(test_silence_with_edns_is_tried_without),
		cmocka_unit_test(test_lost_packets_are_no_proof),
		cmocka_unit_test(test_one_percent_of_loss_is_never_held_against_edns),
		cmocka_unit_test(test_memory_ends_when_edns_works_again),
		cmocka_unit_test(test_memory_stays_while_edns_does_not_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
