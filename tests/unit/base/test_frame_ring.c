// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/frame_ring.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

static void put(struct frame_ring *r, unsigned number, size_t max, size_t len)
{
	uint8_t *p = frame_ring_begin(r, max);

	assert_non_null(p);
	memset(p, (int)(number & 255), len);
	frame_ring_end(r, len);
}

static void take(struct frame_ring *r, unsigned number, size_t len)
{
	size_t got;
	const uint8_t *p = frame_ring_peek(r, &got);

	assert_non_null(p);
	assert_int_equal(got, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(p[i], number & 255);
	frame_ring_pop(r);
}

static size_t length_of(unsigned number)
{
	return 1 + number * 7919u % 3000;
}

static void test_ring_keeps_frames_in_order_around_its_end(void **unused)
{
	struct frame_ring *r = frame_ring_new(65536);
	unsigned in = 0, out = 0;
	size_t len;

	assert_non_null(r);
	assert_null(frame_ring_peek(r, &len));
	while (out < 5000) {
		for (unsigned i = 0; i < 1 + in % 15; i++, in++)
			put(r, in, length_of(in) + in % 50, length_of(in));
		for (; out < in; out++)
			take(r, out, length_of(out));
	}
	assert_null(frame_ring_peek(r, &len));
	assert_int_equal(frame_ring_dropped(r), 0);
	frame_ring_free(r);
}

static void test_full_ring_drops_the_newest_and_counts(void **unused)
{
	struct frame_ring *r = frame_ring_new(1);
	unsigned n = 0;
	uint8_t *p;

	assert_non_null(r);
	while ((p = frame_ring_begin(r, 1000)) != NULL) {
		memset(p, (int)n++, 1000);
		frame_ring_end(r, 1000);
	}
	assert_in_range(n, 60, 65);
	assert_int_equal(frame_ring_dropped(r), 1);
	assert_null(frame_ring_begin(r, 100000)); /* never fits */
	assert_int_equal(frame_ring_dropped(r), 2);
	for (unsigned i = 0; i < n; i++)
		take(r, i, 1000);
	put(r, 1, 1000, 10);
	take(r, 1, 10);
	frame_ring_free(r);
}

enum { MANY = 200000 };

static void *produce(void *arg)
{
	for (unsigned i = 0; i < MANY;) {
		uint8_t *p = frame_ring_begin(arg, length_of(i));

		if (!p) {
			sched_yield();
			continue;
		}
		memset(p, (int)(i & 255), length_of(i));
		frame_ring_end(arg, length_of(i));
		i++;
	}
	return NULL;
}

static void test_ring_between_two_threads(void **unused)
{
	struct frame_ring *r = frame_ring_new(65536);
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, produce, r), 0);
	for (unsigned i = 0; i < MANY;) {
		size_t len;
		const uint8_t *p = frame_ring_peek(r, &len);

		if (!p) {
			sched_yield();
			continue;
		}
		assert_int_equal(len, length_of(i));
		assert_int_equal(p[0], i & 255);
		assert_int_equal(p[len - 1], i & 255);
		frame_ring_pop(r);
		i++;
	}
	pthread_join(thread, NULL);
	frame_ring_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring_keeps_frames_in_order_around_its_end),
		cmocka_unit_test(test_full_ring_drops_the_newest_and_counts),
		cmocka_unit_test(test_ring_between_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
