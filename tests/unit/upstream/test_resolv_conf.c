// SPDX-License-Identifier: Apache-2.0
/* resolv.conf and hosts files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "upstream/resolve.h"

#include <string.h>

static void expect(const struct net_addr *a, size_t n, const char *const *want)
{
	size_t i = 0;

	for (; want[i]; i++) {
		char text[NET_ADDR_TEXT_MAX];

		assert_true(i < n);
		assert_string_equal(net_addr_port_text(&a[i], text), want[i]);
	}
	assert_int_equal(n, i);
}

static void test_nameservers_are_taken(void **state)
{
	static const char text[] = "# a comment\n"
				   "search lan.example\n"
				   "options ndots:5\n"
				   "nameserver 192.0.2.9\n"
				   "nameserver\t2001:db8::1 # behind it\n"
				   "nameserver fe80::1%lo\r\n"
				   ";nameserver 192.0.2.10\n"
				   "nameserver\n"
				   "nameserver not-an-address\n"
				   "nameservers 192.0.2.11\n"
				   "  nameserver 192.0.2.12";
	static const char *const want[] = {"192.0.2.9:53", "[2001:db8::1]:53", "[fe80::1%lo]:53",
					   "192.0.2.12:53", NULL};
	struct net_addr a[8];

	(void)state;
	expect(a, upstream_resolv_conf(text, strlen(text), a, 8), want);
}

static void test_surplus_nameservers_are_left_out(void **state)
{
	static const char text[] = "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n";
	static const char *const want[] = {"192.0.2.1:53", "192.0.2.2:53", NULL};
	struct net_addr a[2];

	(void)state;
	expect(a, upstream_resolv_conf(text, strlen(text), a, 2), want);
}

static void test_file_without_nameservers_gives_none(void **state)
{
	static const char *const texts[] = {"", "\n\n", "search example.org", "nameserver",
					    "\xff\xff\n nameserver x"};
	struct net_addr a[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(upstream_resolv_conf(texts[i], strlen(texts[i]), a, 2), 0);
}

static void test_overlong_words_are_passed_over(void **state)
{
	static const char *const want[] = {"192.0.2.1:53", NULL};
	struct net_addr a[2];
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + 600, "\nnameserver 192.0.2.1\n", 22);
	expect(a, upstream_resolv_conf(text, sizeof(text), a, 2), want);
}

static void test_hosts_are_found_by_any_of_their_names(void **state)
{
	static const char text[] = "127.0.0.1 localhost\n"
				   "2001:db8::5 dns.example.org dns\n"
				   "192.0.2.5\tdns.example.org  dns # here\n"
				   "192.0.2.6 other.example.org\n"
				   "192.0.2.7 #dns\n";
	static const char *const want[] = {"192.0.2.5:5353", "[2001:db8::5]:5353", NULL};
	static const char *const names[] = {"dns", "DNS.example.ORG", "dns.example.org."};
	struct net_addr a[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		expect(a, upstream_hosts_file(text, strlen(text), names[i], 5353, a, 8), want);
	assert_int_equal(upstream_hosts_file(text, strlen(text), "example.org", 53, a, 8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nameservers_are_taken),
		cmocka_unit_test(test_surplus_nameservers_are_left_out),
		cmocka_unit_test(test_file_without_nameservers_gives_none),
		cmocka_unit_test(test_overlong_words_are_passed_over),
		cmocka_unit_test(test_hosts_are_found_by_any_of_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
