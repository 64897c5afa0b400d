// SPDX-License-Identifier: Apache-2.0
/* view: the expression language, without a query. */
#include "plugin/view/expr.h"
#include "base/err.h"
#include "server/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int fn_word(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	*ret = expr_string("Www.Example.", 12);
	return 0;
}

static int fn_mixed(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	static struct expr_value items[3];

	items[0] = expr_int(7);
	items[1] = expr_string("seven", 5);
	items[2] = expr_bool(true);
	*ret = (struct expr_value){.kind = EXPR_ARRAY, .n = 3, .items = items};
	return 0;
}

static const struct expr_func funcs[] = {
	{"word", 0, 0, "*", {EXPR_STRING, EXPR_ANY}, fn_word, NULL},
	{"mixed", 0, 0, "*", {EXPR_ARRAY, EXPR_ANY}, fn_mixed, NULL},
};
static const struct expr_env env = {funcs, ARRAY_LEN(funcs)};

/* The value of `text`, printed; or "error N" of the run; or what the parser said. */
static const char *value_of(const char *text)
{
	static char out[EXPR_WHY_MAX + 16];
	struct pattern_match *match = pattern_match_new(1);
	struct expr_run run = {.match = match};
	struct expr_value v;
	struct arena tree, room;
	struct expr *e;
	int err;

	arena_init(&tree, NULL, 0, NULL);
	arena_init(&room, NULL, 0, NULL);
	run.arena = &room;
	e = expr_new(&tree, text, &env, out);
	if (e) {
		err = expr_run(e, &run, &v);
		if (err)
			(void)snprintf(out, sizeof(out), "error %d", err);
		else if (v.kind == EXPR_BOOL)
			(void)snprintf(out, sizeof(out), "%s", v.b ? "true" : "false");
		else if (v.kind == EXPR_INT)
			(void)snprintf(out, sizeof(out), "%lld", (long long)v.i);
		else if (v.kind == EXPR_FLOAT)
			(void)snprintf(out, sizeof(out), "%g", v.f);
		else if (v.kind == EXPR_STRING)
			(void)snprintf(out, sizeof(out), "'%.*s'", (int)v.n, v.s);
		else
			(void)snprintf(out, sizeof(out), "%s of %u", v.kind == EXPR_NIL ? "nil" : v.kind == EXPR_MAP ? "map" : "array", v.n);
	}
	expr_free(e);
	arena_fini(&room);
	arena_fini(&tree);
	pattern_match_free(match);
	return out;
}

struct row {
	const char *text, *value;
};

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = value_of(rows[i].text);

		if (strcmp(got, rows[i].value) != 0)
			fail_msg("%s: %s, expected %s", rows[i].text, got, rows[i].value);
	}
}

static void test_operators_bind_as_in_expr_lang(void **state)
{
	static const struct row rows[] = {
		{"1 + 2 * 3", "7"},        {"(1 + 2) * 3", "9"},          {"10 - 2 - 3", "5"},
		{"2 ** 3 ** 2", "512"},    {"-2 ** 2", "-4"},             {"7 % 4 + 1", "4"},
		{"5 / 2", "2.5"},          {"1 < 2 < 3", "true"},         {"3 > 2 > 2", "false"},
		{"true or false and false", "true"},                      {"not true == false", "true"},
		{"nil ?? nil ?? 4", "4"},  {"true ? false ? 1 : 2 : 3", "2"}, {"false ? 1 : true ? 2 : 3", "2"},
		{"1..3", "array of 3"},    {"3..1", "array of 0"},        {"'a' + 'b' == 'ab'", "true"},
		{"1 == 1.0", "true"},      {"0x10 + 1_000 + 0b11", "1019"}, {".5 + 1e1", "10.5"},
	};

	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static void test_text_is_read_as_go_writes_it(void **state)
{
	static const struct row rows[] = {
		{"'a\\x41\\u0042\\103\\''", "'aABC''"}, {"\"it's\"", "'it's'"}, {"`a\\n`", "'a\\n'"},
		{"len('\\u00e9')", "1"},                {"'a' /* c */ + 'b' // d", "'ab'"},
		{"'\\q'", "character 2: \"\\q'\" is an unknown escape"},
		{"'open", "character 1: \"'open\" begins a text that does not end"},
	};

	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static void test_closures_see_their_own_item(void **state)
{
	static const struct row rows[] = {
		{"any([[1, 2], [3]], any(#, # == 3))", "true"},
		{"map([5, 6], #index + #)[1]", "7"},
		{"all(map([[1], [2]], sum(#, # * 2)), # > 1)", "true"},
		{"filter(1..9, # % 2 == 0) | len()", "4"},
		{"find([1, 5, 7], # > 4)", "5"},
		{"find([1], # > 4)", "nil of 0"},
		{"let x = 2; count([1, 2, 3], {# >= x})", "2"},
		{"any([{a: 1}], .a == 1)", "true"},
		{"none([], true) and all([], false)", "true"},
	};

	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static void test_functions_on_text(void **state)
{
	static const struct row rows[] = {
		{"lower(word()) | split('.') | first()", "'www'"}, {"split('a.b.c', '.', 2)[1]", "'b.c'"},
		{"len(split('', '.'))", "1"},                      {"join(['a', 'b'], '-')", "'a-b'"},
		{"replace('aXbX', 'X', 'yy')", "'ayybyy'"},        {"trim(' a ')", "'a'"},
		{"trimSuffix('abc', 'bc')", "'a'"},                {"repeat('ab', 3)", "'ababab'"},
		{"lastIndexOf('abcabc', 'c')", "5"},               {"string(1.5) + string(2)", "'1.52'"},
		{"'abc'[-2:]", "'bc'"},                            {"int('12') + 1", "13"},
	};

	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static void test_types_are_checked_before_running(void **state)
{
	static const struct row rows[] = {
		{"1 == 'a'", "character 3: \"==\" does not go between int and string"},
		{"word() + 1", "character 8: \"+\" does not go between string and int"},
		{"1 and true", "character 3: \"and\" does not go between int and bool"},
		{"not 'a'", "character 5: \"not\" does not go before string"},
		{"'a' in [1, 2]", "character 5: \"in\" does not go between string and array of int"},
		{"lower(1)", "character 1: argument 1 of lower(): expected text, found int"},
		{"lower()", "character 1: lower() takes 1 argument, found 0"},
		{"any(1, true)", "character 8: expected an array as the first argument, found int"},
		{"any([1], #)", "character 10: expected a boolean from the closure, found int"},
		{"'a'[0]", "character 5: string has no items"},
		{"1 ? 2 : 3", "character 3: expected a boolean as the condition, found int"},
		{"'a' ?? 'b' == 'c'", "character 12: \"==\" beside \"??\" needs parentheses around one of them"},
	};

	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static void test_messages_say_where(void **state)
{
	static const struct row rows[] = {
		{"", "character 1: expected a value, where the expression ends"},
		{"colour == 1", "character 1: unknown name \"colour\""},
		{"1 +", "character 4: expected a value, where the expression ends"},
		{"(1", "character 3: expected \")\", where the expression ends"},
		{"[1 2]", "character 4: expected \",\", found \"2\""},
		{"true false", "character 6: expected an operator or the end, found \"false\""},
		{"# > 1", "character 1: \"#\" stands for an item, within any(), filter() and their like"},
		{"now()", "character 1: function \"now\" of expr-lang is not supported here"},
		{"word() matches '('", "character 8: \"(\" is no regular expression: missing closing parenthesis, at character 2"},
		{"1 @ 2", "character 3: \"@ 2\" is no character of an expression"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *got = value_of(rows[i].text), *colon = strstr(rows[i].value, "expression: ");
		size_t n = colon ? (size_t)(colon - rows[i].value) : strlen(rows[i].value); /* PCRE2's words are its own */

		if (strncmp(got, rows[i].value, n) != 0)
			fail_msg("%s: %s, expected %s", rows[i].text, got, rows[i].value);
	}
}

static void test_what_cannot_be_known_is_checked_when_run(void **state)
{
	static const struct row rows[] = {
		{"mixed()[0] + 1", "8"},
		{"mixed()[1] + 1", "error -22"},
		{"lower(mixed()[0])", "error -22"},
		{"mixed()[0] and true", "error -22"},
		{"[1][5]", "error -22"},
		{"1 % (1 - 1)", "error -22"},
		{"int('x')", "error -22"},
		{"false and [1][5] == 1", "false"},
		{"true or [1][5] == 1", "true"},
		{"not ([1][5] == 1)", "error -22"}, /* an error is not turned into true */
		{"{a: nil}.a.b", "error -22"},
		{"{a: nil}.a?.b", "nil of 0"},
	};

	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static void test_runs_are_bounded(void **state)
{
	char limit[24];
	static const char *const texts[] = {
		"len(1..20000) > 0",
		"len(repeat('abcdefgh', 100000)) > 0",
		"any(1..9000, any(1..9000, # < 0))",
		"let a = repeat('a', 60000); let b = a + a; true",
		"len(map(1..9000, repeat('a', 9000))) > 0",
		"word() matches 'x$' or sum(1..9000, sum(1..9000)) > 0",
	};

	(void)state;
	(void)snprintf(limit, sizeof(limit), "error %d", ERR_LIMIT);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_string_equal(value_of(texts[i]), limit);
}

/* `text`, n times. */
static char *many(const char *before, const char *text, size_t n, const char *behind)
{
	size_t len = strlen(text), at = strlen(before);
	char *s = malloc(at + n * len + strlen(behind) + 1);

	assert_non_null(s);
	memcpy(s, before, at);
	for (size_t i = 0; i < n; i++)
		memcpy(s + at + i * len, text, len);
	strcpy(s + at + n * len, behind);
	return s;
}

static void test_long_and_deep_expressions_are_refused_or_run(void **state)
{
	char *deep = many("", "(", 60000, ""), *signs = many("", "not ", 15000, "true");
	char *chain = many("false", " or false", 700, " or true"), *longer = many("false", " or false", 5000, "");

	(void)state;
	assert_non_null(strstr(value_of(deep), "within each other"));
	assert_non_null(strstr(value_of(signs), "within each other"));
	assert_string_equal(value_of(chain), "true");
	assert_non_null(strstr(value_of(longer), "within each other"));
	free(deep);
	free(signs);
	free(chain);
	free(longer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operators_bind_as_in_expr_lang),
		cmocka_unit_test(test_text_is_read_as_go_writes_it),
		cmocka_unit_test(test_closures_see_their_own_item),
		cmocka_unit_test(test_functions_on_text),
		cmocka_unit_test(test_types_are_checked_before_running),
		cmocka_unit_test(test_messages_say_where),
		cmocka_unit_test(test_what_cannot_be_known_is_checked_when_run),
		cmocka_unit_test(test_runs_are_bounded),
		cmocka_unit_test(test_long_and_deep_expressions_are_refused_or_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
