// SPDX-License-Identifier: Apache-2.0
/* Reverse names to addresses. */
#include "base/compiler.h"
#include "wire/name.h"
#include "wire/reverse.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define V6 "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."
#define MAPPED "2.0.0.0.0.c.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa."

static struct wire_query question(const char *text)
{
	struct wire_query q = {0};
	uint8_t name[WIRE_NAME_MAX];
	int len = wire_name_from_text(text, name);

	assert_true(len > 0);
	wire_name_lower(q.qname, name, (size_t)len);
	q.qname_len = (uint8_t)len;
	for (unsigned off = 0; off < q.qname_len; off += q.qname[off] + 1u)
		q.label_off[q.n_labels++] = (uint8_t)off;
	q.n_labels--;
	return q;
}

static void test_names_are_addresses(void **state)
{
	static const struct {
		const char *name, *address; /* NULL: none */
	} cases[] = {
		{"1.2.0.192.in-addr.arpa.", "192.0.2.1"},
		{"255.255.255.255.IN-ADDR.ARPA.", "255.255.255.255"},
		{"a." V6, "2001:db8::a"},
		{"A." V6, "2001:db8::a"},
		{"1.0." MAPPED, "192.0.2.1" /* ::ffff:c000:201 */},
		{"2.0.192.in-addr.arpa.", NULL},
		{"0.1.2.0.192.in-addr.arpa.", NULL},
		{"01.2.0.192.in-addr.arpa.", NULL},
		{"256.2.0.192.in-addr.arpa.", NULL},
		{"1/2.2.0.192.in-addr.arpa.", NULL},
		{"1.2.0.192.in-addr.arpa.example.", NULL},
		{V6, NULL},
		{"g." V6, NULL},
		{"aa." V6, NULL},
		{"0.a." V6, NULL},
		{"ip6.arpa.", NULL},
		{".", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct wire_query q = question(cases[i].name);
		char text[INET6_ADDRSTRLEN] = "";
		uint8_t addr[16];
		unsigned size = wire_reverse_addr(&q, addr);

		if (size)
			inet_ntop(size == 4 ? AF_INET : AF_INET6, addr, text, sizeof(text));
		if (strcmp(text, cases[i].address ? cases[i].address : "") != 0)
			fail_msg("%s: %s", cases[i].name, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
