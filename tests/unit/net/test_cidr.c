// SPDX-License-Identifier: Apache-2.0
#include "net/cidr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_cidr_contains_what_its_prefix_says(void **state)
{
	static const struct {
		const char *net, *addr;
		bool in;
	} cases[] = {
		{"192.0.2.0/24", "192.0.2.255", true},      {"192.0.2.0/24", "192.0.3.0", false},
		{"192.0.2.7", "192.0.2.7", true},           {"192.0.2.7", "192.0.2.6", false},
		{"192.0.2.130/25", "192.0.2.128", true},    {"192.0.2.130/25", "192.0.2.127", false},
		{"0.0.0.0/0", "255.255.255.255", true},     {"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "192.0.2.1", true},                {"192.0.2.0/24", "::ffff:192.0.2.9", true},
		{"2001:db8::/33", "2001:db8:7fff::1", true}, {"2001:db8::/33", "2001:db8:8000::1", false},
		{"fe80::/10", "fe80::1%lo", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct net_cidr c;
		struct net_addr a;

		assert_int_equal(net_cidr_parse(cases[i].net, &c), 0);
		assert_int_equal(net_addr_parse(cases[i].addr, 53, &a), 0);
		if (net_cidr_contains(&c, &a) != cases[i].in)
			fail_msg("%s contains %s: want %d", cases[i].net, cases[i].addr, cases[i].in);
	}
}

static void test_cidr_refuses_what_is_none(void **state)
{
	static const char *const bad[] = {"", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8",
					  "192.0.2/24", "2001:db8::/129", "x/8", "192.0.2.0/24/3", "192.0.2.0/ 8"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct net_cidr c;

		if (net_cidr_parse(bad[i], &c) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cidr_contains_what_its_prefix_says),
		cmocka_unit_test(test_cidr_refuses_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
