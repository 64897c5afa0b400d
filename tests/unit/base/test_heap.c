// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/heap.h"
#include "base/rng.h"

enum { MAX_FIRED = 4096 };

struct item {
	struct timer timer;
	int number;
};

static struct timer_heap heap;
static int fired[MAX_FIRED];
static size_t n_fired;

static void note(struct timer *t)
{
	fired[n_fired++] = container_of(t, struct item, timer)->number;
}

static int begin(void **unused)
{
	timer_heap_init(&heap);
	n_fired = 0;
	return 0;
}

static int end(void **unused)
{
	timer_heap_fini(&heap);
	return 0;
}

static void test_heap_fires_in_order_of_time(void **unused)
{
	static const uint64_t at[] = {50, 10, 40, 20, 30};
	static const int order[] = {1, 3, 4, 2, 0};
	struct item items[ARRAY_LEN(at)] = {0};

	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		items[i].timer.fire = note;
		items[i].number = (int)i;
		assert_int_equal(timer_arm(&heap, &items[i].timer, at[i]), 0);
	}
	assert_int_equal(timer_heap_next(&heap), 10);
	timer_heap_run(&heap, 9);
	assert_int_equal(n_fired, 0);
	timer_heap_run(&heap, 30);
	assert_int_equal(n_fired, 3);
	assert_int_equal(timer_heap_next(&heap), 40);
	timer_heap_run(&heap, 50);
	assert_memory_equal(fired, order, sizeof(order));
	assert_int_equal(timer_heap_next(&heap), UINT64_MAX);
}

static void test_heap_ties_fire_in_order_of_arming(void **unused)
{
	struct item items[100] = {0};

	for (int i = 99; i >= 0; i--) {
		items[i].timer.fire = note;
		items[i].number = 99 - i;
		assert_int_equal(timer_arm(&heap, &items[i].timer, 7), 0);
	}
	timer_heap_run(&heap, 7);
	for (int i = 0; i < 100; i++)
		assert_int_equal(fired[i], i);
}

static void test_heap_rearming_moves_a_timer(void **unused)
{
	struct item a = {{.fire = note}, 1}, b = {{.fire = note}, 2};

	assert_int_equal(timer_arm(&heap, &a.timer, 10), 0);
	assert_int_equal(timer_arm(&heap, &b.timer, 20), 0);
	assert_int_equal(timer_arm(&heap, &a.timer, 30), 0);
	assert_int_equal(heap.n, 2);
	timer_heap_run(&heap, 30);
	assert_int_equal(n_fired, 2);
	assert_int_equal(fired[0], 2);
	assert_int_equal(fired[1], 1);
}

static void test_heap_disarmed_timer_does_not_fire(void **unused)
{
	struct item a = {{.fire = note}, 1};

	timer_disarm(&heap, &a.timer);
	assert_int_equal(timer_arm(&heap, &a.timer, 10), 0);
	assert_true(timer_armed(&a.timer));
	timer_disarm(&heap, &a.timer);
	assert_false(timer_armed(&a.timer));
	timer_heap_run(&heap, 10);
	assert_int_equal(n_fired, 0);
}

static void rearm_once(struct timer *t)
{
	note(t);
	if (n_fired < 3)
		assert_int_equal(timer_arm(&heap, t, 5), 0);
}

static void test_heap_runs_what_a_callback_armed_for_now(void **unused)
{
	struct item a = {{.fire = rearm_once}, 1};

	assert_int_equal(timer_arm(&heap, &a.timer, 10), 0);
	timer_heap_run(&heap, 10);
	assert_int_equal(n_fired, 3);
	assert_int_equal(heap.n, 0);
}

static void test_heap_fini_leaves_timers_unarmed(void **unused)
{
	struct item a = {{.fire = note}, 1};

	assert_int_equal(timer_arm(&heap, &a.timer, 10), 0);
	timer_heap_fini(&heap);
	assert_false(timer_armed(&a.timer));
}

/* Against a list that is searched: random arming, re-arming and disarming, then everything is run. */
static void test_heap_agrees_with_a_plain_list(void **unused)
{
	enum { N = 200, STEPS = 5000 };
	static struct item items[N];
	struct rng r;

	rng_init(&r);
	for (int i = 0; i < N; i++)
		items[i] = (struct item){{.fire = note}, i};
	for (int k = 0; k < STEPS; k++) {
		struct timer *t = &items[rng_below(&r, N)].timer;

		if (rng_below(&r, 3) == 0)
			timer_disarm(&heap, t);
		else
			assert_int_equal(timer_arm(&heap, t, rng_below(&r, 50)), 0);
	}
	while (heap.n) {
		const struct timer *min = NULL;

		for (int i = 0; i < N; i++) {
			const struct timer *t = &items[i].timer;

			if (timer_armed(t) && (!min || t->at_ns < min->at_ns ||
					       (t->at_ns == min->at_ns && t->serial < min->serial)))
				min = t;
		}
		assert_ptr_equal(heap.v[0], min);
		timer_disarm(&heap, heap.v[0]);
	}
	for (int i = 0; i < N; i++)
		assert_false(timer_armed(&items[i].timer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_heap_fires_in_order_of_time, begin, end),
		cmocka_unit_test_setup_teardown(test_heap_ties_fire_in_order_of_arming, begin, end),
		cmocka_unit_test_setup_teardown(test_heap_rearming_moves_a_timer, begin, end),
		cmocka_unit_test_setup_teardown(test_heap_disarmed_timer_does_not_fire, begin, end),
		cmocka_unit_test_setup_teardown(test_heap_runs_what_a_callback_armed_for_now, begin, end),
		cmocka_unit_test_setup_teardown(test_heap_fini_leaves_timers_unarmed, begin, end),
		cmocka_unit_test_setup_teardown(test_heap_agrees_with_a_plain_list, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
