// SPDX-License-Identifier: Apache-2.0
/* Random puts, removals, marks and expiries against a plain model: the table and its queues stay whole. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { NAMES = 400, STEPS = 200000 };

struct model {
	uint64_t until_ns[NAMES]; /* 0: not stored */
	uint64_t token[NAMES]; /* 0: no mark */
};

static uint32_t next_random(uint64_t *x)
{
	*x = *x * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*x >> 33);
}

static void finish(struct cache *c, struct model *m, unsigned n)
{
	struct test_name t = test_name(n);
	struct cache_key k = test_key(c, &t);
	struct cache_waiters back;

	cache_pending_finish(c, &k, m->token[n], &back);
	assert_null(back.v);
	m->token[n] = 0;
}

static void lead(struct cache *c, struct model *m, unsigned n, uint64_t now)
{
	struct cache_join join = {.lead_until_ns = UINT64_MAX};
	struct test_name t = test_name(n);
	struct cache_key k = test_key(c, &t);

	assert_int_equal(cache_pending_join(c, &k, now, &join), m->token[n] ? CACHE_MISS : CACHE_LEADER);
	if (!m->token[n])
		m->token[n] = join.token;
}

static void step(struct cache *c, struct model *m, uint64_t *seed, uint64_t now)
{
	unsigned n = next_random(seed) % NAMES;
	uint32_t ttl = next_random(seed) % 20 + 1;
	struct test_name t = test_name(n);
	struct cache_key k = test_key(c, &t);

	switch (next_random(seed) % 8) {
	case 0:
	case 1:
	case 2:
		assert_true(test_put(c, n, ttl, now, NULL));
		m->until_ns[n] = now + ttl * SECOND;
		break;
	case 3:
		cache_remove(c, &k);
		m->until_ns[n] = 0;
		break;
	case 4:
		lead(c, m, n, now);
		break;
	case 5:
		if (m->token[n])
			finish(c, m, n);
		break;
	default:
		assert_int_equal(test_has(c, n, now), m->until_ns[n] > now);
		break;
	}
}

static void test_the_table_agrees_with_a_model(void **state)
{
	uint64_t start = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 0) : (uint64_t)time(NULL);
	uint64_t seed = start, now = 1000 * SECOND;
	/* One shard, so that all slots meet; never full, so that the model needs no eviction. */
	struct cache *c = test_cache(100 + NAMES, 1);
	struct model *m = calloc(1, sizeof(*m));

	(void)state;
	print_message("SEED=%llu\n", (unsigned long long)start);
	for (unsigned i = 0; i < STEPS; i++) {
		now += next_random(&seed) % 100 * NS_PER_MS;
		step(c, m, &seed, now);
	}
	for (unsigned n = 0; n < NAMES; n++) {
		assert_int_equal(test_has(c, n, now), m->until_ns[n] > now);
		if (m->token[n])
			finish(c, m, n);
	}
	assert_int_equal(cache_pending(c), 0);
	cache_put(c);
	assert_int_equal(cache_total_bytes(), 0);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_table_agrees_with_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
