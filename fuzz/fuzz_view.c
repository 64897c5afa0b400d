// SPDX-License-Identifier: Apache-2.0
/* The expression language of view.  Input: an expression; it is read, and run within its bounds in little memory. */
#include "fuzz.h"
#include "plugin/view/expr.h"
#include "server/pattern.h"

#include <string.h>

static int word(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	*ret = n ? a[n - 1] : expr_string("www.example.org.", 16);
	return 0;
}

static int list(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	static struct expr_value items[4];

	items[0] = expr_int(7);
	items[1] = expr_string("x", 1);
	items[2] = (struct expr_value){.kind = EXPR_FLOAT, .f = 1.5};
	items[3] = (struct expr_value){.kind = EXPR_ARRAY, .n = 3, .items = items};
	*ret = (struct expr_value){.kind = EXPR_ARRAY, .n = 4, .items = items};
	return 0;
}

static const struct expr_func funcs[] = {
	{"name", 0, 0, "*", {EXPR_STRING, EXPR_ANY}, word, NULL},
	{"any_of", 0, 3, "*", {EXPR_ANY, EXPR_ANY}, word, NULL},
	{"list", 0, 0, "*", {EXPR_ARRAY, EXPR_ANY}, list, NULL},
};
static const struct expr_env env = {funcs, ARRAY_LEN(funcs)};

static void run_it(const struct expr *e)
{
	static uint64_t room[4096];
	static struct pattern_match *match;
	struct arena_pool none;
	struct arena scratch;
	struct expr_run run = {.arena = &scratch};
	struct expr_value v;

	if (!match)
		match = pattern_match_new(1);
	run.match = match;
	arena_pool_init(&none, 0, NULL, 0);
	arena_init(&scratch, room, sizeof(room), &none);
	if (!expr_run(e, &run, &v)) {
		FUZZ_CHECK(v.kind != EXPR_ANY);
		FUZZ_CHECK(v.kind != EXPR_STRING || v.n <= EXPR_TEXT_MAX);
	}
	FUZZ_CHECK(run.steps <= EXPR_STEPS_MAX);
	arena_fini(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), why[EXPR_WHY_MAX] = "";
	struct arena a;
	struct expr *e;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	arena_init(&a, NULL, 0, NULL);
	e = expr_new(&a, text, &env, why);
	FUZZ_CHECK(e ? !*why : *why);
	if (e)
		run_it(e);
	expr_free(e);
	arena_fini(&a);
	free(text);
	return 0;
}
