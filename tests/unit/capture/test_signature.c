// SPDX-License-Identifier: Apache-2.0
/* What a message says beyond its counts: signatures and their times, the SOA of a denial, an Extended DNS Error. */
#include "packets.h"

#include "capture/signature.h"
#include "wire/wire.h"

#include <string.h>

enum { NOW_S = 1000000000, HOUR_S = 3600, OWNER_QUESTION = WIRE_HEADER_LEN };

static struct bytes b;
static struct capture_message m;

/* A header and the question "www.example.org. A". */
static void begin(unsigned flags, unsigned n_answer, unsigned n_authority, unsigned n_additional)
{
	b.n = 0;
	put16(&b, 7);
	put16(&b, FLAG_QR | flags);
	put16(&b, 1);
	put16(&b, n_answer);
	put16(&b, n_authority);
	put16(&b, n_additional);
	put_bytes(&b, "\3www\7example\3org", 17);
	put16(&b, TYPE_A);
	put16(&b, CLASS_IN);
}

static void put_head(unsigned owner, unsigned type, unsigned cls, uint32_t ttl, unsigned rdlen)
{
	put16(&b, 0xc000 | owner);
	put16(&b, type);
	put16(&b, cls);
	put32(&b, ttl);
	put16(&b, rdlen);
}

static void put_signature(unsigned owner, unsigned covered, uint32_t inception, uint32_t expiration)
{
	put_head(owner, TYPE_RRSIG, CLASS_IN, 30, 20);
	put16(&b, covered);
	put16(&b, 13 << 8 | 3);
	put32(&b, 30);
	put32(&b, expiration);
	put32(&b, inception);
	put16(&b, 4711);
	put16(&b, 0); /* the root, and a byte of a signature */
}

static void read_at(uint32_t now_s, size_t captured)
{
	memset(&m, 0, sizeof(m));
	m.time_ns = (int64_t)now_s * 1000000000;
	assert_int_equal(capture_message_read(b.p, captured ? captured : b.n, b.n, &m), 0);
}

static void test_a_signature_in_its_time_holds(void **state)
{
	begin(0, 1, 0, 0);
	put_signature(OWNER_QUESTION, TYPE_A, NOW_S - HOUR_S, NOW_S + HOUR_S);
	for (int s = -HOUR_S - CAPTURE_SKEW_S; s <= HOUR_S + CAPTURE_SKEW_S; s += CAPTURE_SKEW_S) {
		read_at((uint32_t)(NOW_S + s), 0);
		assert_true(m.detail.is_signed && !m.detail.signed_badly);
	}
}

static void test_outside_of_it_with_a_margin_it_does_not(void **state)
{
	begin(0, 1, 0, 0);
	put_signature(OWNER_QUESTION, TYPE_A, NOW_S - HOUR_S, NOW_S + HOUR_S);
	for (int side = -1; side <= 1; side += 2) {
		read_at((uint32_t)(NOW_S + side * (HOUR_S + CAPTURE_SKEW_S + 1)), 0);
		assert_true(m.detail.signed_badly);
		assert_int_equal(m.detail.covered, TYPE_A);
		assert_int_equal(m.detail.inception, NOW_S - HOUR_S);
		assert_int_equal(m.detail.expiration, NOW_S + HOUR_S);
	}
}

/* RFC 4034 3.1.5: the times go round in 2106. */
static void test_times_are_serial_numbers(void **state)
{
	begin(0, 1, 0, 0);
	put_signature(OWNER_QUESTION, TYPE_A, 0xffffff00u, HOUR_S);
	read_at(600, 0);
	assert_false(m.detail.signed_badly);
	read_at(0xfffffff0u, 0);
	assert_false(m.detail.signed_badly);
	read_at(HOUR_S + CAPTURE_SKEW_S + 1, 0);
	assert_true(m.detail.signed_badly);
}

static void test_one_that_holds_is_enough_for_a_record_set(void **state)
{
	begin(0, 3, 0, 0);
	put_signature(OWNER_QUESTION, TYPE_A, NOW_S - 3 * HOUR_S, NOW_S - 2 * HOUR_S);
	put_signature(OWNER_QUESTION, TYPE_A, NOW_S - HOUR_S, NOW_S + HOUR_S);
	put_signature(OWNER_QUESTION, TYPE_AAAA, NOW_S - HOUR_S, NOW_S + HOUR_S);
	read_at(NOW_S, 0);
	assert_true(m.detail.is_signed && !m.detail.signed_badly);
	/* ... and that of another name is not. */
	begin(0, 2, 0, 0);
	put_signature(OWNER_QUESTION, TYPE_CNAME, NOW_S - HOUR_S, NOW_S + HOUR_S);
	put_signature(OWNER_QUESTION + 4, TYPE_CNAME, NOW_S - 3 * HOUR_S, NOW_S - 2 * HOUR_S);
	read_at(NOW_S, 0);
	assert_true(m.detail.signed_badly);
	assert_int_equal(m.detail.covered, TYPE_CNAME);
}

static void test_cut_messages_say_nothing(void **state)
{
	begin(0, 2, 0, 0);
	put_signature(OWNER_QUESTION, TYPE_A, NOW_S - 3 * HOUR_S, NOW_S - 2 * HOUR_S);
	put_signature(OWNER_QUESTION, TYPE_A, NOW_S - HOUR_S, NOW_S + HOUR_S);
	read_at(NOW_S, b.n - 1);
	assert_int_equal(m.read, CAPTURE_CUT);
	assert_false(m.detail.is_signed || m.detail.signed_badly);
}

static void test_signatures_too_short_are_passed_over(void **state)
{
	begin(0, 1, 0, 0);
	put_head(OWNER_QUESTION, TYPE_RRSIG, CLASS_IN, 30, 18);
	for (int i = 0; i < 18; i++)
		put8(&b, 0);
	read_at(NOW_S, 0);
	assert_false(m.detail.is_signed || m.detail.signed_badly);
}

static void test_more_sets_than_are_looked_at_do_no_harm(void **state)
{
	begin(0, 3 * CAPTURE_SIGNED_SETS_MAX, 0, 0);
	for (unsigned i = 0; i < 3 * CAPTURE_SIGNED_SETS_MAX; i++)
		put_signature(OWNER_QUESTION, 100 + i, NOW_S - HOUR_S,
			      i < CAPTURE_SIGNED_SETS_MAX ? NOW_S + HOUR_S : NOW_S - HOUR_S / 2);
	read_at(NOW_S, 0);
	assert_true(m.detail.is_signed && !m.detail.signed_badly);
}

static void put_soa(unsigned owner, uint32_t ttl)
{
	put_head(owner, TYPE_SOA, CLASS_IN, ttl, 22);
	for (int i = 0; i < 22; i++)
		put8(&b, 0);
}

static void test_the_soa_of_a_denial_names_the_zone(void **state)
{
	begin(RCODE_NXDOMAIN, 0, 1, 0);
	put_soa(OWNER_QUESTION + 4, 27);
	read_at(NOW_S, 0);
	assert_true(m.has_soa);
	assert_int_equal(m.detail.soa_ttl_s, 27);
	assert_int_equal(m.detail.zone_len, 13); /* example.org. */
	begin(RCODE_NXDOMAIN, 0, 1, 0);
	put_soa(OWNER_QUESTION + 4, 0x80000000u); /* RFC 2181 8: zero */
	read_at(NOW_S, 0);
	assert_int_equal(m.detail.soa_ttl_s, 0);
}

static void test_the_servers_reason_is_read(void **state)
{
	begin(RCODE_SERVFAIL, 0, 0, 1);
	put8(&b, 0);
	put16(&b, TYPE_OPT);
	put16(&b, 1232);
	put32(&b, 0);
	put16(&b, 6);
	put16(&b, OPTION_EDE);
	put16(&b, 2);
	put16(&b, 7);
	read_at(NOW_S, 0);
	assert_true(m.has_opt);
	assert_int_equal(m.detail.ede, 7);
	b.p[b.n - 3] = 9; /* the option is longer than its OPT */
	read_at(NOW_S, 0);
	assert_int_equal(m.detail.ede, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_signature_in_its_time_holds),
		cmocka_unit_test(test_outside_of_it_with_a_margin_it_does_not),
		cmocka_unit_test(test_times_are_serial_numbers),
		cmocka_unit_test(test_one_that_holds_is_enough_for_a_record_set),
		cmocka_unit_test(test_cut_messages_say_nothing),
		cmocka_unit_test(test_signatures_too_short_are_passed_over),
		cmocka_unit_test(test_more_sets_than_are_looked_at_do_no_harm),
		cmocka_unit_test(test_the_soa_of_a_denial_names_the_zone),
		cmocka_unit_test(test_the_servers_reason_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
