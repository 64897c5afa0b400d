// SPDX-License-Identifier: Apache-2.0
/* What goes in comes out: keys, kinds, times, counts. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t T0 = 1000 * SECOND;

struct fixture {
	struct cache *c;
	struct arena a;
	struct test_name name;
	struct cache_key key;
	struct cache_hit hit;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->c = test_cache(1000, 1000);
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
	assert_int_equal(cache_total_bytes(), 0);
	free(f);
	return 0;
}

static struct cache_store how(enum cache_kind kind, uint32_t ttl_s, uint32_t keep_s)
{
	return (struct cache_store){
		.kind = kind, .ttl_s = ttl_s, .keep_s = keep_s, .now_ns = T0, .ede = EDE_NONE};
}

static bool store(struct fixture *f, uint8_t fill, struct cache_store h)
{
	struct wire_answer *a = test_answer(&f->name, f->key.type, 80, fill);
	bool in = cache_store(f->c, &f->key, a, &h, NULL);

	free(a);
	return in;
}

static enum cache_found find(struct fixture *f, uint64_t now_ns)
{
	return cache_find(f->c, &f->key, now_ns, &f->a, NULL, &f->hit);
}

static void test_find_gives_what_was_stored(void **state)
{
	struct fixture *f = *state;

	assert_true(store(f, 7, how(CACHE_SUCCESS, 30, 30)));
	assert_int_equal(find(f, T0 + 3 * SECOND / 2), CACHE_HIT);
	assert_int_equal(f->hit.kind, CACHE_SUCCESS);
	assert_int_equal(test_fill(f->hit.answer), 7);
	assert_int_equal(f->hit.ttl_s, 30);
	assert_int_equal(f->hit.age_s, 1);
	assert_true(f->hit.fresh);
	assert_false(f->hit.asked);
	assert_false(f->hit.postponed);
	assert_int_equal(f->hit.hits, 0);
}

static void test_find_misses_what_was_not_stored(void **state)
{
	struct fixture *f = *state;
	struct test_name other = test_name(2);

	assert_int_equal(find(f, T0), CACHE_MISS);
	assert_true(store(f, 7, how(CACHE_SUCCESS, 30, 30)));
	f->key = test_key(f->c, &other);
	assert_int_equal(find(f, T0), CACHE_MISS);
}

static void test_type_class_and_flags_are_part_of_the_key(void **state)
{
	struct fixture *f = *state;
	const struct {
		uint16_t type, cls;
		unsigned bits;
	} others[] = {
		{TYPE_AAAA, CLASS_IN, CACHE_RD},
		{TYPE_A, CLASS_CH, CACHE_RD},
		{TYPE_A, CLASS_IN, 0},
		{TYPE_A, CLASS_IN, CACHE_RD | CACHE_DO},
		{TYPE_A, CLASS_IN, CACHE_RD | CACHE_CD},
	};

	assert_true(store(f, 7, how(CACHE_SUCCESS, 30, 30)));
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		f->key = cache_key(f->c, f->name.bytes, f->name.len, others[i].type, others[i].cls,
				   others[i].bits);
		assert_int_equal(find(f, T0), CACHE_MISS);
	}
}

static void test_the_stored_question_is_lower_cased(void **state)
{
	struct fixture *f = *state;

	assert_true(store(f, 7, how(CACHE_SUCCESS, 30, 30)));
	assert_int_equal(find(f, T0), CACHE_HIT);
	assert_memory_equal(wire_answer_msg(f->hit.answer) + WIRE_HEADER_LEN, f->name.bytes, f->name.len);
}

static void test_an_answer_to_another_question_is_refused(void **state)
{
	struct fixture *f = *state;
	struct test_name longer = test_name(100);
	struct wire_answer *a = test_answer(&longer, TYPE_A, 80, 1);
	struct cache_store h = how(CACHE_SUCCESS, 30, 30);

	assert_false(cache_store(f->c, &f->key, a, &h, NULL));
	assert_int_equal(cache_entries(f->c, CACHE_SUCCESS), 0);
	free(a);
}

static void test_flags_are_cleared_and_ede_kept_in_the_copy(void **state)
{
	struct fixture *f = *state;
	struct cache_store h = how(CACHE_SUCCESS, 30, 30);

	h.clear_flags = FLAG_AA;
	h.ede = EDE_NETWORK_ERROR;
	assert_true(store(f, 7, h));
	assert_int_equal(find(f, T0), CACHE_HIT);
	assert_int_equal(wire_u16(wire_answer_msg(f->hit.answer) + 2), FLAG_QR | FLAG_AD);
	assert_int_equal(f->hit.answer->ede, EDE_NETWORK_ERROR);
}

static void test_an_entry_is_fresh_until_its_ttl_has_passed(void **state)
{
	struct fixture *f = *state;

	assert_true(store(f, 7, how(CACHE_SUCCESS, 30, 90)));
	assert_int_equal(find(f, T0 + 30 * SECOND - NS_PER_MS), CACHE_HIT);
	assert_true(f->hit.fresh);
	assert_int_equal(f->hit.age_s, 29);
	assert_int_equal(find(f, T0 + 30 * SECOND), CACHE_HIT);
	assert_false(f->hit.fresh);
	assert_int_equal(find(f, T0 + 90 * SECOND - NS_PER_MS), CACHE_HIT);
	assert_int_equal(find(f, T0 + 90 * SECOND), CACHE_MISS);
}

static void test_ttls_of_136_years_do_not_wrap(void **state)
{
	struct fixture *f = *state;

	assert_true(store(f, 7, how(CACHE_SUCCESS, UINT32_MAX, UINT32_MAX)));
	assert_int_equal(find(f, T0 + 86400ull * 365 * 100 * SECOND), CACHE_HIT);
	assert_true(f->hit.fresh);
}

static void test_a_new_answer_replaces_the_old_one(void **state)
{
	struct fixture *f = *state;

	assert_true(store(f, 7, how(CACHE_SUCCESS, 30, 30)));
	assert_true(store(f, 8, how(CACHE_SUCCESS, 30, 30)));
	assert_int_equal(find(f, T0), CACHE_HIT);
	assert_int_equal(test_fill(f->hit.answer), 8);
	assert_int_equal(cache_entries(f->c, CACHE_SUCCESS), 1);
}

static void test_success_and_denial_replace_each_other(void **state)
{
	struct fixture *f = *state;

	assert_true(store(f, 7, how(CACHE_SUCCESS, 30, 30)));
	assert_true(store(f, 8, how(CACHE_DENIAL, 30, 30)));
	assert_int_equal(find(f, T0), CACHE_HIT);
	assert_int_equal(f->hit.kind, CACHE_DENIAL);
	assert_int_equal(cache_entries(f->c, CACHE_SUCCESS), 0);
	assert_int_equal(cache_entries(f->c, CACHE_DENIAL), 1);
	assert_true(store(f, 9, how(CACHE_SUCCESS, 30, 30)));
	assert_int_equal(find(f, T0), CACHE_HIT);
	assert_int_equal(f->hit.kind, CACHE_SUCCESS);
	assert_int_equal(cache_entries(f->c, CACHE_DENIAL), 0);
}

static void test_a_kept_success_wins_over_a_denial_beside_it(void **state)
{
	struct fixture *f = *state;
	struct cache_store denial = how(CACHE_DENIAL, 10, 100);

	denial.keep_other = true;
	assert_true(store(f, 7, how(CACHE_SUCCESS, 5, 50)));
	assert_true(store(f, 8, denial));
	assert_int_equal(find(f, T0 + 8 * SECOND), CACHE_HIT);
	assert_int_equal(f->hit.kind, CACHE_SUCCESS);
	assert_false(f->hit.fresh);
	assert_true(f->hit.denied);
	assert_int_equal(find(f, T0 + 20 * SECOND), CACHE_HIT);
	assert_false(f->hit.denied);
	assert_int_equal(find(f, T0 + 60 * SECOND), CACHE_HIT);
	assert_int_equal(f->hit.kind, CACHE_DENIAL);
}

static void test_a_failure_does_not_replace_what_is_kept(void **state)
{
	struct fixture *f = *state;
	struct cache_store failure = how(CACHE_DENIAL, 5, 5);

	failure.weak = true;
	assert_true(store(f, 7, how(CACHE_SUCCESS, 30, 90)));
	failure.now_ns = T0 + 60 * SECOND;
	assert_false(store(f, 8, failure));
	assert_int_equal(find(f, T0 + 60 * SECOND), CACHE_HIT);
	assert_int_equal(test_fill(f->hit.answer), 7);
	failure.now_ns = T0 + 90 * SECOND;
	assert_true(store(f, 8, failure));
	assert_true(store(f, 9, failure));
	assert_int_equal(find(f, T0 + 91 * SECOND), CACHE_HIT);
	assert_int_equal(test_fill(f->hit.answer), 9);
}

static void test_a_failed_refresh_postpones_the_next(void **state)
{
	struct fixture *f = *state;

	assert_true(store(f, 7, how(CACHE_SUCCESS, 1, 90)));
	cache_postpone(f->c, &f->key, T0 + 2 * SECOND, 4500);
	assert_int_equal(find(f, T0 + 6 * SECOND), CACHE_HIT);
	assert_true(f->hit.postponed);
	assert_int_equal(find(f, T0 + 7 * SECOND), CACHE_HIT);
	assert_false(f->hit.postponed);
}

static void test_hits_within_the_window_are_counted(void **state)
{
	struct fixture *f = *state;
	struct cache_config cfg = {.capacity = {10, 10}, .max_bytes = SIZE_MAX, .hit_window_ms = 2000};

	cache_put(f->c);
	f->c = cache_new(&cfg);
	f->key = test_key(f->c, &f->name);
	assert_true(store(f, 7, how(CACHE_SUCCESS, 60, 60)));
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(find(f, T0 + i * SECOND), CACHE_HIT);
		assert_int_equal(f->hit.hits, i);
	}
	assert_true(store(f, 8, how(CACHE_SUCCESS, 60, 60)));
	assert_int_equal(find(f, T0 + 4 * SECOND), CACHE_HIT);
	assert_int_equal(f->hit.hits, 4);
	assert_int_equal(find(f, T0 + 7 * SECOND), CACHE_HIT);
	assert_int_equal(f->hit.hits, 1);
}

static void test_a_hit_without_room_in_the_arena_has_no_answer(void **state)
{
	struct fixture *f = *state;
	struct arena_pool pool;
	struct arena tight;

	arena_pool_init(&pool, 0, NULL, 0);
	arena_init(&tight, NULL, 0, &pool);
	assert_true(store(f, 7, how(CACHE_SUCCESS, 60, 60)));
	assert_int_equal(cache_find(f->c, &f->key, T0, &tight, NULL, &f->hit), CACHE_HIT);
	assert_null(f->hit.answer);
	arena_fini(&tight);
	arena_pool_fini(&pool);
}

static void test_removed_is_gone_and_not_counted(void **state)
{
	struct fixture *f = *state;

	assert_true(store(f, 7, how(CACHE_SUCCESS, 60, 60)));
	assert_true(cache_bytes(f->c) > 80);
	cache_remove(f->c, &f->key);
	assert_int_equal(find(f, T0), CACHE_MISS);
	assert_int_equal(cache_bytes(f->c), 0);
	assert_int_equal(cache_entries(f->c, CACHE_SUCCESS), 0);
}

static void test_a_shared_store_lives_until_its_last_user(void **state)
{
	struct fixture *f = *state;

	cache_get(f->c);
	cache_put(f->c);
	assert_true(store(f, 7, how(CACHE_SUCCESS, 60, 60)));
	assert_int_equal(find(f, T0), CACHE_HIT);
}

static void test_a_hundred_thousand_names_are_all_found(void **state)
{
	struct fixture *f = *state;
	unsigned evicted[CACHE_KINDS] = {0};

	cache_put(f->c);
	f->c = test_cache(100000, 1);
	f->key = test_key(f->c, &f->name);
	for (unsigned i = 0; i < 100000; i++)
		assert_true(test_put(f->c, i, 60, T0, evicted));
	assert_int_equal(evicted[CACHE_SUCCESS], 0);
	assert_int_equal(cache_entries(f->c, CACHE_SUCCESS), 100000);
	for (unsigned i = 0; i < 100000; i++)
		assert_true(test_has(f->c, i, T0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_find_gives_what_was_stored, setup, teardown),
		cmocka_unit_test_setup_teardown(test_find_misses_what_was_not_stored, setup, teardown),
		cmocka_unit_test_setup_teardown(test_type_class_and_flags_are_part_of_the_key, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_the_stored_question_is_lower_cased, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_answer_to_another_question_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_flags_are_cleared_and_ede_kept_in_the_copy, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_an_entry_is_fresh_until_its_ttl_has_passed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_ttls_of_136_years_do_not_wrap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_new_answer_replaces_the_old_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_success_and_denial_replace_each_other, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_kept_success_wins_over_a_denial_beside_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_failure_does_not_replace_what_is_kept, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_failed_refresh_postpones_the_next, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hits_within_the_window_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_hit_without_room_in_the_arena_has_no_answer, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_removed_is_gone_and_not_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_shared_store_lives_until_its_last_user, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_hundred_thousand_names_are_all_found, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
