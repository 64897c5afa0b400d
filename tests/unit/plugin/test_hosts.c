// SPDX-License-Identifier: Apache-2.0
/* hosts: tables made of text, and the grammar. */
#include "plugin/hosts/hosts.h"
#include "plugin/hosts/pool.h"
#include "plugin_reading.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

extern const struct plugin plugin_hosts;

static struct hosts_table *table;

static void make(const char *text, const char *zone, bool reverse)
{
	static uint8_t name[WIRE_NAME_MAX];
	struct cf_key key = {.zone = name, .zone_len = (uint8_t)wire_name_from_text(zone, name)};
	struct cf_keys zones = {.v = &key, .n = 1};

	table = hosts_table_new(text, strlen(text), &(struct hosts_scope){&zones, reverse});
	assert_non_null(table);
}

/* "192.0.2.1 192.0.2.2" in order, or "". */
static void has(const char *name, enum hosts_family f, const char *expected)
{
	uint8_t wire[WIRE_NAME_MAX], addrs[16 * 8];
	int len = wire_name_from_text(name, wire);
	const struct hosts_name *n = hosts_table_find(table, wire, (size_t)len);
	size_t count = n ? hosts_name_copy(table, n, f, addrs, 8) : 0;
	char got[512] = "", one[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < count; i++) {
		inet_ntop(f == HOSTS_V4 ? AF_INET : AF_INET6, addrs + i * (f == HOSTS_V4 ? 4 : 16), one, sizeof(one));
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", i ? " " : "", one);
	}
	assert_string_equal(got, expected);
}

static int add_text(void *arg, const uint8_t *name, size_t len)
{
	char *got = arg, one[WIRE_NAME_TEXT_MAX];

	assert_int_equal(wire_name_len(name), len);
	wire_name_text(name, one);
	sprintf(got + strlen(got), "%s%s", *got ? " " : "", one);
	return 0;
}

static void names_of(const char *address, const char *expected)
{
	char got[4096] = "";
	uint8_t addr[16];
	bool v6 = strchr(address, ':');

	assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, address, addr), 1);
	assert_int_equal(hosts_table_names(table, addr, v6 ? HOSTS_V6 : HOSTS_V4, add_text, got), 0);
	assert_string_equal(got, expected);
}

static void test_lines_are_read_as_hosts_5_has_them(void **state)
{
	(void)state;
	make("# comment\n192.0.2.1\tWWW.example. www # more\n\n  2001:db8::1 www\r\nfe80::1%eth0 link\n"
	     "192.0.2.2 www#x\n::ffff:192.0.2.3 mapped\n192.0.2.4 last",
	     ".", true);
	has("www.example.", HOSTS_V4, "192.0.2.1");
	has("www.", HOSTS_V4, "192.0.2.1 192.0.2.2");
	has("www.", HOSTS_V6, "2001:db8::1");
	has("link.", HOSTS_V6, "fe80::1");
	has("mapped.", HOSTS_V4, "192.0.2.3");
	has("last.", HOSTS_V4, "192.0.2.4");
	names_of("192.0.2.1", "www.example. www.");
	names_of("2001:db8::1", "www.");
	names_of("192.0.2.3", "mapped.");
	names_of("192.0.2.9", "");
	hosts_table_free(table);
}

static void test_what_is_no_line_is_left_out(void **state)
{
	(void)state;
	make("192.0.2.1\nexample.org 192.0.2.1\n300.0.0.1 a\n1.2.3 a\n01.2.3.4 a\n192.0.2.1 b..c .a good\n", ".", true);
	has("a.", HOSTS_V4, "");
	has("good.", HOSTS_V4, "192.0.2.1");
	names_of("192.0.2.1", "good.");
	assert_int_equal(hosts_table_entries(table), 2);
	hosts_table_free(table);
}

static void test_names_outside_the_zones_are_left_out(void **state)
{
	(void)state;
	make("192.0.2.1 a.example.org a.example.net example.org xexample.org\n", "example.org.", true);
	has("a.example.org.", HOSTS_V4, "192.0.2.1");
	has("a.example.net.", HOSTS_V4, "");
	has("xexample.org.", HOSTS_V4, "");
	names_of("192.0.2.1", "a.example.org. example.org.");
	hosts_table_free(table);
}

static void test_wildcards_and_no_reverse_have_no_names(void **state)
{
	(void)state;
	make("192.0.2.1 *.a b\n", ".", true);
	has("*.a.", HOSTS_V4, "192.0.2.1");
	names_of("192.0.2.1", "b.");
	assert_int_equal(hosts_table_entries(table), 3);
	hosts_table_free(table);
	make("192.0.2.1 a b\n", ".", false);
	names_of("192.0.2.1", "");
	assert_int_equal(hosts_table_entries(table), 2);
	hosts_table_free(table);
}

static void test_repeated_lines_are_kept_as_in_the_peer(void **state)
{
	(void)state;
	make("192.0.2.1 a\n192.0.2.1 a\n", ".", true);
	has("a.", HOSTS_V4, "192.0.2.1 192.0.2.1");
	hosts_table_free(table);
}

static void test_a_large_table_finds_every_name(void **state)
{
	enum { N = 100000 };
	char *text = malloc(N * 48), *at = text, name[48], addr[32];

	(void)state;
	for (int i = 0; i < N; i++)
		at += sprintf(at, "10.%d.%d.%d host-%d.example.org\n", i >> 16, i >> 8 & 255, i & 255, i);
	make(text, ".", true);
	free(text);
	assert_int_equal(hosts_table_entries(table), 2 * N);
	for (int i = 0; i < N; i += 7) {
		sprintf(name, "host-%d.example.org.", i);
		sprintf(addr, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
		has(name, HOSTS_V4, addr);
		names_of(addr, name);
	}
	has("host-100000.example.org.", HOSTS_V4, "");
	hosts_table_free(table);
}

/* ---------------------------------------------------------------- the grammar */

static void test_options_and_lines_stand_side_by_side(void **state)
{
	struct plugin_reading r;
	struct hosts h = {0};

	(void)state;
	assert_int_equal(plugin_reading_run(&r, &plugin_hosts, &h,
					    "hosts /nowhere/hosts . {\n 192.0.2.1 a b\n ttl 60\n reload 1500ms\n no_reverse\n"
					    " 2001:db8::1 a\n fallthrough example.org\n fallthrough_unsupported\n}"),
			 0);
	assert_int_equal(r.errs.n_warnings, 1); /* the file */
	assert_int_equal(h.ttl_s, 60);
	assert_int_equal(h.reload_ms, 1500);
	assert_false(h.file->scope.reverse);
	assert_true(h.has_fallthrough && h.fallthrough_unsupported && !h.fallthrough.all);
	assert_int_equal(h.file->n_inline, 3);
	assert_string_equal(h.file->path, "/nowhere/hosts");
	plugin_hosts.free(&h);
	plugin_reading_end(&r);
}

static void test_mistakes_are_told(void **state)
{
	static const struct {
		const char *lines, *words;
	} refused[] = {
		{"hosts {\n ttl\n}", "TTL"},
		{"hosts {\n ttl 0\n}", "TTL"},
		{"hosts {\n ttl 65536\n}", "TTL"},
		{"hosts {\n ttl soon\n}", "TTL"},
		{"hosts {\n reload 5\n}", "DURATION"},
		{"hosts {\n reload -5s\n}", "DURATION"},
		{"hosts {\n reload\n}", "DURATION"},
		{"hosts {\n fallthrough\n tll 3\n}", "did you mean \"ttl\""},
		{"hosts {\n fallthrough\n 192.0.2.1 a\n}", "unknown option"},
		{"hosts {\n fallthrough_unsupported\n}", "needs fallthrough"},
		{"hosts\nhosts", "stands twice"},
		{"hosts /dev/null/x", "hosts file \"/dev/null/x\""},
	};
	struct plugin_reading r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct hosts h = {0};

		assert_int_not_equal(plugin_reading_run(&r, &plugin_hosts, &h, refused[i].lines), 0);
		if (!strstr(plugin_reading_error(&r), refused[i].words))
			fail_msg("%s: said \"%s\"", refused[i].lines, plugin_reading_error(&r));
		plugin_hosts.free(&h);
		plugin_reading_end(&r);
	}
}

static void test_a_misspelt_option_is_a_warning(void **state)
{
	struct plugin_reading r;
	struct hosts h = {0};

	(void)state;
	assert_int_equal(plugin_reading_run(&r, &plugin_hosts, &h, "hosts {\n tll 60\n 192.0.2.1 a\n}"), 0);
	assert_int_equal(r.errs.n_warnings, 1);
	assert_non_null(strstr(plugin_reading_error(&r), "neither an option nor an address"));
	assert_int_equal(h.ttl_s, 3600);
	plugin_hosts.free(&h);
	plugin_reading_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_are_read_as_hosts_5_has_them),
		cmocka_unit_test(test_what_is_no_line_is_left_out),
		cmocka_unit_test(test_names_outside_the_zones_are_left_out),
		cmocka_unit_test(test_wildcards_and_no_reverse_have_no_names),
		cmocka_unit_test(test_repeated_lines_are_kept_as_in_the_peer),
		cmocka_unit_test(test_a_large_table_finds_every_name),
		cmocka_unit_test(test_options_and_lines_stand_side_by_side),
		cmocka_unit_test(test_mistakes_are_told),
		cmocka_unit_test(test_a_misspelt_option_is_a_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
