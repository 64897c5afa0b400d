// SPDX-License-Identifier: Apache-2.0
/* The template language.  Input: a template; it is read, and run within its bounds. */
#include "fuzz.h"
#include "plugin/template/gotmpl.h"

#include <string.h>

enum { OUT_MAX = 4096 };

static bool key_member(struct gt_run *run, const struct gt_value *self, const char *name, size_t len, struct gt_value *ret)
{
	if (!len || *name == 'n')
		return false;
	*ret = *name == 'L' ? gt_list(self->cls, NULL, 3) : *name == 'M' ? gt_map(self->cls, NULL, 3) : gt_string(name, len);
	return true;
}

static int key_method(struct gt_run *run, const struct gt_value *self, const char *name, size_t len,
		      const struct gt_value *args, unsigned n_args, struct gt_value *ret)
{
	if (!n_args)
		return 0;
	*ret = args[n_args - 1];
	return 1;
}

static void item(struct gt_run *run, const struct gt_value *self, size_t i, struct gt_value *ret_key, struct gt_value *ret)
{
	FUZZ_CHECK(i < 3);
	*ret = gt_string("item", 4);
	*ret_key = gt_string("key", 3);
}

static const struct gt_class cls = {.name = "data", .member = key_member, .method = key_method, .item = item};

static void run_it(const struct gotmpl *t)
{
	static uint64_t room[2048];
	static char out[OUT_MAX];
	struct gt_run run = {.out = out, .out_max = sizeof(out)};
	struct arena_pool none;
	struct arena scratch;

	arena_pool_init(&none, 0, NULL, 0);
	arena_init(&scratch, room, sizeof(room), &none);
	run.scratch = &scratch;
	if (gotmpl_run(t, &run, gt_object(&cls, NULL)))
		FUZZ_CHECK(*run.error);
	FUZZ_CHECK(run.out_len <= OUT_MAX);
	arena_fini(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), why[GT_ERROR_MAX];
	const struct gotmpl *t;
	struct arena a;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	arena_init(&a, NULL, 0, NULL);
	t = gotmpl_parse(&a, text, why);
	FUZZ_CHECK(t ? !*why : *why);
	if (t)
		run_it(t);
	arena_fini(&a);
	free(text);
	return 0;
}
