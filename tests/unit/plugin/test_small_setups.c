// SPDX-License-Identifier: Apache-2.0
/* What the setups of plugins with a line or two of grammar read and refuse. */
#include "plugin_reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

extern const struct plugin plugin_any, plugin_cancel, plugin_chaos, plugin_erratic, plugin_header, plugin_local,
	plugin_loop, plugin_minimal, plugin_nsid;

struct a_case {
	const struct plugin *plugin;
	const char *lines;
	const char *says; /* an error or a warning; NULL: nothing */
};

static void run(const struct a_case *c, bool refused)
{
	uint64_t state[32] = {0};
	struct plugin_reading r;
	int err;

	assert_true(c->plugin->state_size <= sizeof(state));
	err = plugin_reading_run(&r, c->plugin, state, c->lines);
	if ((err != 0) != refused || (c->says && !strstr(plugin_reading_error(&r), c->says)))
		fail_msg("%s: %d, said \"%s\"", c->lines, err, plugin_reading_error(&r));
	plugin_reading_end(&r);
}

static void test_they_take(void **state)
{
	static const struct a_case cases[] = {
		{&plugin_any, "any\nany", NULL},
		{&plugin_minimal, "minimal", NULL},
		{&plugin_nsid, "nsid", NULL},
		{&plugin_nsid, "nsid two words", NULL},
		{&plugin_chaos, "chaos", NULL},
		{&plugin_chaos, "chaos \"Version 1\" a b c", NULL},
		{&plugin_chaos, "chaos one\nchaos two", "the first one counts"},
		{&plugin_local, "local", NULL},
		{&plugin_local, "local {\n localhost_prefix off\n}", NULL},
		{&plugin_cancel, "cancel", NULL},
		{&plugin_cancel, "cancel 1s\ncancel 250ms", NULL},
		{&plugin_cancel, "cancel 10s", "has no effect"},
		{&plugin_erratic, "erratic", NULL},
		{&plugin_erratic, "erratic {\n drop\n delay 3\n truncate 2147483647\n large\n}", NULL},
		{&plugin_erratic, "erratic {\n delay 3 1m\n}", NULL},
		{&plugin_loop, "loop", NULL},
		{&plugin_header, "header {\n QUERY Set RD\n response clear aa RA\n}", NULL},
		{&plugin_header, "header {\n query set rd\n}\nheader {\n query clear rd\n}", "the first one counts"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		run(&cases[i], false);
}

static void test_they_refuse(void **state)
{
	static const struct a_case cases[] = {
		{&plugin_any, "any thing", "no further argument"},
		{&plugin_any, "any {\n}", "no options"},
		{&plugin_minimal, "minimal 1", "no further argument"},
		{&plugin_nsid, "nsid a\nnsid b", "stands twice"},
		{&plugin_nsid, "nsid {\n}", "no options"},
		{&plugin_chaos, "chaos {\n}", "no options"},
		{&plugin_local, "local yes", "no further argument"},
		{&plugin_local, "local {\n localhost_prefix maybe\n}", "localhost_prefix"},
		{&plugin_local, "local {\n localhost_prefix\n}", "localhost_prefix"},
		{&plugin_local, "local {\n suffix on\n}", "suffix"},
		{&plugin_cancel, "cancel 0", "DURATION"},
		{&plugin_cancel, "cancel -1s", "DURATION"},
		{&plugin_cancel, "cancel 5", "DURATION"},
		{&plugin_cancel, "cancel 1s 2s", "no further argument"},
		{&plugin_erratic, "erratic {\n drop -1\n}", "N"},
		{&plugin_erratic, "erratic {\n drop 2147483648\n}", "N"},
		{&plugin_erratic, "erratic {\n delay 1 2\n}", "DURATION"},
		{&plugin_erratic, "erratic {\n drip 2\n}", "did you mean \"drop\""},
		{&plugin_erratic, "erratic 3", "no further argument"},
		{&plugin_loop, "loop all", "no further argument"},
		{&plugin_loop, "loop\nloop", "stands twice"},
		{&plugin_header, "header", "at least one rule"},
		{&plugin_header, "header {\n}", "at least one rule"},
		{&plugin_header, "header {\n query set tc\n}", "expected aa, ra or rd"},
		{&plugin_header, "header {\n query flip rd\n}", "expected set or clear"},
		{&plugin_header, "header {\n query set\n}", "at least one of"},
		{&plugin_header, "header {\n query\n}", "set or clear"},
		{&plugin_header, "header {\n both set rd\n}", "unknown option \"both\""},
		{&plugin_header, "header {\n query set rd\n}\nheader {\n query set xx\n}", "first one counts"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		run(&cases[i], true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_they_take),
		cmocka_unit_test(test_they_refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
