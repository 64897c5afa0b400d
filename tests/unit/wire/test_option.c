// SPDX-License-Identifier: Apache-2.0
#include "bytes.h"
#include "wire/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct short_case {
	const char *options;
	size_t room;
	const char *want;
};

#define COOKIE "000a 0008 '12345678' "
#define EDE "000f 000a 0017 'upstream' "
#define NSID "0003 0004 'ns-1' "

static const struct short_case short_cases[] = {
	{"", 0, ""},
	{COOKIE, 12, COOKIE},
	{COOKIE, 11, ""},
	{COOKIE EDE, 100, COOKIE "000f 0002 0017"},
	{COOKIE EDE, 18, COOKIE "000f 0002 0017"},
	{COOKIE EDE, 17, COOKIE},
	{COOKIE EDE NSID, 26, COOKIE "000f 0002 0017" NSID},
	{COOKIE EDE NSID, 25, COOKIE "000f 0002 0017"},
	{"000f 0002 0003", 6, "000f 0002 0003"},
	{"000f 0001 03", 6, "000f 0001 03"}, /* too short for EDE: left as it is */
};

static void test_options_give_way_ede_text_first_then_from_the_end(void **state)
{
	uint8_t options[BYTES_MAX], want[BYTES_MAX], out[BYTES_MAX];

	for (size_t i = 0; i < ARRAY_LEN(short_cases); i++) {
		const struct short_case *c = &short_cases[i];
		size_t len = bytes_of(c->options, options), n = bytes_of(c->want, want);
		assert_int_equal(wire_options_put_short(options, len, c->room, NULL), n);
		assert_int_equal(wire_options_put_short(options, len, c->room, out), n);
		assert_memory_equal(out, want, n);
		assert_true(wire_options_valid(out, n));
	}
}

static void test_option_find_gives_the_first_one(void **state)
{
	uint8_t options[BYTES_MAX];
	size_t len = bytes_of(NSID "0003 0001 'x' 0008 0000", options);
	uint16_t n;

	assert_memory_equal(wire_option_find(options, len, OPTION_NSID, &n), "ns-1", 4);
	assert_int_equal(n, 4);
	assert_non_null(wire_option_find(options, len, OPTION_CLIENT_SUBNET, &n));
	assert_int_equal(n, 0);
	assert_null(wire_option_find(options, len, OPTION_COOKIE, &n));
	assert_null(wire_option_find(NULL, 0, OPTION_COOKIE, &n));
}

static void test_options_are_valid_only_whole(void **state)
{
	uint8_t options[BYTES_MAX];
	size_t len = bytes_of(COOKIE NSID, options), whole = bytes_of(COOKIE, options + BYTES_MAX / 2);

	for (size_t n = 0; n <= len; n++)
		assert_int_equal(wire_options_valid(options, n), n == 0 || n == whole || n == len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_give_way_ede_text_first_then_from_the_end),
		cmocka_unit_test(test_option_find_gives_the_first_one),
		cmocka_unit_test(test_options_are_valid_only_whole),
	};

	return cmocka_run_group_tests_name("wire/option", tests, NULL, NULL);
}
