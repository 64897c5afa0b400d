// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/library.h"
#include "library_loaded.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS(X) X(loaded_, twice) X(loaded_, name)

LIBRARY_DECLARE(whole, FUNCTIONS);
LIBRARY_DEFINE(whole, FUNCTIONS, LOADED, "test", "has all");
LIBRARY_DECLARE(partial, FUNCTIONS);
LIBRARY_DEFINE(partial, FUNCTIONS, LOADED_PARTLY, "test", "lacks one");
LIBRARY_DECLARE(absent, FUNCTIONS);
LIBRARY_DEFINE(absent, FUNCTIONS, "libnowhere.so.0", "test", "is not installed");
LIBRARY_DECLARE(raced, FUNCTIONS);
LIBRARY_DEFINE(raced, FUNCTIONS, LOADED, "test", "is loaded by several at once");

static bool mapped(const char *path)
{
	void *handle = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);

	if (handle)
		assert_int_equal(dlclose(handle), 0);
	return handle != NULL;
}

static void test_library_is_loaded_when_asked_for_and_not_before(void **unused)
{
	const char *why = "untouched";

	assert_false(mapped(LOADED));
	assert_null(whole.twice);
	assert_int_equal(library_load(&whole_library, &why), 0);
	assert_null(why);
	assert_true(mapped(LOADED));
	assert_int_equal(whole.twice(21), 42);
	assert_string_equal(whole.name(), "loaded");
	assert_int_equal(library_load(&whole_library, &why), 0);
}

static void test_library_that_is_missing_is_named_each_time(void **unused)
{
	for (int i = 0; i < 2; i++) {
		const char *why = NULL;

		assert_int_equal(library_load(&absent_library, &why), -ENOENT);
		assert_string_equal(
			why, "libnowhere.so.0: cannot open shared object file: No such file or directory");
	}
	assert_null(absent.twice);
}

static void test_library_without_a_function_is_refused_by_name_and_let_go(void **unused)
{
	const char *why = NULL;

	assert_int_equal(library_load(&partial_library, &why), -ENOENT);
	assert_string_equal(why, LOADED_PARTLY ": it has no loaded_name");
	assert_false(mapped(LOADED_PARTLY));
}

static void *use(void *barrier)
{
	const char *why = NULL;

	(void)pthread_barrier_wait(barrier);
	return library_load(&raced_library, &why) == 0 && raced.twice(4) == 8 ? barrier : NULL;
}

static void test_library_may_be_asked_for_by_several_threads(void **unused)
{
	pthread_t threads[4];
	pthread_barrier_t barrier;

	assert_int_equal(pthread_barrier_init(&barrier, NULL, 4), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, &barrier), 0);
	for (int i = 0; i < 4; i++) {
		void *worked = NULL;

		assert_int_equal(pthread_join(threads[i], &worked), 0);
		assert_non_null(worked);
	}
	(void)pthread_barrier_destroy(&barrier);
}

static void test_library_is_described_in_a_note(void **unused)
{
	const Elf64_Nhdr *head = (const void *)&absent_note;

	_Static_assert(sizeof(*head) == 12 && sizeof(absent_note) % 4 == 0, "notes stand one behind another");
	assert_int_equal(head->n_namesz, 4);
	assert_int_equal(head->n_type, 0x407c0c0a);
	assert_string_equal(absent_note.owner, "FDO");
	assert_int_equal(head->n_descsz, strlen(absent_note.text) + 1);
	assert_string_equal(absent_note.text,
			    "[{\"soname\":[\"libnowhere.so.0\"],\"feature\":\"test\","
			    "\"description\":\"is not installed\",\"priority\":\"recommended\"}]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_library_is_loaded_when_asked_for_and_not_before),
		cmocka_unit_test(test_library_that_is_missing_is_named_each_time),
		cmocka_unit_test(test_library_without_a_function_is_refused_by_name_and_let_go),
		cmocka_unit_test(test_library_may_be_asked_for_by_several_threads),
		cmocka_unit_test(test_library_is_described_in_a_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
