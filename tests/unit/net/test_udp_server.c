// SPDX-License-Identifier: Apache-2.0
#include "net_test.h"

#include "net/listen.h"
#include "net/udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A server that answers each datagram with its own bytes reversed, at once or when told to. */
struct echo {
	struct udp_server *server;
	struct net_addr at;
	int received;
	bool hold, close_on_first;
	struct udp_return held[64];
	size_t n_held;
	struct net_addr local, peer;
	uint32_t ifindex;
	size_t longest;
};

static struct loop *l;
static struct echo echo, second;

static void receive(void *arg, const uint8_t *data, size_t len, const struct udp_return *ret)
{
	struct echo *e = arg;
	uint8_t *out;

	e->received++;
	e->local = ret->local;
	e->peer = ret->peer;
	e->ifindex = ret->ifindex;
	e->longest = len > e->longest ? len : e->longest;
	if (e->close_on_first) {
		udp_server_close(e->server);
		return;
	}
	if (e->hold) {
		e->held[e->n_held++] = *ret;
		return;
	}
	out = udp_reply_begin(ret, len);
	assert_non_null(out);
	for (size_t i = 0; i < len; i++)
		out[i] = data[len - 1 - i];
	udp_reply_end(ret, len);
}

static void start(struct echo *e, const char *address)
{
	struct net_addr at = addr_of(address, 0);
	int fd = listen_udp(&at);

	memset(e, 0, sizeof(*e));
	assert_true(fd >= 0);
	e->at = at;
	net_addr_set_port(&e->at, port_of(fd));
	assert_int_equal(udp_server_start(l, fd, &e->at, receive, e, &e->server), 0);
}

static int setup(void **state)
{
	l = loop_new(4);
	return l ? 0 : -1;
}

static int teardown(void **state)
{
	loop_free(l);
	return 0;
}

static struct net_addr with_port_of(const char *address, const struct echo *e)
{
	return addr_of(address, net_addr_port(&e->at));
}

static void test_udp_server_answers_its_client(void **state)
{
	char buf[16];
	int fd;

	start(&echo, "127.0.0.1");
	fd = client(SOCK_DGRAM, &echo.at);
	assert_int_equal(send(fd, "abc", 3, 0), 3);
	UNTIL(l, got(fd, buf, sizeof(buf)) == 3);
	assert_memory_equal(buf, "cba", 3);
	assert_true(net_addr_equal(&echo.local, &echo.at));
	assert_int_equal(net_addr_port(&echo.peer), port_of(fd));
	assert_int_equal(loop_stats(l)->udp_rx, 1);
	assert_int_equal(loop_stats(l)->udp_tx, 1);
	close(fd);
}

/* Calm (one by one) and batches; more than one batch at once. */
static void test_udp_server_answers_each_of_many_clients_its_own(void **state)
{
	enum { CLIENTS = 40, ROUNDS = 5 };
	int fds[CLIENTS], answered = 0;
	char buf[64], expect[64];

	start(&echo, "127.0.0.1");
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = client(SOCK_DGRAM, &echo.at);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(send(fds[0], "one", 3, 0), 3);
		UNTIL(l, got(fds[0], buf, sizeof(buf)) == 3);
	}
	for (int r = 0; r < ROUNDS; r++) {
		for (int i = 0; i < CLIENTS; i++)
			assert_int_equal(send(fds[i], &"abcdefgh"[r], (size_t)(8 - r), 0), 8 - r);
	}
	for (int r = 0; r < ROUNDS; r++) {
		size_t len = (size_t)(8 - r);

		for (size_t i = 0; i < len; i++)
			expect[i] = "abcdefgh"[7 - i];
		for (int i = 0; i < CLIENTS; i++) {
			UNTIL(l, got(fds[i], buf, sizeof(buf)) == (ssize_t)len);
			assert_memory_equal(buf, expect, len);
			answered++;
		}
	}
	assert_int_equal(answered, CLIENTS * ROUNDS);
	assert_int_equal(loop_stats(l)->udp_tx, CLIENTS * ROUNDS + 10);
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
}

/* An answer from another address would not reach a connected client. */
static void ask_wildcard(const char *bound, const char *asked)
{
	struct net_addr to, local;
	char buf[16], a[NET_ADDR_TEXT_MAX], b[NET_ADDR_TEXT_MAX];
	int fd;

	start(&echo, bound);
	to = with_port_of(asked, &echo);
	fd = client(SOCK_DGRAM, &to);
	/* first by the batch call, later by the single one */
	for (int i = 0; i < 10; i++) {
		assert_int_equal(send(fd, "abc", 3, 0), 3);
		UNTIL(l, got(fd, buf, sizeof(buf)) == 3);
		local = echo.local;
		assert_string_equal(net_addr_port_text(&local, a), net_addr_port_text(&to, b));
		assert_int_equal(echo.ifindex, 0);
	}
	close(fd);
	udp_server_close(echo.server);
}

static void test_udp_server_wildcard_answers_from_the_address_asked(void **state)
{
	ask_wildcard("0.0.0.0", "127.0.0.1");
	ask_wildcard("0.0.0.0", "127.0.0.5");
	ask_wildcard("127.0.0.5", "127.0.0.5");
	if (!have_ipv6())
		return;
	ask_wildcard("::", "::1");
	ask_wildcard("::", "127.0.0.5");
	ask_wildcard("::1", "::1");
}

/* The address of one datagram must not stick to the next one read into the same place. */
static void test_udp_server_wildcard_tells_interleaved_addresses_apart(void **state)
{
	static const char *const asked[] = {"127.0.0.1", "127.0.0.2", "::1", "127.0.0.3"};
	int fds[4];
	char buf[16];

	if (!have_ipv6())
		skip();
	start(&echo, "::");
	for (int i = 0; i < 4; i++) {
		struct net_addr to = with_port_of(asked[i], &echo);

		fds[i] = client(SOCK_DGRAM, &to);
	}
	for (int r = 0; r < 30; r++) {
		for (int i = 0; i < 4; i++)
			assert_int_equal(send(fds[(i + r) % 4], "abc", 3, 0), 3);
		for (int i = 0; i < 4; i++)
			UNTIL(l, got(fds[i], buf, sizeof(buf)) == 3);
	}
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

static void test_udp_server_two_sockets_do_not_mix_their_answers(void **state)
{
	struct net_addr to_b;
	int a, b;
	char buf[16];

	start(&echo, "127.0.0.1");
	start(&second, "0.0.0.0");
	echo.hold = second.hold = true;
	to_b = with_port_of("127.0.0.9", &second);
	a = client(SOCK_DGRAM, &echo.at);
	b = client(SOCK_DGRAM, &to_b);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(send(a, "to a", 4, 0), 4);
		assert_int_equal(send(b, "to b", 4, 0), 4);
	}
	UNTIL(l, echo.n_held == 5 && second.n_held == 5);
	for (int i = 0; i < 5; i++) {
		memcpy(udp_reply_begin(&echo.held[i], 1), "a", 1);
		udp_reply_end(&echo.held[i], 1);
		memcpy(udp_reply_begin(&second.held[i], 2), "bb", 2);
		udp_reply_end(&second.held[i], 2);
	}
	for (int i = 0; i < 5; i++) {
		UNTIL(l, got(a, buf, sizeof(buf)) == 1);
		assert_memory_equal(buf, "a", 1);
		UNTIL(l, got(b, buf, sizeof(buf)) == 2);
		assert_memory_equal(buf, "bb", 2);
	}
	close(a);
	close(b);
}

static void test_udp_server_drops_and_counts_what_is_too_long(void **state)
{
	static uint8_t big[UDP_RX_MAX + 1];
	int fd;

	start(&echo, "127.0.0.1");
	fd = client(SOCK_DGRAM, &echo.at);
	for (uint64_t i = 1; i <= 10; i++) { /* by either call */
		assert_int_equal(send(fd, big, sizeof(big), 0), sizeof(big));
		UNTIL(l, loop_stats(l)->udp_rx_cut == i);
	}
	assert_int_equal(echo.received, 0);
	assert_int_equal(send(fd, big, UDP_RX_MAX, 0), UDP_RX_MAX);
	UNTIL(l, echo.received == 1);
	assert_int_equal(echo.longest, UDP_RX_MAX);
	close(fd);
}

static void test_udp_server_sends_the_largest_answers(void **state)
{
	static uint8_t buf[UDP_TX_MAX];
	int fd, size = 4 << 20;

	start(&echo, "127.0.0.1");
	echo.hold = true;
	fd = client(SOCK_DGRAM, &echo.at);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(send(fd, "q", 1, 0), 1);
	UNTIL(l, echo.n_held == 5);
	for (int i = 0; i < 5; i++) {
		memset(udp_reply_begin(&echo.held[i], UDP_TX_MAX), 'a' + i, UDP_TX_MAX);
		udp_reply_end(&echo.held[i], UDP_TX_MAX);
	}
	for (int i = 0; i < 5; i++) {
		UNTIL(l, got(fd, buf, sizeof(buf)) == UDP_TX_MAX);
		assert_int_equal(buf[0], 'a' + i);
		assert_int_equal(buf[UDP_TX_MAX - 1], 'a' + i);
	}
	close(fd);
}

/* The kernel refuses to send to port 0 (EINVAL); the answers around it go out. */
static void test_udp_server_skips_a_refused_message_and_sends_the_rest(void **state)
{
	char buf[16];
	int fd;

	start(&echo, "127.0.0.1");
	echo.hold = true;
	fd = client(SOCK_DGRAM, &echo.at);
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(fd, "q", 1, 0), 1);
	UNTIL(l, echo.n_held == 3);
	net_addr_set_port(&echo.held[1].peer, 0);
	for (int i = 0; i < 3; i++) {
		*udp_reply_begin(&echo.held[i], 1) = (uint8_t)('0' + i);
		udp_reply_end(&echo.held[i], 1);
	}
	UNTIL(l, got(fd, buf, sizeof(buf)) == 1);
	assert_int_equal(buf[0], '0');
	UNTIL(l, got(fd, buf, sizeof(buf)) == 1);
	assert_int_equal(buf[0], '2');
	assert_int_equal(loop_stats(l)->udp_tx_errors, 1);
	assert_int_equal(loop_stats(l)->udp_tx, 2);
	close(fd);
}

static void test_udp_reply_notices_that_the_socket_has_gone(void **state)
{
	int fd;

	start(&echo, "127.0.0.1");
	echo.hold = true;
	fd = client(SOCK_DGRAM, &echo.at);
	assert_int_equal(send(fd, "q", 1, 0), 1);
	UNTIL(l, echo.n_held == 1);
	udp_server_close(echo.server);
	assert_null(udp_reply_begin(&echo.held[0], 10));
	start(&second, "127.0.0.1"); /* uses the memory again */
	assert_null(udp_reply_begin(&echo.held[0], 10));
	close(fd);
}

static void test_udp_server_may_be_closed_by_its_receiver(void **state)
{
	int fd;

	start(&echo, "127.0.0.1");
	echo.close_on_first = true;
	fd = client(SOCK_DGRAM, &echo.at);
	for (int i = 0; i < 10; i++)
		assert_int_equal(send(fd, "q", 1, 0), 1);
	UNTIL(l, echo.received > 0);
	for (int i = 0; i < 5; i++)
		turn(l, NULL);
	assert_int_equal(echo.received, 1);
	close(fd);
}

static void test_udp_reply_that_is_begun_may_be_forgotten(void **state)
{
	char buf[16];
	int fd;

	start(&echo, "127.0.0.1");
	echo.hold = true;
	fd = client(SOCK_DGRAM, &echo.at);
	assert_int_equal(send(fd, "q", 1, 0), 1);
	UNTIL(l, echo.n_held == 1);
	memcpy(udp_reply_begin(&echo.held[0], 100), "no", 2);
	memcpy(udp_reply_begin(&echo.held[0], 100), "yes", 3);
	udp_reply_end(&echo.held[0], 3);
	UNTIL(l, got(fd, buf, sizeof(buf)) == 3);
	assert_memory_equal(buf, "yes", 3);
	for (int i = 0; i < 3; i++)
		turn(l, NULL);
	assert_int_equal(got(fd, buf, sizeof(buf)), -EAGAIN);
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_udp_server_answers_its_client),
		TEST(test_udp_server_answers_each_of_many_clients_its_own),
		TEST(test_udp_server_wildcard_answers_from_the_address_asked),
		TEST(test_udp_server_wildcard_tells_interleaved_addresses_apart),
		TEST(test_udp_server_two_sockets_do_not_mix_their_answers),
		TEST(test_udp_server_drops_and_counts_what_is_too_long),
		TEST(test_udp_server_sends_the_largest_answers),
		TEST(test_udp_server_skips_a_refused_message_and_sends_the_rest),
		TEST(test_udp_reply_notices_that_the_socket_has_gone),
		TEST(test_udp_server_may_be_closed_by_its_receiver),
		TEST(test_udp_reply_that_is_begun_may_be_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
