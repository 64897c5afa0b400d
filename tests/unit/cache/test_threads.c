// SPDX-License-Identifier: Apache-2.0
/* Several threads on one store, for ThreadSanitizer: hits, stores, evictions, merged questions. */
#include "fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <cmocka.h>

enum { THREADS = 4, STEPS = 20000, NAMES = 300 };

struct shared {
	struct cache *c;
	atomic_uint asked, followed, handed_back;
};

struct thread {
	pthread_t id;
	struct shared *sh;
	uint32_t seed;
};

static void check(const struct cache_hit *hit, unsigned n)
{
	if (!hit->answer || test_fill(hit->answer) != (uint8_t)n)
		abort();
}

/* What a worker does with a question: a hit, or lead and store, or follow. */
static void ask(struct shared *sh, unsigned n, uint64_t now)
{
	uint64_t block[128];
	struct test_name t = test_name(n);
	struct cache_key k = test_key(sh->c, &t);
	struct cache_waiter w = {.slot = n};
	struct cache_join join = {.waiter = &w, .lead_until_ns = UINT64_MAX};
	struct cache_waiters back;
	struct cache_hit hit;
	struct arena a;

	arena_init(&a, block, sizeof(block), NULL);
	switch (cache_find(sh->c, &k, now, &a, &join, &hit)) {
	case CACHE_HIT:
		check(&hit, n);
		break;
	case CACHE_LEADER:
		atomic_fetch_add(&sh->asked, 1);
		test_put(sh->c, n, 5, now, NULL);
		cache_pending_finish(sh->c, &k, join.token, &back);
		atomic_fetch_add(&sh->handed_back, back.n);
		free(back.v);
		break;
	case CACHE_FOLLOWER:
		atomic_fetch_add(&sh->followed, 1);
		break;
	case CACHE_MISS:
		break;
	}
	arena_fini(&a);
}

static void *run(void *arg)
{
	struct thread *t = arg;
	uint64_t now = 1000 * SECOND;

	for (unsigned i = 0; i < STEPS; i++) {
		t->seed = t->seed * 1103515245u + 12345u;
		now += NS_PER_MS;
		ask(t->sh, (t->seed >> 8) % NAMES, now);
		if (i % 1000 == 0) {
			cache_get(t->sh->c);
			(void)cache_bytes(t->sh->c);
			cache_put(t->sh->c);
		}
	}
	return NULL;
}

static void test_threads_share_one_store(void **state)
{
	struct shared sh = {.c = test_cache(NAMES / 2, 1)};
	struct thread threads[THREADS];

	(void)state;
	for (unsigned i = 0; i < THREADS; i++) {
		threads[i] = (struct thread){.sh = &sh, .seed = i + 1};
		assert_int_equal(pthread_create(&threads[i].id, NULL, run, &threads[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i].id, NULL);
	assert_true(cache_entries(sh.c, CACHE_SUCCESS) <= NAMES / 2);
	assert_int_equal(cache_pending(sh.c), 0);
	assert_int_equal(sh.followed, sh.handed_back);
	assert_true(sh.asked > 0);
	cache_put(sh.c);
	assert_int_equal(cache_total_bytes(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_share_one_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
