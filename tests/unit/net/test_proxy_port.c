// SPDX-License-Identifier: Apache-2.0
/* A port behind a proxy: who asks, over TCP and UDP, and what is refused.  And: UDP sockets that come and go. */
#include "tcp_client.h"

#include "net/proxy_policy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char v1[] = "PROXY TCP4 203.0.113.7 192.0.2.1 40123 53\r\n";
static const uint8_t v2_udp[] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x12,
				 0,    12,   203,  0,    113,  9,    127,  0,    0,    1,    0x9c, 0x41, 0,    53};

static struct port p;
static uint64_t cells[3];
static struct proxy_policy policy;

static int setup(void **state)
{
	memset(cells, 0, sizeof(cells));
	policy = (struct proxy_policy){.otherwise = PROXY_USE, .bad = 1, .rejected = 2};
	port_start(&p, 16, &tcp_limits_default);
	assert_int_equal(net_port_set_proxy(p.port, &policy, cells), 0);
	p.hold = true;
	return 0;
}

static int teardown(void **state)
{
	port_stop(&p);
	return 0;
}

static void change(enum proxy_action action)
{
	policy.otherwise = action;
}

static void asks(size_t i, const char *who)
{
	char text[NET_ADDR_TEXT_MAX];

	UNTIL(p.l, p.n_held > i);
	assert_string_equal(net_addr_port_text(net_return_peer(&p.held[i]), text), who);
}

static void ends(int fd)
{
	ssize_t n = -EAGAIN;

	UNTIL(p.l, (n = next_answer(fd, NULL)) != -EAGAIN);
	assert_int_equal(n, 0);
}

static void test_tcp_header_and_question_in_one_piece(void **state)
{
	uint8_t buf[256];
	int fd = tcp_client(&p);
	uint16_t id = 0;
	size_t len = sizeof(v1) - 1;
	char text[NET_ADDR_TEXT_MAX];

	memcpy(buf, v1, len);
	len += frame(buf + len, 7, 12);
	assert_int_equal(write(fd, buf, len), len);
	asks(0, "203.0.113.7:40123");
	assert_string_equal(net_addr_port_text(net_return_local(&p.held[0]), text), "192.0.2.1:53");
	answer_held(&p, 0, 20);
	UNTIL(p.l, next_answer(fd, &id) == 20);
	assert_int_equal(id, 7);
	close(fd);
}

static void test_tcp_header_byte_by_byte(void **state)
{
	uint8_t buf[256];
	int fd = tcp_client(&p);
	size_t len = sizeof(v1) - 1;

	memcpy(buf, v1, len);
	len += frame(buf + len, 7, 12);
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(write(fd, buf + i, 1), 1);
		turn(p.l, NULL);
	}
	asks(0, "203.0.113.7:40123");
	send_query(fd, 8, 30);
	asks(1, "203.0.113.7:40123");
	close(fd);
}

static void test_tcp_without_a_header(void **state)
{
	int fd = tcp_client(&p);

	send_query(fd, 7, 12);
	UNTIL(p.l, p.n_held == 1);
	assert_int_equal(net_addr_same_host(net_return_peer(&p.held[0]), &p.at), 1);
	close(fd);
}

static void test_tcp_policies(void **state)
{
	int fd = tcp_client(&p);

	change(PROXY_IGNORE);
	assert_int_equal(write(fd, v1, sizeof(v1) - 1), sizeof(v1) - 1);
	send_query(fd, 7, 12);
	UNTIL(p.l, p.n_held == 1);
	assert_int_equal(net_addr_same_host(net_return_peer(&p.held[0]), &p.at), 1);
	close(fd);
	change(PROXY_REJECT);
	fd = tcp_client(&p);
	assert_int_equal(write(fd, v1, sizeof(v1) - 1), sizeof(v1) - 1);
	ends(fd);
	assert_int_equal(cells[2], 1);
	close(fd);
	fd = tcp_client(&p);
	send_query(fd, 9, 12);
	UNTIL(p.l, p.n_held == 2);
	close(fd);
}

static void test_tcp_bad_headers_end_the_connection(void **state)
{
	static const char bad[] = "PROXY TCP4 nobody 192.0.2.1 1 53\r\n";
	int fd = tcp_client(&p);

	assert_int_equal(write(fd, bad, sizeof(bad) - 1), sizeof(bad) - 1);
	ends(fd);
	close(fd);
	fd = tcp_client(&p);
	assert_int_equal(write(fd, v2_udp, sizeof(v2_udp)), sizeof(v2_udp)); /* of a datagram */
	ends(fd);
	assert_int_equal(cells[1], 2);
	assert_int_equal(p.requests, 0);
	close(fd);
}

static void test_udp_header_and_where_the_answer_goes(void **state)
{
	uint8_t buf[64] = {0}, got[64];
	int fd = client(SOCK_DGRAM, &p.at);
	ssize_t n = -1;

	memcpy(buf, v2_udp, sizeof(v2_udp));
	buf[sizeof(v2_udp) + 1] = 7;
	assert_int_equal(write(fd, buf, sizeof(v2_udp) + 12), sizeof(v2_udp) + 12);
	asks(0, "203.0.113.9:40001");
	answer_held(&p, 0, 30);
	UNTIL(p.l, (n = recv(fd, got, sizeof(got), MSG_DONTWAIT)) == 30);
	assert_int_equal(got[1], 7);
	close(fd);
}

static void test_udp_refuses_what_is_no_header_for_datagrams(void **state)
{
	uint8_t stream[sizeof(v2_udp)];
	int fd = client(SOCK_DGRAM, &p.at);

	memcpy(stream, v2_udp, sizeof(stream));
	stream[13] = 0x11;
	assert_int_equal(write(fd, v1, sizeof(v1) - 1), sizeof(v1) - 1);
	assert_int_equal(write(fd, stream, sizeof(stream)), sizeof(stream));
	assert_int_equal(write(fd, v2_udp, 20), 20);
	UNTIL(p.l, cells[1] == 3);
	change(PROXY_REJECT);
	assert_int_equal(write(fd, v2_udp, sizeof(v2_udp)), sizeof(v2_udp));
	UNTIL(p.l, cells[2] == 1);
	assert_int_equal(p.requests, 0);
	close(fd);
}

static void test_udp_sessions(void **state)
{
	static struct proxy_policy tracking = {
		.otherwise = PROXY_USE, .session_ns = 1000000000ull, .session_max = 10, .bad = 1, .rejected = 2};
	uint8_t query[12] = {0, 7};
	int fd = client(SOCK_DGRAM, &p.at), other = client(SOCK_DGRAM, &p.at);

	assert_int_equal(net_port_set_proxy(p.port, &tracking, cells), 0);
	assert_int_equal(write(fd, v2_udp, sizeof(v2_udp)), sizeof(v2_udp)); /* the header alone */
	assert_int_equal(write(fd, query, sizeof(query)), sizeof(query));
	asks(0, "203.0.113.9:40001");
	assert_int_equal(write(other, query, sizeof(query)), sizeof(query));
	UNTIL(p.l, p.n_held == 2);
	assert_int_equal(net_addr_same_host(net_return_peer(&p.held[1]), &p.at), 1);
	close(fd);
	close(other);
}

static void test_a_policy_that_goes_leaves_waiting_connections_as_they_are(void **state)
{
	uint8_t buf[64];
	int fd = tcp_client(&p);

	assert_int_equal(write(fd, v1, 10), 10);
	for (int i = 0; i < 5; i++)
		turn(p.l, NULL);
	assert_int_equal(net_port_set_proxy(p.port, NULL, cells), 0);
	/* The bytes are a message's then: of a length that has not come yet. */
	assert_int_equal(write(fd, buf, frame(buf, 7, 12)), 14);
	for (int i = 0; i < 5; i++)
		turn(p.l, NULL);
	assert_int_equal(p.requests, 0);
	close(fd);
}

static void test_a_udp_socket_goes_without_loss_and_another_comes(void **state)
{
	uint8_t query[12] = {0, 7};
	int fd = client(SOCK_DGRAM, &p.at), new;

	for (int i = 0; i < 20; i++)
		assert_int_equal(write(fd, query, sizeof(query)), sizeof(query));
	net_port_drop_udp(p.port);
	assert_false(net_port_has_udp(p.port));
	new = listen_udp(&p.at);
	assert_true(new >= 0);
	assert_int_equal(net_port_add_udp(p.port, new, &p.at), 0);
	assert_true(net_port_has_udp(p.port));
	for (int i = 0; i < 20; i++)
		assert_int_equal(write(fd, query, sizeof(query)), sizeof(query));
	UNTIL(p.l, p.n_held == 40);
	close(fd);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tcp_header_and_question_in_one_piece),
		TEST(test_tcp_header_byte_by_byte),
		TEST(test_tcp_without_a_header),
		TEST(test_tcp_policies),
		TEST(test_tcp_bad_headers_end_the_connection),
		TEST(test_udp_header_and_where_the_answer_goes),
		TEST(test_udp_refuses_what_is_no_header_for_datagrams),
		TEST(test_udp_sessions),
		TEST(test_a_policy_that_goes_leaves_waiting_connections_as_they_are),
		TEST(test_a_udp_socket_goes_without_loss_and_another_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
