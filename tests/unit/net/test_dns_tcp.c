// SPDX-License-Identifier: Apache-2.0
/* DNS over TCP: framing, pipelining, order, ends. */
#include "tcp_client.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct port p;

static int setup(void **state)
{
	port_start(&p, 16, &tcp_limits_default);
	return 0;
}

static int teardown(void **state)
{
	port_stop(&p);
	return 0;
}

static void expect_answer(int fd, uint16_t id, size_t len)
{
	uint16_t got_id = 0;
	ssize_t n = -EAGAIN;

	UNTIL(p.l, (n = next_answer(fd, &got_id)) != -EAGAIN);
	assert_int_equal(n, len);
	assert_int_equal(got_id, id);
}

static void expect_end(int fd)
{
	ssize_t n = -EAGAIN;

	UNTIL(p.l, (n = next_answer(fd, NULL)) != -EAGAIN);
	assert_int_equal(n, 0);
}

static void test_dns_tcp_and_udp_on_one_port(void **state)
{
	int tcp = tcp_client(&p), udp = client(SOCK_DGRAM, &p.at);
	uint8_t query[12] = {0x12, 0x34}, buf[64];

	p.hold = true;
	send_query(tcp, 7, 12);
	UNTIL(p.l, p.n_held == 1);
	assert_true(p.held[0].stream);
	assert_ptr_equal(p.held[0].listener, &p);
	assert_int_equal(net_addr_port(net_return_peer(&p.held[0])), port_of(tcp));
	assert_true(net_addr_equal(net_return_local(&p.held[0]), &p.at));
	answer_held(&p, 0, 100);
	expect_answer(tcp, 7, 100);

	assert_int_equal(send(udp, query, sizeof(query), 0), sizeof(query));
	UNTIL(p.l, p.n_held == 2);
	assert_false(p.held[1].stream);
	assert_ptr_equal(p.held[1].listener, &p);
	assert_int_equal(net_addr_port(net_return_peer(&p.held[1])), port_of(udp));
	assert_true(net_addr_equal(net_return_local(&p.held[1]), &p.at));
	net_reply_none(&p.held[1]);
	answer_held(&p, 1, 40);
	UNTIL(p.l, got(udp, buf, sizeof(buf)) == 40);
	close(tcp);
	close(udp);
	UNTIL(p.l, tcp_table_count(p.table) == 0);
}

static void test_dns_tcp_reads_a_message_byte_by_byte(void **state)
{
	uint8_t out[64];
	size_t len = frame(out, 99, 40);
	int fd = tcp_client(&p);

	for (size_t i = 0; i < len; i++) {
		assert_int_equal(p.requests, 0);
		assert_int_equal(send(fd, out + i, 1, 0), 1);
		for (int t = 0; t < 3; t++)
			turn(p.l, NULL);
	}
	expect_answer(fd, 99, 40);
	close(fd);
}

static void test_dns_tcp_takes_the_largest_message(void **state)
{
	static uint8_t out[2 + NET_MESSAGE_MAX];
	size_t len = frame(out, 5, NET_MESSAGE_MAX), sent = 0;
	int fd = tcp_client(&p);

	while (sent < len) {
		ssize_t n = send(fd, out + sent, len - sent, MSG_DONTWAIT);

		sent += n > 0 ? (size_t)n : 0;
		turn(p.l, NULL);
	}
	expect_answer(fd, 5, NET_MESSAGE_MAX);
	close(fd);
}

/* Cuts at every place, also within the length. */
static void test_dns_tcp_pipelines_whatever_the_cuts(void **state)
{
	uint8_t out[4096];
	size_t total = 0, cut;

	for (uint16_t id = 0; id < 40; id++)
		total += frame(out + total, id, 12 + id);
	for (cut = 1; cut < total; cut += 37) {
		int fd = tcp_client(&p);

		assert_int_equal(send(fd, out, cut, 0), cut);
		turn(p.l, NULL);
		turn(p.l, NULL);
		assert_int_equal(send(fd, out + cut, total - cut, 0), total - cut);
		for (uint16_t id = 0; id < 40; id++)
			expect_answer(fd, id, 12 + id);
		close(fd);
	}
}

static void test_dns_tcp_answers_in_any_order(void **state)
{
	int fd = tcp_client(&p);

	p.hold = true;
	for (uint16_t id = 0; id < 5; id++)
		send_query(fd, id, 20);
	UNTIL(p.l, p.n_held == 5);
	answer_held(&p, 3, 30);
	expect_answer(fd, 3, 30);
	answer_held(&p, 0, 31);
	net_reply_none(&p.held[2]);
	answer_held(&p, 4, 32);
	answer_held(&p, 1, 33);
	expect_answer(fd, 0, 31);
	expect_answer(fd, 4, 32);
	expect_answer(fd, 1, 33);
	close(fd);
}

static void test_dns_tcp_answers_in_flight_queries_after_the_clients_end(void **state)
{
	int fd = tcp_client(&p);

	p.hold = true;
	send_query(fd, 1, 20);
	send_query(fd, 2, 20);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	UNTIL(p.l, p.n_held == 2);
	for (int i = 0; i < 10; i++)
		turn(p.l, NULL);
	answer_held(&p, 1, 50);
	expect_answer(fd, 2, 50);
	answer_held(&p, 0, 60);
	expect_answer(fd, 1, 60);
	expect_end(fd);
	assert_int_equal(tcp_table_count(p.table), 0);
	close(fd);
}

static void test_dns_tcp_answers_all_that_came_before_the_clients_end(void **state)
{
	int fd = tcp_client(&p);

	/* more than one turn's share, more than may be in flight */
	for (uint16_t id = 0; id < 150; id++)
		send_query(fd, id, 20);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	for (uint16_t id = 0; id < 150; id++)
		expect_answer(fd, id, 20);
	expect_end(fd);
	close(fd);
}

static void bad_length(const uint8_t *bytes, size_t len)
{
	uint64_t before = loop_stats(p.l)->tcp_bad;
	int fd = tcp_client(&p);

	send_query(fd, 77, 20);
	assert_int_equal(send(fd, bytes, len, 0), len);
	expect_answer(fd, 77, 20);
	expect_end(fd);
	assert_int_equal(loop_stats(p.l)->tcp_bad, before + 1);
	close(fd);
}

static void test_dns_tcp_closes_on_lengths_that_hold_no_header(void **state)
{
	bad_length((const uint8_t *)"\0\0", 2);
	bad_length((const uint8_t *)"\0\013abcdefghijk", 13);
	bad_length((const uint8_t *)"\0\001", 2);
	bad_length((const uint8_t *)"\0\0\0\024aaaaaaaaaaaaaaaaaaaa", 24);
	assert_int_equal(p.requests, 4);
}

static void test_dns_tcp_drops_answers_to_a_client_that_has_gone(void **state)
{
	struct linger hard = {.l_onoff = 1};
	int fd = tcp_client(&p), other;

	p.hold = true;
	send_query(fd, 1, 20);
	send_query(fd, 2, 20);
	UNTIL(p.l, p.n_held == 2);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
	close(fd);
	UNTIL(p.l, tcp_table_count(p.table) == 0);
	assert_null(net_reply_begin(&p.held[0], 100));
	other = tcp_client(&p); /* gets the place of the one that has gone */
	send_query(other, 3, 20);
	UNTIL(p.l, p.n_held == 3);
	assert_null(net_reply_begin(&p.held[0], 100));
	net_reply_none(&p.held[1]);
	answer_held(&p, 2, 20);
	expect_answer(other, 3, 20);
	close(other);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_dns_tcp_and_udp_on_one_port),
		TEST(test_dns_tcp_reads_a_message_byte_by_byte),
		TEST(test_dns_tcp_takes_the_largest_message),
		TEST(test_dns_tcp_pipelines_whatever_the_cuts),
		TEST(test_dns_tcp_answers_in_any_order),
		TEST(test_dns_tcp_answers_in_flight_queries_after_the_clients_end),
		TEST(test_dns_tcp_answers_all_that_came_before_the_clients_end),
		TEST(test_dns_tcp_closes_on_lengths_that_hold_no_header),
		TEST(test_dns_tcp_drops_answers_to_a_client_that_has_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
