// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

#include <string.h>

static void test_rng_wipes_what_it_gave(void **unused)
{
	static const uint8_t zero[sizeof(((struct rng *)0)->buf)];
	uint8_t out[300];
	struct rng r;

	rng_init(&r);
	rng_bytes(&r, out, sizeof(out));
	assert_int_equal(r.at, sizeof(out));
	assert_memory_equal(r.buf, zero, sizeof(out));
	assert_memory_not_equal(r.buf + r.at, zero, sizeof(r.buf) - r.at);
}

static void test_rng_serves_more_than_its_buffer(void **unused)
{
	uint8_t a[2000] = {0}, b[2000] = {0};
	struct rng r;

	rng_init(&r);
	rng_bytes(&r, a, sizeof(a));
	rng_bytes(&r, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a, a + 1000, 1000);
}

static void test_rng_below_stays_below(void **unused)
{
	static const uint32_t limits[] = {1, 2, 3, 1000, 0x80000001u, UINT32_MAX};
	struct rng r;

	rng_init(&r);
	assert_int_equal(rng_below(&r, 0), 0);
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		for (int k = 0; k < 1000; k++)
			assert_true(rng_below(&r, limits[i]) < limits[i]);
	}
}

/* Chi-square with 9 degrees of freedom: above 60 once in about 10^9 runs. */
static void test_rng_below_is_even(void **unused)
{
	enum { N = 10, PER = 10000 };
	unsigned seen[N] = {0};
	double chi2 = 0;
	struct rng r;

	rng_init(&r);
	for (int i = 0; i < N * PER; i++)
		seen[rng_below(&r, N)]++;
	for (int i = 0; i < N; i++)
		chi2 += ((double)seen[i] - PER) * ((double)seen[i] - PER) / PER;
	assert_true(chi2 < 60);
}

static void test_rng_words_use_all_bits(void **unused)
{
	uint32_t any32 = 0, all32 = UINT32_MAX;
	uint16_t any16 = 0, all16 = UINT16_MAX;
	struct rng r;

	rng_init(&r);
	for (int i = 0; i < 200; i++) {
		uint32_t a = rng_u32(&r);
		uint16_t b = rng_u16(&r);

		any32 |= a;
		all32 &= a;
		any16 |= b;
		all16 &= b;
	}
	assert_int_equal(any32, UINT32_MAX);
	assert_int_equal(all32, 0);
	assert_int_equal(any16, UINT16_MAX);
	assert_int_equal(all16, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rng_wipes_what_it_gave),
		cmocka_unit_test(test_rng_serves_more_than_its_buffer),
		cmocka_unit_test(test_rng_below_stays_below),
		cmocka_unit_test(test_rng_below_is_even),
		cmocka_unit_test(test_rng_words_use_all_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
