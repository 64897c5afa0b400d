// SPDX-License-Identifier: Apache-2.0
/* Questions in flight: one leads, the others wait and are handed back. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint64_t T0 = 1000 * SECOND;

struct fixture {
	struct cache *c;
	struct arena a;
	struct test_name name;
	struct cache_key key;
	struct cache_waiters back;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->c = test_cache(100, 100);
	arena_init(&f->a, NULL, 0, NULL);
	f->name = test_name(1);
	f->key = test_key(f->c, &f->name);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_fini(&f->a);
	cache_put(f->c);
	free(f);
	return 0;
}

static enum cache_found ask(struct fixture *f, uint32_t slot, uint64_t now_ns, uint64_t *token)
{
	struct cache_waiter w = {.owner = f, .slot = slot, .serial = slot + 1};
	struct cache_join join = {.waiter = &w, .lead_until_ns = now_ns + 5 * SECOND};
	struct cache_hit hit;
	enum cache_found found = cache_find(f->c, &f->key, now_ns, &f->a, &join, &hit);

	if (token && found == CACHE_LEADER)
		*token = join.token;
	return found;
}

static void test_the_first_miss_leads_and_the_others_follow(void **state)
{
	struct fixture *f = *state;
	uint64_t token = 0;

	assert_int_equal(ask(f, 0, T0, &token), CACHE_LEADER);
	for (uint32_t i = 1; i <= 50; i++)
		assert_int_equal(ask(f, i, T0, NULL), CACHE_FOLLOWER);
	assert_int_equal(cache_pending(f->c), 1);
	cache_pending_finish(f->c, &f->key, token, &f->back);
	assert_int_equal(f->back.n, 50);
	for (uint32_t i = 0; i < 50; i++) {
		assert_ptr_equal(f->back.v[i].owner, f);
		assert_int_equal(f->back.v[i].slot, i + 1);
		assert_int_equal(f->back.v[i].serial, i + 2);
	}
	free(f->back.v);
	assert_int_equal(cache_pending(f->c), 0);
	assert_int_equal(ask(f, 0, T0, NULL), CACHE_LEADER);
}

static void test_a_leader_without_followers_gets_none_back(void **state)
{
	struct fixture *f = *state;
	uint64_t token = 0;

	assert_int_equal(ask(f, 0, T0, &token), CACHE_LEADER);
	cache_pending_finish(f->c, &f->key, token, &f->back);
	assert_null(f->back.v);
	assert_int_equal(f->back.n, 0);
}

static void test_other_keys_have_their_own_leader(void **state)
{
	struct fixture *f = *state;
	struct test_name other = test_name(2);

	assert_int_equal(ask(f, 0, T0, NULL), CACHE_LEADER);
	f->key = test_key(f->c, &other);
	assert_int_equal(ask(f, 1, T0, NULL), CACHE_LEADER);
	assert_int_equal(cache_pending(f->c), 2);
}

static void test_an_answer_is_found_although_the_mark_still_stands(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, 0, T0, NULL), CACHE_LEADER);
	assert_true(test_put(f->c, 1, 60, T0, NULL));
	assert_int_equal(ask(f, 1, T0, NULL), CACHE_HIT);
}

static void test_a_refresh_in_flight_is_seen_in_the_hit(void **state)
{
	struct fixture *f = *state;
	struct cache_join lead = {.lead_until_ns = T0 + SECOND};
	struct cache_hit hit;

	assert_true(test_put(f->c, 1, 60, T0, NULL));
	assert_int_equal(cache_pending_join(f->c, &f->key, T0, &lead), CACHE_LEADER);
	assert_int_equal(cache_find(f->c, &f->key, T0, &f->a, NULL, &hit), CACHE_HIT);
	assert_true(hit.asked);
	assert_int_equal(cache_pending_join(f->c, &f->key, T0, &lead), CACHE_MISS);
	cache_pending_finish(f->c, &f->key, lead.token, &f->back);
	assert_int_equal(cache_find(f->c, &f->key, T0, &f->a, NULL, &hit), CACHE_HIT);
	assert_false(hit.asked);
}

static void test_a_void_mark_is_taken_over_with_its_waiters(void **state)
{
	struct fixture *f = *state;
	uint64_t first = 0, second = 0;

	assert_int_equal(ask(f, 0, T0, &first), CACHE_LEADER);
	assert_int_equal(ask(f, 1, T0, NULL), CACHE_FOLLOWER);
	assert_int_equal(ask(f, 2, T0 + 5 * SECOND, &second), CACHE_LEADER);
	cache_pending_finish(f->c, &f->key, first, &f->back);
	assert_int_equal(f->back.n, 0);
	cache_pending_finish(f->c, &f->key, second, &f->back);
	assert_int_equal(f->back.n, 1);
	assert_int_equal(f->back.v[0].slot, 1);
	free(f->back.v);
}

static void test_marks_that_nobody_finishes_are_swept_in_the_end(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, 0, T0, NULL), CACHE_LEADER);
	assert_int_equal(ask(f, 1, T0, NULL), CACHE_FOLLOWER);
	for (unsigned n = 2; n < 40; n++)
		assert_true(test_put(f->c, n, 60, T0 + 100 * SECOND, NULL));
	assert_int_equal(cache_pending(f->c), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_first_miss_leads_and_the_others_follow, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_leader_without_followers_gets_none_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_other_keys_have_their_own_leader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_answer_is_found_although_the_mark_still_stands, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_refresh_in_flight_is_seen_in_the_hit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_void_mark_is_taken_over_with_its_waiters, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_marks_that_nobody_finishes_are_swept_in_the_end, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
