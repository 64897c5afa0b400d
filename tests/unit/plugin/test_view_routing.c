// SPDX-License-Identifier: Apache-2.0
/* Blocks chosen by views: which one a query gets, with few and with many zones, and at what cost. */
#include "allocations.h"
#include "fake_door.h"
#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The rcode tells which block it was. */
#define BLOCK(key, view, rcode) key " {\n" view " rewrite rcode regex .* NOERROR " rcode "\n whoami\n}\n"
#define VIEW(expr) " view v {\n  expr " expr "\n }\n"

static const char blocks[] =
	BLOCK("example.org", VIEW("client_ip() == '192.0.2.1'"), "NXDOMAIN")
	BLOCK("example.org", VIEW("name() matches '^(a+)+b'"), "NOTIMP")
	BLOCK("example.org", VIEW("'' == [client_ip()][1]"), "NOTAUTH")
	BLOCK("sub.example.org", VIEW("type() == 'TXT'"), "YXDOMAIN")
	BLOCK(".", VIEW("proto() == 'tcp'"), "REFUSED")
	BLOCK(".", "", "SERVFAIL");

static unsigned ask(struct fake_server *s, const char *name, uint16_t type, unsigned client, bool stream)
{
	n_fake_answers = 0;
	fake_ask(s, name, type, client, stream, false);
	assert_int_equal(n_fake_answers, 1);
	return fake_rcode(0);
}

enum { YXDOMAIN = 6 };

static void expect_blocks(const char *corefile)
{
	struct fake_server s;

	fake_server_start(&s, corefile, &query_limits_default);
	assert_int_equal(ask(&s, "w.example.org", TYPE_A, 1, false), RCODE_NXDOMAIN);
	assert_int_equal(ask(&s, "aab.example.org", TYPE_A, 2, false), RCODE_NOTIMP);
	assert_int_equal(ask(&s, "w.example.org", TYPE_A, 2, false), RCODE_SERVFAIL); /* an error is no match */
	assert_int_equal(ask(&s, "w.sub.example.org", TYPE_TXT, 1, false), YXDOMAIN);
	assert_int_equal(ask(&s, "w.sub.example.org", TYPE_A, 1, false), RCODE_NXDOMAIN); /* the shorter zone's turn */
	assert_int_equal(ask(&s, "w.sub.example.org", TYPE_A, 2, false), RCODE_SERVFAIL);
	assert_int_equal(ask(&s, "other", TYPE_A, 1, true), RCODE_REFUSED);
	fake_server_stop(&s);
}

static void test_the_first_block_that_takes_it_answers(void **state)
{
	(void)state;
	expect_blocks(blocks);
}

static void test_the_same_with_many_zones(void **state)
{
	char *text = malloc(40000);
	size_t n = 0;

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < 100; i++)
		n += (size_t)snprintf(text + n, 40000 - n, BLOCK("z%d.example.org", "", "NOERROR"), i);
	strcpy(text + n, blocks);
	expect_blocks(text);
	free(text);
}

static void test_a_pattern_that_takes_too_long_is_no_match(void **state)
{
	struct fake_server s;

	(void)state;
	fake_server_start(&s,
			  BLOCK(".", VIEW("not (name() matches '^(a+)+[cd]')"), "NXDOMAIN") BLOCK(".", "", "REFUSED"),
			  &query_limits_default);
	assert_int_equal(ask(&s, "short.example", TYPE_A, 1, false), RCODE_NXDOMAIN);
	assert_int_equal(ask(&s, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", TYPE_A, 1, false), RCODE_REFUSED);
	fake_server_stop(&s);
}

static void test_a_decision_allocates_nothing(void **state)
{
	struct fake_server s;

	(void)state;
	fake_server_start(&s,
			  BLOCK(".", VIEW("\"any(split(name(), '.'), # matches '^w+$') and incidr(client_ip(), '192.0.2.0/24')\""), "NXDOMAIN")
			  BLOCK(".", "", "REFUSED"),
			  &query_limits_default);
	assert_int_equal(ask(&s, "www.example.org", TYPE_A, 1, false), RCODE_NXDOMAIN);
	allocations = 0;
	assert_int_equal(ask(&s, "www.example.org", TYPE_A, 1, false), RCODE_NXDOMAIN);
	assert_int_equal(ask(&s, "example.org", TYPE_A, 1, false), RCODE_REFUSED);
	assert_int_equal(allocations, 0);
	fake_server_stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_block_that_takes_it_answers),
		cmocka_unit_test(test_the_same_with_many_zones),
		cmocka_unit_test(test_a_pattern_that_takes_too_long_is_no_match),
		cmocka_unit_test(test_a_decision_allocates_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
