// SPDX-License-Identifier: Apache-2.0
/* PROXY headers: what they say, where they end, and what is none. */
#include "net/proxy_header.h"
#include "net/proxy_policy.h"
#include "net/proxy_sessions.h"

#include "base/rng.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int read_text(const char *text, struct proxy_header *h)
{
	return proxy_header_read((const uint8_t *)text, strlen(text), h);
}

static void is_address(const struct net_addr *a, const char *text)
{
	char got[NET_ADDR_TEXT_MAX];

	assert_string_equal(net_addr_port_text(a, got), text);
}

/* ---------------------------------------------------------------- version 1 */

static void test_v1_gives_both_addresses(void **state)
{
	struct proxy_header h;

	(void)state;
	assert_int_equal(read_text("PROXY TCP4 203.0.113.7 192.0.2.1 40123 53\r\nrest", &h), 43);
	assert_true(h.has_address);
	assert_false(h.datagram);
	is_address(&h.source, "203.0.113.7:40123");
	is_address(&h.destination, "192.0.2.1:53");
	assert_true(read_text("PROXY TCP6 2001:db8::7 2001:db8::53 1 65535\r\n", &h) > 0);
	is_address(&h.source, "[2001:db8::7]:1");
	is_address(&h.destination, "[2001:db8::53]:65535");
}

static void test_v1_unknown_has_none(void **state)
{
	struct proxy_header h;

	(void)state;
	assert_int_equal(read_text("PROXY UNKNOWN\r\n", &h), 15);
	assert_false(h.has_address);
	assert_true(read_text("PROXY UNKNOWN what ever 99999\r\n", &h) > 0);
	assert_false(h.has_address);
}

static void test_v1_mistakes_are_bad(void **state)
{
	static const char *const bad[] = {
		"PROXY TCP4 203.0.113.7 192.0.2.1 40123\r\n",
		"PROXY TCP4 203.0.113.7 192.0.2.1 40123 53 \r\n",
		"PROXY TCP4 203.0.113.7 192.0.2.1 40123 53 9\r\n",
		"PROXY TCP4  203.0.113.7 192.0.2.1 40123 53\r\n",
		"PROXY TCP4 203.0.113.7 192.0.2.1 65536 53\r\n",
		"PROXY TCP4 203.0.113.7 192.0.2.1 +1 53\r\n",
		"PROXY TCP4 203.0.113.7 192.0.2.1 01 53\r\n",
		"PROXY TCP4 2001:db8::7 192.0.2.1 1 53\r\n",
		"PROXY TCP6 203.0.113.7 2001:db8::1 1 53\r\n",
		"PROXY TCP6 fe80::1%lo fe80::2 1 53\r\n",
		"PROXY TCP5 203.0.113.7 192.0.2.1 1 53\r\n",
		"PROXY \r\n",
		"PROXY TCP4 203.0.113.7 192.0.2.1 40123 53\n",
	};
	struct proxy_header h;
	char endless[PROXY_V1_MAX + 20];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(read_text(bad[i], &h), -EBADMSG);
	memset(endless, 'x', sizeof(endless));
	memcpy(endless, "PROXY ", 6);
	assert_int_equal(proxy_header_read((uint8_t *)endless, PROXY_V1_MAX - 1, &h), -EAGAIN);
	assert_int_equal(proxy_header_read((uint8_t *)endless, PROXY_V1_MAX, &h), -EBADMSG);
}

/* ---------------------------------------------------------------- version 2 */

static size_t v2(uint8_t *out, unsigned version_command, unsigned family, size_t len)
{
	static const uint8_t start[] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
	static const uint8_t addr[] = {203, 0, 113, 9, 127, 0, 0, 1, 0x9c, 0x41, 0, 53};

	memset(out, 0, 16 + len);
	memcpy(out, start, sizeof(start));
	out[12] = (uint8_t)version_command;
	out[13] = (uint8_t)family;
	out[14] = (uint8_t)(len >> 8);
	out[15] = (uint8_t)len;
	memcpy(out + 16, addr, len < sizeof(addr) ? len : sizeof(addr));
	return 16 + len;
}

static void test_v2_gives_addresses_of_streams_and_datagrams(void **state)
{
	uint8_t b[600];
	struct proxy_header h;

	(void)state;
	assert_int_equal(proxy_header_read(b, v2(b, 0x21, 0x11, 12), &h), 28);
	assert_true(h.has_address && !h.datagram);
	is_address(&h.source, "203.0.113.9:40001");
	is_address(&h.destination, "127.0.0.1:53");
	assert_int_equal(proxy_header_read(b, v2(b, 0x21, 0x12, 12), &h), 28);
	assert_true(h.has_address && h.datagram);
	assert_int_equal(proxy_header_read(b, v2(b, 0x21, 0x22, 36), &h), 52);
	assert_true(h.has_address && h.datagram);
	assert_int_equal(net_addr_family(&h.source), 2);
	/* with TLVs behind the addresses */
	assert_int_equal(proxy_header_read(b, v2(b, 0x21, 0x11, 500), &h), 516);
	is_address(&h.source, "203.0.113.9:40001");
}

static void test_v2_without_an_ip_address(void **state)
{
	static const struct {
		unsigned version_command, family;
		size_t len;
	} cases[] = {{0x20, 0x11, 12}, {0x20, 0, 0}, {0x21, 0, 0}, {0x21, 0x31, 216}, {0x21, 0x10, 12}};
	uint8_t b[600];
	struct proxy_header h;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t len = v2(b, cases[i].version_command, cases[i].family, cases[i].len);

		assert_int_equal(proxy_header_read(b, len, &h), len);
		assert_false(h.has_address);
	}
}

static void test_v2_mistakes_are_bad(void **state)
{
	static const struct {
		unsigned version_command, family;
		size_t len;
	} cases[] = {{0x31, 0x11, 12}, {0x11, 0x11, 12}, {0x22, 0x11, 12}, {0x21, 0x41, 12},
		     {0x21, 0x13, 12}, {0x21, 0x11, 11}, {0x21, 0x21, 35}, {0x21, 0x11, PROXY_V2_MAX - 15}};
	static uint8_t b[PROXY_V2_MAX + 64];
	struct proxy_header h;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t len = v2(b, cases[i].version_command, cases[i].family, cases[i].len);

		assert_int_equal(proxy_header_read(b, len, &h), -EBADMSG);
	}
	assert_int_equal(proxy_header_read(b, v2(b, 0x21, 0x11, PROXY_V2_MAX - 16), &h), PROXY_V2_MAX);
}

static void test_every_start_of_a_header_wants_more(void **state)
{
	static const char text[] = "PROXY TCP4 203.0.113.7 192.0.2.1 40123 53\r\n";
	uint8_t b[64];
	size_t len = v2(b, 0x21, 0x11, 12);
	struct proxy_header h;

	(void)state;
	for (size_t n = 0; n < len; n++)
		assert_int_equal(proxy_header_read(b, n, &h), -EAGAIN);
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		assert_int_equal(proxy_header_read((const uint8_t *)text, n, &h), -EAGAIN);
}

static void test_a_question_is_no_header(void **state)
{
	static const uint8_t framed[] = {0, 28, 0, 0x50, 1, 0, 0, 1}, bare[] = {0x50, 0x52, 1, 0, 0, 1};
	struct proxy_header h;

	(void)state;
	assert_int_equal(proxy_header_read(framed, sizeof(framed), &h), 0);
	assert_int_equal(proxy_header_read(bare, sizeof(bare), &h), 0);
	assert_int_equal(read_text("PROXIED", &h), 0);
}

/* ---------------------------------------------------------------- policies and sessions */

static struct net_addr addr(const char *text, uint16_t port)
{
	struct net_addr a;

	assert_int_equal(net_addr_parse(text, port, &a), 0);
	return a;
}

static void test_listed_networks_are_believed_others_by_default(void **state)
{
	struct net_cidr allow[2];
	struct proxy_policy p = {.allow = allow, .n_allow = 2, .otherwise = PROXY_REJECT};
	const struct net_addr in = addr("10.1.2.3", 1), in6 = addr("2001:db8::1", 1), mapped = addr("::ffff:10.1.2.3", 1),
			      out = addr("192.0.2.1", 1);

	(void)state;
	assert_int_equal(net_cidr_parse("10.0.0.0/8", &allow[0]), 0);
	assert_int_equal(net_cidr_parse("2001:db8::/32", &allow[1]), 0);
	assert_int_equal(proxy_policy_for(&p, &in), PROXY_USE);
	assert_int_equal(proxy_policy_for(&p, &in6), PROXY_USE);
	assert_int_equal(proxy_policy_for(&p, &mapped), PROXY_USE);
	assert_int_equal(proxy_policy_for(&p, &out), PROXY_REJECT);
}

static void test_sessions_live_as_long_as_they_are_used(void **state)
{
	struct rng rng;
	struct net_addr proxy = addr("10.0.0.1", 4000), other = addr("10.0.0.1", 4001), who = addr("203.0.113.1", 7);
	struct proxy_sessions *s;

	(void)state;
	rng_init(&rng);
	s = proxy_sessions_new(4, 100, &rng);
	assert_non_null(s);
	assert_null(proxy_sessions_find(s, &proxy, 0));
	proxy_sessions_set(s, &proxy, &who, 0);
	is_address(proxy_sessions_find(s, &proxy, 100), "203.0.113.1:7");
	assert_null(proxy_sessions_find(s, &other, 100));
	is_address(proxy_sessions_find(s, &proxy, 200), "203.0.113.1:7");
	assert_null(proxy_sessions_find(s, &proxy, 301));
	proxy_sessions_free(s);
}

static void test_a_full_table_drops_the_one_used_longest_ago(void **state)
{
	struct rng rng;
	struct net_addr who = addr("203.0.113.1", 7);
	struct proxy_sessions *s;

	(void)state;
	rng_init(&rng);
	s = proxy_sessions_new(100, UINT64_MAX, &rng);
	assert_non_null(s);
	for (uint16_t i = 1; i <= 1000; i++) {
		const struct net_addr first = addr("10.0.0.1", 1), from = addr("10.0.0.1", i);

		proxy_sessions_set(s, &from, &who, i);
		assert_non_null(proxy_sessions_find(s, &first, i)); /* used each time: it stays */
	}
	assert_int_equal(proxy_sessions_count(s), 100);
	for (uint16_t i = 2; i <= 1000; i++) {
		const struct net_addr from = addr("10.0.0.1", i);

		assert_true((proxy_sessions_find(s, &from, 1000) != NULL) == (i > 901));
	}
	proxy_sessions_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v1_gives_both_addresses),
		cmocka_unit_test(test_v1_unknown_has_none),
		cmocka_unit_test(test_v1_mistakes_are_bad),
		cmocka_unit_test(test_v2_gives_addresses_of_streams_and_datagrams),
		cmocka_unit_test(test_v2_without_an_ip_address),
		cmocka_unit_test(test_v2_mistakes_are_bad),
		cmocka_unit_test(test_every_start_of_a_header_wants_more),
		cmocka_unit_test(test_a_question_is_no_header),
		cmocka_unit_test(test_listed_networks_are_believed_others_by_default),
		cmocka_unit_test(test_sessions_live_as_long_as_they_are_used),
		cmocka_unit_test(test_a_full_table_drops_the_one_used_longest_ago),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
