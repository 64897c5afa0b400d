// SPDX-License-Identifier: Apache-2.0
#include "server/who_table.h"

#include "base/hash.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PLACES = 100, KEYS = 20000 };

static uint64_t memory[1 << 16];
static struct who_table t;
static uint64_t truth[WHO_SLOTS][KEYS]; /* by slot of the ring */
static uint64_t random_state;

static double uniform(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (double)(random_state >> 11) * 0x1p-53;
}

/* The key of rank 0, 1, ... with probability about 1/(rank+1). */
static unsigned zipf(void)
{
	return (unsigned)(exp(uniform() * log(KEYS)) - 1);
}

static void begin(bool with_slots)
{
	assert_true(who_table_size(PLACES, 4, with_slots) <= sizeof(memory));
	who_table_init(&t, memory, PLACES, 4, with_slots);
	memset(truth, 0, sizeof(truth));
	random_state = 1;
}

static uint64_t hash_of(unsigned key)
{
	static const struct hash_key k = {1, 2};

	return hash_bytes(&k, &key, sizeof(key));
}

static void count(unsigned key, uint32_t weight, uint32_t slot)
{
	who_table_count(&t, hash_of(key), &key, sizeof(key), weight, slot);
	truth[slot % WHO_SLOTS][key] += weight;
}

static unsigned key_at(unsigned place)
{
	unsigned key;

	memcpy(&key, who_table_key(&t, place), sizeof(key));
	return key;
}

static uint64_t true_count(unsigned key)
{
	uint64_t n = 0;

	for (unsigned s = 0; s < WHO_SLOTS; s++)
		n += truth[s][key];
	return n;
}

static bool has(unsigned key)
{
	for (unsigned i = 0; i < t.n; i++) {
		if (key_at(i) == key)
			return true;
	}
	return false;
}

static void assert_rarest_first(void)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < t.n; i++) {
		assert_int_equal(t.heap_at[t.heap[i]], i);
		least = t.sum[i] < least ? t.sum[i] : least;
	}
	assert_int_equal(t.sum[t.heap[0]], least);
}

static void few_keys_are_counted_exactly(void **state)
{
	begin(false);
	for (unsigned i = 0; i < 1000; i++)
		count(i % 10, 1 + i % 10, 0);
	assert_int_equal(t.n, 10);
	assert_int_equal(who_table_absent(&t), 0);
	for (unsigned i = 0; i < t.n; i++) {
		assert_int_equal(t.sum[i], true_count(key_at(i)));
		assert_int_equal(who_table_over(&t, i, 0), 0);
	}
}

static void of_a_zipf_stream_every_count_is_within_its_bounds(void **state)
{
	uint64_t n = 0, sum = 0;

	begin(false);
	for (unsigned i = 0; i < 300000; i++) {
		uint32_t weight = i % 3 + 1;

		count(zipf(), weight, 0);
		n += weight;
		if (i % 1000 == 0)
			assert_rarest_first();
	}
	for (unsigned i = 0; i < t.n; i++) {
		uint64_t true_n = true_count(key_at(i));

		assert_true(true_n <= t.sum[i]);
		assert_true(t.sum[i] - t.over[i] <= true_n);
		assert_true(t.over[i] <= n / PLACES);
		sum += t.sum[i];
	}
	assert_int_equal(sum, n);
	for (unsigned key = 0; key < KEYS; key++) {
		if (true_count(key) > n / PLACES)
			assert_true(has(key));
		if (!has(key))
			assert_true(true_count(key) <= who_table_absent(&t));
	}
}

static void the_ten_most_frequent_of_a_zipf_stream_are_right_to_a_percent(void **state)
{
	begin(false);
	for (unsigned i = 0; i < 300000; i++)
		count(zipf(), 1, 0);
	for (unsigned key = 0; key < 10; key++) {
		unsigned i = 0;

		while (i < t.n && key_at(i) != key)
			i++;
		assert_true(i < t.n);
		assert_true((double)t.over[i] <= 0.01 * (double)true_count(key));
	}
}

static void keys_that_come_once_do_not_push_out_a_frequent_one(void **state)
{
	begin(false);
	for (unsigned i = 0; i < 50; i++)
		count(7, 1, 0);
	for (unsigned i = 100; i < 100 + 49 * (PLACES - 1); i++)
		count(i, 1, 0);
	assert_true(has(7));
}

static void what_the_window_has_left_is_not_counted(void **state)
{
	begin(true);
	count(1, 5, 0);
	for (uint32_t slot = 1; slot < WHO_SLOTS; slot++) {
		who_table_begin_slot(&t, slot);
		count(2, slot, slot);
		assert_int_equal(t.sum[0], 5);
	}
	assert_int_equal(t.sum[1], 1 + 2 + 3 + 4 + 5 + 6);
	who_table_begin_slot(&t, WHO_SLOTS);
	assert_int_equal(t.sum[0], 0);
	who_table_begin_slot(&t, WHO_SLOTS + 1);
	assert_int_equal(t.sum[1], 2 + 3 + 4 + 5 + 6);
}

static void yesterdays_frequent_keys_leave_room_for_todays(void **state)
{
	begin(true);
	for (unsigned i = 0; i < 100000; i++)
		count(i % PLACES, 1, 0);
	for (uint32_t slot = 1; slot <= WHO_SLOTS; slot++) {
		who_table_begin_slot(&t, slot);
		memset(truth[slot % WHO_SLOTS], 0, sizeof(truth[0]));
		for (unsigned i = 0; i < 1000; i++)
			count(1000 + zipf() % 10000, 1, slot);
	}
	for (unsigned rank = 0; rank < 5; rank++)
		assert_true(has(1000 + rank));
	for (unsigned i = 0; i < t.n; i++)
		assert_true(!t.sum[i] || key_at(i) >= 1000);
}

/* Eight minutes of a stream whose frequent keys change every 25 s. */
static void in_a_window_counts_are_within_a_places_share(void **state)
{
	begin(true);
	for (uint32_t slot = 0; slot < 50; slot++) {
		uint64_t n = 0, sum = 0;

		who_table_begin_slot(&t, slot);
		memset(truth[slot % WHO_SLOTS], 0, sizeof(truth[0]));
		for (unsigned i = 0; i < 5000; i++)
			count((zipf() + slot * 2 / 5 * 37) % KEYS, 1, slot);
		assert_rarest_first();
		for (unsigned key = 0; key < KEYS; key++)
			n += true_count(key);
		for (unsigned i = 0; i < t.n; i++) {
			uint64_t true_n = true_count(key_at(i)), over = who_table_over(&t, i, slot);

			sum += t.sum[i];
			assert_true(over <= t.sum[i]);
			assert_true(t.sum[i] <= true_n + n / PLACES && true_n <= t.sum[i] + n / PLACES);
		}
		assert_int_equal(sum, n);
		for (unsigned key = 0; key < KEYS; key++) {
			if (true_count(key) > 2 * n / PLACES)
				assert_true(has(key));
		}
	}
}

static void what_was_taken_over_leaves_the_window_too(void **state)
{
	begin(true);
	for (unsigned key = 0; key < PLACES; key++)
		count(key, 10, 0);
	who_table_begin_slot(&t, 1);
	count(500, 3, 1); /* in the place of one with 10 */
	for (uint32_t slot = 2; slot < WHO_SLOTS; slot++)
		who_table_begin_slot(&t, slot);
	for (unsigned i = 0; i < t.n; i++) {
		if (key_at(i) == 500)
			assert_int_equal(who_table_over(&t, i, WHO_SLOTS - 1), 10);
	}
	who_table_begin_slot(&t, WHO_SLOTS);
	for (unsigned i = 0; i < t.n; i++) {
		if (key_at(i) != 500)
			continue;
		assert_int_equal(t.sum[i], 3);
		assert_in_range(who_table_over(&t, i, WHO_SLOTS), 0, 3);
	}
	who_table_begin_slot(&t, WHO_SLOTS + 1);
	for (unsigned i = 0; i < t.n; i++)
		assert_int_equal(who_table_over(&t, i, WHO_SLOTS + 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_keys_are_counted_exactly),
		cmocka_unit_test(of_a_zipf_stream_every_count_is_within_its_bounds),
		cmocka_unit_test(the_ten_most_frequent_of_a_zipf_stream_are_right_to_a_percent),
		cmocka_unit_test(keys_that_come_once_do_not_push_out_a_frequent_one),
		cmocka_unit_test(what_the_window_has_left_is_not_counted),
		cmocka_unit_test(yesterdays_frequent_keys_leave_room_for_todays),
		cmocka_unit_test(in_a_window_counts_are_within_a_places_share),
		cmocka_unit_test(what_was_taken_over_leaves_the_window_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
