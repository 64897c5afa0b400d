// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "control/config_sum.h"
#include "foreign/nettle.h"

static struct config_sum sum_of(struct world *w, const char *text)
{
	struct config_sum s;

	world_parse(w, text);
	assert_int_equal(w->result, 0);
	config_sum_of(&w->cf, &s);
	return s;
}

static const char base[] = "a.example b.example {\n\tlog\n\tcache 30 {\n\t\tsuccess 10\n\t}\n}\n";

static void test_comments_and_blank_lines_do_not_count(void **state)
{
	static const char *const same[] = {
		"# what\n\na.example b.example {\n\n  log # yes\n\n  cache 30 {\n success 10\n\n}\n}\n# end",
		"a.example   b.example {\nlog\ncache \"30\" {\nsuccess 10\n}\n}",
		"(s) {\nlog\n}\na.example b.example {\nimport s\ncache 30 {\nsuccess 10\n}\n}",
	};
	struct config_sum want = sum_of(*state, base);

	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		struct config_sum s = sum_of(*state, same[i]);

		assert_true(config_sum_equal(&s, &want));
	}
}

static void test_every_token_and_its_line_count(void **state)
{
	static const char *const other[] = {
		"",
		"b.example a.example {\nlog\ncache 30 {\nsuccess 10\n}\n}\n",
		"a.example {\nlog\ncache 30 {\nsuccess 10\n}\n}\n",
		"a.example b.example {\ncache 30 {\nsuccess 10\n}\nlog\n}\n",
		"a.example b.example {\nlog\ncache 31 {\nsuccess 10\n}\n}\n",
		"a.example b.example {\nlog\ncache 3 0 {\nsuccess 10\n}\n}\n",
		"a.example b.example {\nlog\ncache 30 {\nsuccess\n10\n}\n}\n",
		"a.example b.example {\nlog\ncache 30 {\n}\n}\n",
		"a.example b.example {\nlog \"\"\ncache 30 {\nsuccess 10\n}\n}\n",
	};
	struct config_sum sums[ARRAY_LEN(other) + 1];

	sums[ARRAY_LEN(other)] = sum_of(*state, base);
	for (size_t i = 0; i < ARRAY_LEN(other); i++)
		sums[i] = sum_of(*state, other[i]);
	for (size_t i = 0; i < ARRAY_LEN(sums); i++) {
		for (size_t k = 0; k < i; k++)
			assert_false(config_sum_equal(&sums[i], &sums[k]));
	}
}

static void test_there_is_no_sum_before_somebody_wants_one(void **state)
{
	struct config_sum none = {{0}}, s = sum_of(*state, base);

	assert_true(config_sum_equal(&s, &none));
}

static int load(void **state)
{
	const char *why;

	return library_load(&libnettle_library, &why) ? -1 : world_setup(state);
}

static void test_the_sum_reads_in_hex(void **state)
{
	struct config_sum s = {{0x01, 0xab, [63] = 0xf0}};
	char text[CONFIG_SUM_TEXT_MAX];

	(void)state;
	assert_int_equal(strlen(config_sum_text(&s, text)), 128);
	assert_memory_equal(text, "01ab00", 6);
	assert_string_equal(text + 124, "00f0");
	/* Nothing configured: SHA-512 of no bytes. */
	config_sum_of(&(struct corefile){0}, &s);
	assert_memory_equal(config_sum_text(&s, text), "cf83e1357eefb8bd", 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_there_is_no_sum_before_somebody_wants_one, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_comments_and_blank_lines_do_not_count, load, world_teardown),
		cmocka_unit_test_setup_teardown(test_every_token_and_its_line_count, load, world_teardown),
		cmocka_unit_test(test_the_sum_reads_in_hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
