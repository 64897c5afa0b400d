// SPDX-License-Identifier: Apache-2.0
/* template: the language. */
#include "base/arena.h"
#include "plugin/template/gotmpl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "template_cases.h"

enum { OUT_MAX = 4096 };

static struct arena a;
static uint64_t scratch_room[8192];
static char why[GT_ERROR_MAX], out[OUT_MAX];

/* ---------------------------------------------------------------- data */

static bool is(const char *name, size_t len, const char *what)
{
	return strlen(what) == len && !memcmp(name, what, len);
}

static struct gt_value text(const char *s)
{
	return gt_string(s, strlen(s));
}

static const char *const match[] = {"a.b", "a", "b"};
static const char *const group[][2] = {{"0", "a.b"}, {"1", "a"}, {"2", "b"}, {"e", ""}, {"x", "1f"}};

static void match_item(struct gt_run *run, const struct gt_value *self, size_t i, struct gt_value *ret_key,
		       struct gt_value *ret)
{
	*ret = text(match[i]);
}

static bool group_member(struct gt_run *run, const struct gt_value *self, const char *name, size_t len,
			 struct gt_value *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(group); i++) {
		if (is(name, len, group[i][0])) {
			*ret = text(group[i][1]);
			return true;
		}
	}
	return false;
}

static void group_item(struct gt_run *run, const struct gt_value *self, size_t i, struct gt_value *ret_key,
		       struct gt_value *ret)
{
	*ret_key = text(group[i][0]);
	*ret = text(group[i][1]);
}

static bool question_member(struct gt_run *run, const struct gt_value *self, const char *name, size_t len,
			    struct gt_value *ret)
{
	if (is(name, len, "Name"))
		*ret = text("A.example.org.");
	else if (is(name, len, "Qtype"))
		*ret = gt_uint(28);
	else
		return false;
	return true;
}

static const struct gt_class match_class = {.name = "Match", .item = match_item};
static const struct gt_class group_class = {.name = "Group", .member = group_member, .item = group_item};
static const struct gt_class question_class = {.name = "Question", .member = question_member};

static bool dot_member(struct gt_run *run, const struct gt_value *self, const char *name, size_t len,
		       struct gt_value *ret)
{
	static const char *const texts[][2] = {
		{"Name", "a.example.org."}, {"Zone", "example.org."}, {"Class", "IN"}, {"Type", "A"}, {"Remote", "192.0.2.1"}};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (is(name, len, texts[i][0])) {
			*ret = text(texts[i][1]);
			return true;
		}
	}
	if (is(name, len, "Match"))
		*ret = gt_list(&match_class, NULL, ARRAY_LEN(match));
	else if (is(name, len, "Group"))
		*ret = gt_map(&group_class, NULL, ARRAY_LEN(group));
	else if (is(name, len, "Question"))
		*ret = gt_object(&question_class, NULL);
	else if (is(name, len, "Yes") || is(name, len, "No"))
		*ret = gt_bool(*name == 'Y');
	else
		return false;
	return true;
}

static int dot_method(struct gt_run *run, const struct gt_value *self, const char *name, size_t len,
		      const struct gt_value *args, unsigned n_args, struct gt_value *ret)
{
	char *shown;

	if (!is(name, len, "Meta"))
		return 0;
	if (n_args != 1 || args->kind != GT_STRING)
		return gt_fail(run, "one argument");
	shown = arena_printf(&a, "<%.*s>", (int)args->len, args->s);
	assert_non_null(shown);
	*ret = text(shown);
	return 1;
}

static const struct gt_class dot_class = {.name = "data", .member = dot_member, .method = dot_method};

/* ---------------------------------------------------------------- running */

/* 0: output in `out`; 1: no template; -1: failed when run; why says it. */
static int run_with(const char *t, size_t out_max, size_t scratch_max)
{
	struct gt_run run = {.out = out, .out_max = out_max};
	struct arena_pool none;
	struct arena scratch;
	const struct gotmpl *tmpl = gotmpl_parse(&a, t, why);

	if (!tmpl)
		return 1;
	arena_pool_init(&none, 0, NULL, 0);
	arena_init(&scratch, scratch_room, scratch_max, &none);
	run.scratch = &scratch;
	if (gotmpl_run(tmpl, &run, gt_object(&dot_class, NULL))) {
		strcpy(why, run.error);
		return -1;
	}
	out[run.out_len] = '\0';
	return 0;
}

static int run(const char *t)
{
	return run_with(t, OUT_MAX - 1, sizeof(scratch_room));
}

static void test_templates_give_what_go_makes_of_them(void **state)
{
	static const int result[] = {[GIVES] = 0, [NO_TEMPLATE] = 1, [FAILS] = -1};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int r = run(cases[i].tmpl);

		if (r != result[cases[i].expected])
			print_message("%s: %d, not %d (%s)\n", cases[i].tmpl, r, result[cases[i].expected], why);
		else if (!r && strcmp(out, cases[i].gives))
			print_message("%s:\n   \"%s\", not\n   \"%s\"\n", cases[i].tmpl, out, cases[i].gives);
		else
			continue;
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void test_where_we_are_stricter_it_is_told_at_start(void **state)
{
	static const struct {
		const char *tmpl, *words;
	} stricter[] = {
		{"{{ template \"missing\" }}", "not defined"},
		{"{{ call .Name }}", "function \"call\""},
		{"{{ nil }}", "nil"},
		{"{{ $x := $x }}", "$x is not defined"},
		{"{{ range $x, $y = .Match }}{{ end }}", "$x is not defined"},
		{"{{ len.x }}", "no fields"},
		{"{{ 18446744073709551615 }}", "too large"},
		{"a\nb\n{{ nope }}", "line 3"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(stricter); i++) {
		assert_int_equal(run(stricter[i].tmpl), 1);
		if (!strstr(why, stricter[i].words))
			fail_msg("%s: said \"%s\"", stricter[i].tmpl, why);
	}
}

static void test_objects_have_no_text(void **state)
{
	(void)state;
	assert_int_equal(run("{{ . }}"), -1);
	assert_int_equal(run("{{ print .Question }}"), -1);
	assert_non_null(strstr(why, "Question has no text"));
}

static void test_a_run_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(run("{{ range 1000000000 }}{{ end }}"), -1);
	assert_non_null(strstr(why, "steps"));
	assert_int_equal(run("{{ range 100 }}{{ range 100 }}{{ range 100 }}{{ end }}{{ end }}{{ end }}"), -1);
	assert_non_null(strstr(why, "steps"));
	assert_int_equal(run("{{ define \"t\" }}{{ template \"t\" . }}{{ end }}{{ template \"t\" . }}"), -1);
	assert_non_null(strstr(why, "deep"));
	assert_int_equal(run("{{ printf \"%9999d\" 1 }}{{ printf \"%9999d\" 1 }}"), -1);
	assert_non_null(strstr(why, "characters"));
	assert_int_equal(run_with("{{ printf \"%9999d\" 1 | len }}", OUT_MAX - 1, 4096), -1);
	assert_non_null(strstr(why, "memory"));
	assert_int_equal(run("{{ $x := \"ab\" }}{{ range 40 }}{{ $x = print $x $x }}{{ end }}{{ len $x }}"), -1);
	assert_non_null(strstr(why, "memory"));
}

static void test_nesting_is_bounded_when_read(void **state)
{
	char t[4096] = "{{ ";

	(void)state;
	for (int i = 0; i < 200; i++)
		strcat(t, "(");
	assert_int_equal(run(t), 1);
	assert_non_null(strstr(why, "within each other"));
	t[0] = '\0';
	for (int i = 0; i < 200; i++)
		strcat(t, "{{ if 1 }}");
	assert_int_equal(run(t), 1);
	assert_non_null(strstr(why, "within each other"));
}

static void test_variables_are_bounded_when_read(void **state)
{
	char t[4096] = "";

	(void)state;
	for (int i = 0; i < GT_VARS_MAX; i++)
		strcat(t, "{{ $x := 1 }}");
	assert_int_equal(run(t), 1);
	assert_non_null(strstr(why, "variables"));
}

static int begin(void **state)
{
	(void)state;
	arena_init(&a, NULL, 0, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_fini(&a);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_templates_give_what_go_makes_of_them, begin, end),
		cmocka_unit_test_setup_teardown(test_where_we_are_stricter_it_is_told_at_start, begin, end),
		cmocka_unit_test_setup_teardown(test_objects_have_no_text, begin, end),
		cmocka_unit_test_setup_teardown(test_a_run_is_bounded, begin, end),
		cmocka_unit_test_setup_teardown(test_nesting_is_bounded_when_read, begin, end),
		cmocka_unit_test_setup_teardown(test_variables_are_bounded_when_read, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
