// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rcu.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { N_READERS = 2, N_UPDATES = 2000, ALIVE = 0x616c6976 };

/* Both numbers are equal as long as nobody has freed it. */
struct thing {
	unsigned alive, number, again;
};

static struct thing *current;
static atomic_bool stop;
static atomic_uint freed;

static void thing_free(void *arg)
{
	struct thing *t = arg;

	t->alive = 0;
	atomic_fetch_add(&freed, 1);
	free(t);
}

static struct thing *thing_new(unsigned number)
{
	struct thing *t = malloc(sizeof(*t));

	assert_non_null(t);
	*t = (struct thing){ALIVE, number, number};
	return t;
}

static void *reader(void *arg)
{
	size_t *bad = arg;

	rcu_join();
	while (!atomic_load(&stop)) {
		const struct thing *t = rcu_get(current);

		if (t->alive != ALIVE || t->number != t->again)
			++*bad;
		rcu_sleep_begin();
		sched_yield();
		rcu_sleep_end();
	}
	rcu_leave();
	return NULL;
}

static void test_rcu_frees_only_what_no_reader_sees(void **unused)
{
	pthread_t threads[N_READERS];
	size_t bad[N_READERS] = {0};

	atomic_store(&stop, false);
	atomic_store(&freed, 0);
	rcu_set(&current, thing_new(0));
	for (int i = 0; i < N_READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader, &bad[i]), 0);
	for (unsigned i = 1; i <= N_UPDATES; i++) {
		struct thing *old = current;

		rcu_set(&current, thing_new(i));
		if (i % 100) {
			rcu_free_later(thing_free, old);
		} else {
			rcu_wait();
			thing_free(old);
		}
	}
	atomic_store(&stop, true);
	for (int i = 0; i < N_READERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(bad[i], 0);
	}
	rcu_drain();
	assert_int_equal(atomic_load(&freed), N_UPDATES);
	thing_free(current);
}

struct gate {
	atomic_bool in_turn, go_on;
};

static void *slow_reader(void *arg)
{
	struct gate *g = arg;

	rcu_join();
	atomic_store(&g->in_turn, true);
	while (!atomic_load(&g->go_on))
		sched_yield();
	rcu_leave();
	return NULL;
}

static void *waiter(void *arg)
{
	rcu_wait();
	atomic_store((atomic_bool *)arg, true);
	return NULL;
}

/* A grace period does not end while a turn that began before it goes on. */
static void test_rcu_wait_waits_for_a_turn_that_goes_on(void **unused)
{
	struct gate g = {false, false};
	atomic_bool over = false;
	pthread_t r, w;

	assert_int_equal(pthread_create(&r, NULL, slow_reader, &g), 0);
	while (!atomic_load(&g.in_turn))
		sched_yield();
	assert_int_equal(pthread_create(&w, NULL, waiter, &over), 0);
	for (int i = 0; i < 1000; i++) {
		sched_yield();
		assert_false(atomic_load(&over));
	}
	atomic_store(&g.go_on, true);
	pthread_join(r, NULL);
	pthread_join(w, NULL);
	assert_true(atomic_load(&over));
}

static void test_rcu_without_readers_waits_for_nobody(void **unused)
{
	atomic_store(&freed, 0);
	rcu_free_later(thing_free, thing_new(1));
	rcu_wait();
	rcu_drain();
	assert_int_equal(atomic_load(&freed), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rcu_frees_only_what_no_reader_sees),
		cmocka_unit_test(test_rcu_wait_waits_for_a_turn_that_goes_on),
		cmocka_unit_test(test_rcu_without_readers_waits_for_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
