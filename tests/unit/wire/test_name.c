// SPDX-License-Identifier: Apache-2.0
#include "bytes.h"
#include "wire/name.h"
#include "wire/reader.h"
#include "wire/wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Offsets in the cases count from the message's start; 12 zero bytes stand for the header. */
#define HEAD "000000000000000000000000 "

struct read_case {
	const char *what, *msg;
	size_t off;
	int len; /* expected: wire length or negative */
	size_t after;
	const char *name; /* uncompressed */
};

static const struct read_case read_cases[] = {
	{"the root", HEAD "00", 12, 1, 13, "00"},
	{"labels", HEAD "03'www' 07'example' 00", 12, 13, 25, "03'www' 07'example' 00"},
	{"any bytes in a label", HEAD "04'.' 00 ff 41 00", 12, 6, 18, "04'.' 00 ff 41 00"},
	{"a pointer back", HEAD "03'org' 00 01'a' c00c", 17, 7, 21, "01'a' 03'org' 00"},
	{"a pointer alone", HEAD "03'org' 00 c00c", 17, 5, 19, "03'org' 00"},
	{"a pointer to a pointer", HEAD "03'org' 00 c00c c011", 19, 5, 21, "03'org' 00"},
	{"a pointer into the middle of a name", HEAD "01'a' 03'org' 00 01'b' c00e", 19, 7, 23,
	 "01'b' 03'org' 00"},
	{"two pointers with labels between", HEAD "03'org' 00 01'a' c00c 01'b' c011", 21, 9, 25,
	 "01'b' 01'a' 03'org' 00"},
	{"a pointer to itself", HEAD "c00c", 12, -EBADMSG, 0, NULL},
	{"a pointer into its own labels", HEAD "01'a' c00c", 12, -EBADMSG, 0, NULL},
	{"a pointer forward", HEAD "c00e 00", 12, -EBADMSG, 0, NULL},
	{"two pointers in a ring", HEAD "c00e c00c", 14, -EBADMSG, 0, NULL},
	{"a ring through labels", HEAD "01'a' c010 01'b' c00c", 16, -EBADMSG, 0, NULL},
	{"a pointer into the header", HEAD "c000", 12, -EBADMSG, 0, NULL},
	{"a pointer to the header's last byte", HEAD "c00b", 12, -EBADMSG, 0, NULL},
	{"a pointer out of the message", HEAD "ffff", 12, -EBADMSG, 0, NULL},
	{"half a pointer", HEAD "c0", 12, -EBADMSG, 0, NULL},
	{"label type 01", HEAD "41 00", 12, -EBADMSG, 0, NULL},
	{"label type 10", HEAD "80 00", 12, -EBADMSG, 0, NULL},
	{"label type 01 behind a pointer", HEAD "01'a' 41 00 c00c", 16, -EBADMSG, 0, NULL},
	{"no root label", HEAD "01'a'", 12, -EBADMSG, 0, NULL},
	{"a label past the end", HEAD "05'a' 00", 12, -EBADMSG, 0, NULL},
	{"nothing", HEAD, 12, -EBADMSG, 0, NULL},
	{"an offset past the end", HEAD, 13, -EBADMSG, 0, NULL},
	{"a pointer to labels that run into the pointer", HEAD "02'a' c00c", 14, -EBADMSG, 0, NULL},
};

static void test_name_read_takes_what_is_well_formed_and_refuses_the_rest(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(read_cases); i++) {
		const struct read_case *c = &read_cases[i];
		uint8_t msg[BYTES_MAX], want[BYTES_MAX], name[WIRE_NAME_MAX];
		size_t len = bytes_of(c->msg, msg), off = c->off, skip = c->off;
		int n = wire_name_read(msg, len, &off, name);

		if (n != c->len || wire_name_skip(msg, len, &skip) != n || skip != off)
			fail_msg("%s: length %d, expected %d", c->what, n, c->len);
		if (n < 0) {
			assert_int_equal(off, c->off);
			continue;
		}
		assert_int_equal(off, c->after);
		assert_int_equal(bytes_of(c->name, want), n);
		assert_memory_equal(name, want, (size_t)n);
	}
}

/* `labels` labels of `size` octets at msg[at]; the offset after them. */
static size_t put_labels(uint8_t *msg, size_t at, unsigned labels, uint8_t size)
{
	for (; labels; labels--) {
		msg[at++] = size;
		memset(msg + at, 'x', size);
		at += size;
	}
	return at;
}

static void test_name_read_takes_255_octets_and_refuses_256(void **state)
{
	uint8_t msg[600] = {0}, name[WIRE_NAME_MAX];
	size_t at = put_labels(msg, WIRE_HEADER_LEN, 3, 63); /* 192 */
	size_t off = WIRE_HEADER_LEN;

	put_labels(msg, at, 1, 61); /* + 62 + root = 255 */
	assert_int_equal(wire_name_read(msg, sizeof msg, &off, name), 255);
	assert_int_equal(wire_name_len(name), 255);

	memset(msg, 0, sizeof msg);
	put_labels(msg, put_labels(msg, WIRE_HEADER_LEN, 3, 63), 1, 62);
	off = WIRE_HEADER_LEN;
	assert_int_equal(wire_name_read(msg, sizeof msg, &off, name), -EBADMSG);
}

static void test_name_read_counts_octets_across_pointers(void **state)
{
	uint8_t msg[600] = {0}, name[WIRE_NAME_MAX];
	size_t at = put_labels(msg, WIRE_HEADER_LEN, 3, 63) + 1; /* 193 with the root */
	size_t off = at;

	at = put_labels(msg, at, 1, 61); /* 62 + 193 = 255 */
	wire_put_u16(msg + at, 0xc000 | WIRE_HEADER_LEN);
	assert_int_equal(wire_name_read(msg, at + 2, &off, name), 255);
	assert_int_equal(off, at + 2);

	off = at = WIRE_HEADER_LEN + 193;
	at = put_labels(msg, at, 1, 62);
	wire_put_u16(msg + at, 0xc000 | WIRE_HEADER_LEN);
	assert_int_equal(wire_name_read(msg, at + 2, &off, name), -EBADMSG);
}

static void test_name_read_takes_127_labels_and_refuses_128(void **state)
{
	uint8_t msg[600] = {0}, name[WIRE_NAME_MAX];
	size_t off = WIRE_HEADER_LEN;

	put_labels(msg, off, 127, 1);
	assert_int_equal(wire_name_read(msg, sizeof msg, &off, name), 255);
	assert_int_equal(wire_name_labels(name), 127);
	off = WIRE_HEADER_LEN;
	put_labels(msg, off, 128, 1);
	assert_int_equal(wire_name_read(msg, sizeof msg, &off, name), -EBADMSG);
}

static void test_name_read_follows_at_most_127_pointers(void **state)
{
	uint8_t msg[600] = {0}, name[WIRE_NAME_MAX];
	size_t at = WIRE_HEADER_LEN + 1, off;

	for (unsigned i = 0; i < 128; i++, at += 2)
		wire_put_u16(msg + at, (unsigned)(0xc000 | (i ? at - 2 : WIRE_HEADER_LEN)));
	off = at - 4;
	assert_int_equal(wire_name_read(msg, at, &off, name), 1);
	off = at - 2;
	assert_int_equal(wire_name_read(msg, at, &off, name), -EBADMSG);
}

static void test_reader_tells_a_cut_name_from_a_broken_one(void **state)
{
	static const struct {
		const char *msg;
		int err;
	} cases[] = {
		{HEAD "05'abc'", ERR_TRUNCATED},
		{HEAD "03'abc'", ERR_TRUNCATED},
		{HEAD "03'abc' c0", ERR_TRUNCATED},
		{HEAD, ERR_TRUNCATED},
		{HEAD "40", -EBADMSG},
		{HEAD "c00c", -EBADMSG},
	};
	uint8_t msg[BYTES_MAX], name[WIRE_NAME_MAX];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct wire_reader r = wire_reader_at(msg, bytes_of(cases[i].msg, msg), WIRE_HEADER_LEN);
		assert_int_equal(wire_reader_name(&r, name), 0);
		assert_int_equal(r.err, cases[i].err);
		assert_int_equal(r.off, WIRE_HEADER_LEN);
	}
}

static void test_reader_keeps_its_first_error_and_stays_where_it_was(void **state)
{
	static const uint8_t msg[] = {1, 2, 3, 4, 5};
	struct wire_reader r = wire_reader_at(msg, sizeof msg, 0);

	assert_int_equal(wire_reader_u16(&r), 0x0102);
	assert_int_equal(wire_reader_u32(&r), 0);
	assert_int_equal(r.err, ERR_TRUNCATED);
	wire_reader_fail(&r, -EBADMSG);
	assert_int_equal(r.err, ERR_TRUNCATED);
	assert_int_equal(wire_reader_u8(&r), 0);
	assert_null(wire_reader_bytes(&r, 0));
	assert_int_equal(r.off, 2);
	r = wire_reader_at(msg, sizeof msg, 6);
	assert_int_equal(r.err, ERR_TRUNCATED);
}

static void test_name_lower_touches_letters_only(void **state)
{
	uint8_t in[WIRE_NAME_MAX + 1], out[WIRE_NAME_MAX + 1];

	for (unsigned i = 0; i < 256; i++)
		in[i] = (uint8_t)i;
	for (size_t start = 0; start < 16; start++) { /* every place within a word of eight */
		wire_name_lower(out, in + start, 256 - start);
		for (size_t i = start; i < 256; i++)
			assert_int_equal(out[i - start], i >= 'A' && i <= 'Z' ? i + 32 : i);
	}
}

struct pair_case {
	const char *a, *b;
	bool equal, in_zone;
};

static const struct pair_case pair_cases[] = {
	{"00", "00", true, true},
	{"03'www' 07'example' 00", "03'wWw' 07'ExamplE' 00", true, true},
	{"03'www' 07'example' 00", "07'example' 00", false, true},
	{"03'www' 07'example' 00", "00", false, true},
	{"07'example' 00", "03'www' 07'example' 00", false, false},
	{"0b'badexample.' 00", "07'example' 00", false, false},
	{"0a'badexample' 00", "07'example' 00", false, false},
	{"03'www' 07'exbmple' 00", "07'example' 00", false, false},
	{"01'a' 0b'longer-than8' 00", "01'a' 0b'longer-than9' 00", false, false},
	{"01'[' 00", "01'{' 00", false, false}, /* 0x20 apart, but no letters */
	{"01'@' 00", "01'`' 00", false, false},
	{"01 c1 00", "01 e1 00", false, false}, /* not ASCII */
	{"01 01 01 00 00", "03 01 00 00 00", false, false},
};

static void test_names_compare_by_labels_without_ascii_case(void **state)
{
	uint8_t a[BYTES_MAX], b[BYTES_MAX];

	for (size_t i = 0; i < ARRAY_LEN(pair_cases); i++) {
		const struct pair_case *c = &pair_cases[i];
		bytes_of(c->a, a);
		bytes_of(c->b, b);
		if (wire_name_equal(a, b) != c->equal || wire_name_equal(b, a) != c->equal)
			fail_msg("%s and %s: equal", c->a, c->b);
		if (wire_name_in_zone(a, b) != c->in_zone)
			fail_msg("%s in %s", c->a, c->b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_read_takes_what_is_well_formed_and_refuses_the_rest),
		cmocka_unit_test(test_name_read_takes_255_octets_and_refuses_256),
		cmocka_unit_test(test_name_read_counts_octets_across_pointers),
		cmocka_unit_test(test_name_read_takes_127_labels_and_refuses_128),
		cmocka_unit_test(test_name_read_follows_at_most_127_pointers),
		cmocka_unit_test(test_reader_tells_a_cut_name_from_a_broken_one),
		cmocka_unit_test(test_reader_keeps_its_first_error_and_stays_where_it_was),
		cmocka_unit_test(test_name_lower_touches_letters_only),
		cmocka_unit_test(test_names_compare_by_labels_without_ascii_case),
	};

	return cmocka_run_group_tests_name("wire/name", tests, NULL, NULL);
}
