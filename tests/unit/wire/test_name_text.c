// SPDX-License-Identifier: Apache-2.0
#include "bytes.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct text_case {
	const char *wire, *text;
};

static const struct text_case text_cases[] = {
	{"00", "."},
	{"03'www' 07'example' 00", "www.example."},
	{"03'WwW' 00", "WwW."},
	{"03'a.b' 00", "a\\.b."},
	{"02 5c20 00", "\\\\\\ ."},
	{"02 2722 00", "\\'\\\"."},
	{"05'@;()$' 00", "\\@\\;\\(\\)$."}, /* no backslash before $, as in miekg/dns */
	{"05 00 1f 7f ff 7e 00", "\\000\\031\\127\\255~."},
	{"01 0a 00", "\\010."},
	{"01'*' 01'_' 01'-' 00", "*._.-."},
};

static void test_name_text_escapes_as_the_peer_does_and_reads_it_back(void **state)
{
	uint8_t wire[BYTES_MAX], back[WIRE_NAME_MAX];
	char text[WIRE_NAME_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(text_cases); i++) {
		const struct text_case *c = &text_cases[i];
		size_t len = bytes_of(c->wire, wire);
		assert_int_equal(wire_name_text(wire, text), strlen(c->text));
		assert_string_equal(text, c->text);
		assert_int_equal(wire_name_from_text(text, back), len);
		assert_memory_equal(back, wire, len);
	}
}

static void test_longest_names_fit_the_text_buffer(void **state)
{
	uint8_t wire[WIRE_NAME_MAX], back[WIRE_NAME_MAX], *p = wire;
	char text[WIRE_NAME_TEXT_MAX];

	for (unsigned size = 63; p < wire + 254; size = p == wire + 192 ? 61 : 63) {
		*p++ = (uint8_t)size;
		memset(p, 0xff, size);
		p += size;
	}
	*p = 0;
	assert_int_equal(wire_name_text(wire, text), 250 * 4 + 4);
	assert_int_equal(wire_name_from_text(text, back), 255);
	assert_memory_equal(back, wire, 255);
}

struct parse_case {
	const char *text, *wire; /* NULL: refused */
};

static const struct parse_case parse_cases[] = {
	{"www.example", "03'www' 07'example' 00"}, /* the final dot is added */
	{"a\\.b", "03'a.b' 00"},
	{"\\097", "01'a' 00"},
	{"\\a\\*", "02'a*' 00"},
	{"\\255\\000", "02 ff 00 00"},
	{"a\\\\", "02 61 5c 00"},
	{"", NULL},
	{"..", NULL},
	{".a", NULL},
	{"a..", NULL},
	{"a..b", NULL},
	{"a\\", NULL},
	{"\\256", NULL},
	{"\\25", NULL},
	{"\\2", NULL},
	{"\\2x5", NULL},
	{"\\25x", NULL},
};

static void test_name_from_text_understands_escapes_and_refuses_bad_ones(void **state)
{
	uint8_t wire[BYTES_MAX], out[WIRE_NAME_MAX];

	for (size_t i = 0; i < ARRAY_LEN(parse_cases); i++) {
		const struct parse_case *c = &parse_cases[i];
		int want = c->wire ? (int)bytes_of(c->wire, wire) : -EINVAL;
		int n = wire_name_from_text(c->text, out);
		if (n != want || (n > 0 && memcmp(out, wire, (size_t)n) != 0))
			fail_msg("\"%s\": %d, expected %d", c->text, n, want);
	}
}

static void test_name_from_text_knows_the_limits(void **state)
{
	static const struct {
		unsigned labels, size, last; /* `labels` of `size` octets and one of `last` */
		int want;
	} cases[] = {
		{0, 0, 63, 65},       {0, 0, 64, -EINVAL}, {3, 63, 61, 255},
		{3, 63, 62, -EINVAL}, {126, 1, 1, 255},    {127, 1, 1, -EINVAL},
	};
	char text[600];
	uint8_t out[WIRE_NAME_MAX];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *p = text;
		for (unsigned l = 0; l < cases[i].labels; l++)
			p += sprintf(p, "%.*s.", (int)cases[i].size,
				     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
		memset(p, 'y', cases[i].last);
		p[cases[i].last] = '\0';
		assert_int_equal(wire_name_from_text(text, out), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_text_escapes_as_the_peer_does_and_reads_it_back),
		cmocka_unit_test(test_longest_names_fit_the_text_buffer),
		cmocka_unit_test(test_name_from_text_understands_escapes_and_refuses_bad_ones),
		cmocka_unit_test(test_name_from_text_knows_the_limits),
	};

	return cmocka_run_group_tests_name("wire/name_text", tests, NULL, NULL);
}
