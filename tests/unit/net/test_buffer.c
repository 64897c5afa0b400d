// SPDX-License-Identifier: Apache-2.0
#include "net_test.h"

#include "net/buffer.h"

#include <string.h>

static void test_buffer_keeps_order_while_it_grows_and_moves(void **state)
{
	struct net_buffer_pool pool = {0};
	struct net_buffer b = {0};
	uint8_t next_in = 0, next_out = 0, chunk[700];

	for (int round = 0; round < 400; round++) {
		for (size_t i = 0; i < sizeof(chunk); i++)
			chunk[i] = next_in++;
		assert_int_equal(net_buffer_append(&pool, &b, chunk, sizeof(chunk)), 0);
		for (size_t i = 0; i < 650; i++)
			assert_int_equal(net_buffer_data(&b)[i], next_out++);
		net_buffer_consume(&pool, &b, 650);
		assert_int_equal(pool.held, b.cap);
	}
	assert_int_equal(net_buffer_waiting(&b), 400 * 50);
	assert_true(b.cap < 64 * 1024); /* what was consumed does not stay */
	net_buffer_drop(&pool, &b);
	net_buffer_pool_fini(&pool);
}

static void test_buffer_holds_nothing_when_empty(void **state)
{
	struct net_buffer_pool pool = {0};
	struct net_buffer b = {0};
	void *first;

	assert_int_equal(net_buffer_append(&pool, &b, (const uint8_t *)"x", 1), 0);
	first = b.data;
	net_buffer_consume(&pool, &b, 1);
	assert_null(b.data);
	assert_int_equal(pool.held, 0);
	assert_int_equal(net_buffer_append(&pool, &b, (const uint8_t *)"y", 1), 0);
	assert_ptr_equal(b.data, first); /* small ones are used again */
	net_buffer_drop(&pool, &b);
	net_buffer_pool_fini(&pool);
}

static void test_buffer_append_of_nothing_is_legal(void **state)
{
	struct net_buffer_pool pool = {0};
	struct net_buffer b = {0};

	assert_int_equal(net_buffer_append(&pool, &b, NULL, 0), 0);
	assert_int_equal(net_buffer_waiting(&b), 0);
	assert_int_equal(pool.held, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buffer_keeps_order_while_it_grows_and_moves),
		cmocka_unit_test(test_buffer_holds_nothing_when_empty),
		cmocka_unit_test(test_buffer_append_of_nothing_is_legal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
