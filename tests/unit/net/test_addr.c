// SPDX-License-Identifier: Apache-2.0
#include "net_test.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

static void test_addr_parse_and_text_agree(void **state)
{
	static const char *const table[][3] = {
		{"192.0.2.1", "192.0.2.1", "192.0.2.1:53"},
		{"2001:db8::1", "2001:db8::1", "[2001:db8::1]:53"},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1", "[2001:db8::1]:53"},
		{"::", "::", "[::]:53"},
		{"::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1:53"},
		{"fe80::1%lo", "fe80::1%lo", "[fe80::1%lo]:53"},
	};
	char text[NET_ADDR_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct net_addr a = addr_of(table[i][0], 53);

		assert_string_equal(net_addr_text(&a, text), table[i][1]);
		assert_string_equal(net_addr_port_text(&a, text), table[i][2]);
		assert_int_equal(net_addr_port(&a), 53);
	}
}

static void test_addr_parse_takes_a_scope_by_number(void **state)
{
	char text[32];
	struct net_addr by_name = addr_of("fe80::1%lo", 0), by_number;

	snprintf(text, sizeof(text), "fe80::1%%%u", if_nametoindex("lo"));
	by_number = addr_of(text, 0);
	assert_true(net_addr_equal(&by_name, &by_number));
}

static void test_addr_parse_refuses_what_is_no_address(void **state)
{
	static const char *const bad[] = {"",
					  "example.org",
					  "192.0.2",
					  "192.0.2.1:53",
					  "[::1]",
					  "::1%no-such-if",
					  "::1%",
					  "1.2.3.4.5",
					  "fe80::1%0",
					  "fe80::1%1x",
					  "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};
	struct net_addr a = {.sa.sa_family = 77};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(net_addr_parse(bad[i], 53, &a), -EINVAL);
	assert_int_equal(a.sa.sa_family, 77); /* written only on success */
}

static void test_addr_mapped_is_the_same_host(void **state)
{
	struct net_addr plain = addr_of("192.0.2.1", 1), mapped = addr_of("::ffff:192.0.2.1", 2);
	struct net_addr other = addr_of("::ffff:192.0.2.2", 2);

	assert_true(net_addr_same_host(&plain, &mapped));
	assert_false(net_addr_same_host(&plain, &other));
	net_addr_set_port(&mapped, 1);
	assert_false(net_addr_equal(&plain, &mapped)); /* not the same socket address */
	assert_int_equal(net_addr_family(&mapped), 1);
	assert_int_equal(net_addr_len(&mapped), sizeof(struct sockaddr_in6));
}

static void test_addr_equal_looks_at_port_and_scope(void **state)
{
	struct net_addr a = addr_of("fe80::1%lo", 53), b = a;

	assert_true(net_addr_equal(&a, &b));
	net_addr_set_port(&b, 54);
	assert_false(net_addr_equal(&a, &b));
	assert_true(net_addr_same_host(&a, &b));
	b = a;
	b.v6.sin6_scope_id = 0;
	assert_false(net_addr_equal(&a, &b));
	assert_false(net_addr_same_host(&a, &b));
}

static void test_addr_kinds(void **state)
{
	static const struct {
		const char *text;
		int family;
		bool any, loopback;
	} table[] = {
		{"0.0.0.0", 1, true, false},
		{"127.0.0.1", 1, false, true},
		{"127.9.9.9", 1, false, true},
		{"128.0.0.1", 1, false, false},
		{"::", 2, true, false},
		{"::1", 2, false, true},
		{"::ffff:127.0.0.1", 1, false, true},
		{"2001:db8::", 2, false, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct net_addr a = addr_of(table[i].text, 0);

		assert_int_equal(net_addr_family(&a), table[i].family);
		assert_int_equal(net_addr_is_any(&a), table[i].any);
		assert_int_equal(net_addr_is_loopback(&a), table[i].loopback);
	}
}

static void test_interface_addrs_of_loopback(void **state)
{
	struct net_addr addrs[16];
	int n = net_interface_addrs("lo", addrs, 16);
	bool found = false;

	for (int i = 0; i < n; i++)
		found |= net_addr_is_loopback(&addrs[i]) && addrs[i].sa.sa_family == AF_INET;
	assert_true(found);
	assert_int_equal(net_interface_addrs("lo", addrs, 1), 1);
	assert_int_equal(net_interface_addrs("no-such-if", addrs, 16), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addr_parse_and_text_agree),
		cmocka_unit_test(test_addr_parse_takes_a_scope_by_number),
		cmocka_unit_test(test_addr_parse_refuses_what_is_no_address),
		cmocka_unit_test(test_addr_mapped_is_the_same_host),
		cmocka_unit_test(test_addr_equal_looks_at_port_and_scope),
		cmocka_unit_test(test_addr_kinds),
		cmocka_unit_test(test_interface_addrs_of_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
