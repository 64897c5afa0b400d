// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct text t;
static struct json j;

static int begin(void **state)
{
	t = (struct text){0};
	j = (struct json){.t = &t};
	return 0;
}

static int end(void **state)
{
	free(t.p);
	return 0;
}

#define json_test(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

static void commas_stand_between_and_nowhere_else(void **state)
{
	json_open(&j, NULL, '{');
	json_number(&j, "a", 1);
	json_bool(&j, "b", true);
	json_null(&j, "c");
	json_close(&j, '}');
	assert_string_equal(t.p, "{\"a\":1,\"b\":true,\"c\":null}");
}

static void objects_and_lists_nest(void **state)
{
	json_open(&j, NULL, '{');
	json_open(&j, "empty", '[');
	json_close(&j, ']');
	json_open(&j, "list", '[');
	for (int i = 0; i < 2; i++) {
		json_open(&j, NULL, '{');
		json_number(&j, "i", i);
		json_close(&j, '}');
	}
	json_number(&j, NULL, 7);
	json_close(&j, ']');
	json_open(&j, "none", '{');
	json_close(&j, '}');
	json_close(&j, '}');
	assert_string_equal(t.p, "{\"empty\":[],\"list\":[{\"i\":0},{\"i\":1},7],\"none\":{}}");
}

static void a_text_that_is_not_there_is_null(void **state)
{
	json_open(&j, NULL, '[');
	json_text(&j, NULL, NULL);
	json_text(&j, NULL, "");
	json_close(&j, ']');
	assert_string_equal(t.p, "[null,\"\"]");
}

static void names_and_texts_are_escaped(void **state)
{
	json_open(&j, NULL, '{');
	json_text(&j, "a\"<", "\\\n\xff");
	json_close(&j, '}');
	assert_string_equal(t.p, "{\"a\\\"\\u003c\":\"\\\\\\u000a\\u00ff\"}");
}

static void integers_are_whole_to_their_ends(void **state)
{
	json_open(&j, NULL, '[');
	json_number(&j, NULL, INT64_MIN);
	json_number(&j, NULL, INT64_MAX);
	json_unsigned(&j, NULL, UINT64_MAX);
	json_close(&j, ']');
	assert_string_equal(t.p, "[-9223372036854775808,9223372036854775807,18446744073709551615]");
}

static void doubles_have_the_digits_asked_for(void **state)
{
	json_open(&j, NULL, '[');
	json_double(&j, NULL, 0.1234567891, 7);
	json_double(&j, NULL, 1e-7, 4);
	json_double(&j, NULL, 3, 6);
	json_fixed(&j, NULL, 1e9, 0);
	json_fixed(&j, NULL, -0.25, 1);
	json_fixed(&j, NULL, 2, 3);
	json_close(&j, ']');
	assert_string_equal(t.p, "[0.1234568,1e-07,3,1000000000,-0.2,2.000]");
}

static void what_json_has_no_number_for_is_null(void **state)
{
	json_open(&j, NULL, '[');
	json_double(&j, NULL, NAN, 6);
	json_double(&j, NULL, -INFINITY, 6);
	json_fixed(&j, NULL, INFINITY, 3);
	json_close(&j, ']');
	assert_string_equal(t.p, "[null,null,null]");
}

static void nanoseconds_become_milliseconds(void **state)
{
	json_open(&j, NULL, '[');
	json_ms(&j, NULL, 1234567, 3);
	json_ms(&j, NULL, -1234567, 6);
	json_ms(&j, NULL, 86400 * INT64_C(1000000000) + 1, 6);
	json_ms(&j, NULL, 0, 3);
	json_close(&j, ']');
	assert_string_equal(t.p, "[1.235,-1.234567,86400000.000001,0.000]");
}

static void a_value_may_have_its_own_form(void **state)
{
	json_open(&j, NULL, '{');
	json_name(&j, "at");
	text_put(&t, "%d.%03d", 5, 7);
	json_bool(&j, "b", false);
	json_close(&j, '}');
	assert_string_equal(t.p, "{\"at\":5.007,\"b\":false}");
}

static void an_error_sticks_to_the_text(void **state)
{
	t.max = 4;
	json_open(&j, NULL, '{');
	json_text(&j, "name", "value");
	json_close(&j, '}');
	assert_true(t.failed);
	assert_true(t.len <= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		json_test(commas_stand_between_and_nowhere_else),
		json_test(objects_and_lists_nest),
		json_test(a_text_that_is_not_there_is_null),
		json_test(names_and_texts_are_escaped),
		json_test(integers_are_whole_to_their_ends),
		json_test(doubles_have_the_digits_asked_for),
		json_test(what_json_has_no_number_for_is_null),
		json_test(nanoseconds_become_milliseconds),
		json_test(a_value_may_have_its_own_form),
		json_test(an_error_sticks_to_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
