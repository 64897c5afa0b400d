// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/hash.h"

#include <string.h>

/* Key 00 01 .. 0f, data 00 01 .. of the given length; values of the reference implementation. */
static void test_hash_is_siphash_1_3(void **unused)
{
	static const struct {
		size_t len;
		uint64_t hash;
	} cases[] = {
		{0, 0xabac0158050fc4dc},   {1, 0xc9f49bf37d57ca93},  {7, 0xd3927d989bb11140},
		{8, 0x369095118d299a8e},   {9, 0x25a48eb36c063de4},  {15, 0xd320d86d2a519956},
		{16, 0xcc4fdd1a7d908b66},  {63, 0x9d199062b7bbb3a8}, {255, 0xf76214e3153c4a15},
		{256, 0x75b3e64e167de370},
	};
	const struct hash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
	uint8_t data[257];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_true(hash_bytes(&key, data, cases[i].len) == cases[i].hash);
}

static void test_hash_does_not_depend_on_alignment(void **unused)
{
	const struct hash_key key = {1, 2};
	uint8_t buf[64];
	uint64_t want = hash_bytes(&key, "a.long.enough.example.org", 25);

	for (size_t off = 0; off < 8; off++) {
		memcpy(buf + off, "a.long.enough.example.org", 25);
		assert_true(hash_bytes(&key, buf + off, 25) == want);
	}
}

static void test_hash_depends_on_the_key(void **unused)
{
	const struct hash_key a = {1, 2}, b = {1, 3}, c = {0, 2};

	assert_true(hash_bytes(&a, "x", 1) != hash_bytes(&b, "x", 1));
	assert_true(hash_bytes(&a, "x", 1) != hash_bytes(&c, "x", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash_is_siphash_1_3),
		cmocka_unit_test(test_hash_does_not_depend_on_alignment),
		cmocka_unit_test(test_hash_depends_on_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
