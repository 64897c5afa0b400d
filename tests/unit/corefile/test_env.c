// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "base/err.h"

static const struct named_text env[] = {
	{"A", "one"},
	{"B", "two words"},
	{"NL", "x\ny"},
	{"REF", "<{$A}>"},
	{"PCT", "{%A%}"},
	{"SELF", "{$SELF}"},
	{"TWICE", "{$TWICE}{$TWICE}"},
	{"PING", "{$PONG}"},
	{"PONG", "{$PING}"},
	{"BRACE", "{"},
	{"CLOSE", "}"},
	{"ZONE", "a.example"},
	{"KEYS", "a,"},
	{"X:def", "named so"},
	{NULL, NULL},
};

static void test_env_puts_in_both_forms(void **state)
{
	static const struct named_text v[] = {
		{"{$A}", "one"},         {"{%A%}", "one"},      {"x{$A}y{$A}z", "xoneyonez"},
		{"{$A}{%A%}", "oneone"}, {"{$B}", "two words"}, {"\"<{$B}>\"", "<two words>"},
		{"{$UNSET}", "\"\""},    {"x{$UNSET}y", "xy"},  {"{$NL} z", "x\ny z"},
		{"{$REF}", "<one>"},     {"{$PCT}", "{%A%}"},   {"{%REF%}", "<one>"},
		{"{$}", "{$}"},          {"{%%}", "{%%}"},      {"{%}", "{%}"},
		{"{$A", "{$A"},          {"{%A}", "{%A}"},      {"{$X:def}", "named so"},
		{"{$BRACE}", "{"},       {"{$CLOSE}", "}"},     {"{$} {$A}", "{$} one"},
	};
	struct world *w = *state;

	w->env = env;
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		world_parse(w, arena_printf(&w->a, ". {\nlog %s\nwhoami\n}\n", v[i].name));
		assert_string_equal(world_show(w, &w->cf),
				    arena_printf(&w->a, ".: log %s; whoami", v[i].text));
		assert_int_equal(w->result, 0);
	}
}

static void test_env_works_in_keys_names_and_imports(void **state)
{
	static const struct named_text files[] = {{"one", "whoami"}, {NULL, NULL}};
	struct world *w = *state;

	w->env = env;
	w->files = files;
	world_parse(w, "{$ZONE}:53 {$KEYS} b {\n{$UNSET}log {$A}\nimport {$A}\n}\n");
	assert_string_equal(world_show(w, &w->cf), "a.example:53 a b: log one; whoami");
	world_parse(w, "({$A}) {\nlog {$B}\n}\n. {\nimport one\n}\n");
	assert_string_equal(world_show(w, &w->cf), ".: log two words");
}

static void test_env_brace_is_no_brace_token(void **state)
{
	struct world *w = *state;

	w->env = env;
	world_parse(w, ". {\nlog {$BRACE} {\nx {$CLOSE}\n}\n}\n");
	assert_string_equal(world_show(w, &w->cf), ".: log { { / x } / }");
	assert_int_equal(w->cf.blocks[0].directives[0].tokens[1].brace, 0);
	assert_int_equal(w->cf.blocks[0].directives[0].tokens[2].brace, '{');
}

static void test_env_refuses_endless_references(void **state)
{
	static const struct named_text v[] = {
		{". {\nlog {$SELF}\n}\n", "Corefile:2: environment variable \"SELF\" refers to itself"},
		{". {\nlog {$PING}\n}\n", "refers to itself"},
		{". {\nlog {$TWICE}\n}\n",
		 "Corefile:2: with environment variable \"TWICE\" the word has more than"},
		{"{$SELF} {\nlog\n}\n", "Corefile:1: environment variable \"SELF\""},
	};
	struct world *w = *state;

	w->env = env;
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		world_parse(w, v[i].name);
		assert_int_equal(w->result, ERR_SYNTAX);
		assert_contains(world_errors(w, false), v[i].text);
	}
}

static void test_env_refuses_long_names(void **state)
{
	struct world *w = *state;
	char name[300];

	memset(name, 'N', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	world_parse(w, arena_printf(&w->a, ". {\nlog {$%s}\n}\n", name));
	assert_contains(world_errors(w, false),
			"Corefile:2: the name of an environment variable has 299 characters");
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_env_puts_in_both_forms),      T(test_env_works_in_keys_names_and_imports),
		T(test_env_brace_is_no_brace_token), T(test_env_refuses_endless_references),
		T(test_env_refuses_long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
