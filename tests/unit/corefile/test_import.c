// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "base/err.h"

struct import {
	const char *text, *shown;
	const char *error; /* NULL: none */
};

static void check(struct world *w, const struct import *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		world_parse(w, v[i].text);
		if (v[i].error)
			assert_contains(world_errors(w, false), v[i].error);
		else
			assert_string_equal(world_errors(w, false), "");
		assert_string_equal(world_show(w, &w->cf), v[i].shown);
	}
}

static void test_import_puts_in_snippets(void **state)
{
	static const struct import v[] = {
		{"(a) {\nlog\n}\n. {\nimport a\nwhoami\n}\n", ".: log; whoami", NULL},
		{"(a) {\nlog\n}\n. {\nimport a\nimport a\n}\n", ".: log; log", NULL},
		{"(a) {\n}\n. {\nimport a\nwhoami\n}\n", ".: whoami", NULL},
		{"(a) {\nlog {\nx\n}\n}\n. {\nimport a\n}\n", ".: log { / x / }", NULL},
		{"(a) {\nx y\n}\n. {\nlog {\nimport a\nimport a\nz\n}\n}\n", ".: log { / x y / x y / z / }",
		 NULL},
		{"(a) {\nlog\n}\n(b) {\nimport a\nwhoami\n}\n. {\nimport b\n}\n", ".: log; whoami", NULL},
		{"(b) {\nimport a\nwhoami\n}\n(a) {\nlog\n}\n. {\nimport b\n}\n", ".: log; whoami", NULL},
		{"(a) {\nx\n}\n(b) {\nimport a\n}\n. {\nlog {\nimport b\n}\n}\n", ".: log { / x / }", NULL},
		{"(a) {\nexample.org {\nlog\n}\n}\nimport a\n", "example.org: log", NULL},
		{"(a) {\nb\n}\na,\nimport a\n{\nlog\n}\n", "a b: log", NULL},
		{"() {\nlog\n}\n. {\nwhoami\n}\n", ".: whoami", NULL},
		{"(a) {\nlog\n}\n. {\n\"import\" \"a\"\n}\n", ".: log", NULL},
		{". {\nlog {\nx import a\n}\n}\n", ".: log { / x import a / }", NULL},
		{"(a) (b) {\nlog\n}\n", "(a) (b): log", NULL},
	};

	check(*state, v, ARRAY_LEN(v));
}

static void test_import_refuses_wrong_snippets(void **state)
{
	static const struct import v[] = {
		{"(a) {\nlog\n}\n(a) {\nwhoami\n}\n. {\nimport a\n}\n", ".: log",
		 "Corefile:4: snippet \"(a)\" is defined already at "
		 "Corefile:1"},
		{". {\nimport a\n}\n(a) {\nlog\n}\n", ".",
		 "Corefile:2: import \"a\": no snippet of that name is defined above"},
		{"(a)\n", "", "Corefile:1: snippet \"(a)\" is not followed by \"{\""},
		{"(a) {\nlog\n", "", "Corefile:1: snippet \"(a)\" has no closing \"}\""},
		{"(a) {\nimport a\n}\n", "", "Corefile:2: snippet \"a\" imports itself"},
		{"(a) {\nimport b\n}\n(b) {\nimport a\n}\n. {\nimport a\nlog\n}\n", ".: log",
		 "Corefile:5: \"a\" is imported while it is being imported"},
		{". {\nimport\nlog\n}\n", ".: log", "Corefile:2: import is not followed by"},
		{". {\nimport \"\"\nlog\n}\n", ".: log", "Corefile:2: import has an empty name"},
		{". {\nimport a b\nlog\n}\n", ".: log", "Corefile:2: found \"b\" behind the name"},
	};

	check(*state, v, ARRAY_LEN(v));
}

static const struct named_text files[] = {
	{"inside.conf", "log\n"},
	{"block.conf", "b.example {\nlog\n}\n"},
	{"dir/up.conf", "import ../inside.conf\nimport down.conf"},
	{"dir/down.conf", "whoami"},
	{"open.conf", "log {\n"},
	{"empty.conf", ""},
	{"loop.conf", "import loop.conf\n"},
	{"dir/loop.conf", "import ../dir/loop.conf\n"},
	{"z/a.conf", "a.example {\nimport b.conf\n}"},
	{"z/b.conf", "whoami"},
	{"/abs.conf", "whoami"},
	{"bad.conf", "\nnope\n"},
	{NULL, NULL},
};

static void test_import_puts_in_files(void **state)
{
	static const struct import v[] = {
		{". {\nimport inside.conf\nwhoami\n}\n", ".: log; whoami", NULL},
		{"import block.conf\na {\nlog\n}\n", "b.example: log || a: log", NULL},
		{". {\nimport dir/up.conf\n}\n", ".: log; whoami", NULL},
		{". {\nimport /abs.conf\n}\n", ".: whoami", NULL},
		{". {\nimport open.conf\nx\n}\n}\n", ".: log { / x / }", NULL},
		{"import empty.conf\n. {\nimport empty.conf\nlog\n}\nimport empty.conf", ".: log", NULL},
		{"(inside.conf) {\nwhoami\n}\n. {\nimport inside.conf\n}\n", ".: whoami", NULL},
		{". {\nimport loop.conf\nlog\n}\n", ".: log",
		 "loop.conf:1: \"loop.conf\" is imported while it is being imported"},
		{". {\nimport dir/loop.conf\nlog\n}\n", ".: log",
		 "dir/loop.conf:1: \"../dir/loop.conf\" is imported while"},
		{". {\nimport none.conf\nlog\n}\n", ".: log",
		 "Corefile:2: import \"none.conf\": no snippet of that name is defined "
		 "above, and there is no such file (none.conf)"},
		{". {\nimport bad.conf\nlog\n}\n", ".: log", "bad.conf:2: unknown directive \"nope\""},
	};
	struct world *w = *state;

	w->files = files;
	check(w, v, ARRAY_LEN(v));
}

static void test_import_reads_a_file_once(void **state)
{
	struct world *w = *state;

	w->files = files;
	world_parse(w, ". {\nimport inside.conf\nimport inside.conf\n}\n");
	assert_string_equal(world_show(w, &w->cf), ".: log; log");
	assert_int_equal(w->reads, 1);
}

static void test_import_puts_in_all_matches_in_order(void **state)
{
	static const struct import v[] = {
		/* z/a.conf imports z/b.conf, which waits for its own turn at that time */
		{"import z/*\n", "a.example: whoami || whoami", NULL},
		{". {\nlog\nimport none*\n}\n", ".: log", NULL},
		{"import none*", "", NULL},
	};
	struct world *w = *state;

	w->files = files;
	check(w, v, ARRAY_LEN(v));
	assert_contains(world_errors(w, true), "Corefile:1: no file matches \"none*\"");
}

static void test_import_refuses_wild_patterns(void **state)
{
	static const struct import v[] = {
		{"import a*/*\n", "", "Corefile:1: pattern \"a*/*\" has more wildcards than allowed"},
		{"import a??\n", "", "has more wildcards than allowed"},
		{"import [ab]\n", "", "has more wildcards than allowed"},
		{"import [ab\n", "", "Corefile:1: pattern \"[ab\" ends within \"[...]\""},
		{"import ab\\\n", "", "Corefile:1: pattern \"ab\\\" ends within \"\\\""},
	};

	check(*state, v, ARRAY_LEN(v));
}

static void test_import_of_snippets_is_bounded(void **state)
{
	struct world *w = *state;
	char text[4096] = "(s0) {\nlog\n}\n";

	for (int i = 1; i < 20; i++) { /* each twice the one before: 2^20 in all */
		char more[100];
		snprintf(more, sizeof(more), "(s%d) {\nimport s%d\nimport s%d\n}\n", i, i - 1, i - 1);
		strcat(text, more);
	}
	strcat(text, ". {\nimport s19\n}\n");
	world_parse(w, text);
	assert_int_equal(w->result, ERR_SYNTAX);
	assert_contains(world_errors(w, false), "more than 10000 imports of snippets");
}

static void test_import_of_files_is_bounded(void **state)
{
	static const struct named_text deep[] = {
		{"f0", ""},
		{"f1", "import f0\nimport f0"},
		{"f2", "import f1\nimport f1"},
		{"f3", "import f2\nimport f2"},
		{"f4", "import f3\nimport f3"},
		{"f5", "import f4\nimport f4"},
		{"f6", "import f5\nimport f5"},
		{"f7", "import f6\nimport f6"},
		{"f8", "import f7\nimport f7"},
		{"f9", "import f8\nimport f8"},
		{"g0", "import f9\nimport f9"},
		{"g1", "import g0\nimport g0"},
		{"g2", "import g1\nimport g1"},
		{"g3", "import g2\nimport g2"},
		{"g4", "import g3\nimport g3"},
		{"g5", "import g4\nimport g4"},
		{"g6", "import g5\nimport g5"},
		{NULL, NULL},
	};
	struct world *w = *state;

	w->files = deep;
	world_parse(w, ". {\nimport g6\n}\n");
	assert_int_equal(w->result, ERR_SYNTAX);
	assert_contains(world_errors(w, false), "more than 100000 imports of files");
}

static void test_import_keeps_places(void **state)
{
	struct world *w = *state;

	w->files = files;
	world_parse(w, ". {\nimport dir/up.conf\n}\n");
	assert_string_equal(w->cf.blocks[0].directives[1].tokens[0].file, "dir/down.conf");
	assert_int_equal(w->cf.blocks[0].directives[1].tokens[0].line, 1);
}

static void test_import_notes_what_coredns_does_not_follow(void **state)
{
	struct world *w = *state;

	world_parse(w, "(a) {\nx\n}\n(b) {\nimport a\n}\n. {\nlog {\nimport b\n}\n}\n");
	assert_non_null(w->cf.differs);
	assert_int_equal(w->cf.differs->line, 5);
	world_parse(w, "(a) {\nx\n}\n. {\nlog {\nimport a\nimport a\n}\n}\n");
	assert_non_null(w->cf.differs);
	assert_int_equal(w->cf.differs->line, 2);
	world_parse(w, "(a) {\nx\n}\n. {\nlog {\nimport a\ny\n}\nwhoami\n}\n");
	assert_null(w->cf.differs);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_import_puts_in_snippets),
		T(test_import_refuses_wrong_snippets),
		T(test_import_puts_in_files),
		T(test_import_reads_a_file_once),
		T(test_import_puts_in_all_matches_in_order),
		T(test_import_refuses_wild_patterns),
		T(test_import_of_snippets_is_bounded),
		T(test_import_of_files_is_bounded),
		T(test_import_keeps_places),
		T(test_import_notes_what_coredns_does_not_follow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
