// SPDX-License-Identifier: Apache-2.0
/* Host names as targets, asked of a name server on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loopback.h"
#include "upstream/resolve.h"
#include "wire/wire.h"

#include <string.h>

static int both_families(const struct loopback_query *q, uint8_t *out)
{
	static const uint8_t v4[] = {192, 0, 2, 7}, v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 7};

	if (loopback_type(q) == TYPE_A)
		return loopback_reply_rr(q, out, TYPE_A, v4, 4);
	return loopback_reply_rr(q, out, TYPE_AAAA, v6, 16);
}

static int missing(const struct loopback_query *q, uint8_t *out)
{
	return loopback_reply(q, out, RCODE_NXDOMAIN, 0, 0);
}

static int servfail(const struct loopback_query *q, uint8_t *out)
{
	return loopback_reply(q, out, RCODE_SERVFAIL, 0, 0);
}

static int wrong_id(const struct loopback_query *q, uint8_t *out)
{
	int len = both_families(q, out);

	out[0] ^= q->nth % 2;
	return len;
}

static size_t resolve(int (*answer)(const struct loopback_query *, uint8_t *), const char *host,
		      struct net_addr *out, const char **why)
{
	struct loopback l = {.answer = answer, .tcp = LOOPBACK_NO_TCP};
	size_t n;

	loopback_start(&l);
	n = upstream_resolve(host, 5300, &l.addr, 1, out, 4, why);
	loopback_stop(&l);
	return n;
}

static void test_addresses_of_both_families(void **state)
{
	struct net_addr a[4];
	char text[NET_ADDR_TEXT_MAX];
	const char *why;

	(void)state;
	assert_int_equal(resolve(both_families, "ns.example.org", a, &why), 2);
	assert_string_equal(net_addr_port_text(&a[0], text), "192.0.2.7:5300");
	assert_string_equal(net_addr_port_text(&a[1], text), "[2001:db8::7]:5300");
}

static void test_missing_name_is_told(void **state)
{
	struct net_addr a[4];
	const char *why;

	(void)state;
	assert_int_equal(resolve(missing, "ns.example.org", a, &why), 0);
	assert_string_equal(why, "no such host");
}

static void test_first_server_that_works_counts(void **state)
{
	struct loopback bad = {.answer = servfail, .tcp = LOOPBACK_NO_TCP};
	struct loopback good = {.answer = both_families, .tcp = LOOPBACK_NO_TCP};
	struct net_addr servers[3], a[4];
	const char *why;

	(void)state;
	loopback_start(&bad);
	loopback_start(&good);
	servers[0] = bad.addr;
	servers[1] = good.addr;
	loopback_stop(&bad); /* refuses now */
	assert_int_equal(upstream_resolve("ns.example.org", 53, servers, 2, a, 4, &why), 2);
	loopback_stop(&good);
}

static void test_wrong_answers_are_not_taken(void **state)
{
	struct net_addr a[4];
	const char *why;

	(void)state;
	assert_int_equal(resolve(wrong_id, "ns.example.org", a, &why), 2); /* the second try of each */
}

static void test_what_is_no_name_is_not_asked(void **state)
{
	struct net_addr a[4] = {0};
	const char *why;

	(void)state;
	assert_int_equal(upstream_resolve("a..b", 53, a, 0, a, 4, &why), 0);
	assert_string_equal(why, "not a host name");
	assert_int_equal(upstream_resolve("ns.example.org", 53, a, 0, a, 4, &why), 0);
	assert_string_equal(why, "no name servers to ask");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_of_both_families),
		cmocka_unit_test(test_missing_name_is_told),
		cmocka_unit_test(test_first_server_that_works_counts),
		cmocka_unit_test(test_wrong_answers_are_not_taken),
		cmocka_unit_test(test_what_is_no_name_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
