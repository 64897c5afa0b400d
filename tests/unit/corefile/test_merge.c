// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "base/err.h"

struct pair {
	const char *base, *extra, *shown;
	const char *error; /* NULL: none */
};

static void check(struct world *w, const struct pair *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct corefile base, extra;

		world_parse(w, v[i].base);
		assert_int_equal(w->result, 0);
		base = w->cf;
		assert_int_equal(corefile_parse(&w->a, "extra", v[i].extra, strlen(v[i].extra), &w->src,
						&w->errs, &extra),
				 0);
		assert_int_equal(corefile_merge(&w->a, &base, &extra, &w->errs), v[i].error ? ERR_SYNTAX : 0);
		if (v[i].error)
			assert_contains(world_errors(w, false), v[i].error);
		assert_string_equal(world_show(w, &base), v[i].shown);
	}
}

static void test_merge_adds_options_to_directives(void **state)
{
	static const struct pair v[] = {
		{". {\nforward . 192.0.2.1\n}\n", ". {\nforward {\ntc passthrough\n}\n}\n",
		 ".: forward . 192.0.2.1 { / tc passthrough / }", NULL},
		{". {\nforward . 192.0.2.1 {\nforce_tcp\n}\n}\n", ". {\nforward {\npace 1000\ntc x\n}\n}\n",
		 ".: forward . 192.0.2.1 { / force_tcp / pace 1000 / tc x / }", NULL},
		{". {\nforward a 192.0.2.1\nforward . 192.0.2.2 {\nx\n}\n}\n",
		 ". {\nforward . 192.0.2.2 { y\n}\n}\n",
		 ".: forward a 192.0.2.1; forward . 192.0.2.2 { / x / y / }", NULL},
		{". {\ncache 30 { }\n}\n", ". {\ncache {\nmemory 1\n}\n}\n", ".: cache 30 { / memory 1 / }",
		 NULL},
		{". {\ncache 30\n}\n", ". {\ncache\n}\n", ".: cache 30", NULL},
		{". {\ncache 30\n}\n", ". {\ncache 30 { }\n}\n", ".: cache 30 { }", NULL},
	};

	check(*state, v, ARRAY_LEN(v));
}

static void test_merge_adds_directives(void **state)
{
	static const struct pair v[] = {
		{". {\nlog\n}\n", ". {\nerrors\ncache 30\n}\n", ".: log; errors; cache 30", NULL},
		{". {\nlog a\n}\n", ". {\nlog b\n}\n", ".: log a; log b", NULL},
		{".", ". {\nlog\n}\n", ".: log", NULL},
		{". {\nlog\n}\n", "", ".: log", NULL},
		{". {\nlog\n}\n", ". {\n}\n", ".: log", NULL},
		{". {\nlog a\nlog b\n}\n", ". {\nlog {\nx\n}\n}\n", ".: log a; log b",
		 "extra:2: the block has \"log\" 2 times; repeat the arguments"},
	};

	check(*state, v, ARRAY_LEN(v));
}

static void test_merge_finds_blocks_by_their_keys(void **state)
{
	static const struct pair v[] = {
		{"a {\nlog\n}\nb c {\nlog\n}\n", "C. B {\nerrors\n}\na {\ncache\n}\n",
		 "a: log; cache || b c: log; errors", NULL},
		{"10.0.0.0/15 {\nlog\n}\n", "1.10.in-addr.arpa 0.10.in-addr.arpa {\nerrors\n}\n",
		 "10.0.0.0/15: log; errors", NULL},
		{"a a {\nlog\n}\n", "a {\nerrors\n}\n", "a a: log; errors", NULL},
		{"a {\nlog\n}\n", "a {\nerrors\n}\na {\ncache\n}\n", "a: log; errors; cache", NULL},
		{"a {\nlog\n}\na {\nwhoami\n}\n", "a {\nerrors\n}\na {\ncache\n}\n",
		 "a: log; errors || a: whoami; cache", NULL},
		{"a {\nlog\n}\na {\nwhoami\n}\n", "a {\nerrors\n}\n", "a: log || a: whoami",
		 "extra:1: the Corefile has 2 server blocks with the keys of this one, here are 1"},
		{"a b {\nlog\n}\n", "a {\nerrors\n}\n", "a b: log",
		 "extra:1: no server block of the Corefile has the keys of this one "
		 "(\"a\")"},
		{"a {\nlog\n}\n", "a:53 {\nerrors\n}\n", "a: log",
		 "no server block of the Corefile has the keys"},
		{"a {\nlog\n}\n", "tls://a {\nerrors\n}\n", "a: log",
		 "no server block of the Corefile has the keys"},
		{"a {\nlog\n}\n", "x..y {\nerrors\n}\n", "a: log", "extra:1: key \"x..y\""},
	};

	check(*state, v, ARRAY_LEN(v));
}

static void test_merge_keeps_the_places_of_both_files(void **state)
{
	struct world *w = *state;
	struct corefile base, extra;
	const char *text = "\n. {\nforward {\ntc x\n}\n}\n";
	const struct cf_token *t;

	world_parse(w, ". {\nforward . 192.0.2.1 {\nforce_tcp\n}\n}\n");
	base = w->cf;
	assert_int_equal(corefile_parse(&w->a, "extra", text, strlen(text), &w->src, &w->errs, &extra), 0);
	assert_int_equal(corefile_merge(&w->a, &base, &extra, &w->errs), 0);
	t = base.blocks[0].directives[0].tokens;
	assert_string_equal(t[4].file, "Corefile");
	assert_int_equal(t[4].line, 3);
	assert_string_equal(t[5].file, "extra");
	assert_int_equal(t[5].line, 4);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_merge_adds_options_to_directives),
		T(test_merge_adds_directives),
		T(test_merge_finds_blocks_by_their_keys),
		T(test_merge_keeps_the_places_of_both_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
