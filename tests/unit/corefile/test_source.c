// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/test-source-XXXXXX";

static void make(const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (name[strlen(name) - 1] == '/') {
		assert_int_equal(mkdir(path, 0700), 0);
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_all(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	make("b.conf", "bee");
	make("a.conf", "ay");
	make(".hidden.conf", "");
	make("x.off", "");
	make("sub1/", NULL);
	make("sub1/in.conf", "");
	make("sub2/", NULL);
	make("sub2/in.conf", "");
	make("st*r/", NULL);
	make("st*r/in.conf", "");
	make("\xc3\xa9.conf", "");
	return world_setup(state);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int remove_all(void **state)
{
	nftw(dir, remove_one, 10, FTW_DEPTH | FTW_PHYS);
	return world_teardown(state);
}

/* Matches without the directory, with "+" behind each; or the error. */
static const char *matches(struct world *w, const char *pattern)
{
	const char *const *paths = NULL;
	const char *s = "";
	int n = cf_source_system.glob(NULL, &w->a, arena_printf(&w->a, "%s/%s", dir, pattern), &paths);

	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		assert_int_equal(strncmp(paths[i], dir, strlen(dir)), 0);
		s = arena_printf(&w->a, "%s%s+", s, paths[i] + strlen(dir) + 1);
		assert_non_null(s);
	}
	return s;
}

static void test_source_glob_matches_as_go_does(void **state)
{
	static const struct named_text v[] = {
		{"*.conf", ".hidden.conf+a.conf+b.conf+\xc3\xa9.conf+"},
		{"?.conf", "a.conf+b.conf+\xc3\xa9.conf+"},
		{"a*", "a.conf+"},
		{"*", ".hidden.conf+a.conf+b.conf+st*r+sub1+sub2+x.off+\xc3\xa9.conf+"},
		{"sub?/in.conf", "sub1/in.conf+sub2/in.conf+"},
		{"sub?/*.conf", "sub1/in.conf+sub2/in.conf+"},
		{"*/in.conf", "st*r/in.conf+sub1/in.conf+sub2/in.conf+"},
		{"st\\*r/*", "st*r/in.conf+"},
		{"a\\.conf", "a.conf+"},
		{"none*", ""},
		{"none/*", ""},
		{"a.conf/*", ""},
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		assert_string_equal(matches(w, v[i].name), v[i].text);
}

static void test_source_reads_files(void **state)
{
	struct world *w = *state;
	const char *text;
	size_t len;

	assert_int_equal(
		cf_source_system.read(NULL, &w->a, arena_printf(&w->a, "%s/b.conf", dir), &text, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(text, "bee", 3);
	assert_int_equal(cf_source_system.read(NULL, &w->a, dir, &text, &len), -EISDIR);
	assert_int_equal(cf_source_system.read(NULL, &w->a, "/no/such/file", &text, &len), -ENOENT);
}

static void test_source_reads_what_states_no_size(void **state)
{
	struct world *w = *state;
	const char *text;
	size_t len;

	assert_int_equal(cf_source_system.read(NULL, &w->a, "/proc/self/status", &text, &len), 0);
	assert_true(len > 100);
}

static void test_source_import_escapes_its_own_directory(void **state)
{
	struct world *w = *state;
	struct cf_source src = cf_source_system;
	const char *file = arena_printf(&w->a, "%s/st*r/Corefile", dir), *text = "import *.conf\n";

	assert_int_equal(corefile_parse(&w->a, file, text, strlen(text), &src, &w->errs, &w->cf), 0);
	assert_string_equal(world_errors(w, true), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_source_glob_matches_as_go_does),
		cmocka_unit_test(test_source_reads_files),
		cmocka_unit_test(test_source_reads_what_states_no_size),
		cmocka_unit_test(test_source_import_escapes_its_own_directory),
	};

	return cmocka_run_group_tests(tests, make_all, remove_all);
}
