// SPDX-License-Identifier: Apache-2.0
#include "bytes.h"
#include "wire/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define Q "01'b' 07'example' 00 0001 0001 "
#define OPT "00 0029 04d0 00000000 0000 "

struct verdict_case {
	const char *what, *msg;
	enum wire_verdict want;
};

static const struct verdict_case verdict_cases[] = {
	{"a plain query", "0007 0100 0001 0000 0000 0000 " Q, WIRE_OK},
	{"bytes after the message", "0007 0100 0001 0000 0000 0000 " Q "dead beef", WIRE_OK},
	{"a NOTIFY with its SOA", "0007 2400 0001 0001 0000 0000 " Q "c00c 0006 0001 00000000 0002 0000",
	 WIRE_OK},
	{"an OPT", "0007 0100 0001 0000 0000 0001 " Q OPT, WIRE_OK},
	{"an unknown option", "0007 0100 0001 0000 0000 0001 " Q "00 0029 04d0 00000000 0005 fe00 0001 aa",
	 WIRE_OK},
	{"an OPT and a TSIG", "0007 0100 0001 0000 0000 0002 " Q OPT "01'k' 00 00fa 00ff 00000000 0000",
	 WIRE_OK},
	{"an empty message", "", WIRE_DROP},
	{"11 bytes", "0007 0100 0001 0000 0000 00", WIRE_DROP},
	{"a response", "0007 8100 0001 0000 0000 0000 " Q, WIRE_DROP},
	{"a response with a bad opcode", "0007 f900 0001 0000 0000 0000 " Q, WIRE_DROP},
	{"opcode STATUS", "0007 1000 0001 0000 0000 0000 " Q, WIRE_NOTIMP},
	{"opcode UPDATE, broken", "0007 2800 0009", WIRE_DROP},
	{"opcode UPDATE", "0007 2800 0009 0000 0000 0000", WIRE_NOTIMP},
	{"opcode 15", "0007 7800 0001 0000 0000 0000 " Q, WIRE_NOTIMP},
	{"no question", "0007 0100 0000 0000 0000 0000", WIRE_FORMERR},
	{"two questions", "0007 0100 0002 0000 0000 0000 " Q Q, WIRE_FORMERR},
	{"a question that is not there", "0007 0100 0001 0000 0000 0000", WIRE_FORMERR},
	{"a question name without an end", "0007 0100 0001 0000 0000 0000 01'b' 07'exam'", WIRE_FORMERR},
	{"a question without a class", "0007 0100 0001 0000 0000 0000 01'b' 00 0001 00", WIRE_FORMERR},
	{"a compressed question name", "0007 0100 0001 0000 0000 0000 c00c 0001 0001", WIRE_FORMERR},
	{"a pointer within the question name", "0007 0100 0001 0000 0000 0000 01'b' c00c 0001 0001",
	 WIRE_FORMERR},
	{"label type 01", "0007 0100 0001 0000 0000 0000 41'b' 00 0001 0001", WIRE_FORMERR},
	{"label type 10", "0007 0100 0001 0000 0000 0000 81'b' 00 0001 0001", WIRE_FORMERR},
	{"two answers", "0007 0100 0001 0002 0000 0000 " Q, WIRE_FORMERR},
	{"two authority records", "0007 0100 0001 0000 0002 0000 " Q, WIRE_FORMERR},
	{"three additional records", "0007 0100 0001 0000 0000 0003 " Q OPT OPT OPT, WIRE_FORMERR},
	{"an ARCOUNT that lies", "0007 0100 0001 0000 0000 0001 " Q, WIRE_FORMERR},
	{"an ARCOUNT of 65535", "0007 0100 0001 0000 0000 ffff " Q OPT, WIRE_FORMERR},
	{"an ANCOUNT that lies", "0007 0100 0001 0001 0000 0000 " Q, WIRE_FORMERR},
	{"a record cut in its head", "0007 0100 0001 0000 0000 0001 " Q "00 0029 04d0 0000", WIRE_FORMERR},
	{"RDLENGTH past the message", "0007 0100 0001 0001 0000 0000 " Q "c00c 0006 0001 00000000 0003 0000",
	 WIRE_FORMERR},
	{"a record's name in a loop", "0007 0100 0001 0001 0000 0000 " Q "c01b 0006 0001 00000000 0000",
	 WIRE_FORMERR},
	{"OPT twice", "0007 0100 0001 0000 0000 0002 " Q OPT OPT, WIRE_FORMERR},
	{"an OPT not owned by the root",
	 "0007 0100 0001 0000 0000 0001 " Q "01'a' 00 0029 04d0 00000000 0000", WIRE_FORMERR},
	{"an OPT in the answer section", "0007 0100 0001 0001 0000 0000 " Q OPT, WIRE_FORMERR},
	{"an option past its OPT",
	 "0007 0100 0001 0000 0000 0001 " Q "00 0029 04d0 00000000 0006 000a 0040 0102", WIRE_FORMERR},
	{"half an option head", "0007 0100 0001 0000 0000 0001 " Q "00 0029 04d0 00000000 0003 000a 00",
	 WIRE_FORMERR},
	{"a TSIG before the OPT", "0007 0100 0001 0000 0000 0002 " Q "00 00fa 00ff 00000000 0000" OPT,
	 WIRE_FORMERR},
	{"a TSIG in the authority section", "0007 0100 0001 0000 0001 0000 " Q "00 00fa 00ff 00000000 0000",
	 WIRE_FORMERR},
	{"EDNS version 1", "0007 0100 0001 0000 0000 0001 " Q "00 0029 04d0 00010000 0000", WIRE_BADVERS},
	{"EDNS version 255 with options of its own",
	 "0007 0100 0001 0000 0000 0001 " Q "00 0029 04d0 00ff0000 0001 aa", WIRE_BADVERS},
	{"EDNS version 1, twice", "0007 0100 0001 0000 0000 0002 " Q "00 0029 04d0 00010000 0000" OPT,
	 WIRE_FORMERR},
};

static void test_query_read_judges_each_message_by_the_rules(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(verdict_cases); i++) {
		uint8_t msg[BYTES_MAX];
		struct wire_query q;
		enum wire_verdict v = wire_query_read(msg, bytes_of(verdict_cases[i].msg, msg), &q);
		if (v != verdict_cases[i].want)
			fail_msg("%s: verdict %d, expected %d", verdict_cases[i].what, v,
				 verdict_cases[i].want);
	}
}

static void test_every_cut_of_a_query_is_refused(void **state)
{
	uint8_t msg[BYTES_MAX];
	struct wire_query q;
	size_t len =
		bytes_of("0007 0100 0001 0000 0000 0001 " Q "00 0029 04d0 00000000 0005 fe00 0001 aa", msg);

	for (size_t n = 0; n < len; n++)
		assert_int_equal(wire_query_read(msg, n, &q), n < WIRE_HEADER_LEN ? WIRE_DROP : WIRE_FORMERR);
	assert_int_equal(wire_query_read(msg, len, &q), WIRE_OK);
}

static void test_query_read_gives_what_the_message_says(void **state)
{
	uint8_t msg[BYTES_MAX], name[BYTES_MAX];
	struct wire_query q;
	uint16_t n;
	size_t len = bytes_of("beef 0130 0001 0000 0000 0001  03'WwW' 07'ExAmple' 00 001c 0003"
			      "00 0029 1000 00008000 000c  000a 0008 '12345678'",
			      msg);

	assert_int_equal(wire_query_read(msg, len, &q), WIRE_OK);
	assert_int_equal(q.id, 0xbeef);
	assert_int_equal(q.flags, 0x0130);
	assert_int_equal(q.qtype, TYPE_AAAA);
	assert_int_equal(q.qclass, CLASS_CH);
	assert_int_equal(q.question_len, 17);
	assert_int_equal(q.qname_len, bytes_of("03'www' 07'example' 00", name));
	assert_memory_equal(q.qname, name, q.qname_len);
	assert_int_equal(q.n_labels, 2);
	assert_int_equal(q.label_off[0], 0);
	assert_int_equal(q.label_off[1], 4);
	assert_int_equal(q.label_off[2], 12);
	assert_true(q.has_opt && q.do_bit);
	assert_int_equal(q.udp_size, 4096);
	assert_int_equal(q.options_len, 12);
	assert_memory_equal(wire_option_find(q.options, q.options_len, OPTION_COOKIE, &n), "12345678", 8);
	assert_int_equal(n, 8);
	assert_null(wire_option_find(q.options, q.options_len, OPTION_NSID, &n));
}

static void test_query_read_leaves_nothing_of_the_query_before(void **state)
{
	uint8_t msg[BYTES_MAX];
	struct wire_query q;
	size_t len = bytes_of(
		"0007 0100 0001 0000 0000 0001 00 0002 0001 00 0029 1000 00008000 0004 0003 0000", msg);

	assert_int_equal(wire_query_read(msg, len, &q), WIRE_OK);
	assert_true(q.has_opt);
	assert_int_equal(q.n_labels, 0);
	assert_int_equal(q.label_off[0], 0);
	len = bytes_of("0007 0100 0001 0000 0000 0000 " Q, msg);
	assert_int_equal(wire_query_read(msg, len, &q), WIRE_OK);
	assert_false(q.has_opt || q.do_bit);
	assert_int_equal(q.udp_size, 0);
	assert_int_equal(q.options_len, 0);
	assert_null(q.options);
}

/* A question name of `labels` labels of `size` octets and one of `last`. */
static size_t long_query(uint8_t *msg, unsigned labels, unsigned size, unsigned last)
{
	size_t at = bytes_of("0007 0100 0001 0000 0000 0000", msg);

	for (unsigned i = 0; i <= labels; i++) {
		unsigned n = i < labels ? size : last;
		msg[at++] = (uint8_t)n;
		memset(msg + at, 'X', n);
		at += n;
	}
	return at + bytes_of("00 0001 0001", msg + at);
}

static void test_query_read_takes_names_up_to_255_octets(void **state)
{
	uint8_t msg[BYTES_MAX];
	struct wire_query q;

	assert_int_equal(wire_query_read(msg, long_query(msg, 3, 63, 61), &q), WIRE_OK);
	assert_int_equal(q.qname_len, 255);
	assert_int_equal(wire_query_read(msg, long_query(msg, 3, 63, 62), &q), WIRE_FORMERR);
	assert_int_equal(wire_query_read(msg, long_query(msg, 126, 1, 1), &q), WIRE_OK);
	assert_int_equal(q.n_labels, 127);
	assert_int_equal(q.label_off[127], 254);
	assert_int_equal(wire_query_read(msg, long_query(msg, 127, 1, 1), &q), WIRE_FORMERR);
}

static void test_query_error_is_a_header_and_nothing_else(void **state)
{
	uint8_t msg[BYTES_MAX], out[WIRE_HEADER_LEN], want[BYTES_MAX];
	struct wire_query q = {.question_len = 0};

	bytes_of("beef 2bff 0001 0002 0003 0004", msg);
	assert_int_equal(wire_query_error(msg, WIRE_NOTIMP, &q, out), 12);
	bytes_of("beef a904 0000 0000 0000 0000", want);
	assert_memory_equal(out, want, 12);
	assert_int_equal(wire_query_error(msg, WIRE_FORMERR, &q, out), 12);
	bytes_of("beef 8101 0000 0000 0000 0000", want);
	assert_memory_equal(out, want, 12);
}

static void test_query_error_has_the_question_when_a_record_behind_it_is_broken(void **state)
{
	static const char *const without[] = {
		"0001 0100 0001 0002 0000 0000 0161 00 0001 0001", /* too many records are announced */
		"0001 0100 0002 0000 0000 0000 0161 00 0001 0001",
		"0001 0100 0001 0000 0000 0000 4161 00 0001 0001",
	};
	uint8_t msg[BYTES_MAX], out[BYTES_MAX], want[BYTES_MAX];
	struct wire_query q;
	size_t len = bytes_of("0001 0100 0001 0000 0000 0001 0161 00 0001 0001 00 0029 1000 0000", msg);

	assert_int_equal(wire_query_read(msg, len, &q), WIRE_FORMERR);
	len = bytes_of("0001 8101 0001 0000 0000 0000 0161 00 0001 0001", want);
	assert_int_equal(wire_query_error(msg, WIRE_FORMERR, &q, out), len);
	assert_memory_equal(out, want, len);
	for (size_t i = 0; i < ARRAY_LEN(without); i++) {
		assert_int_equal(wire_query_read(msg, bytes_of(without[i], msg), &q), WIRE_FORMERR);
		assert_int_equal(wire_query_error(msg, WIRE_FORMERR, &q, out), WIRE_HEADER_LEN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query_read_judges_each_message_by_the_rules),
		cmocka_unit_test(test_every_cut_of_a_query_is_refused),
		cmocka_unit_test(test_query_read_gives_what_the_message_says),
		cmocka_unit_test(test_query_read_leaves_nothing_of_the_query_before),
		cmocka_unit_test(test_query_read_takes_names_up_to_255_octets),
		cmocka_unit_test(test_query_error_is_a_header_and_nothing_else),
		cmocka_unit_test(test_query_error_has_the_question_when_a_record_behind_it_is_broken),
	};

	return cmocka_run_group_tests_name("wire/query", tests, NULL, NULL);
}
