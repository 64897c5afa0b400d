// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "base/err.h"

struct state {
	uint32_t size;
	bool keep;
	unsigned zones;
};

static int parse_size(struct cf_cursor *c, void *arg)
{
	struct state *s = arg;

	return cf_arg_u32(c, "SIZE", 1, 100, &s->size);
}

static int parse_keep(struct cf_cursor *c, void *arg)
{
	struct state *s = arg;

	s->keep = true;
	return 0;
}

static int parse_zones(struct cf_cursor *c, void *arg)
{
	struct state *s = arg;
	const struct cf_token *t;

	while (cf_arg(c, &t))
		s->zones++;
	return 0;
}

static const struct cf_option_def defs[] = {
	{"size", 1, 2, parse_size, "SIZE [UNIT]"},
	{"keep", 0, 0, parse_keep, NULL},
	{"zones", 1, -1, parse_zones, NULL},
	{"upstream", 0, -1, NULL, NULL},
};

static int run(struct world *w, const char *options, struct state *s)
{
	struct cf_cursor c;
	int r = 0;

	*s = (struct state){0};
	world_parse(w, arena_printf(&w->a, ". {\ncache {\n%s\n}\n}\n", options));
	assert_int_equal(w->result, 0);
	assert_int_equal(cf_cursor_init(&c, &w->a, &w->cf.blocks[0], "cache", &w->errs), 0);
	while (cf_directive(&c)) {
		if (cf_options(&c, defs, ARRAY_LEN(defs), s))
			r = ERR_SYNTAX;
	}
	return r;
}

static void test_options_call_the_parser_of_each(void **state)
{
	struct world *w = *state;
	struct state s;

	assert_int_equal(run(w, "keep\nsize 5 ignored\nzones a b\nzones c\nupstream x y", &s), 0);
	assert_int_equal(s.size, 5);
	assert_true(s.keep);
	assert_int_equal(s.zones, 3);
	assert_int_equal(w->errs.n_errors, 0);
}

static void test_options_find_all_errors(void **state)
{
	struct world *w = *state;
	struct state s;

	assert_int_equal(run(w, "size\nkep\nkeep x\nsize 1 2 3\nzones\nsize 200\nsize 7", &s), ERR_SYNTAX);
	assert_int_equal(s.size, 7);
	assert_int_equal(w->errs.n_errors, 6);
	assert_contains(world_errors(w, false),
			"Corefile:3: plugin cache: option \"size\" takes SIZE [UNIT], found 0 arguments");
	assert_contains(world_errors(w, false),
			"Corefile:4: plugin cache: unknown option \"kep\"; did you mean \"keep\"? allowed "
			"here: size, keep, zones, upstream");
	assert_contains(world_errors(w, false),
			"Corefile:5: plugin cache: option \"keep\" takes no argument, found 1");
	assert_contains(world_errors(w, false),
			"Corefile:6: plugin cache: option \"size\" takes SIZE [UNIT], found 3 arguments");
	assert_contains(world_errors(w, false),
			"Corefile:7: plugin cache: option \"zones\" takes at least 1 argument, found 0");
	assert_contains(world_errors(w, false),
			"Corefile:8: plugin cache: SIZE \"200\" is not within 1 to 100");
}

static void test_options_fail_for_a_block_of_an_option(void **state)
{
	struct world *w = *state;
	struct state s;

	assert_int_equal(run(w, "keep {\nsize 5\n}\nsize 7", &s), ERR_SYNTAX);
	assert_int_equal(s.size, 7);
	assert_string_equal(world_errors(w, false),
			    "Corefile:3: plugin cache: found \"{\", but this option has none of its own");
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_options_call_the_parser_of_each),
		T(test_options_find_all_errors),
		T(test_options_fail_for_a_block_of_an_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
