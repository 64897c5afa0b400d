// SPDX-License-Identifier: Apache-2.0
/* root: the base of relative file names. */
#include "plugin_reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

extern const struct plugin plugin_root;

static size_t noted;

static void note(struct setup *s, const void *data, size_t len)
{
	(void)s;
	(void)data;
	noted += len;
}

static const char *path_of(struct plugin_reading *r, const char *name)
{
	struct cf_cursor in = {.errs = &r->errs, .arena = &r->a};
	struct setup s = {.in = &in, .arena = &r->a, .block = &r->block, .note_content = note};

	return block_path(&s, name);
}

static void test_relative_names_begin_at_the_last_root(void **state)
{
	struct plugin_reading r;

	(void)state;
	assert_int_equal(plugin_reading_run(&r, &plugin_root, NULL, "root /usr\nroot /tmp/"), 0);
	noted = 0;
	assert_string_equal(path_of(&r, "db.zone"), "/tmp/db.zone");
	assert_int_equal(noted, strlen("/tmp/db.zone") + 1);
	assert_string_equal(path_of(&r, "./a/b"), "/tmp/a/b");
	assert_string_equal(path_of(&r, "../b"), "/tmp/../b");
	assert_string_equal(path_of(&r, "/etc/hosts"), "/etc/hosts");
	plugin_reading_end(&r);
}

static void test_without_root_names_stay(void **state)
{
	struct plugin_reading r;

	(void)state;
	assert_int_equal(plugin_reading_run(&r, &plugin_root, NULL, "root /"), 0);
	assert_string_equal(path_of(&r, "db"), "/db");
	r.block.root = NULL;
	assert_string_equal(path_of(&r, "db"), "db");
	plugin_reading_end(&r);
}

static void test_a_missing_directory_is_a_warning(void **state)
{
	struct plugin_reading r;

	(void)state;
	assert_int_equal(plugin_reading_run(&r, &plugin_root, NULL, "root /nowhere/at/all"), 0);
	assert_int_equal(r.errs.n_warnings, 1);
	assert_non_null(strstr(plugin_reading_error(&r), "Root path does not exist: /nowhere/at/all"));
	plugin_reading_end(&r);
}

static void test_root_refuses(void **state)
{
	static const struct {
		const char *lines, *words;
	} cases[] = {
		{"root", "expected PATH"},
		{"root /tmp /usr", "no further argument"},
		{"root /tmp {\n a\n}", "no options"},
		{"root /dev/null/x", "directory \"/dev/null/x\""},
	};
	struct plugin_reading r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_not_equal(plugin_reading_run(&r, &plugin_root, NULL, cases[i].lines), 0);
		assert_non_null(strstr(plugin_reading_error(&r), cases[i].words));
		plugin_reading_end(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relative_names_begin_at_the_last_root),
		cmocka_unit_test(test_without_root_names_stay),
		cmocka_unit_test(test_a_missing_directory_is_a_warning),
		cmocka_unit_test(test_root_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
