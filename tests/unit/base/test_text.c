// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void it_grows_and_ends_with_a_nul(void **state)
{
	struct text t = {0};

	for (int i = 0; i < 1000; i++)
		text_put(&t, "%03d,", i);
	assert_false(t.failed);
	assert_int_equal(t.len, 4000);
	assert_int_equal(strlen(t.p), 4000);
	assert_string_equal(t.p + 3992, "998,999,");
	free(t.p);
}

static void what_would_pass_its_bound_fails_for_good(void **state)
{
	struct text t = {.max = 5};

	text_add(&t, "12345", 5);
	assert_false(t.failed);
	text_put(&t, "%d", 6);
	assert_true(t.failed);
	text_add(&t, "", 0);
	assert_string_equal(t.p, "12345");
	free(t.p);
}

static void any_bytes_become_a_harmless_json_string(void **state)
{
	struct text t = {0};

	text_json(&t, "a\"\\\n\x1b[2J<b>&\xc3\xa9\x7f");
	assert_string_equal(t.p, "\"a\\\"\\\\\\u000a\\u001b[2J\\u003cb\\u003e\\u0026\\u00c3\\u00a9\\u007f\"");
	free(t.p);
}

static void foreign_bytes_are_made_printable(void **state)
{
	char line[] = "a\x1b[1m\xff~ b\nc\x7f", same[sizeof(line)];

	memcpy(same, line, sizeof(line));
	text_make_printable(line, 0);
	assert_string_equal(line, "a?[1m?~ b?c?");
	text_make_printable(same, '\n');
	assert_string_equal(same, "a?[1m?~ b\nc?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_grows_and_ends_with_a_nul),
		cmocka_unit_test(what_would_pass_its_bound_fails_for_good),
		cmocka_unit_test(any_bytes_become_a_harmless_json_string),
		cmocka_unit_test(foreign_bytes_are_made_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
