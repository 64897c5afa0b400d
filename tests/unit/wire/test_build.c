// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"
#include "bytes.h"
#include "fixture.h"
#include "wire/name.h"

#include <errno.h>
#include <string.h>

/* Build an answer section of `n` records and compare the bytes after the question. */
static const struct wire_answer *build_answers(struct fixture *f, const char *name, uint16_t type,
					       const char *const *rr, unsigned n)
{
	begin(f, name, type);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(record_build(f->b, SECTION_ANSWER, true, rr[i]), 0);
	return end(f);
}

static void assert_records(const struct wire_answer *a, const char *want_text)
{
	uint8_t want[BYTES_MAX];
	size_t n = bytes_of(want_text, want), at = WIRE_HEADER_LEN + a->question_len;

	assert_int_equal(a->msg_len - at, n);
	assert_memory_equal(wire_answer_msg(a) + at, want, n);
}

static void test_owner_and_cname_target_become_pointers(void **state)
{
	static const char *const rr[] = {
		"app.example. 60 CNAME pool.app.example.",
		"pool.app.example. 60 A 192.0.2.1",
		"pool.app.example. 60 A 192.0.2.2",
	};
	const struct wire_answer *a = build_answers(*state, "app.example.", TYPE_A, rr, 3);

	/* The question name stands at 12; the target at 12 + 13 + 4 + 12 = 41, and not within the question: its letters are
	 * the client's, and the answer may be kept for another one. */
	assert_records(a, "c00c 0005 0001 0000003c 0012 04'pool' 03'app' 07'example' 00"
			  "c029 0001 0001 0000003c 0004 c0000201"
			  "c029 0001 0001 0000003c 0004 c0000202");
	assert_int_equal(a->final_first, 1);
	assert_int_equal(a->run_count, 2);
	assert_int_equal(a->run_size, 16);
	assert_int_equal(a->run_off, 59);
}

static void test_names_in_rdata_point_at_each_other_and_not_into_the_question(void **state)
{
	static const char *const rr[] = {"x.example. 0 NS ns.x.example.", "x.example. 0 MX 10 ns.x.example.",
					 "b.x.example. 0 NS a.b.x.example."};

	assert_records(build_answers(*state, "x.example.", TYPE_ANY, rr, 3),
		       "c00c 0002 0001 00000000 000e 02'ns' 01'x' 07'example' 00"
		       "c00c 000f 0001 00000000 0004 000a c027"
		       /* The third one's owner ends in the question: its name is not for data either. */
		       "01'b' c00c 0002 0001 00000000 0006 01'a' 01'b' c02a");
}

static void test_names_are_compressed_in_rdata_of_rfc1035_types_only(void **state)
{
	static const struct {
		const char *rr, *bytes;
	} cases[] = {
		{"x.example. 0 NS ns.x.example.", "c00c 0002 0001 00000000 000e 02'ns' 01'x' 07'example' 00"},
		{"x.example. 0 PTR .", "c00c 000c 0001 00000000 0001 00"},
		{"x.example. 0 SRV 1 2 3 x.example.",
		 "c00c 0021 0001 00000000 0011 000100020003 01'x' 07'example' 00"},
		{"x.example. 0 DNAME x.example.", "c00c 0027 0001 00000000 000b 01'x' 07'example' 00"},
		{"x.example. 0 NSEC x.example.", "c00c 002f 0001 00000000 000b 01'x' 07'example' 00"},
		{"x.example. 0 TYPE65280 017807'example'00",
		 "c00c ff00 0001 00000000 000b 01'x' 07'example' 00"},
		{"x.example. 0 TYPE65281 c00c", "c00c ff01 0001 00000000 0002 c00c"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_records(build_answers(*state, "x.example.", TYPE_ANY, &cases[i].rr, 1),
			       cases[i].bytes);
}

static void test_soa_compresses_both_names(void **state)
{
	struct fixture *f = *state;

	begin(f, "example.", TYPE_A);
	assert_int_equal(record_build(f->b, SECTION_AUTHORITY, true, "example. 900 SOA ns.example. 300"), 0);
	struct wire_answer *a = end(f);
	assert_records(a, "c00c 0006 0001 00000384 002d 02'ns' 07'example' 00 0a'hostmaster' c028"
			  "00000e10 00000e10 00000e10 00000e10 0000012c");
	assert_int_equal(a->soa_min_s, 300);
	assert_int_equal(a->min_ttl_s, 900);
	assert_int_equal(a->final_first, 0);
	assert_int_equal(a->final_count, 0);
}

static void test_owners_compress_without_case_and_data_keeps_its_own(void **state)
{
	static const char *const rr[] = {"APP.example. 60 CNAME www.EXAMPLE.", "WWW.Example. 60 A 192.0.2.1"};
	const struct wire_answer *a = build_answers(*state, "aPp.ExaMple.", TYPE_A, rr, 2);

	assert_records(a, "c00c 0005 0001 0000003c 000d 03'www' 07'EXAMPLE' 00"
			  "c029 0001 0001 0000003c 0004 c0000201");
	assert_memory_equal(wire_answer_msg(a) + 12, "\003aPp\007ExaMple", 12);
}

static void test_names_that_later_names_may_point_into_are_also_srv_targets(void **state)
{
	struct fixture *f = *state;

	begin(f, "_x._tcp.example.", TYPE_SRV);
	assert_int_equal(record_build(f->b, SECTION_ANSWER, true, "_x._tcp.example. 0 SRV 0 0 1 a.b."), 0);
	assert_int_equal(record_build(f->b, SECTION_ADDITIONAL, false, "a.b. 0 A 192.0.2.1"), 0);
	struct wire_answer *a = end(f);
	assert_records(a, "c00c 0021 0001 00000000 000b 000000000001 01'a' 01'b' 00"
			  "c033 0001 0001 00000000 0004 c0000201");
}

struct run_case {
	const char *what, *qname;
	uint16_t qtype;
	const char *rr[5];
	unsigned final_first, final_count, run_count;
};

static const struct run_case run_cases[] = {
	{"addresses of the question's name", "x.", TYPE_A, {"x. 0 A 192.0.2.1", "x. 0 A 192.0.2.2"}, 0, 2, 2},
	{"AAAA", "x.", TYPE_AAAA, {"x. 0 AAAA 2001:db8::1", "x. 0 AAAA 2001:db8::2"}, 0, 2, 2},
	{"the root's addresses", ".", TYPE_A, {". 0 A 192.0.2.1", ". 0 A 192.0.2.2"}, 0, 2, 2},
	{"a CNAME's target",
	 "x.",
	 TYPE_A,
	 {"x. 0 CNAME y.", "y. 0 A 192.0.2.1", "y. 0 A 192.0.2.2"},
	 1,
	 2,
	 2},
	{"RRSIGs behind it",
	 "x.",
	 TYPE_A,
	 {"x. 0 A 192.0.2.1", "x. 0 A 192.0.2.2", "x. 0 RRSIG A x. 9"},
	 0,
	 2,
	 2},
	{"another owner behind it", "x.", TYPE_A, {"x. 0 A 192.0.2.1", "y. 0 A 192.0.2.2"}, 0, 1, 1},
	{"an owner written whole", "x.", TYPE_A, {"y. 0 A 192.0.2.1", "y. 0 A 192.0.2.2"}, 0, 2, 0},
	{"an owner written in part", "x.", TYPE_A, {"y.x. 0 A 192.0.2.1", "y.x. 0 A 192.0.2.2"}, 0, 2, 0},
	{"TXT does not turn", "x.", TYPE_TXT, {"x. 0 TXT a", "x. 0 TXT b"}, 0, 2, 0},
	{"a chain without its end", "x.", TYPE_A, {"x. 0 CNAME y.", "y. 0 CNAME z."}, 2, 0, 0},
	{"a CNAME that was asked for", "x.", TYPE_CNAME, {"x. 0 CNAME y."}, 0, 1, 0},
	{"ANY", "x.", TYPE_ANY, {"x. 0 A 192.0.2.1", "x. 0 A 192.0.2.2", "x. 0 TXT a"}, 3, 0, 0},
};

static void test_the_final_rrset_is_found_and_turns_only_if_it_can(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(run_cases); i++) {
		const struct run_case *c = &run_cases[i];
		unsigned n = 0;
		while (n < 5 && c->rr[n])
			n++;
		const struct wire_answer *a = build_answers(*state, c->qname, c->qtype, c->rr, n);
		if (a->final_first != c->final_first || a->final_count != c->final_count ||
		    a->run_count != c->run_count)
			fail_msg("%s: final %u+%u, run %u", c->what, a->final_first, a->final_count,
				 a->run_count);
	}
}

static void test_a_target_beyond_16_kib_is_not_pointed_at(void **state)
{
	struct fixture *f = *state;
	uint8_t filler[17000] = {0}, owner[WIRE_NAME_MAX];

	begin(f, "x.", TYPE_A);
	(void)question_of("x.", TYPE_A, owner);
	assert_int_equal(
		wire_build_rr(f->b, SECTION_ANSWER, true, owner, 65280, CLASS_IN, 0, filler, sizeof filler),
		0);
	assert_int_equal(record_build(f->b, SECTION_ANSWER, true, "x. 0 CNAME far.away."), 0);
	assert_int_equal(record_build(f->b, SECTION_ANSWER, true, "far.away. 0 A 192.0.2.1"), 0);
	assert_int_equal(record_build(f->b, SECTION_ANSWER, true, "far.away. 0 A 192.0.2.2"), 0);
	struct wire_answer *a = end(f);
	assert_int_equal(wire_answer_rr(a, 2).end - wire_answer_rr(a, 2).off, 10 + 14);
	assert_int_equal(wire_answer_rr(a, 3).end - wire_answer_rr(a, 3).off, 10 + 14);
	assert_int_equal(a->run_count, 0);
}

static void test_a_full_message_takes_no_more_and_is_marked(void **state)
{
	struct fixture *f = *state;
	uint8_t filler[65535] = {0}, owner[WIRE_NAME_MAX];
	size_t room = 65535 - 12 - 7 - 12; /* header, question, owner and head of a record */

	(void)question_of("x.", TYPE_A, owner);
	begin(f, "x.", TYPE_TXT);
	assert_int_equal(
		wire_build_rr(f->b, SECTION_ANSWER, true, owner, 16, CLASS_IN, 0, filler, (uint16_t)room), 0);
	struct wire_answer *a = end(f);
	assert_int_equal(a->msg_len, 65535);
	assert_false(a->truncated);

	begin(f, "x.", TYPE_TXT);
	room++;
	assert_int_equal(
		wire_build_rr(f->b, SECTION_ANSWER, true, owner, 16, CLASS_IN, 0, filler, (uint16_t)room),
		ERR_NO_SPACE);
	assert_int_equal(record_build(f->b, SECTION_ANSWER, true, "x. 0 TXT small"), ERR_NO_SPACE);
	a = end(f);
	assert_int_equal(a->n_rr, 0);
	assert_true(a->truncated);

	begin(f, "x.", TYPE_TXT); /* an optional record that does not fit is no loss */
	assert_int_equal(
		wire_build_rr(f->b, SECTION_ADDITIONAL, false, owner, 16, CLASS_IN, 0, filler, 65535),
		ERR_NO_SPACE);
	assert_false(end(f)->truncated);
}

static void test_rdata_of_a_wrong_form_is_refused_and_leaves_no_trace(void **state)
{
	static const struct {
		uint16_t type;
		const char *rdata;
	} cases[] = {
		{TYPE_A, "c00002"},       {TYPE_A, "c000020101"},
		{TYPE_AAAA, "c0000201"},  {TYPE_CNAME, ""},
		{TYPE_CNAME, "01'a'"},    {TYPE_CNAME, "01'a' 00 00"},
		{TYPE_CNAME, "c00c"},     {TYPE_MX, "000a"},
		{TYPE_SOA, "00 00 0000"}, {TYPE_NAPTR, "00000000 01'a' 01'b' 05'c' 00"},
		{TYPE_RRSIG, "0001"},     {TYPE_CNAME, "41'a' 00"},
	};
	struct fixture *f = *state;
	uint8_t owner[WIRE_NAME_MAX], rdata[BYTES_MAX];

	(void)question_of("other.name.", TYPE_A, owner);
	begin(f, "x.", TYPE_A);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n = bytes_of(cases[i].rdata, rdata);
		assert_int_equal(wire_build_rr(f->b, SECTION_ANSWER, true, owner, cases[i].type, CLASS_IN, 0,
					       rdata, (uint16_t)n),
				 -EINVAL);
	}
	assert_int_equal(end(f)->n_rr, 0);
}

static void test_an_address_of_another_class_is_just_bytes(void **state)
{
	struct fixture *f = *state;
	uint8_t owner[WIRE_NAME_MAX];

	(void)question_of("x.", TYPE_A, owner);
	begin(f, "x.", TYPE_A);
	assert_int_equal(wire_build_rr(f->b, SECTION_ANSWER, true, owner, TYPE_A, CLASS_CH, 0, owner, 3), 0);
	assert_int_equal(end(f)->n_rr, 1);
}

static void test_members_of_different_size_do_not_turn(void **state)
{
	struct fixture *f = *state;
	uint8_t owner[WIRE_NAME_MAX];

	(void)question_of("x.", TYPE_A, owner);
	begin(f, "x.", TYPE_A);
	assert_int_equal(wire_build_rr(f->b, SECTION_ANSWER, true, owner, TYPE_A, CLASS_CH, 0, owner, 3), 0);
	assert_int_equal(wire_build_rr(f->b, SECTION_ANSWER, true, owner, TYPE_A, CLASS_CH, 0, owner, 2), 0);
	struct wire_answer *a = end(f);
	assert_int_equal(a->final_count, 2);
	assert_int_equal(a->run_count, 0);
}

static void test_equal_hashes_are_not_equal_names(void **state)
{
	/* The compressor's hash folds 0x20 of every byte; '[' and '{' are no letters. */
	static const char *const rr[] = {"x. 0 CNAME [.", "{. 0 A 192.0.2.1"};

	assert_records(build_answers(*state, "x.", TYPE_A, rr, 2),
		       "c00c 0005 0001 00000000 0003 01'[' 00"
		       "01'{' 00 0001 0001 00000000 0004 c0000201");
}

static void test_ttl_with_the_top_bit_counts_as_zero(void **state)
{
	struct fixture *f = *state;

	begin(f, "x.", TYPE_A);
	assert_int_equal(record_build(f->b, SECTION_ANSWER, true, "x. 2147483647 A 192.0.2.1"), 0);
	assert_int_equal(record_build(f->b, SECTION_ANSWER, true, "x. 2147483648 A 192.0.2.2"), 0);
	struct wire_answer *a = end(f);
	assert_int_equal(wire_answer_rr(a, 0).ttl_s, 2147483647);
	assert_int_equal(wire_answer_rr(a, 1).ttl_s, 0);
	assert_int_equal(a->min_ttl_s, 0);
}

static void test_optional_records_before_a_required_one_count_as_required(void **state)
{
	struct fixture *f = *state;

	begin(f, "x.", TYPE_A);
	assert_int_equal(record_build(f->b, SECTION_AUTHORITY, false, "x. 0 NS a."), 0);
	assert_int_equal(record_build(f->b, SECTION_AUTHORITY, true, "x. 0 SOA a. 1"), 0);
	assert_int_equal(record_build(f->b, SECTION_AUTHORITY, false, "x. 0 NS b."), 0);
	assert_int_equal(end(f)->n_required, 2);
}

static void test_ede_comes_along_with_its_text_cut_between_characters(void **state)
{
	struct fixture *f = *state;
	uint8_t text[300];

	begin(f, "x.", TYPE_A);
	assert_int_equal(end(f)->ede, EDE_NONE);
	memset(text, 'e', sizeof text);
	memcpy(text + 254, "\xc3\xa4", 2); /* a letter of two bytes across the limit */
	wire_build_ede(f->b, 65535, text, sizeof text);
	struct wire_answer *a = end(f);
	assert_int_equal(a->ede, 65535);
	assert_int_equal(a->ede_text_len, 254);
	assert_memory_equal(wire_answer_ede_text(a), text, 254);
	struct wire_answer *copy = wire_answer_copy(&f->arena, a);
	assert_memory_equal(copy, a, wire_answer_size(a));
}

static void test_a_full_table_of_names_costs_length_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	uint8_t owner[WIRE_NAME_MAX + 4], target[WIRE_NAME_MAX];
	unsigned n = 0;

	begin(f, "x.", TYPE_NS);
	question_of("x.", TYPE_NS, owner);
	/* 126 labels of one octet a name: in 16 KiB there are as many suffixes as the table has slots. */
	for (unsigned i = 0; i < 70; i++) {
		for (unsigned l = 0; l < 126; l++) {
			target[2 * l] = 1;
			target[2 * l + 1] = (uint8_t)(n++ * 167);
		}
		target[252] = 0;
		assert_int_equal(
			wire_build_rr(f->b, SECTION_ANSWER, true, owner, TYPE_NS, CLASS_IN, 0, target, 253),
			0);
	}
	struct wire_answer *a = end(f);
	assert_int_equal(a->n_rr, 70);
	assert_in_range(a->msg_len, 16384, 70 * (253 + 12) + 30);
}

static void test_nothing_of_65536_messages_before_is_found(void **state)
{
	static const char *const rr[] = {"x. 0 CNAME b.", "b. 0 A 192.0.2.1"};
	struct fixture *f = *state;

	for (unsigned i = 0; i < 65536 + 3; i++) /* the rounds wrap */
		begin(f, i % 2 ? "a.b.c." : "aaaaaaaaaaaa.b.", TYPE_A);
	assert_records(build_answers(f, "x.", TYPE_A, rr, 2), "c00c 0005 0001 00000000 0003 01'b' 00"
							      "c01f 0001 0001 00000000 0004 c0000201");
}

static void test_the_last_record_may_end_anywhere(void **state)
{
	struct fixture *f = *state;
	static uint8_t filler[65535];
	uint8_t owner[WIRE_NAME_MAX + 4];

	question_of("a.long.owner.name.that.stands.nowhere.else.", TYPE_A, owner);
	for (size_t left = 0; left < 160; left++) { /* bytes that the filler leaves */
		size_t room = 65535 - 12 - 7 - 11 - left;
		begin(f, "x.", TYPE_A);
		assert_int_equal(wire_build_rr(f->b, SECTION_ANSWER, true, (const uint8_t *)"", TYPE_TXT,
					       CLASS_IN, 0, filler, (uint16_t)room),
				 0);
		int r = record_build(
			f->b, SECTION_AUTHORITY, true,
			"a.long.owner.name.that.stands.nowhere.else. 0 SOA another.name.of.some.length. 1");
		size_t size = 44 + 10 + 29 + 20 + 20;
		assert_int_equal(r, left >= size ? 0 : ERR_NO_SPACE);
		struct wire_answer *a = end(f);
		assert_int_equal(a->truncated, left < size);
		assert_int_equal(a->n_rr, 1 + (left >= size));
	}
}

static void test_many_names_stay_findable(void **state)
{
	struct fixture *f = *state;
	char text[80];

	begin(f, "example.", TYPE_NS);
	for (unsigned i = 0; i < 600; i++) {
		snprintf(text, sizeof text, "example. 0 NS ns-%u.example.", i);
		assert_int_equal(record_build(f->b, SECTION_ANSWER, true, text), 0);
	}
	for (unsigned i = 0; i < 600; i++) {
		snprintf(text, sizeof text, "ns-%u.example. 0 A 192.0.2.1", i);
		assert_int_equal(record_build(f->b, SECTION_ADDITIONAL, true, text), 0);
	}
	struct wire_answer *a = end(f);
	for (unsigned i = 600; i < 1200; i++)
		assert_int_equal(wire_answer_rr(a, i).end - wire_answer_rr(a, i).off, 16);
}

static void test_no_room_in_the_arena_is_no_answer(void **state)
{
	struct fixture *f = *state;
	struct arena_pool pool;
	struct arena small;

	arena_pool_init(&pool, 0, NULL, 0);
	arena_init(&small, NULL, 0, &pool);
	begin(f, "x.", TYPE_A);
	assert_null(wire_build_end(f->b, &small, RCODE_NOERROR));
	arena_fini(&small);
	arena_pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_owner_and_cname_target_become_pointers),
		T(test_names_in_rdata_point_at_each_other_and_not_into_the_question),
		T(test_names_are_compressed_in_rdata_of_rfc1035_types_only),
		T(test_soa_compresses_both_names),
		T(test_owners_compress_without_case_and_data_keeps_its_own),
		T(test_names_that_later_names_may_point_into_are_also_srv_targets),
		T(test_the_final_rrset_is_found_and_turns_only_if_it_can),
		T(test_a_target_beyond_16_kib_is_not_pointed_at),
		T(test_a_full_message_takes_no_more_and_is_marked),
		T(test_rdata_of_a_wrong_form_is_refused_and_leaves_no_trace),
		T(test_an_address_of_another_class_is_just_bytes),
		T(test_members_of_different_size_do_not_turn),
		T(test_equal_hashes_are_not_equal_names),
		T(test_ttl_with_the_top_bit_counts_as_zero),
		T(test_optional_records_before_a_required_one_count_as_required),
		T(test_ede_comes_along_with_its_text_cut_between_characters),
		T(test_a_full_table_of_names_costs_length_and_nothing_else),
		T(test_nothing_of_65536_messages_before_is_found),
		T(test_the_last_record_may_end_anywhere),
		T(test_many_names_stay_findable),
		T(test_no_room_in_the_arena_is_no_answer),
	};

	return cmocka_run_group_tests_name("wire/build", tests, NULL, NULL);
}
