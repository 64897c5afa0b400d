// SPDX-License-Identifier: Apache-2.0
/* Lines of `log { json }`: every member, escaping, and what does not fit. */
#include "base/log.h"
#include "plugin/log/log.h"
#include "server/metadata.h"
#include "wire/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct log_query_record example(const char *format)
{
	struct log_query_record r = {.query = {
		.format = log_format_get(format),
		.duration_ns = 1000979798,
		.wall_ns = 1795639501102591535,
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
	}};

	assert_non_null(r.query.format);
	assert_int_equal(net_addr_parse("2001:db8::7", 5353, &r.query.peer), 0);
	assert_int_equal(net_addr_parse("192.0.2.53", 53, &r.query.local), 0);
	r.query.name_len = (uint8_t)wire_name_from_text("www.example.org.", r.query.name);
	return r;
}

static size_t end_of(const struct log_query_record *r)
{
	return offsetof(struct log_query, name) + r->query.name_len;
}

static size_t add(struct log_query_record *r, size_t at, const char *value, size_t len)
{
	r->bytes[at] = (uint8_t)(len + 1);
	memcpy(r->bytes + at + 1, value, len);
	return at + 1 + len;
}

static char out[4096];

static const char *line(const struct log_query_record *r, size_t len)
{
	size_t n = log_query_json(r, len, out, sizeof(out) - 1);

	out[n] = '\0';
	return out;
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("%s\nis not part of\n%s", part, text);
}

static void test_every_member(void **state)
{
	struct log_query_record r = example("");

	(void)state;
	assert_string_equal(line(&r, end_of(&r)),
			    "{\"time\":\"2026-11-25T20:45:01.102591Z\",\"level\":\"info\",\"msg\":\"query\","
			    "\"remote\":\"2001:db8::7\",\"port\":5353,\"local\":\"192.0.2.53\",\"proto\":\"udp\","
			    "\"id\":4711,\"opcode\":0,\"name\":\"www.example.org.\",\"type\":\"AAAA\",\"class\":\"IN\","
			    "\"size\":44,\"do\":true,\"bufsize\":1232,\"rcode\":\"NXDOMAIN\",\"rflags\":\"qr,aa,rd\","
			    "\"rsize\":130,\"duration\":1.000979798}");
	r.query.answered = false;
	r.query.stream = true;
	r.query.do_bit = false;
	has(line(&r, end_of(&r)), "\"rcode\":null,\"rflags\":\"\"");
	has(out, "\"proto\":\"tcp\"");
	has(out, "\"do\":false");
}

static void test_names_are_escaped(void **state)
{
	static const uint8_t name[] = "\x0b" "a\"b\\c.d\0\n\x7f\xff" "\0";
	struct log_query_record r = example("");

	(void)state;
	memcpy(r.query.name, name, 13);
	r.query.name_len = 13;
	has(line(&r, end_of(&r)), "\"name\":\"a\\\\\\\"b\\\\\\\\c\\\\.d\\\\000\\\\010\\\\127\\\\255.\"");
}

static void test_labels_are_strings(void **state)
{
	struct log_query_record r = example("{/a/b}{/c/d}{/e/f}{/g/h}");
	size_t at = end_of(&r);

	(void)state;
	at = add(&r, at, "q\"b\\n\n\x01\x7f", 8);
	r.bytes[at++] = 0; /* c/d has no value */
	at = add(&r, at, "", 0);
	at = add(&r, at, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82", 22);
	has(line(&r, at), ",\"labels\":{\"a/b\":\"q\\\"b\\\\n\\u000a\\u0001\\u007f\",\"e/f\":\"\",\"g/h\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 "
			  "\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"}}");
}

/* The longest name and labels that need six bytes for each of theirs: still an object, with the labels that fit. */
static void test_what_does_not_fit_is_left_out_whole(void **state)
{
	struct log_query_record r = example("{/a/1}{/a/2}{/a/3}");
	char value[200];
	size_t at;

	(void)state;
	memset(value, 1, sizeof(value));
	for (unsigned i = 0; i < 4; i++) {
		r.query.name[i * 63] = i < 3 ? 63 : 61;
		memset(r.query.name + i * 63 + 1, '\\', 62);
	}
	r.query.name[0] = 62;
	r.query.name[63] = r.query.name[126] = 62;
	r.query.name[189] = 61;
	r.query.name[251] = 0;
	r.query.name_len = 252;
	at = end_of(&r);
	for (unsigned i = 0; i < 3; i++)
		at = add(&r, at, value, sizeof(value));
	line(&r, at);
	has(out, "\"labels\":{\"a/1\":\"\\u0001");
	assert_null(strstr(out, "\"a/3\""));
	assert_string_equal(out + strlen(out) - 9, "\\u0001\"}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_member),
		cmocka_unit_test(test_names_are_escaped),
		cmocka_unit_test(test_labels_are_strings),
		cmocka_unit_test(test_what_does_not_fit_is_left_out_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
