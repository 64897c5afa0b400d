// SPDX-License-Identifier: Apache-2.0
#include "net_test.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { SENDERS = 4, MESSAGES = 20000 };

static struct loop *l;

struct sender {
	pthread_t thread;
	int number;
};

struct numbered {
	struct mpsc_msg msg;
	int sender, number;
};

struct seen {
	int next[SENDERS], total;
	bool in_order;
};

static void receive(struct mpsc_msg *m, void *receiver)
{
	struct numbered *n = container_of(m, struct numbered, msg);
	struct seen *seen = receiver;

	seen->in_order &= n->number == seen->next[n->sender]++;
	if (++seen->total == SENDERS * MESSAGES)
		loop_stop(l);
}

/* A full queue refuses; the sender's answer here is to try again. */
static void *send_all(void *arg)
{
	struct sender *s = arg;
	struct numbered *all = calloc(MESSAGES, sizeof(*all));

	for (int i = 0; i < MESSAGES; i++) {
		all[i] = (struct numbered){.msg.run = receive, .sender = s->number, .number = i};
		while (loop_post(l, &all[i].msg) < 0)
			sched_yield();
	}
	return all;
}

static void test_loop_post_from_many_threads_loses_nothing(void **state)
{
	struct sender senders[SENDERS];
	struct seen seen = {.in_order = true};

	l = loop_new(64);
	assert_non_null(l);
	for (int i = 0; i < SENDERS; i++) {
		senders[i].number = i;
		assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
	}
	loop_run(l, &seen);
	for (int i = 0; i < SENDERS; i++) {
		void *all;

		pthread_join(senders[i].thread, &all);
		free(all);
	}
	assert_int_equal(seen.total, SENDERS * MESSAGES);
	assert_true(seen.in_order);
	loop_free(l);
}

static void *run(void *arg)
{
	loop_run(arg, NULL);
	return NULL;
}

static void test_loop_stop_wakes_a_sleeping_loop(void **state)
{
	pthread_t thread;

	for (int i = 0; i < 200; i++) {
		l = loop_new(4);
		assert_non_null(l);
		assert_int_equal(pthread_create(&thread, NULL, run, l), 0);
		loop_stop(l);
		assert_int_equal(pthread_join(thread, NULL), 0);
		loop_free(l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loop_post_from_many_threads_loses_nothing),
		cmocka_unit_test(test_loop_stop_wakes_a_sleeping_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
