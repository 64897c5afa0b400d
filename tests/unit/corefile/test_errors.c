// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "base/err.h"

static void test_nearest_finds_small_slips(void **state)
{
	static const char *const names[] = {"forward", "cache", "errors", "log",
					    "health",  "any",   "hosts",  "on"};
	static const struct named_text v[] = {
		{"forward", "forward"},
		{"foward", "forward"},
		{"forwrad", "forward"},
		{"fowrad", "forward"},
		{"forwards", "forward"},
		{"cahce", "cache"},
		{"cach", "cache"},
		{"error", "errors"},
		{"helth", "health"},
		{"Cache", "cache"},
		{"lo", NULL},
		{"lgo", "log"},
		{"xlog", "log"},
		{"an", NULL},
		{"no", NULL},
		{"proxy", NULL},
		{"", NULL},
		{"completely-different", NULL},
		{"hoss", "hosts"},
		{"a-word-that-is-longer-than-any-name-of-a-directive-can-be", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		const char *near = cf_nearest(v[i].name, names, ARRAY_LEN(names));
		if (!v[i].text)
			assert_null(near);
		else
			assert_string_equal(near, v[i].text);
	}
}

static void test_errors_are_one_printable_line(void **state)
{
	struct world *w = *state;

	assert_int_equal(cf_error(&w->errs, "f", 3, "a\nb\x1b[31m%c", 0x7f), ERR_SYNTAX);
	cf_error(&w->errs, "f", 0, "whole file");
	cf_error(&w->errs, NULL, 0, "nowhere");
	cf_warning(&w->errs, "f", 4, "mind");
	assert_string_equal(world_errors(w, false), "f:3: a?b?[31m? | f: whole file | nowhere");
	assert_string_equal(world_errors(w, true), "f:4: mind");
	assert_int_equal(w->errs.n_errors, 3);
	assert_int_equal(w->errs.n_warnings, 1);
}

static void test_errors_are_cut_and_bounded(void **state)
{
	struct world *w = *state;
	char text[2001];
	unsigned kept = 0;

	memset(text, 'x', 2000);
	text[2000] = 0;
	cf_error(&w->errs, "f", 1, "%s", text);
	assert_int_equal(strlen(w->errs.first->text), 599);
	assert_string_equal(w->errs.first->text + 594, "xx...");
	for (int i = 0; i < 5000; i++)
		cf_error(&w->errs, "f", 1, "again");
	for (const struct cf_error *e = w->errs.first; e; e = e->next)
		kept++;
	assert_int_equal(w->errs.n_errors, 5001);
	assert_int_equal(kept, CF_ERRORS_KEPT);
}

static void test_errors_sort_by_line_within_files(void **state)
{
	static const struct {
		const char *file;
		unsigned line;
		const char *text;
	} v[] = {{"f", 5, "a"}, {"g", 2, "b"}, {"f", 1, "c"}, {"f", 5, "d"}, {NULL, 0, "e"},
		 {"g", 1, "f"}, {"f", 0, "g"}, {"f", 9, "h"}, {"f", 2, "i"}};
	struct world *w = *state;

	cf_errors_sort(&w->errs);
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		cf_error(&w->errs, v[i].file, v[i].line, "%s", v[i].text);
	cf_errors_sort(&w->errs);
	assert_string_equal(world_errors(w, false),
			    "f: g | f:1: c | f:2: i | f:5: a | f:5: d | f:9: h | g:1: f | g:2: b | e");
	cf_error(&w->errs, "g", 3, "last");
	assert_contains(world_errors(w, false), "e | g:3: last");
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_nearest_finds_small_slips),
		T(test_errors_are_one_printable_line),
		T(test_errors_are_cut_and_bounded),
		T(test_errors_sort_by_line_within_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
