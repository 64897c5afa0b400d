// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "base/err.h"

/* A cursor over "log" of the first block. */
static void start(struct world *w, struct cf_cursor *c, const char *text)
{
	world_parse(w, text);
	assert_int_equal(w->result, 0);
	assert_int_equal(cf_cursor_init(c, &w->a, &w->cf.blocks[0], "log", &w->errs), 0);
}

/* Everything that a setup sees: "[args | option args | option { option }]" for each directive. */
static const char *walk(struct world *w, struct cf_cursor *c, bool inner)
{
	const struct cf_token *t;
	const char *s = "";

	while (cf_directive(c)) {
		s = arena_printf(&w->a, "%s[", s);
		while (cf_arg(c, &t))
			s = arena_printf(&w->a, "%s%s ", s, t->text);
		while (cf_option(c, &t)) {
			s = arena_printf(&w->a, "%s| %s ", s, t->text);
			while (cf_arg(c, &t))
				s = arena_printf(&w->a, "%s%s ", s, t->text);
			if (inner && cf_has_block(c)) {
				s = arena_printf(&w->a, "%s{ ", s);
				while (cf_option(c, &t))
					s = arena_printf(&w->a, "%s%s ", s, t->text);
				s = arena_printf(&w->a, "%s} ", s);
			}
		}
		s = arena_printf(&w->a, "%s]", s);
		assert_non_null(s);
	}
	return s;
}

static void test_cursor_walks_lines_and_blocks(void **state)
{
	static const struct named_text v[] = {
		{". {\nwhoami\n}\n", ""},
		{". {\nlog\n}\n", "[]"},
		{". {\nlog a b\nwhoami\nlog c\n}\n", "[a b ][c ]"},
		{". {\nlog a {\nx 1 2\ny\n}\nlog {\nz\n}\n}\n", "[a | x 1 2 | y ][| z ]"},
		{". {\nlog a { x 1\ny\n}\n}\n", "[a | x 1 | y ]"},
		{". {\nlog { }\nlog b\n}\n", "[][b ]"},
		{". {\nlog {\n}\n}\n", "[]"},
		{". {\nlog {\nx \"1\n2\" 3\n}\n}\n", "[| x 1\n2 3 ]"},
		{". {\nlog {\nx 1 }\nlog b\n}\n", "[| x 1 ][b ]"},
		{". {\nlog \"{}\" \"\" {\nx \"\"\n}\n}\n", "[{}  | x  ]"},
	};
	struct world *w = *state;
	struct cf_cursor c;

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		start(w, &c, v[i].name);
		assert_string_equal(walk(w, &c, false), v[i].text);
		assert_string_equal(world_errors(w, false), "");
	}
}

static void test_cursor_enters_blocks_of_options(void **state)
{
	struct world *w = *state;
	struct cf_cursor c;

	start(w, &c, ". {\nlog {\nx 1 {\ny 2\nz\n}\nw {\n}\nv\n}\nlog a\n}\n");
	assert_string_equal(walk(w, &c, true), "[| x 1 { y z } | w { } | v ][a ]");
	assert_int_equal(w->errs.n_errors, 0);
}

static void test_cursor_skips_what_was_left_of_a_line(void **state)
{
	const struct cf_token *t;
	struct world *w = *state;
	struct cf_cursor c;

	start(w, &c, ". {\nlog a b {\nx 1 2\ny\n}\n}\n");
	assert_true(cf_directive(&c));
	assert_int_equal(cf_args_left(&c), 2);
	assert_true(cf_arg(&c, &t));
	assert_int_equal(cf_args_left(&c), 1);
	assert_true(cf_option(&c, &t));
	assert_string_equal(t->text, "x");
	assert_true(cf_option(&c, &t));
	assert_string_equal(t->text, "y");
	assert_int_equal(cf_args_left(&c), 0);
	assert_false(cf_option(&c, &t));
	assert_false(cf_option(&c, &t));
	assert_false(cf_directive(&c));
	assert_false(cf_directive(&c));
	assert_int_equal(w->errs.n_errors, 0);
}

static void test_cursor_refuses_blocks_nobody_reads(void **state)
{
	const struct cf_token *t;
	struct world *w = *state;
	struct cf_cursor c;

	start(w, &c, ". {\nlog {\nx\n}\nlog a\n}\n");
	while (cf_directive(&c))
		;
	assert_string_equal(world_errors(w, false),
			    "Corefile:2: plugin log: found \"{\", but it has no options");

	start(w, &c, ". {\nlog {\nx 1 {\ny\n}\nz\n}\n}\n");
	assert_string_equal(walk(w, &c, false), "[| x 1 | z ]");
	assert_string_equal(world_errors(w, false),
			    "Corefile:3: plugin log: found \"{\", but this option has none of its own");

	start(w, &c, ". {\nlog a {\nx\n}\n}\n");
	assert_true(cf_directive(&c));
	assert_int_equal(cf_no_block(&c), ERR_SYNTAX);
	assert_false(cf_directive(&c));
	assert_int_equal(w->errs.n_errors, 1);

	start(w, &c, ". {\nlog {\n{\nx\n}\ny\n}\n}\n");
	assert_true(cf_directive(&c));
	assert_true(cf_option(&c, &t));
	assert_string_equal(t->text, "y");
	assert_contains(world_errors(w, false),
			"Corefile:3: plugin log: found \"{\", where an option's name is expected");
}

static void test_cursor_reads_typed_arguments(void **state)
{
	static const char *const words[] = {"random", "sequential"};
	struct world *w = *state;
	struct cf_cursor c;
	const char *text;
	uint32_t u;
	int64_t n;
	uint64_t ns;
	size_t word;

	start(w, &c, ". {\nlog text 12 -5 1h30m sequential\n}\n");
	assert_true(cf_directive(&c));
	assert_int_equal(cf_arg_text(&c, "TEXT", &text), 0);
	assert_string_equal(text, "text");
	assert_int_equal(cf_arg_u32(&c, "N", 1, 12, &u), 0);
	assert_int_equal(u, 12);
	assert_int_equal(cf_arg_i64(&c, "N", -5, 5, &n), 0);
	assert_int_equal(n, -5);
	assert_int_equal(cf_arg_duration(&c, "DURATION", 0, UINT64_MAX, &ns), 0);
	assert_int_equal(ns, 5400000000000);
	assert_int_equal(cf_arg_word(&c, "policy", words, 2, &word), 0);
	assert_int_equal(word, 1);
	assert_int_equal(cf_no_more_args(&c), 0);
	assert_int_equal(w->errs.n_errors, 0);
}

struct wrong {
	const char *arg;
	int kind;
	const char *error;
};

static int read_one(struct cf_cursor *c, int kind)
{
	static const char *const words[] = {"random", "sequential"};
	const char *text;
	uint32_t u = 7;
	uint64_t ns = 7;
	size_t word = 7;
	int r;

	switch (kind) {
	case 't':
		return cf_arg_text(c, "NAME", &text);
	case 'u':
		r = cf_arg_u32(c, "SIZE", 512, 4096, &u);
		break;
	case 'd':
		r = cf_arg_duration(c, "DURATION", 1000000000, 300000000000, &ns);
		break;
	case 'D':
		r = cf_arg_duration(c, "DURATION", 0, UINT64_MAX, &ns);
		break;
	case 'n':
		return cf_no_more_args(c);
	default:
		r = cf_arg_word(c, "policy", words, 2, &word);
		break;
	}
	assert_int_equal(u + ns + word, 21);
	return r;
}

static void test_cursor_says_what_was_expected(void **state)
{
	static const struct wrong v[] = {
		{"", 't', "Corefile:2: plugin log: expected NAME behind \"log\", found the end of the line"},
		{"{\n}", 't', "expected NAME behind \"log\""},
		{"big", 'u', "Corefile:2: plugin log: \"big\" is no whole number; expected SIZE"},
		{"511", 'u', "SIZE \"511\" is not within 512 to 4096"},
		{"99999999999999999999", 'u', "is not within 512 to 4096"},
		{"5", 'd', "\"5\" is no duration (as in \"1h30m\", \"5s\", \"300ms\"); expected DURATION"},
		{"999ms", 'd', "DURATION \"999ms\" is not within 1s to 5m"},
		{"-1s", 'd', "is not within 1s to 5m"},
		{"-1s", 'D', "DURATION \"-1s\" is not at least 0"},
		{"randon", 'w',
		 "unknown policy \"randon\"; did you mean \"random\"? allowed here: random, sequential"},
		{"x", 'n', "found \"x\", where no further argument is allowed"},
	};
	struct world *w = *state;
	struct cf_cursor c;

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		start(w, &c, arena_printf(&w->a, ". {\nlog %s\n}\n", v[i].arg));
		assert_true(cf_directive(&c));
		assert_int_equal(read_one(&c, v[i].kind), ERR_SYNTAX);
		assert_contains(world_errors(w, false), v[i].error);
	}
}

static void test_cursor_suggests_options(void **state)
{
	static const char *const allowed[] = {"success", "denial"};
	const struct cf_token *t;
	struct world *w = *state;
	struct cf_cursor c;

	start(w, &c, ". {\nlog {\nsucess 5\n}\n}\n");
	assert_true(cf_directive(&c) && cf_option(&c, &t));
	assert_int_equal(cf_unknown_option(&c, t, allowed, 2), ERR_SYNTAX);
	assert_string_equal(world_errors(w, false),
			    "Corefile:3: plugin log: unknown option \"sucess\"; did you mean "
			    "\"success\"? allowed here: success, denial");
}

static void test_cursor_without_directives_can_fail(void **state)
{
	struct world *w = *state;
	struct cf_cursor c;

	start(w, &c, ". {\nwhoami\n}\n");
	assert_int_equal(cf_fail(&c, "is missing"), ERR_SYNTAX);
	assert_false(cf_directive(&c));
	assert_int_equal(cf_fail(&c, "is missing"), ERR_SYNTAX);
	start(w, &c, ". {\nlog\nlog a\n}\n");
	while (cf_directive(&c))
		;
	cf_fail(&c, "too many");
	assert_string_equal(world_errors(w, false), "Corefile:3: plugin log: too many");
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_cursor_walks_lines_and_blocks),
		T(test_cursor_enters_blocks_of_options),
		T(test_cursor_skips_what_was_left_of_a_line),
		T(test_cursor_refuses_blocks_nobody_reads),
		T(test_cursor_reads_typed_arguments),
		T(test_cursor_says_what_was_expected),
		T(test_cursor_suggests_options),
		T(test_cursor_without_directives_can_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
