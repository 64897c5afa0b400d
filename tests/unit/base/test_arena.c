// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

static void test_arena_uses_first_block_before_any_other(void **unused)
{
	_Alignas(8) uint8_t slot[64];
	struct arena a;

	arena_init(&a, slot, sizeof(slot), NULL);
	assert_ptr_equal(arena_alloc(&a, 40), slot);
	assert_ptr_equal(arena_alloc(&a, 24), slot + 40);
	assert_null(a.blocks);
	assert_non_null(arena_alloc(&a, 1));
	assert_non_null(a.blocks);
	arena_fini(&a);
}

static void test_arena_aligns_to_eight(void **unused)
{
	_Alignas(8) uint8_t slot[256];
	struct arena a;

	arena_init(&a, slot + 3, sizeof(slot) - 3, NULL);
	for (size_t size = 0; size < 20; size++)
		assert_int_equal((uintptr_t)arena_alloc(&a, size) % 8, 0);
	arena_fini(&a);
}

static void test_arena_first_block_smaller_than_its_alignment_is_not_used(void **unused)
{
	_Alignas(8) uint8_t slot[8];
	struct arena a;
	uint8_t *p;

	arena_init(&a, slot + 1, 5, NULL);
	p = arena_alloc(&a, 8);
	assert_non_null(p);
	assert_true(p < slot || p >= slot + sizeof(slot));
	arena_fini(&a);
}

static void test_arena_allocations_do_not_overlap(void **unused)
{
	enum { N = 500 };
	uint8_t *p[N];
	struct arena a;

	arena_init(&a, NULL, 0, NULL);
	for (size_t i = 0; i < N; i++) {
		p[i] = arena_alloc(&a, i);
		assert_non_null(p[i]);
		memset(p[i], (int)i & 0xff, i);
	}
	for (size_t i = 0; i < N; i++) {
		for (size_t j = 0; j < i; j++)
			assert_int_equal(p[i][j], i & 0xff);
	}
	arena_fini(&a);
}

static void test_arena_large_allocation_keeps_the_open_block(void **unused)
{
	struct arena a;
	uint8_t *before, *after;

	arena_init(&a, NULL, 0, NULL);
	before = arena_alloc(&a, 16);
	assert_non_null(arena_alloc(&a, 1 << 20));
	after = arena_alloc(&a, 16);
	assert_ptr_equal(after, before + 16);
	arena_fini(&a);
}

static void test_arena_refuses_size_that_overflows(void **unused)
{
	struct arena_pool pool;
	struct arena a;

	arena_init(&a, NULL, 0, NULL);
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 8));
	assert_null(arena_alloc(&a, SIZE_MAX - 20));
	arena_fini(&a);
	arena_pool_init(&pool, SIZE_MAX, NULL, 0);
	arena_init(&a, NULL, 0, &pool);
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 20));
	arena_fini(&a);
	arena_pool_fini(&pool);
}

static void test_arena_strings(void **unused)
{
	struct arena a;

	arena_init(&a, NULL, 0, NULL);
	assert_string_equal(arena_strdup(&a, "example.org"), "example.org");
	assert_string_equal(arena_strdup(&a, ""), "");
	assert_string_equal(arena_strndup(&a, "example.org", 7), "example");
	assert_string_equal(arena_strndup(&a, "ex", 7), "ex");
	assert_string_equal(arena_printf(&a, "%s:%d", "192.0.2.1", 53), "192.0.2.1:53");
	assert_memory_equal(arena_copy(&a, "abc", 3), "abc", 3);
	assert_memory_equal(arena_zalloc(&a, 16), "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	arena_fini(&a);
}

static void test_pool_takes_the_class_that_fits(void **unused)
{
	static const struct {
		size_t size, block;
	} cases[] = {
		{1, 4096},           {4096 - 16, 4096}, {4096, 16384},
		{16384 - 16, 16384}, {16384, 81920},    {81920 - 16, 81920},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena_pool pool;
		struct arena a;

		arena_pool_init(&pool, SIZE_MAX, NULL, 0);
		arena_init(&a, NULL, 0, &pool);
		assert_non_null(arena_alloc(&a, cases[i].size));
		assert_int_equal(pool.in_use, cases[i].block);
		arena_fini(&a);
		assert_int_equal(pool.in_use, 0);
		assert_int_equal(pool.kept, cases[i].block);
		arena_pool_fini(&pool);
	}
}

static void test_pool_refuses_more_than_its_largest_class(void **unused)
{
	struct arena_pool pool;
	struct arena a;

	arena_pool_init(&pool, SIZE_MAX, NULL, 0);
	arena_init(&a, NULL, 0, &pool);
	assert_null(arena_alloc(&a, 81920));
	assert_int_equal(pool.in_use, 0);
	arena_fini(&a);
	arena_pool_fini(&pool);
}

static void test_pool_recycles_blocks(void **unused)
{
	struct arena_pool pool;
	struct arena a;
	void *first;

	arena_pool_init(&pool, SIZE_MAX, NULL, 0);
	arena_init(&a, NULL, 0, &pool);
	first = arena_alloc(&a, 100);
	arena_fini(&a);
	arena_init(&a, NULL, 0, &pool);
	assert_ptr_equal(arena_alloc(&a, 100), first);
	arena_fini(&a);
	arena_pool_fini(&pool);
}

static void test_pool_keeps_its_limit(void **unused)
{
	struct arena_pool pool;
	struct arena a;

	arena_pool_init(&pool, 4096 + 16384, NULL, 0);
	arena_init(&a, NULL, 0, &pool);
	assert_non_null(arena_alloc(&a, 4000));
	assert_non_null(arena_alloc(&a, 16000));
	assert_null(arena_alloc(&a, 4000));
	assert_int_equal(pool.in_use, 4096 + 16384);
	arena_fini(&a);
	arena_init(&a, NULL, 0, &pool);
	assert_non_null(arena_alloc(&a, 4000));
	arena_fini(&a);
	arena_pool_fini(&pool);
}

static void test_pools_share_a_limit(void **unused)
{
	struct arena_pool pool[2];
	struct arena a[2];
	size_t shared = 0;

	for (size_t i = 0; i < 2; i++) {
		arena_pool_init(&pool[i], SIZE_MAX, &shared, 81920 + 4096);
		arena_init(&a[i], NULL, 0, &pool[i]);
	}
	assert_non_null(arena_alloc(&a[0], 80000));
	assert_null(arena_alloc(&a[1], 80000));
	assert_int_equal(shared, 81920);
	assert_non_null(arena_alloc(&a[1], 4000));
	arena_fini(&a[0]);
	assert_int_equal(shared, 4096);
	assert_non_null(arena_alloc(&a[1], 80000));
	arena_fini(&a[1]);
	assert_int_equal(shared, 0);
	arena_pool_fini(&pool[0]);
	arena_pool_fini(&pool[1]);
}

static void test_pool_gives_memory_of_a_burst_back(void **unused)
{
	enum { N = 40 };
	struct arena_pool pool;
	struct arena a[N];

	arena_pool_init(&pool, SIZE_MAX, NULL, 0);
	for (size_t i = 0; i < N; i++) {
		arena_init(&a[i], NULL, 0, &pool);
		assert_non_null(arena_alloc(&a[i], 80000));
	}
	for (size_t i = 0; i < N; i++)
		arena_fini(&a[i]);
	assert_int_equal(pool.in_use, 0);
	assert_in_range(pool.kept, 81920, 1 << 20);
	arena_pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena_uses_first_block_before_any_other),
		cmocka_unit_test(test_arena_aligns_to_eight),
		cmocka_unit_test(test_arena_first_block_smaller_than_its_alignment_is_not_used),
		cmocka_unit_test(test_arena_allocations_do_not_overlap),
		cmocka_unit_test(test_arena_large_allocation_keeps_the_open_block),
		cmocka_unit_test(test_arena_refuses_size_that_overflows),
		cmocka_unit_test(test_arena_strings),
		cmocka_unit_test(test_pool_takes_the_class_that_fits),
		cmocka_unit_test(test_pool_refuses_more_than_its_largest_class),
		cmocka_unit_test(test_pool_recycles_blocks),
		cmocka_unit_test(test_pool_keeps_its_limit),
		cmocka_unit_test(test_pools_share_a_limit),
		cmocka_unit_test(test_pool_gives_memory_of_a_burst_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
