// SPDX-License-Identifier: Apache-2.0
/* Lines of `log`: every place holder, and what is none. */
#include "base/log.h"
#include "plugin/log/log.h"
#include "wire/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct log_query example(void)
{
	struct log_query r = {
		.duration_ns = 979798,
		.id = 4711,
		.qtype = TYPE_AAAA,
		.qclass = CLASS_IN,
		.bufsize = 1232,
		.request_len = 44,
		.rcode = RCODE_NXDOMAIN,
		.flags = FLAG_QR | FLAG_AA | FLAG_RD,
		.answer_len = 130,
		.do_bit = true,
		.answered = true,
	};

	assert_int_equal(net_addr_parse("192.0.2.7", 5353, &r.peer), 0);
	assert_int_equal(net_addr_parse("192.0.2.53", 53, &r.local), 0);
	r.name_len = (uint8_t)wire_name_from_text("www.example.org.", r.name);
	return r;
}

static void writes(const char *format, struct log_query r, const char *line)
{
	char out[2048];
	size_t len;

	r.format = log_format_get(format);
	assert_non_null(r.format);
	len = log_query_format(&r, offsetof(struct log_query, name) + r.name_len, out, sizeof(out) - 1);
	out[len] = '\0';
	assert_string_equal(out, line);
}

static void test_the_common_format(void **state)
{
	(void)state;
	writes(log_format_common, example(),
	       "[INFO] 192.0.2.7:5353 - 4711 \"AAAA IN www.example.org. udp 44 true 1232\" NXDOMAIN qr,aa,rd "
	       "130 "
	       "0.000979798s");
}

static void test_every_place_holder(void **state)
{
	static const struct {
		const char *format, *line;
	} cases[] = {
		{"{type}", "AAAA"},
		{"{class}", "IN"},
		{"{name}", "www.example.org."},
		{"{proto}", "udp"},
		{"{size}", "44"},
		{"{remote}", "192.0.2.7"},
		{"{local}", "192.0.2.53"},
		{"{port}", "5353"},
		{"{>id}", "4711"},
		{"{>opcode}", "0"},
		{"{>do}", "true"},
		{"{>bufsize}", "1232"},
		{"{rcode}", "NXDOMAIN"},
		{"{>rflags}", "qr,aa,rd"},
		{"{rsize}", "130"},
		{"{duration}", "0.000979798s"},
		{"{/forward/upstream}", "-"},
		{"{other} {} {", "{other} {} {"},
		{"{{type}}", "{AAAA}"},
		{"plain", "plain"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char line[128] = "[INFO] ";

		strcat(line, cases[i].line);
		writes(cases[i].format, example(), line);
	}
}

static void test_a_drop_has_no_rcode_and_no_flags(void **state)
{
	struct log_query r = example();

	(void)state;
	r.answered = false;
	r.answer_len = 0;
	writes("{rcode} {>rflags} {rsize}", r, "[INFO] - - 0");
}

static void test_ipv6_stands_in_brackets_and_streams_are_tcp(void **state)
{
	struct log_query r = example();

	(void)state;
	assert_int_equal(net_addr_parse("2001:db8::7", 53, &r.peer), 0);
	r.stream = true;
	r.duration_ns = 1500000000;
	writes("{remote}:{port} {proto} {duration}", r, "[INFO] [2001:db8::7]:53 tcp 1.5s");
	r.duration_ns = 2000000000;
	writes("{duration}", r, "[INFO] 2s");
}

static void test_a_line_too_long_is_cut(void **state)
{
	struct log_query r = example();
	char out[12];

	(void)state;
	r.format = log_format_get("{name}{name}");
	assert_int_equal(log_query_format(&r, sizeof(r), out, sizeof(out)), sizeof(out));
	assert_memory_equal(out, "[INFO] www.e", sizeof(out));
}

static void test_one_format_is_compiled_once(void **state)
{
	(void)state;
	assert_ptr_equal(log_format_get("{name} once"), log_format_get("{name} once"));
	assert_ptr_not_equal(log_format_get("{name} once"), log_format_get("{name} twice"));
}

static void test_labels_stand_behind_the_name(void **state)
{
	struct {
		struct log_query q;
		uint8_t more[64];
	} r = {.q = example()};
	char out[256];
	const uint8_t values[] = "\x05" "blue" "\x00" "\x01" "\x04" "a\nb";
	size_t at = offsetof(struct log_query, name) + r.q.name_len, n;
	size_t len;

	(void)state;
	r.q.format = log_format_get("{/view/name} {type} {/no/label}{/empty/one} {/geoip/x} {/cut/off}");
	assert_non_null(log_format_labels(r.q.format, &n)[4]);
	assert_int_equal(n, 5);
	memcpy((uint8_t *)&r + at, values, sizeof(values) - 1);
	len = log_query_format(&r, at + sizeof(values) - 1, out, sizeof(out));
	out[len] = '\0';
	assert_string_equal(out, "[INFO] blue AAAA - a?b -");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_common_format),
		cmocka_unit_test(test_labels_stand_behind_the_name),
		cmocka_unit_test(test_every_place_holder),
		cmocka_unit_test(test_a_drop_has_no_rcode_and_no_flags),
		cmocka_unit_test(test_ipv6_stands_in_brackets_and_streams_are_tcp),
		cmocka_unit_test(test_a_line_too_long_is_cut),
		cmocka_unit_test(test_one_format_is_compiled_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
