// SPDX-License-Identifier: Apache-2.0
/* What goes when there is no room. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint64_t T0 = 1000 * SECOND;
enum { TTL = 3600 };

static void test_capacity_is_exact(void **state)
{
	static const size_t capacities[] = {1, 2, 3, 100, 1000, 5000};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(capacities); i++) {
		struct cache *c = test_cache(capacities[i], 1);
		unsigned evicted[CACHE_KINDS] = {0};

		for (unsigned n = 0; n < capacities[i] * 2; n++) {
			assert_true(test_put(c, n, TTL, T0, evicted));
			assert_true(test_has(c, n, T0));
		}
		assert_int_equal(cache_entries(c, CACHE_SUCCESS), capacities[i]);
		assert_int_equal(evicted[CACHE_SUCCESS], capacities[i]);
		cache_put(c);
	}
	assert_int_equal(cache_total_bytes(), 0);
}

static void test_denials_do_not_push_out_successes(void **state)
{
	struct cache *c = test_cache(200, 100);
	unsigned evicted[CACHE_KINDS] = {0};

	(void)state;
	for (unsigned n = 0; n < 200; n++)
		assert_true(test_put(c, n, TTL, T0, evicted));
	for (unsigned n = 1000; n < 3000; n++) {
		struct test_name t = test_name(n);
		struct cache_key k = test_key(c, &t);
		struct wire_answer *a = test_answer(&t, TYPE_A, 100, 0);
		struct cache_store how = {
			.kind = CACHE_DENIAL, .ttl_s = TTL, .keep_s = TTL, .now_ns = T0, .ede = EDE_NONE};

		assert_true(cache_store(c, &k, a, &how, evicted));
		free(a);
	}
	assert_int_equal(cache_entries(c, CACHE_DENIAL), 100);
	for (unsigned n = 0; n < 200; n++)
		assert_true(test_has(c, n, T0));
	assert_int_equal(evicted[CACHE_SUCCESS], 0);
	assert_int_equal(evicted[CACHE_DENIAL], 1900);
	cache_put(c);
}

/* A tenth of the store is in use: each of those names is asked for once in the time in which the scan brings
 * in twice as many names as the store holds. */
static void test_a_scan_of_a_million_names_leaves_the_hot_ones(void **state)
{
	enum { CAPACITY = 5000, HOT = 500, SCAN = 1000000, ROUND = 2 * CAPACITY };
	struct cache *c = test_cache(CAPACITY, 1);
	unsigned lost = 0;

	(void)state;
	for (unsigned n = 0; n < HOT; n++)
		assert_true(test_put(c, n, TTL, T0, NULL));
	for (unsigned n = 0; n < HOT; n++)
		assert_true(test_has(c, n, T0));
	for (unsigned i = 0; i < SCAN; i++) {
		assert_true(test_put(c, HOT + i, TTL, T0, NULL));
		if (i % (ROUND / HOT) == 0 && !test_has(c, i / (ROUND / HOT) % HOT, T0)) {
			lost++;
			assert_true(test_put(c, i / (ROUND / HOT) % HOT, TTL, T0, NULL));
		}
	}
	/* 50,000 hits; the hand may meet a name twice between two of its hits now and then. */
	print_message("hot names lost during the scan: %u of %u lookups\n", lost, SCAN / (ROUND / HOT));
	assert_true(lost < SCAN / (ROUND / HOT) / 20);
	cache_put(c);
}

static void test_expired_entries_go_before_live_ones(void **state)
{
	enum { CAPACITY = 4000 };
	struct cache *c = test_cache(CAPACITY, 1);
	unsigned evicted[CACHE_KINDS] = {0}, live = 0;

	(void)state;
	for (unsigned n = 0; n < CAPACITY; n++)
		assert_true(test_put(c, n, n % 2 ? TTL : 10, T0, NULL));
	for (unsigned n = 0; n < CAPACITY / 2; n++)
		assert_true(test_put(c, CAPACITY + n, TTL, T0 + 20 * SECOND, evicted));
	for (unsigned n = 1; n < CAPACITY; n += 2)
		live += test_has(c, n, T0 + 20 * SECOND);
	assert_int_equal(evicted[CACHE_SUCCESS], 0);
	assert_int_equal(live, CAPACITY / 2);
	cache_put(c);
}

static void test_expired_entries_leave_without_being_pushed(void **state)
{
	struct cache *c = test_cache(4000, 1);

	(void)state;
	for (unsigned n = 0; n < 2000; n++)
		assert_true(test_put(c, n, 10, T0, NULL));
	for (unsigned n = 2000; n < 2500; n++)
		assert_true(test_put(c, n, TTL, T0 + 20 * SECOND, NULL));
	assert_int_equal(cache_entries(c, CACHE_SUCCESS), 500);
	cache_put(c);
}

static void test_bytes_are_limited_per_store(void **state)
{
	struct cache_config cfg = {.capacity = {10000, 10000}, .max_bytes = 100000};
	struct cache *c = cache_new(&cfg);
	unsigned evicted[CACHE_KINDS] = {0};

	(void)state;
	for (unsigned n = 0; n < 5000; n++) {
		assert_true(test_put(c, n, TTL, T0, evicted));
		assert_true(cache_bytes(c) <= 100000);
	}
	assert_true(cache_bytes(c) > 99000);
	assert_int_equal(cache_entries(c, CACHE_SUCCESS) + evicted[CACHE_SUCCESS], 5000);
	cache_put(c);
}

static void test_bytes_are_limited_for_all_stores_together(void **state)
{
	struct cache *one = test_cache(10000, 1), *two = test_cache(10000, 1);

	(void)state;
	cache_total_limit(200000);
	for (unsigned n = 0; n < 3000; n++) {
		assert_true(test_put(one, n, TTL, T0, NULL));
		assert_true(test_put(two, n, TTL, T0, NULL));
		assert_true(cache_total_bytes() <= 200000);
	}
	assert_true(cache_bytes(one) > 0 && cache_bytes(two) > 0);
	cache_put(one);
	cache_put(two);
	cache_total_limit((size_t)64 << 20);
	assert_int_equal(cache_total_bytes(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capacity_is_exact),
		cmocka_unit_test(test_denials_do_not_push_out_successes),
		cmocka_unit_test(test_a_scan_of_a_million_names_leaves_the_hot_ones),
		cmocka_unit_test(test_expired_entries_go_before_live_ones),
		cmocka_unit_test(test_expired_entries_leave_without_being_pushed),
		cmocka_unit_test(test_bytes_are_limited_per_store),
		cmocka_unit_test(test_bytes_are_limited_for_all_stores_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
