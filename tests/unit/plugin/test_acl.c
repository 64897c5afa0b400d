// SPDX-License-Identifier: Apache-2.0
/* acl: its grammar, and sets of networks. */
#include "plugin/acl/acl.h"
#include "plugin_reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

extern const struct plugin plugin_acl;

static struct plugin_reading r;
static struct acl acl;

static void reads(const char *lines)
{
	memset(&acl, 0, sizeof(acl));
	if (plugin_reading_run(&r, &plugin_acl, &acl, lines))
		fail_msg("%s: %s", lines, plugin_reading_error(&r));
}

static void refuses(const char *lines, const char *words)
{
	memset(&acl, 0, sizeof(acl));
	assert_int_not_equal(plugin_reading_run(&r, &plugin_acl, &acl, lines), 0);
	if (!strstr(plugin_reading_error(&r), words))
		fail_msg("%s: said \"%s\"", lines, plugin_reading_error(&r));
	plugin_reading_end(&r);
}

static bool has(const struct acl_nets *s, const char *address)
{
	struct net_addr a;

	assert_int_equal(net_addr_parse(address, 53, &a), 0);
	return acl_nets_has(s, &a);
}

static void test_sections_in_any_order_add_up(void **state)
{
	const struct acl_policy *p;

	(void)state;
	reads("acl {\n BLOCK net 10.0.0.0/8 Type A net 192.0.2.1 type AAAA MX\n}");
	assert_int_equal(acl.n_rules, 1);
	p = &acl.rules[0].policies[0];
	assert_int_equal(p->action, ACL_BLOCK);
	assert_int_equal(p->n_types, 3);
	assert_false(p->any_type || p->any_net);
	assert_true(has(&p->nets, "10.255.0.1"));
	assert_true(has(&p->nets, "192.0.2.1"));
	assert_false(has(&p->nets, "192.0.2.2"));
	plugin_reading_end(&r);
}

static void test_what_is_not_said_matches_all(void **state)
{
	const struct acl_policy *p;

	(void)state;
	reads("acl {\n drop\n filter type *\n allow net *\n}\nacl {\n block type A\n}");
	assert_int_equal(acl.n_rules, 2);
	p = acl.rules[0].policies;
	assert_int_equal(acl.rules[0].n_policies, 3);
	for (int i = 0; i < 3; i++)
		assert_true(p[i].any_type && p[i].any_net);
	assert_false(acl.rules[1].policies[0].any_type);
	assert_true(acl.rules[1].policies[0].any_net);
	plugin_reading_end(&r);
}

static void test_the_longest_zone_is_first(void **state)
{
	(void)state;
	reads("acl example. a.b.example. b.example. 10.0.0.0/15 {\n block\n}");
	assert_int_equal(acl.rules[0].n_zones, 5);
	for (size_t i = 1; i < 5; i++)
		assert_true(acl.rules[0].zones[i - 1].zone_len >= acl.rules[0].zones[i].zone_len);
	plugin_reading_end(&r);
}

static void test_acl_refuses(void **state)
{
	(void)state;
	refuses("acl {\n deny\n}", "unknown option \"deny\"");
	refuses("acl {\n block 10.0.0.0/8\n}", "expected type or net");
	refuses("acl {\n block net\n}", "expected SOURCE");
	refuses("acl {\n block type\n}", "expected QTYPE");
	refuses("acl {\n block type net 10.0.0.0/8\n}", "expected QTYPE");
	refuses("acl {\n block type NOSUCH\n}", "unknown type \"NOSUCH\"");
	refuses("acl {\n block net 10.0.0.0/33\n}", "is no network");
	refuses("acl {\n block net example.org\n}", "is no network");
}

static void test_the_two_families_are_apart(void **state)
{
	struct net_cidr v[2];
	struct acl_nets s;

	(void)state;
	assert_int_equal(net_cidr_parse("::/0", &v[0]), 0);
	s = acl_nets_make(v, 1);
	assert_true(has(&s, "2001:db8::1"));
	assert_false(has(&s, "192.0.2.1"));
	assert_int_equal(net_cidr_parse("0.0.0.0/0", &v[0]), 0);
	s = acl_nets_make(v, 1);
	assert_false(has(&s, "2001:db8::1"));
	assert_true(has(&s, "192.0.2.1"));
	assert_true(has(&s, "::ffff:192.0.2.1"));
}

/* Against the plain way, over networks of all sizes that lie in one another. */
static void test_a_large_set_finds_what_a_walk_finds(void **state)
{
	enum { N = 3000 };
	struct net_cidr *v = calloc(N, sizeof(*v)), *plain = calloc(N, sizeof(*v));
	struct acl_nets s;
	char text[64];

	(void)state;
	srand(1);
	for (int i = 0; i < N; i++) {
		if (i % 3)
			snprintf(text, sizeof(text), "%d.%d.%d.0/%d", rand() % 8, rand() % 4, rand() % 4 * 64,
				 12 + rand() % 21);
		else
			snprintf(text, sizeof(text), "2001:db8:%x:%x::/%d", rand() % 16, rand() % 65536, 40 + rand() % 89);
		assert_int_equal(net_cidr_parse(text, &v[i]), 0);
	}
	memcpy(plain, v, N * sizeof(*v));
	s = acl_nets_make(v, N);
	for (int i = 0; i < 20000; i++) {
		struct net_addr a;
		bool expected = false;

		if (i % 2)
			snprintf(text, sizeof(text), "%d.%d.%d.%d", rand() % 8, rand() % 4, rand() % 4 * 64, rand() % 256);
		else
			snprintf(text, sizeof(text), "2001:db8:%x:%x::%x", rand() % 16, rand() % 65536, rand() % 4);
		assert_int_equal(net_addr_parse(text, 0, &a), 0);
		for (int k = 0; k < N && !expected; k++)
			expected = net_cidr_contains(&plain[k], &a);
		assert_int_equal(acl_nets_has(&s, &a), expected);
	}
	free(plain);
	free(v);
}

static void test_an_empty_set_has_nothing(void **state)
{
	struct acl_nets s = acl_nets_make(NULL, 0);

	(void)state;
	assert_false(has(&s, "192.0.2.1"));
	assert_false(has(&s, "::1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections_in_any_order_add_up),
		cmocka_unit_test(test_what_is_not_said_matches_all),
		cmocka_unit_test(test_the_longest_zone_is_first),
		cmocka_unit_test(test_acl_refuses),
		cmocka_unit_test(test_the_two_families_are_apart),
		cmocka_unit_test(test_a_large_set_finds_what_a_walk_finds),
		cmocka_unit_test(test_an_empty_set_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
