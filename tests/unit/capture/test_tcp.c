// SPDX-License-Identifier: Apache-2.0
#include "packets.h"

#include <netinet/in.h>
#include <string.h>

enum { FIRST = 0xfffffff0u }; /* so that numbers wrap around */

static const struct way to = {4, 1, 53, 40000, 53, 0}, back = {4, 53, 1, 53, 40000, 0};
static struct decoded d;
static struct bytes stream;

static void put_message(uint16_t id, unsigned n_answer)
{
	static struct bytes dns;
	struct dns m = {.id = id,
			.flags = n_answer ? FLAG_QR : 0,
			.qtype = TYPE_A,
			.name = "www.example.org.",
			.n_answer = n_answer};

	dns.n = 0;
	put_dns(&dns, &m);
	put16(&stream, (unsigned)dns.n);
	put_bytes(&stream, dns.p, dns.n);
}

static void segment(const struct way *w, unsigned flags, uint32_t seq, size_t from, size_t end,
		    size_t captured)
{
	static struct bytes tcp, ip;

	tcp.n = ip.n = 0;
	put_tcp(&tcp, w, flags, seq + (uint32_t)from, stream.p + from, end - from);
	put_ip(&ip, w, IPPROTO_TCP, (struct ip_extra){0}, tcp.p, tcp.n);
	decoded_ip(&d, &ip, captured);
}

static void data(size_t from, size_t end)
{
	segment(&to, TCP_ACK, FIRST + 1, from, end, 0);
}

static void start(void)
{
	stream.n = 0;
	decoded_start(&d);
}

static void test_messages_in_one_segment_and_over_several(void **state)
{
	start();
	put_message(1, 0);
	put_message(2, 0);
	put_message(3, 100);
	segment(&to, TCP_SYN, FIRST, 0, 0, 0);
	data(0, stream.n - 1000);
	assert_int_equal(d.n, 2);
	data(stream.n - 1000, stream.n - 999);
	data(stream.n - 999, stream.n);
	assert_int_equal(d.n, 3);
	assert_int_equal(d.m[2].n_address, 100);
	assert_true(d.m[2].tcp);
	assert_int_equal(d.asked, 1);
	decoded_end(&d);
}

static void test_order_and_repetition_do_not_matter(void **state)
{
	start();
	for (uint16_t i = 1; i <= 10; i++)
		put_message(i, 0);
	segment(&to, TCP_SYN, FIRST, 0, 0, 0);
	data(100, 200);
	data(250, stream.n);
	data(100, 200);
	data(150, 260); /* overlaps both */
	assert_int_equal(d.n, 0);
	data(0, 100);
	data(0, 100);
	assert_int_equal(d.n, 10);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(d.m[i].id, i + 1);
	decoded_end(&d);
}

static void test_a_capture_that_begins_in_the_middle_finds_the_next_message(void **state)
{
	start();
	put_message(1, 100);
	size_t second = stream.n;
	put_message(2, 0);
	put_message(3, 0);
	data(700, second); /* the rest of an answer */
	assert_int_equal(d.n, 0);
	data(second, stream.n);
	assert_int_equal(d.n, 2);
	assert_int_equal(d.m[0].id, 2);
	assert_int_equal(capture_decoder_tcp(d.d)->joined, 1);
	decoded_end(&d);
}

static void test_the_length_may_come_by_itself(void **state)
{
	start();
	put_message(1, 0);
	data(0, 2);
	data(2, stream.n);
	assert_int_equal(d.n, 1);
	decoded_end(&d);
}

static void test_a_hole_is_given_up_after_a_second(void **state)
{
	start();
	put_message(1, 0);
	size_t second = stream.n;
	put_message(2, 0);
	size_t third = stream.n;
	put_message(3, 0);
	segment(&to, TCP_SYN, FIRST, 0, 0, 0);
	data(second, third);
	assert_int_equal(d.n, 0);
	d.now_ns += 1500000000;
	data(third, stream.n);
	assert_int_equal(d.n, 2);
	assert_int_equal(d.m[0].id, 2);
	assert_int_equal(capture_decoder_tcp(d.d)->holes, 1);
	decoded_end(&d);
}

static void test_what_waits_at_the_end_comes_out(void **state)
{
	start();
	put_message(1, 0);
	size_t second = stream.n;
	put_message(2, 0);
	segment(&to, TCP_SYN, FIRST, 0, 0, 0);
	data(second, stream.n);
	capture_decoder_finish(d.d);
	assert_int_equal(d.n, 1);
	assert_int_equal(d.m[0].id, 2);
	decoded_end(&d);
}

static void test_a_snap_length_cuts_messages_not_the_stream(void **state)
{
	start();
	put_message(1, 50);
	size_t second = stream.n;
	put_message(2, 0);
	segment(&to, TCP_SYN, FIRST, 0, 0, 0);
	segment(&to, TCP_ACK, FIRST + 1, 0, second, 20 + 20 + 40);
	assert_int_equal(d.n, 1);
	assert_int_equal(d.m[0].read, CAPTURE_CUT);
	assert_int_equal(d.m[0].captured, 38);
	assert_true(d.m[0].question_known);
	segment(&to, TCP_ACK, FIRST + 1, second, stream.n, 0);
	assert_int_equal(d.n, 2);
	assert_int_equal(d.m[1].read, CAPTURE_WHOLE);
	decoded_end(&d);
}

static void test_what_a_connection_does_is_told(void **state)
{
	start();
	segment(&to, TCP_SYN, 1, 0, 0, 0);
	segment(&back, TCP_SYN | TCP_ACK, 5, 0, 0, 0);
	segment(&back, TCP_RST, 6, 0, 0, 0);
	assert_int_equal(d.asked, 1);
	assert_int_equal(d.accepted, 1);
	assert_int_equal(d.reset, 1);
	decoded_end(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_in_one_segment_and_over_several),
		cmocka_unit_test(test_order_and_repetition_do_not_matter),
		cmocka_unit_test(test_a_capture_that_begins_in_the_middle_finds_the_next_message),
		cmocka_unit_test(test_the_length_may_come_by_itself),
		cmocka_unit_test(test_a_hole_is_given_up_after_a_second),
		cmocka_unit_test(test_what_waits_at_the_end_comes_out),
		cmocka_unit_test(test_a_snap_length_cuts_messages_not_the_stream),
		cmocka_unit_test(test_what_a_connection_does_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
