// SPDX-License-Identifier: Apache-2.0
#include "net_test.h"

#include "base/err.h"

static struct loop *l;

static int setup(void **state)
{
	l = loop_new(4);
	return l ? 0 : -1;
}

static int teardown(void **state)
{
	loop_free(l);
	return 0;
}

struct step {
	struct timer timer;
	struct loop_task task;
	struct mpsc_msg msg;
	uint64_t at_ns;
	int runs, more;
	struct step *cancels;
};

static void fire(struct timer *t)
{
	struct step *s = container_of(t, struct step, timer);

	s->runs++;
	s->at_ns = clock_mono_ns();
	loop_stop(l);
}

static void test_loop_sleeps_until_the_timer_and_not_less(void **state)
{
	struct step s = {.timer.fire = fire};
	uint64_t start = clock_mono_ns();

	assert_int_equal(timer_arm(loop_timers(l), &s.timer, start + 30 * NS_PER_MS), 0);
	loop_run(l, NULL);
	assert_int_equal(s.runs, 1);
	assert_true(s.at_ns >= start + 30 * NS_PER_MS);
}

static void run_task(struct loop_task *t)
{
	struct step *s = container_of(t, struct step, task);

	s->runs++;
	s->at_ns = loop_now_ns(l);
	if (s->cancels)
		loop_task_cancel(&s->cancels->task);
	if (s->more-- > 0)
		loop_next_turn(l, t);
	else
		loop_stop(l);
}

static void test_loop_task_runs_once_a_turn_without_sleep(void **state)
{
	struct step far = {.timer.fire = fire}, s = {.task.run = run_task, .more = 3};
	uint64_t start = clock_mono_ns();

	assert_int_equal(timer_arm(loop_timers(l), &far.timer, start + 60 * NS_PER_S), 0);
	loop_next_turn(l, &s.task);
	loop_next_turn(l, &s.task); /* queued already */
	loop_run(l, NULL);
	assert_int_equal(s.runs, 4);
	assert_false(loop_task_queued(&s.task));
	assert_true(clock_mono_ns() - start < 30 * NS_PER_S);
	timer_disarm(loop_timers(l), &far.timer);
}

static void test_loop_task_can_be_cancelled_by_one_that_runs_before_it(void **state)
{
	struct step b = {.task.run = run_task}, a = {.task.run = run_task, .cancels = &b};
	struct step c = {.task.run = run_task};

	loop_next_turn(l, &a.task);
	loop_next_turn(l, &b.task);
	loop_next_turn(l, &c.task);
	loop_run(l, NULL);
	assert_int_equal(a.runs, 1);
	assert_int_equal(b.runs, 0);
	assert_int_equal(c.runs, 1);
	loop_task_cancel(&b.task); /* not queued: left alone */
}

static char order[16];
static size_t n_order;

static void note(void *arg)
{
	order[n_order++] = *(const char *)arg;
}

static void test_loop_hooks_run_in_order_at_the_end_of_each_turn(void **state)
{
	struct loop_hook a = {.fn = note, .arg = "a"}, b = {.fn = note, .arg = "b"};

	n_order = 0;
	loop_at_turn_end(l, &a);
	loop_at_turn_end(l, &b);
	loop_stop(l);
	loop_run(l, NULL); /* one before the first sleep, one turn */
	assert_memory_equal(order, "abab", 4);
	assert_int_equal(n_order, 4);
	a.fn = NULL;
	loop_stop(l);
	loop_run(l, NULL);
	assert_memory_equal(order, "ababbb", 6);
	assert_int_equal(n_order, 6);
	b.fn = NULL;
}

static void run_msg(struct mpsc_msg *m, void *receiver)
{
	struct step *s = container_of(m, struct step, msg);

	*(int *)receiver += ++s->runs;
}

static void test_loop_post_runs_in_order_and_refuses_when_full(void **state)
{
	struct step s[5] = {0};
	int sum = 0;

	for (int i = 0; i < 4; i++) {
		s[i].msg.run = run_msg;
		s[i].runs = i;
		assert_int_equal(loop_post(l, &s[i].msg), 0);
	}
	s[4].msg.run = run_msg;
	assert_int_equal(loop_post(l, &s[4].msg), ERR_LIMIT);
	assert_int_equal(loop_stats(l)->post_full, 1);
	turn(l, &sum);
	assert_int_equal(sum, 1 + 2 + 3 + 4);
	assert_int_equal(loop_post(l, &s[4].msg), 0);
	turn(l, &sum);
	assert_int_equal(sum, 11);
}

static void test_loop_time_stands_still_within_a_turn(void **state)
{
	uint64_t a = loop_now_ns(l);

	while (clock_mono_ns() <= a)
		;
	assert_int_equal(loop_now_ns(l), a);
	assert_true(loop_refresh(l) > a);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_loop_sleeps_until_the_timer_and_not_less),
		TEST(test_loop_task_runs_once_a_turn_without_sleep),
		TEST(test_loop_task_can_be_cancelled_by_one_that_runs_before_it),
		TEST(test_loop_hooks_run_in_order_at_the_end_of_each_turn),
		TEST(test_loop_post_runs_in_order_and_refuses_when_full),
		TEST(test_loop_time_stands_still_within_a_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
