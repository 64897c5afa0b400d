// SPDX-License-Identifier: Apache-2.0
/* Random letter case in questions, and upstreams that do not keep it. */
#include "rig.h"

#include "wire/name.h"

#include <ctype.h>

static const char name[] = "some.longer.name.of.many.letters.example.org";
static unsigned n_upper, n_lower;

static void count_case(const struct heard *q)
{
	for (size_t i = 0; i < q->name_len; i++) {
		n_upper += isupper(q->name[i]) != 0;
		n_lower += islower(q->name[i]) != 0;
	}
}

static void keeps_case(struct heard *q)
{
	if (!q->tcp)
		count_case(q);
	site_answer(q, 0, 0, q->tcp ? 2 : 1);
}

static void lowers_case(struct heard *q)
{
	if (!q->tcp)
		count_case(q);
	for (size_t i = 0; i < q->name_len; i++)
		q->name[i] = (uint8_t)tolower(q->name[i]);
	site_answer(q, 0, 0, q->tcp ? 2 : 1);
}

/* Guesses everything but the case, and comes first. */
static void forges(struct heard *q)
{
	struct heard f = *q;

	if (!q->tcp) {
		for (size_t i = 0; i < f.name_len; i++)
			f.name[i] = (uint8_t)tolower(f.name[i]);
		site_answer(&f, 0, 0, 9);
	}
	q->delay_ms = q->tcp ? 0 : 20;
	site_answer(q, 0, 0, q->tcp ? 2 : 1);
}

static void begin(struct rig *r, struct site *up)
{
	n_upper = n_lower = 0;
	rig_begin(r, up, 1);
	r->config.case_randomization = true;
	rig_start(r);
}

static void test_letters_have_random_case(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = keeps_case};
	struct rig r;

	(void)state;
	begin(&r, &up);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(rig_get(&r, name)->n_answer, 1);
	assert_int_equal(n_upper + n_lower, 100 * 37);
	assert_in_range(n_upper, 37 * 40, 37 * 60);
	assert_int_equal(up.n_tcp, 0);
	assert_int_equal(rig_count(&r, 0, case_fallbacks), 0);
	rig_end(&r);
}

static void test_other_case_is_asked_for_over_tcp(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = forges};
	struct rig r;
	const struct outcome *o;

	(void)state;
	begin(&r, &up);
	o = rig_get(&r, name);
	assert_int_equal(o->err, 0);
	assert_int_equal(o->n_answer, 2);
	assert_int_equal(up.n_tcp, 1);
	assert_in_range(o->ms, 0, 5);
	assert_int_equal(rig_count(&r, 0, case_fallbacks), 1);
	rig_end(&r);
}

static void test_upstream_that_does_not_keep_case_is_remembered(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = lowers_case};
	struct rig r;

	(void)state;
	begin(&r, &up);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(rig_get(&r, name)->n_answer, 2);
	n_upper = 0;
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(rig_get(&r, name)->n_answer, 1);
	assert_int_equal(n_upper, 0);
	assert_int_equal(up.n_tcp, 3);
	assert_int_equal(rig_count(&r, 0, case_fallbacks), 3);
	door_pass_ms(r.loop, 3600000);
	assert_int_equal(rig_get(&r, name)->n_answer, 2); /* tried again after an hour */
	rig_end(&r);
}

static void test_lower_case_where_tcp_does_not_work(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = lowers_case, .tcp = SITE_REFUSED};
	struct rig r;
	unsigned n = 0;

	(void)state;
	begin(&r, &up);
	for (unsigned i = 0; i < 6; i++)
		n += rig_get(&r, name)->err == 0;
	assert_int_equal(n, 6);
	rig_end(&r);
}

static void test_one_other_case_now_and_then_is_no_proof(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = keeps_case};
	struct rig r;

	(void)state;
	begin(&r, &up);
	for (unsigned i = 0; i < 20; i++) {
		up.script = i % 2 ? lowers_case : keeps_case;
		assert_int_equal(rig_get(&r, name)->n_answer, 1 + i % 2);
	}
	assert_int_equal(up.n_tcp, 10);
	rig_end(&r);
}

static void test_tcp_and_truncation_go_in_lower_case(void **state)
{
	struct site up = {.address = "192.0.2.1"};
	struct rig r;

	(void)state;
	begin(&r, &up);
	r.stream = true;
	assert_int_equal(rig_get(&r, "WWW.example.ORG")->err, 0);
	assert_int_equal(up.n_tcp, 1);
	assert_memory_equal(up.last.name, "\3www\7example\3org", 17);
	rig_end(&r);
}

static void slow_first(struct heard *q)
{
	if (q->site->n_udp > 5)
		q->delay_ms = 300;
	keeps_case(q);
}

static void test_hedge_has_a_case_of_its_own(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = slow_first},
			     {.address = "192.0.2.2", .script = keeps_case}};
	struct rig r;

	(void)state;
	rig_begin(&r, up, 2);
	r.config.case_randomization = true;
	rig_start(&r);
	for (unsigned i = 0; i < 5; i++)
		(void)rig_get(&r, name);
	assert_string_equal(rig_get(&r, name)->upstream, "192.0.2.2:53");
	door_pass_ms(r.loop, 1000);
	assert_int_equal(r.set->servers[0].lost, 0); /* its answer is known by its own case */
	assert_int_equal(rig_count(&r, 0, mismatched), 0);
	assert_int_equal(rig_count(&r, 0, case_fallbacks) + rig_count(&r, 1, case_fallbacks), 0);
	assert_memory_not_equal(up[0].last.name, up[1].last.name, up[0].last.name_len);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_letters_have_random_case),
		cmocka_unit_test(test_other_case_is_asked_for_over_tcp),
		cmocka_unit_test(test_upstream_that_does_not_keep_case_is_remembered),
		cmocka_unit_test(test_lower_case_where_tcp_does_not_work),
		cmocka_unit_test(test_one_other_case_now_and_then_is_no_proof),
		cmocka_unit_test(test_tcp_and_truncation_go_in_lower_case),
		cmocka_unit_test(test_hedge_has_a_case_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
