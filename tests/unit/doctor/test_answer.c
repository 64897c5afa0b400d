// SPDX-License-Identifier: Apache-2.0
#include "../wire/bytes.h"
#include "doctor/answer.h"
#include "world.h"

#include <string.h>

#define HEAD_A "0007 8180 0001"
#define QUESTION "01'a' 07'example' 00  0001 0001"

static const uint8_t name[] = "\1a\7example", cookie[8] = "12345678";
static struct observed_reply reply;
static struct answer_texts texts;

static enum wrong_reply read_as(const char *text, uint16_t type)
{
	const struct answer_expect e = {7, name, type, CLASS_IN, cookie};
	uint8_t msg[BYTES_MAX];
	size_t len = bytes_of(text, msg);
	uint8_t *exact = test_malloc(len ? len : 1); /* a byte too far is seen by the sanitizer */
	enum wrong_reply wrong;

	memcpy(exact, msg, len);
	wrong = answer_read(exact, len, &e, &reply, &texts);
	texts.ede = texts.txt = NULL;
	test_free(exact);
	return wrong;
}

static void addresses_are_counted_and_kept(void **state)
{
	assert_int_equal(read_as(HEAD_A "0002 0000 0000" QUESTION "c00c 0001 0001 0000003c 0004 c0000201"
					"c00c 0001 0001 0000001e 0004 c0000202",
				 TYPE_A),
			 WRONG_NONE);
	assert_int_equal(reply.n_wanted, 2);
	assert_int_equal(reply.n_address, 2);
	assert_int_equal(reply.n_addrs, 2);
	assert_int_equal(reply.addrs[1].v4.sin_addr.s_addr, htonl(0xc0000202));
	assert_int_equal(reply.min_ttl_s, 30);
	assert_false(reply.broken);
	assert_true(reply.flags & FLAG_RA);
}

static void a_set_has_one_hash_in_any_order(void **state)
{
	uint64_t first;

	assert_int_equal(read_as(HEAD_A "0002 0000 0000" QUESTION "c00c 0001 0001 0000003c 0004 c0000201"
					"c00c 0001 0001 0000001e 0004 c0000202",
				 TYPE_A),
			 WRONG_NONE);
	first = reply.set_hash;
	assert_int_equal(read_as(HEAD_A "0002 0000 0000" QUESTION "c00c 0001 0001 0000003c 0004 c0000202"
					"c00c 0001 0001 0000001e 0004 c0000201",
				 TYPE_A),
			 WRONG_NONE);
	assert_true(first == reply.set_hash);
	assert_int_equal(
		read_as(HEAD_A "0001 0000 0000" QUESTION "c00c 0001 0001 0000003c 0004 c0000202", TYPE_A),
		WRONG_NONE);
	assert_true(first != reply.set_hash);
}

static void a_chain_is_followed_in_any_order(void **state)
{
	assert_int_equal(read_as(HEAD_A "0003 0000 0000" QUESTION
					"01'c' c00e 0001 0001 0000003c 0004 c0000201"
					"01'b' c00e 0005 0001 0000003c 0004 01'c' c00e"
					"c00c 0005 0001 0000003c 0004 01'b' c00e",
				 TYPE_A),
			 WRONG_NONE);
	assert_int_equal(reply.n_cname, 2);
	assert_int_equal(reply.n_wanted, 1);
	assert_true(texts.has_target);
	assert_true(wire_name_equal(texts.target, (const uint8_t *)"\1c\7example"));
	assert_false(reply.cname_loop);
}

static void a_chain_that_loops_ends(void **state)
{
	assert_int_equal(read_as(HEAD_A "0002 0000 0000" QUESTION "c00c 0005 0001 0000003c 0004 01'b' c00e"
					"01'b' c00e 0005 0001 0000003c 0002 c00c",
				 TYPE_A),
			 WRONG_NONE);
	assert_true(reply.cname_loop);
	assert_int_equal(reply.n_wanted, 0);
}

static void an_address_of_another_name_is_not_the_wanted_one(void **state)
{
	assert_int_equal(read_as(HEAD_A "0001 0000 0000" QUESTION
					"01'x' c00e 0001 0001 0000003c 0004 c0000201",
				 TYPE_A),
			 WRONG_NONE);
	assert_int_equal(reply.n_wanted, 0);
	assert_int_equal(reply.n_address, 1);
}

static void a_denial_shows_its_soa(void **state)
{
	assert_int_equal(read_as("0007 8183 0001 0000 0001 0000" QUESTION "c00e 0006 0001 0000001e 0019"
				 "01'm' c00e 00 00000001 00000002 00000003 00000004 00000005",
				 TYPE_A),
			 WRONG_NONE);
	assert_int_equal(reply.rcode, RCODE_NXDOMAIN);
	assert_true(reply.has_soa);
	assert_int_equal(reply.soa_ttl_s, 30);
	assert_int_equal(reply.soa_minimum_s, 5);
	assert_true(wire_name_equal(texts.soa_owner, (const uint8_t *)"\7example"));
	assert_int_equal(reply.min_ttl_s, UINT32_MAX);
}

static void edns_brings_rcode_cookie_and_error(void **state)
{
	assert_int_equal(read_as("0007 8180 0001 0000 0000 0001" QUESTION "00 0029 04d0 01000000 0027"
				 "000a 0018 '12345678' '0123456789abcdef' 000f 0007 0016 'stuck'",
				 TYPE_A),
			 WRONG_NONE);
	assert_int_equal(reply.rcode, RCODE_BADVERS);
	assert_int_equal(reply.opt_udp_size, 1232);
	assert_int_equal(reply.cookie, COOKIE_ECHOED);
	assert_int_equal(reply.server_cookie_len, 16);
	assert_int_equal(reply.ede, 22);
	assert_int_equal(texts.ede_len, 5);
	assert_int_equal(reply.n_additional, 0);
}

static void a_foreign_cookie_is_wrong(void **state)
{
	assert_int_equal(read_as("0007 8180 0001 0000 0000 0001" QUESTION
				 "00 0029 04d0 00000000 000c 000a 0008 '12345679'",
				 TYPE_A),
			 WRONG_NONE);
	assert_int_equal(reply.cookie, COOKIE_WRONG);
	assert_int_equal(read_as("0007 8180 0001 0000 0000 0001" QUESTION
				 "00 0029 04d0 00000000 000d 000a 0009 '123456780'",
				 TYPE_A),
			 WRONG_NONE);
	assert_int_equal(reply.cookie, COOKIE_WRONG);
}

static void signatures_show_when_they_hold(void **state)
{
	assert_int_equal(
		read_as(HEAD_A "0002 0000 0000" QUESTION "c00c 0001 0001 0000003c 0004 c0000201"
			       "c00c 002e 0001 0000003c 0013 0001 08 02 0000003c 6500 0000 6400 0000 0001 00",
			TYPE_A),
		WRONG_NONE);
	assert_int_equal(reply.n_rrsig, 1);
	assert_int_equal(reply.sig_expiration, 0x65000000);
	assert_int_equal(reply.sig_inception, 0x64000000);
}

static void what_does_not_answer_is_told(void **state)
{
	assert_int_equal(read_as("0008 8180 0001 0000 0000 0000" QUESTION, TYPE_A), WRONG_ID);
	assert_int_equal(read_as("0007 0100 0001 0000 0000 0000" QUESTION, TYPE_A), WRONG_GARBLED);
	assert_int_equal(read_as("0007 8180 0001 0000 0000", TYPE_A), WRONG_GARBLED);
	assert_int_equal(read_as("", TYPE_A), WRONG_GARBLED);
	assert_int_equal(read_as("0007 8180 0001 0000 0000 0000" QUESTION, TYPE_AAAA), WRONG_QUESTION);
	assert_int_equal(read_as("0007 8180 0001 0000 0000 0000 01'b' 07'example' 00 0001 0001", TYPE_A),
			 WRONG_QUESTION);
	assert_int_equal(read_as("0007 8180 0000 0000 0000 0000", TYPE_A), WRONG_QUESTION);
	assert_int_equal(read_as("0007 8180 0001 0000 0000 0000 01'a' 07'exam'", TYPE_A), WRONG_GARBLED);
}

static void a_server_that_understands_nothing_need_not_repeat_the_question(void **state)
{
	assert_int_equal(read_as("0007 8181 0000 0000 0000 0000", TYPE_A), WRONG_NONE);
	assert_int_equal(reply.rcode, RCODE_FORMERR);
}

static void a_message_cut_in_a_record_is_broken_unless_it_says_so(void **state)
{
	assert_int_equal(read_as("0007 8180 0001 0002 0000 0000" QUESTION
				 "c00c 0001 0001 0000003c 0004 c0000201 c00c 00",
				 TYPE_A),
			 WRONG_NONE);
	assert_true(reply.broken);
	assert_int_equal(reply.n_wanted, 1);
	assert_int_equal(read_as("0007 8380 0001 0002 0000 0000" QUESTION
				 "c00c 0001 0001 0000003c 0004 c0000201 c00c 00",
				 TYPE_A),
			 WRONG_NONE);
	assert_false(reply.broken);
}

static void addresses_of_a_wrong_length_are_not_kept(void **state)
{
	assert_int_equal(
		read_as(HEAD_A "0001 0000 0000" QUESTION "c00c 0001 0001 0000003c 0003 c00002", TYPE_A),
		WRONG_NONE);
	assert_int_equal(reply.n_addrs, 0);
}

static void version_texts_are_read(void **state)
{
	assert_int_equal(read_as("0007 8180 0001 0001 0000 0000 01'a' 07'example' 00 0010 0001"
				 "c00c 0010 0001 00000000 0008 07'CoreDNS'",
				 TYPE_TXT),
			 WRONG_NONE);
	assert_int_equal(texts.txt_len, 7);
	assert_int_equal(read_as("0007 8180 0001 0001 0000 0000 01'a' 07'example' 00 0010 0001"
				 "c00c 0010 0001 00000000 0003 ff'ab'",
				 TYPE_TXT),
			 WRONG_NONE);
	assert_int_equal(texts.txt_len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_counted_and_kept),
		cmocka_unit_test(a_set_has_one_hash_in_any_order),
		cmocka_unit_test(a_chain_is_followed_in_any_order),
		cmocka_unit_test(a_chain_that_loops_ends),
		cmocka_unit_test(an_address_of_another_name_is_not_the_wanted_one),
		cmocka_unit_test(a_denial_shows_its_soa),
		cmocka_unit_test(edns_brings_rcode_cookie_and_error),
		cmocka_unit_test(a_foreign_cookie_is_wrong),
		cmocka_unit_test(signatures_show_when_they_hold),
		cmocka_unit_test(what_does_not_answer_is_told),
		cmocka_unit_test(a_server_that_understands_nothing_need_not_repeat_the_question),
		cmocka_unit_test(a_message_cut_in_a_record_is_broken_unless_it_says_so),
		cmocka_unit_test(addresses_of_a_wrong_length_are_not_kept),
		cmocka_unit_test(version_texts_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
