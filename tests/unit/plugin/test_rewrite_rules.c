// SPDX-License-Identifier: Apache-2.0
/* rewrite: its grammar, and the names that rules make. */
#include "plugin/rewrite/rewrite.h"
#include "base/err.h"
#include "plugin_reading.h"
#include "server/pattern.h"
#include "wire/name.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

extern const struct plugin plugin_rewrite;

static struct plugin_reading r;
static struct rewrite rules;

static void reads(const char *lines)
{
	memset(&rules, 0, sizeof(rules));
	if (plugin_reading_run(&r, &plugin_rewrite, &rules, lines))
		fail_msg("%s: %s", lines, plugin_reading_error(&r));
}

static void ends(void)
{
	plugin_rewrite.free(&rules);
	plugin_reading_end(&r);
}

static void refuses(const char *lines, const char *words)
{
	memset(&rules, 0, sizeof(rules));
	assert_int_not_equal(plugin_reading_run(&r, &plugin_rewrite, &rules, lines), 0);
	if (!strstr(plugin_reading_error(&r), words))
		fail_msg("%s: said \"%s\"", lines, plugin_reading_error(&r));
	ends();
}

/* What the first rule of `lines` makes of a name; "-": nothing, or the error's number. */
static const char *made(const char *lines, const char *name)
{
	static char out[WIRE_NAME_TEXT_MAX];
	uint8_t from[WIRE_NAME_MAX], to[WIRE_NAME_MAX];
	struct pattern_match *room;
	int got;

	reads(lines);
	room = pattern_match_new(PATTERN_GROUPS_MAX);
	assert_true(wire_name_from_text(name, from) > 0);
	got = rewrite_rename(&rules.rules->match, room, from, to);
	if (got > 0)
		wire_name_text(to, out);
	else
		(void)snprintf(out, sizeof(out), got ? "%d" : "-", got);
	pattern_match_free(room);
	ends();
	return out;
}

static void test_every_kind_makes_its_name(void **state)
{
	(void)state;
	assert_string_equal(made("rewrite name A.example b.example", "a.EXAMPLE."), "b.example.");
	assert_string_equal(made("rewrite name a.example b.example", "x.a.example."), "-");
	assert_string_equal(made("rewrite name prefix dev. prod.", "Dev.web.example."), "prod.web.example.");
	assert_string_equal(made("rewrite name prefix dev- prod-", "dev-web.example."), "prod-web.example.");
	assert_string_equal(made("rewrite name suffix .a.example .b.example", "x.a.example."), "x.b.example.");
	assert_string_equal(made("rewrite name suffix .a.example .b.example", "x.ba.example."), "-");
	assert_string_equal(made("rewrite name substring one two", "one.none.example."), "two.ntwo.example.");
	assert_string_equal(made("rewrite name regex (.*)-(eu|us)\\.svc {2}.{1}.{0}", "web-eu.svc."), "eu.web.web-eu.svc.");
}

/* CoreDNS puts a dot behind both; a rule that relies on that on one side has it on the other too. */
static void test_a_dot_behind_one_part_is_meant_on_both(void **state)
{
	(void)state;
	assert_string_equal(made("rewrite name prefix dev. prod", "dev.web.example."), "prod.web.example.");
	assert_string_equal(made("rewrite name prefix dev prod.", "dev.web.example."), "prod.web.example.");
	assert_string_equal(made("rewrite name prefix dev prod.", "develop.web.example."), "-");
	assert_string_equal(made("rewrite name prefix dev. \"\"", "dev.web.example."), "web.example.");
}

static void test_what_is_no_name_is_told(void **state)
{
	char want[16];

	(void)state;
	(void)snprintf(want, sizeof(want), "%d", -EINVAL);
	assert_string_equal(made("rewrite name regex ^(.*)\\.example\\.$ {1}..example.", "a.example."), want);
	assert_string_equal(made("rewrite name substring a bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "aaaa.example."), want);
}

static void test_answers_and_kinds_decide_what_is_turned_back(void **state)
{
	(void)state;
	reads("rewrite name a b\nrewrite name exact a b answer name x y\nrewrite name suffix a b\n"
	      "rewrite continue name suffix a b answer auto answer value x y value z w");
	assert_true(rules.rules->automatic);
	assert_false(rules.rules->next->automatic);
	assert_false(rules.rules->next->next->automatic);
	assert_true(rules.rules->next->next->next->automatic);
	assert_true(rules.rules->next->next->next->goes_on);
	assert_true(rules.rules->next->next->next->answers->next->value);
	ends();
}

static void test_ttl_bounds(void **state)
{
	static const struct {
		const char *lines;
		uint32_t min, max;
	} rows[] = {
		{"rewrite ttl a.example 30", 30, 30},
		{"rewrite ttl suffix .example 30-60", 30, 60},
		{"rewrite ttl regex .* -60", 0, 60},
		{"rewrite ttl a.example 30-", 30, 0x7fffffff},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		reads(rows[i].lines);
		assert_int_equal(rules.rules->ttl_min_s, rows[i].min);
		assert_int_equal(rules.rules->ttl_max_s, rows[i].max);
		ends();
	}
}

static void test_options_are_read_from_text_hex_and_variables(void **state)
{
	const struct rewrite_option *o;

	(void)state;
	reads("rewrite edns0 local set 0xffee 0x0aB0 revert\nrewrite edns0 local append 1 {qname}\nrewrite edns0 subnet set 24 56\n"
	      "rewrite edns0 local unset 5\nrewrite edns0 local replace 7 {a/b}");
	o = &rules.rules->option;
	assert_int_equal(o->code, 0xffee);
	assert_int_equal(o->len, 2);
	assert_memory_equal(o->bytes, "\x0a\xb0", 2);
	assert_int_equal(rules.rules->next->option.data, DATA_QNAME);
	assert_int_equal(rules.rules->next->next->option.bits[1], 56);
	assert_int_equal(rules.rules->next->next->next->option.action, ACTION_UNSET);
	assert_int_equal(rules.rules->next->next->next->next->option.data, DATA_LABEL);
	ends();
}

static void test_bad_rules_say_what_was_expected(void **state)
{
	(void)state;
	refuses("rewrite", "expected a field");
	refuses("rewrite continue", "expected a field");
	refuses("rewrite colour a b", "unknown field \"colour\"");
	refuses("rewrite answer name a b", "belongs to a rule for names");
	refuses("rewrite name a", "expected name [exact");
	refuses("rewrite name among a b", "unknown way to match a name \"among\"");
	refuses("rewrite name a..b c", "is not a domain name");
	refuses("rewrite name regex ( b", "is not a regular expression");
	refuses("rewrite name regex (a) {2}", "has 1 groups");
	refuses("rewrite name suffix a b c", "only \"answer\" may follow");
	refuses("rewrite name suffix a b answer auto answer name c d", "do not go together");
	refuses("rewrite name prefix \"\" b", "part of every name");
	refuses("rewrite type A", "expected type FROM TO");
	refuses("rewrite type A NOSUCH", "unknown type \"NOSUCH\"");
	refuses("rewrite ttl a.example 5-3", "is not a TTL");
	refuses("rewrite ttl a.example -", "is not a TTL");
	refuses("rewrite rcode a.example 24 0", "unknown rcode \"24\"");
	refuses("rewrite edns0 local set 65536 x", "is not the code of an option");
	refuses("rewrite edns0 local set 1 0x123", "is not bytes in hex");
	refuses("rewrite edns0 local set 1 {x}", "unknown variable");
	refuses("rewrite edns0 subnet set 33 0", "is not a number of bits");
	refuses("rewrite edns0 nsid set x", "expected edns0 nsid");
	refuses("rewrite name a b {\n ttl a 5\n}", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_makes_its_name),
		cmocka_unit_test(test_a_dot_behind_one_part_is_meant_on_both),
		cmocka_unit_test(test_what_is_no_name_is_told),
		cmocka_unit_test(test_answers_and_kinds_decide_what_is_turned_back),
		cmocka_unit_test(test_ttl_bounds),
		cmocka_unit_test(test_options_are_read_from_text_hex_and_variables),
		cmocka_unit_test(test_bad_rules_say_what_was_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
