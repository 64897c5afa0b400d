// SPDX-License-Identifier: Apache-2.0
#include "world.h"

struct words {
	const char *text; /* of the arguments of one directive */
	const char *shown;
};

static void check_words(struct world *w, const struct words *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *text = arena_printf(&w->a, ".\nlog %s", v[i].text);
		const char *shown = arena_printf(&w->a, ".: log%s%s", *v[i].shown ? " " : "", v[i].shown);

		world_parse(w, text);
		assert_string_equal(world_show(w, &w->cf), shown);
		assert_int_equal(w->result, 0);
	}
}

static void test_lexer_parts_words_at_unicode_space(void **state)
{
	static const struct words v[] = {
		{"a b", "a b"},
		{"a\tb\vc\fd", "a b c d"},
		{"a\xc2\x85"
		 "b",
		 "a b"},
		{"a\xc2\xa0"
		 "b",
		 "a b"},
		{"a\xe1\x9a\x80"
		 "b",
		 "a b"},
		{"a\xe2\x80\x80"
		 "b\xe2\x80\x8a"
		 "c",
		 "a b c"},
		{"a\xe2\x80\xa8"
		 "b\xe2\x80\xa9"
		 "c",
		 "a b c"},
		{"a\xe2\x80\xaf"
		 "b\xe2\x81\x9f"
		 "c\xe3\x80\x80"
		 "d",
		 "a b c d"},
		{"a\xe2\x80\x8b"
		 "b",
		 "a\xe2\x80\x8b"
		 "b"}, /* zero width space is none */
	};

	check_words(*state, v, ARRAY_LEN(v));
}

static void test_lexer_deletes_carriage_returns_outside_quotes(void **state)
{
	static const struct words v[] = {{"a\rb\r", "ab"}, {"\r\"a\"", "a"}, {"\"a\rb\"", "a\rb"}};

	check_words(*state, v, ARRAY_LEN(v));
}

static void test_lexer_replaces_bytes_that_are_no_utf8(void **state)
{
#define BAD "\xef\xbf\xbd"
	static const struct words v[] = {
		{"a\xff", "a" BAD},
		{"\xc3(", BAD "("},
		{"\xe2\x82", BAD BAD},
		{"\xed\xa0\x80", BAD BAD BAD},
		{"\xc0\xaf", BAD BAD},
		{"\xf4\x90\x80\x80", BAD BAD BAD BAD},
		{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
		{"\"\x80\"", BAD},
	};

	check_words(*state, v, ARRAY_LEN(v));
}

static void test_lexer_reads_quotes_and_escapes(void **state)
{
	static const struct words v[] = {
		{"\"two words\" b", "two words b"},
		{"\"\"", "\"\""},
		{"\"a # { }\"", "a # { }"},
		{"\"say \\\"hi\\\"\"", "say \"hi\""},
		{"\"a\\nb\"", "a\\nb"},
		{"\"a\\\\\" b", "a\\\\ b"},
		{"a\"b c", "a\"b c"},
		{"\"x\"y", "x y"},
		{"a\\ b", "a\\ b"},
		{"\"x\"\"y\"", "x y"},
	};

	check_words(*state, v, ARRAY_LEN(v));
}

static void test_lexer_reads_comments(void **state)
{
	static const struct words v[] = {
		{"a # b \" { }", "a"}, {"#", ""},   {"a\n# b\n", "a"}, {"a#b", "a"},
		{"a#b\n", "a"},        {"a#", "a"}, {"a#b # c", "a"},  {"a#b\r\n", "a"},
	};
	struct world *w = *state;

	check_words(w, v, ARRAY_LEN(v));
	assert_int_equal(w->errs.n_warnings, 0);
}

static void test_lexer_warns_of_words_behind_a_glued_comment(void **state)
{
	struct world *w = *state;

	world_parse(w, ".\nforward . 192.0.2.1#53 192.0.2.2#53\n");
	assert_string_equal(world_show(w, &w->cf), ".: forward . 192.0.2.1 192.0.2.2");
	assert_contains(world_errors(w, true), "Corefile:2: a \"#\" without a blank before it");
	world_parse(w, ".:53#main {\nlog\n}\n");
	assert_string_equal(world_show(w, &w->cf), ".:53: log");
	assert_int_equal(w->errs.n_warnings, 0);
}

static void test_lexer_drops_one_byte_order_mark(void **state)
{
	struct world *w = *state;

	world_parse(w, "\xef\xbb\xbf.\nlog\n");
	assert_string_equal(world_show(w, &w->cf), ".: log");
}

static void test_lexer_counts_lines_of_quoted_words(void **state)
{
	struct world *w = *state;

	world_parse(w, ".\nlog \"a\nb\" c\nwhoami\n");
	assert_string_equal(world_show(w, &w->cf), ".: log a\nb c; whoami");
	assert_int_equal(w->cf.blocks[0].directives[0].tokens[1].line, 2);
	assert_int_equal(w->cf.blocks[0].directives[0].tokens[1].newlines, 1);
	assert_int_equal(w->cf.blocks[0].directives[0].tokens[2].line, 3);
	assert_int_equal(w->cf.blocks[0].directives[1].tokens[0].line, 4);
}

static void test_lexer_warns_of_an_open_quote(void **state)
{
	struct world *w = *state;

	world_parse(w, ".\nlog a\nlog \"b\n");
	assert_string_equal(world_show(w, &w->cf), ".: log a; log b\n");
	assert_contains(world_errors(w, true), "Corefile:3: a quote is opened here and never closed");
	world_parse(w, ".\nlog \"");
	assert_string_equal(world_show(w, &w->cf), ".: log");
}

static void test_lexer_refuses_nul(void **state)
{
	struct world *w = *state;

	w->result = corefile_parse(&w->a, "Corefile", ".\n\nlog a\0b", 11, &w->src, &w->errs, &w->cf);
	assert_int_not_equal(w->result, 0);
	assert_contains(world_errors(w, false), "Corefile:3: found a NUL byte");
}

static void test_lexer_refuses_blanks_of_a_form(void **state)
{
	struct world *w = *state;

	world_parse(w, "__PILLAR__DNS__DOMAIN__:53 # __PILLAR__\n{\nbind __PILLAR__LOCAL__DNS__\n}\n");
	assert_int_not_equal(w->result, 0);
	assert_contains(world_errors(w, false), "Corefile:1: \"__PILLAR__DNS__DOMAIN__:53\" is a blank");
	assert_contains(world_errors(w, false), "Corefile:3: \"__PILLAR__LOCAL__DNS__\" is a blank");
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_lexer_parts_words_at_unicode_space),
		T(test_lexer_deletes_carriage_returns_outside_quotes),
		T(test_lexer_replaces_bytes_that_are_no_utf8),
		T(test_lexer_reads_quotes_and_escapes),
		T(test_lexer_reads_comments),
		T(test_lexer_warns_of_words_behind_a_glued_comment),
		T(test_lexer_drops_one_byte_order_mark),
		T(test_lexer_counts_lines_of_quoted_words),
		T(test_lexer_warns_of_an_open_quote),
		T(test_lexer_refuses_nul),
		T(test_lexer_refuses_blanks_of_a_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
