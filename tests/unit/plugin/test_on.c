// SPDX-License-Identifier: Apache-2.0
/* `on`: events, and command lines into words. */
#include "plugin/on/on.h"
#include "plugin_reading.h"
#include "server/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

extern const struct plugin plugin_on;

static const char *read_on(struct plugin_reading *r, const char *lines)
{
	return plugin_reading_run(r, &plugin_on, NULL, lines) ? plugin_reading_error(r) : "";
}

/* "[word][word]" of the first command. */
static void words(const char *line, const char *want)
{
	struct plugin_reading r;
	char text[200], got[300] = "";

	(void)snprintf(text, sizeof(text), "on startup %s", line);
	assert_string_equal(read_on(&r, text), "");
	for (const char *const *w = r.gen.commands->argv; *w; w++)
		(void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "[%s]", *w);
	assert_string_equal(got, want);
	plugin_reading_end(&r);
}

static void test_words_are_split_as_by_a_shell(void **state)
{
	(void)state;
	words("/bin/echo a b", "[/bin/echo][a][b]");
	words("\"/bin/echo a b\"", "[/bin/echo][a][b]");
	words("echo 'a b' c", "[echo][a b][c]");
	words("\"sh -c 'echo a; echo b'\"", "[sh][-c][echo a; echo b]");
	words("echo a\\\\b", "[echo][a\\b]");
	words("echo '' x", "[echo][][x]");
	words("echo --x='a b'y", "[echo][--x=a by]");
}

static void test_a_quoted_argument_stays_one(void **state)
{
	(void)state;
	words("sh -c \"echo a b\"", "[sh][-c][echo a b]");
	words("echo \"it's\" x", "[echo][it's][x]");
	words("echo \"\" x", "[echo][][x]");
}

static void test_events_in_any_case_and_waiting(void **state)
{
	struct plugin_reading r;

	(void)state;
	assert_string_equal(read_on(&r, "on STARTUP a\non Shutdown b c &\non certrenew d"), "");
	assert_string_equal(r.gen.commands_by, "on");
	assert_int_equal(r.gen.commands->event, EVENT_STARTUP);
	assert_true(r.gen.commands->wait);
	assert_int_equal(r.gen.commands->next->event, EVENT_SHUTDOWN);
	assert_false(r.gen.commands->next->wait);
	assert_string_equal(r.gen.commands->next->text, "b c");
	assert_int_equal(r.gen.commands->next->next->event, EVENT_CERTRENEW);
	assert_null(r.gen.commands->next->next->next);
	plugin_reading_end(&r);
}

static void wrong(const char *lines, const char *says)
{
	struct plugin_reading r;
	const char *error = read_on(&r, lines);

	if (!strstr(error, says))
		fail_msg("\"%s\" does not say \"%s\"", error, says);
	plugin_reading_end(&r);
}

static void test_what_is_wrong_is_told(void **state)
{
	(void)state;
	wrong("on", "expected EVENT");
	wrong("on startup", "expected a COMMAND");
	wrong("on startup &", "expected a COMMAND");
	wrong("on fire x", "not supported: \"fire\"");
	wrong("on startup echo 'a", "not closed");
	wrong("on startup a {\n b\n }", "has no options");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_are_split_as_by_a_shell),
		cmocka_unit_test(test_a_quoted_argument_stays_one),
		cmocka_unit_test(test_events_in_any_case_and_waiting),
		cmocka_unit_test(test_what_is_wrong_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
