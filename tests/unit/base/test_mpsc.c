// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mpsc.h"

#include <pthread.h>
#include <sched.h>

enum { N_SENDERS = 4, N_EACH = 20000, LIMIT = 256 };

struct note {
	struct mpsc_msg msg;
	int sender, number;
};

struct receiver {
	int next[N_SENDERS]; /* the number expected of each sender */
	int n;
};

static void receive(struct mpsc_msg *m, void *arg)
{
	struct note *note = (struct note *)(void *)m;
	struct receiver *r = arg;

	assert_int_equal(note->number, r->next[note->sender]);
	r->next[note->sender]++;
	r->n++;
}

static void test_mpsc_is_first_in_first_out(void **unused)
{
	struct note notes[10];
	struct receiver r = {0};
	struct mpsc q;
	bool was_empty;

	mpsc_init(&q, 10);
	for (int i = 0; i < 10; i++) {
		notes[i] = (struct note){.msg.run = receive, .number = i};
		assert_int_equal(mpsc_push(&q, &notes[i].msg, &was_empty), 0);
		assert_int_equal(was_empty, i == 0);
	}
	mpsc_run(&q, &r);
	assert_int_equal(r.n, 10);
}

static void test_mpsc_refuses_when_full(void **unused)
{
	struct note a = {.msg.run = receive}, b = {.msg.run = receive, .number = 1};
	struct receiver r = {0};
	struct mpsc q;
	bool was_empty;

	mpsc_init(&q, 1);
	assert_int_equal(mpsc_push(&q, &a.msg, &was_empty), 0);
	assert_int_equal(mpsc_push(&q, &b.msg, &was_empty), ERR_LIMIT);
	mpsc_run(&q, &r);
	assert_int_equal(mpsc_push(&q, &b.msg, &was_empty), 0);
	mpsc_run(&q, &r);
	assert_int_equal(r.n, 2);
}

static struct mpsc shared;
static struct note notes[N_SENDERS][N_EACH];
static _Atomic int wakes;

static void *send_all(void *arg)
{
	int sender = (int)(intptr_t)arg;

	for (int i = 0; i < N_EACH; i++) {
		struct note *note = &notes[sender][i];
		bool was_empty;

		*note = (struct note){.msg.run = receive, .sender = sender, .number = i};
		while (mpsc_push(&shared, &note->msg, &was_empty) < 0)
			sched_yield();
		if (was_empty)
			atomic_fetch_add(&wakes, 1);
	}
	return NULL;
}

static void test_mpsc_loses_nothing_with_many_senders(void **unused)
{
	pthread_t threads[N_SENDERS];
	struct receiver r = {0};

	mpsc_init(&shared, LIMIT);
	for (int i = 0; i < N_SENDERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, send_all, (void *)(intptr_t)i), 0);
	while (r.n < N_SENDERS * N_EACH) {
		mpsc_run(&shared, &r);
		sched_yield();
	}
	for (int i = 0; i < N_SENDERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&shared.n), 0);
	assert_in_range(atomic_load(&wakes), 1, N_SENDERS * N_EACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mpsc_is_first_in_first_out),
		cmocka_unit_test(test_mpsc_refuses_when_full),
		cmocka_unit_test(test_mpsc_loses_nothing_with_many_senders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
