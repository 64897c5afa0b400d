// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "base/err.h"

struct good {
	const char *text, *shown;
	const char *warning; /* NULL: none */
};

struct bad {
	const char *text, *shown; /* what was read all the same */
	const char *error;
	unsigned n_errors;
};

static void check_good(struct world *w, const struct good *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		world_parse(w, v[i].text);
		assert_string_equal(world_errors(w, false), "");
		assert_int_equal(w->result, 0);
		assert_string_equal(world_show(w, &w->cf), v[i].shown);
		if (v[i].warning)
			assert_contains(world_errors(w, true), v[i].warning);
		else
			assert_string_equal(world_errors(w, true), "");
	}
}

static void check_bad(struct world *w, const struct bad *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		world_parse(w, v[i].text);
		assert_int_equal(w->result, ERR_SYNTAX);
		assert_contains(world_errors(w, false), v[i].error);
		assert_string_equal(world_show(w, &w->cf), v[i].shown);
		assert_int_equal(w->errs.n_errors, v[i].n_errors);
	}
}

static void test_parser_takes_all_forms_of_a_block(void **state)
{
	static const struct good v[] = {
		{"", "", NULL},
		{"# nothing\n", "", NULL},
		{".", ".", NULL},
		{". {\n}\n", ".", NULL},
		{".:53 {\n  log\n  whoami\n}\n", ".:53: log; whoami", NULL},
		{".\n{\nlog\n}\n", ".: log", NULL},
		{". { log\n}\n", ".: log", NULL},
		{".\nlog\nwhoami", ".: log; whoami", NULL},
		{"a b,\nc,d,\ne {\nlog\n}\n", "a b c,d e: log", NULL},
		{"a {\nlog\n} b {\nlog\n}\n", "a: log || b: log", NULL},
		{"\"\" a \"\" {\nlog\n}\n", "a: log", NULL},
		{"\"a\" \"{\"\n\"log\"\n\"}\"\n", "a: log", NULL},
	};

	check_good(*state, v, ARRAY_LEN(v));
}

static void test_parser_takes_blocks_of_directives(void **state)
{
	static const struct good v[] = {
		{".{\n", ".{", NULL}, /* one word: refused as a key */
		{". {\nlog a {\nclass error\n}\nwhoami\n}", ".: log a { / class error / }; whoami", NULL},
		{". {\nlog { }\n}\n", ".: log { }", NULL},
		{". {\nlog {}\n}\n", ".: log {}", NULL},
		{". {\nlog { class error\n}\n}\n", ".: log { class error / }", NULL},
		{". {\nlog {\na {\nb\n}\nc\n}\n}\n", ".: log { / a { / b / } / c / }", NULL},
		{". {\nlog {x}\n}\n", ".: log {x}", NULL},
		{". {\nlog\nlog a\nwhoami\nlog\n}\n", ".: log; log a; whoami; log", NULL},
	};

	check_good(*state, v, ARRAY_LEN(v));
}

static void test_parser_takes_with_a_warning_what_coredns_takes(void **state)
{
	static const struct good v[] = {
		{"a {\nlog\n}\n}\n}\n", "a: log", "Corefile:4: found \"}\" although no block is open"},
		{"a\nlog\n}\nb {\nlog\n}\n", "a: log || b: log",
		 "Corefile:3: found \"}\", but the server block has no \"{\""},
		{"a {\nlog {\nclass error\n}\n", "a: log { / class error / }",
		 "Corefile:1: the \"{\" of this server block has no closing"},
		{"\"\" {\nlog\n}\n", "", "Corefile:1: a block without a zone"},
		{"{\nlog\n}\n", "", "Corefile:1: a block without a zone"},
		{"a {\nhosts {\nfallthrough }\n}\n", "a: hosts { / fallthrough }",
		 "Corefile:3: found \"}\" behind an option"},
	};

	check_good(*state, v, ARRAY_LEN(v));
}

static void test_parser_notes_what_coredns_reads_otherwise(void **state)
{
	struct world *w = *state;

	world_parse(w, "a {\nhosts {\nfallthrough }\n}\n");
	assert_non_null(w->cf.differs);
	assert_int_equal(w->cf.differs->line, 3);
	world_parse(w, "a {\nhosts {\nfallthrough\n}\nlog { }\n}\n");
	assert_null(w->cf.differs);
}

static void test_parser_refuses_misplaced_braces(void **state)
{
	static const struct bad v[] = {
		{". { whoami }\n", ".: whoami", "Corefile:1: found \"}\" behind \"whoami\"", 1},
		{". {\nwhoami }\na {\nlog\n}\n", ".: whoami || a: log",
		 "Corefile:2: found \"}\" behind \"whoami\"", 1},
		{". {\nlog {\nx\n} }\n", ".: log { / x / }", "Corefile:4: found \"}\" behind \"log\"", 1},
		{". {\nlog\n{\nx\n}\n}\n", ".: log / { / x / }",
		 "Corefile:3: found \"{\" on a line of its own; it must stand on "
		 "the line of \"log\"",
		 1},
		{". {\nlog {\nx\n} whoami\n}\n", ".: log { / x / }",
		 "Corefile:4: found \"whoami\" behind \"}\"", 1},
		{". {\n{\nx\n}\nlog\n}\n", ".: log",
		 "Corefile:2: found \"{\", where a directive's name is expected", 1},
		{". {\nlog\n", ".: log", "Corefile:1: the \"{\" of this server block has no closing \"}\"",
		 1},
		{". {", ".", "Corefile:1: the \"{\" of this server block has no closing \"}\"", 1},
		{". {\nlog {\nx\n", ".: log { / x", "Corefile:2: the \"{\" of \"log\" has no closing \"}\"",
		 2},
		{"a {\nlog\n}\n}\nb {\nlog\n}\n", "a: log || b: log",
		 "Corefile:4: found \"}\", where a zone is expected", 1},
	};

	check_bad(*state, v, ARRAY_LEN(v));
}

static void test_parser_refuses_bad_key_lists(void **state)
{
	static const struct bad v[] = {
		{"a, {\nlog\n}\n", "a: log",
		 "Corefile:1: found \"{\" behind a comma, where another zone is expected", 1},
		{"a,", "a", "Corefile:1: the file ends behind a comma", 1},
		{"a,\n", "a", "Corefile:1: the file ends behind a comma", 1},
		{"a , b {\nlog\n}\n", "a b: log",
		 "Corefile:1: found a comma, where a zone is expected before it", 1},
		{",\na {\nlog\n}\n", "a: log", "Corefile:1: found a comma", 1},
	};

	check_bad(*state, v, ARRAY_LEN(v));
}

static void test_parser_names_unknown_directives_with_the_nearest(void **state)
{
	static const struct bad v[] = {
		{". {\nwhoarewe\nlog\n}\n", ".: log",
		 "Corefile:2: unknown directive \"whoarewe\", where a plugin's name", 1},
		{". {\nwohami\n}\n", ".",
		 "Corefile:2: unknown directive \"wohami\"; did you mean \"whoami\"?", 1},
		{". {\nlog{\nx\n}\n}\n", ".: ", "unknown directive \"log{\"; did you mean \"log\"?", 2},
		{". {\ntemplate{\n", ".", "unknown directive \"template{\"; did you mean \"template\"?", 2},
		{". {\nexample.org:53 {\nlog\n}\n}\n", ".", "is the \"}\" of the block before missing?", 1},
		{". {\n\"\"\n}\n", ".", "unknown directive \"\"", 1},
		{". {\nforwad . 192.0.2.1 {\nx\n}\nlog\n}\n", ".: log", "did you mean \"forward\"?", 1},
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		world_parse(w, v[i].text);
		assert_int_equal(w->result, ERR_SYNTAX);
		assert_contains(world_errors(w, false), v[i].error);
	}
}

static void test_parser_finds_all_errors(void **state)
{
	struct world *w = *state;

	world_parse(w, "a {\nnope1\nlog\nnope2 {\nx\n}\n}\nb, {\nnope3\n}\nc {\nimport nofile\nlog }\n");
	assert_string_equal(world_show(w, &w->cf), "a: log || b || c: log");
	assert_int_equal(w->errs.n_errors, 6);
	assert_contains(world_errors(w, false), "Corefile:2: unknown directive \"nope1\"");
	assert_contains(world_errors(w, false), "Corefile:4: unknown directive \"nope2\"");
	assert_contains(world_errors(w, false), "Corefile:8: found \"{\" behind a comma");
	assert_contains(world_errors(w, false), "Corefile:9: unknown directive \"nope3\"");
	assert_contains(world_errors(w, false), "Corefile:12: import \"nofile\"");
	assert_contains(world_errors(w, false), "Corefile:13: found \"}\" behind \"log\"");
}

static void test_parser_takes_any_directive_without_a_list(void **state)
{
	struct world *w = *state;

	w->src.directives = NULL;
	w->src.n_directives = 0;
	world_parse(w, ". {\nanything here\n}\n");
	assert_int_equal(w->result, 0);
	assert_string_equal(world_show(w, &w->cf), ".: anything here");
}

static void test_parser_stops_at_its_bound_of_words(void **state)
{
	struct world *w = *state;

	w->src.max_tokens = 5;
	world_parse(w, ". {\nlog\nlog\nlog\nlog\nlog\n}\n");
	assert_int_equal(w->result, ERR_SYNTAX);
	assert_contains(world_errors(w, false), "more than 5 words in all");
}

static void test_parser_keeps_places_of_blocks(void **state)
{
	struct world *w = *state;

	world_parse(w, "\n\na\nb {\nlog\n}\n");
	world_parse(w, "\n\na,\nb {\n log x\n}\n");
	assert_int_equal(w->cf.blocks[0].line, 3);
	assert_string_equal(w->cf.blocks[0].file, "Corefile");
	assert_int_equal(w->cf.blocks[0].keys[1].line, 4);
	assert_int_equal(w->cf.blocks[0].directives[0].tokens[0].line, 5);
	assert_true(w->cf.blocks[0].directives[0].tokens[0].starts_line);
	assert_false(w->cf.blocks[0].directives[0].tokens[1].starts_line);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_parser_takes_all_forms_of_a_block),
		T(test_parser_takes_blocks_of_directives),
		T(test_parser_takes_with_a_warning_what_coredns_takes),
		T(test_parser_notes_what_coredns_reads_otherwise),
		T(test_parser_refuses_misplaced_braces),
		T(test_parser_refuses_bad_key_lists),
		T(test_parser_names_unknown_directives_with_the_nearest),
		T(test_parser_finds_all_errors),
		T(test_parser_takes_any_directive_without_a_list),
		T(test_parser_stops_at_its_bound_of_words),
		T(test_parser_keeps_places_of_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
