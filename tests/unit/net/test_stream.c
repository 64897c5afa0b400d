// SPDX-License-Identifier: Apache-2.0
#include "net_test.h"

#include "base/err.h"
#include "net/listen.h"
#include "net/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One end of a stream under test and what it was told. */
struct end {
	struct stream *s;
	int connected, drained, half_closed, closed, err;
	size_t received, largest;
	uint8_t last;
	bool close_on_receive, pause_on_receive, close_on_connect;
};

static struct loop *l;
static struct stream_listener *listener;
static struct net_addr at;
static struct end server, peer;
static int accepted_count;

static void connected(void *arg)
{
	struct end *e = arg;

	e->connected++;
	if (e->close_on_connect)
		stream_close(e->s, 0);
}

static void receive(void *arg, const uint8_t *data, size_t len)
{
	struct end *e = arg;

	e->received += len;
	e->largest = len > e->largest ? len : e->largest;
	e->last = data[len - 1];
	if (e->close_on_receive)
		stream_close(e->s, 0);
	if (e->pause_on_receive)
		stream_pause(e->s);
}

static void drained(void *arg)
{
	((struct end *)arg)->drained++;
}

static void half_closed(void *arg)
{
	((struct end *)arg)->half_closed++;
}

static void closed(void *arg, int err)
{
	struct end *e = arg;

	e->closed++;
	e->err = err;
}

static const struct stream_ops ops = {
	.connected = connected,
	.receive = receive,
	.drained = drained,
	.closed = closed,
};
static const struct stream_ops half_ops = {
	.connected = connected,
	.receive = receive,
	.drained = drained,
	.half_closed = half_closed,
	.closed = closed,
};

static void accepted(void *arg, struct stream *s)
{
	accepted_count++;
	server.s = s;
	stream_set_ops(s, arg, &server);
}

static void listen_with(const struct stream_ops *o)
{
	int fd;

	at = addr_of("127.0.0.1", 0);
	fd = listen_tcp(&at);
	assert_true(fd >= 0);
	net_addr_set_port(&at, port_of(fd));
	assert_int_equal(stream_listen(l, fd, accepted, (void *)(uintptr_t)o, &listener), 0);
}

static int setup(void **state)
{
	memset(&server, 0, sizeof(server));
	memset(&peer, 0, sizeof(peer));
	accepted_count = 0;
	listener = NULL;
	l = loop_new(4);
	return l ? 0 : -1;
}

static int teardown(void **state)
{
	loop_free(l);
	return 0;
}

/* A plain client socket whose other end is `server`. */
static int plain_client(const struct stream_ops *o)
{
	int fd;

	listen_with(o);
	fd = client(SOCK_STREAM, &at);
	UNTIL(l, accepted_count == 1);
	return fd;
}

static void test_stream_connects_and_carries_both_ways(void **state)
{
	listen_with(&ops);
	assert_int_equal(stream_connect(l, &at, NULL, &ops, &peer, &peer.s), 0);
	assert_int_equal(stream_write(peer.s, (const uint8_t *)"early", 5), 0); /* before connected */
	assert_int_equal(peer.connected, 0);
	UNTIL(l, server.received == 5 && peer.connected == 1);
	assert_int_equal(stream_write(server.s, (const uint8_t *)"answer", 6), 0);
	UNTIL(l, peer.received == 6);
	assert_true(net_addr_equal(stream_peer(peer.s), &at));
	assert_true(net_addr_equal(stream_local(server.s), &at));
	assert_true(net_addr_equal(stream_peer(server.s), stream_local(peer.s)));
	stream_close(peer.s, 0);
	UNTIL(l, server.closed == 1);
	assert_int_equal(server.err, 0);
	assert_int_equal(peer.closed, 0);
}

static void test_stream_connect_refused_is_told_once(void **state)
{
	int fd;

	at = addr_of("127.0.0.1", 0);
	fd = listen_tcp(&at);
	net_addr_set_port(&at, port_of(fd));
	close(fd);
	assert_int_equal(stream_connect(l, &at, NULL, &ops, &peer, &peer.s), 0);
	UNTIL(l, peer.closed);
	assert_int_equal(peer.err, -ECONNREFUSED);
	assert_int_equal(peer.connected, 0);
	assert_int_equal(peer.closed, 1);
}

/* A listener with a full queue takes no more: connects to it just wait. */
static void test_stream_that_never_connects_is_its_owners_to_close(void **state)
{
	struct end waiting[8] = {0};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at = addr_of("127.0.0.1", 0);
	assert_int_equal(bind(fd, &at.sa, net_addr_len(&at)), 0);
	assert_int_equal(listen(fd, 0), 0);
	net_addr_set_port(&at, port_of(fd));
	for (int i = 0; i < 8; i++)
		assert_int_equal(stream_connect(l, &at, NULL, &ops, &waiting[i], &waiting[i].s), 0);
	UNTIL(l, waiting[0].connected);
	for (int i = 0; i < 50; i++)
		turn(l, NULL);
	assert_int_equal(waiting[7].connected, 0);
	assert_int_equal(waiting[7].closed, 0);
	for (int i = 0; i < 8; i++)
		stream_close(waiting[i].s, 100);
	for (int i = 0; i < 5; i++)
		turn(l, NULL);
	assert_int_equal(waiting[7].closed, 0);
	close(fd);
}

static void test_stream_source_address_is_used(void **state)
{
	struct net_addr source = addr_of("127.0.0.6", 77), absent = addr_of("192.0.2.1", 0);

	listen_with(&ops);
	assert_int_equal(stream_connect(l, &at, &absent, &ops, &peer, &peer.s), -EADDRNOTAVAIL);
	assert_int_equal(stream_connect(l, &at, &source, &ops, &peer, &peer.s), 0);
	UNTIL(l, accepted_count == 1);
	assert_true(net_addr_same_host(stream_peer(server.s), &source));
	stream_close(peer.s, 0);
}

static void test_stream_gathers_what_one_turn_writes(void **state)
{
	char buf[64];
	int fd = plain_client(&ops);

	for (int i = 0; i < 10; i++)
		assert_int_equal(stream_write(server.s, (const uint8_t *)"abc", 3), 0);
	assert_int_equal(stream_pending(server.s), 30);
	assert_int_equal(got(fd, buf, sizeof(buf)), -EAGAIN);
	turn(l, NULL);
	assert_int_equal(stream_pending(server.s), 0);
	assert_int_equal(stream_held(l), 0);
	UNTIL(l, recv(fd, buf, sizeof(buf), MSG_PEEK | MSG_DONTWAIT) == 30);
	close(fd);
}

static void test_stream_output_is_bounded_and_drains_in_order(void **state)
{
	static uint8_t chunk[10000], buf[65536];
	size_t sent = 0, read = 0;
	/* Small enough to fill up soon; a window of a few segments would drain at the pace of delayed
	 * ACKs. */
	int fd = plain_client(&ops), err = 0, size = 256 * 1024;
	ssize_t n;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	stream_set_output_limit(server.s, 100000);
	for (int turns = 0; turns < 2000 && err == 0; turns++) {
		for (size_t i = 0; i < sizeof(chunk); i++)
			chunk[i] = (uint8_t)((sent + i) % 251);
		err = stream_write(server.s, chunk, sizeof(chunk));
		sent += err == 0 ? sizeof(chunk) : 0;
		turn(l, NULL);
	}
	assert_int_equal(err, ERR_LIMIT);
	assert_true(stream_pending(server.s) <= 100000);
	assert_true(stream_pending(server.s) >= 90000);
	assert_int_equal(server.drained, 0);
	while (read < sent) {
		UNTIL(l, (n = got(fd, buf, sizeof(buf))) > 0);
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(buf[i], (read + (size_t)i) % 251);
		read += (size_t)n;
	}
	UNTIL(l, server.drained == 1);
	assert_int_equal(stream_held(l), 0);
	close(fd);
}

/* Reached by writes that the kernel takes at once: `drained` still comes, and not from within. */
static void test_stream_drained_comes_when_the_turn_itself_drains(void **state)
{
	static uint8_t chunk[20000];
	int fd = plain_client(&ops);

	stream_set_output_limit(server.s, 100000);
	stream_set_output_mark(server.s, 20000);
	assert_int_equal(stream_write(server.s, chunk, sizeof(chunk)), 0);
	assert_int_equal(server.drained, 0);
	UNTIL(l, server.drained == 1);
	close(fd);
}

static void test_stream_pause_holds_data_and_resume_gives_it(void **state)
{
	int fd = plain_client(&ops);

	server.pause_on_receive = true;
	assert_int_equal(send(fd, "one", 3, 0), 3);
	UNTIL(l, server.received == 3);
	assert_int_equal(send(fd, "two", 3, 0), 3);
	for (int i = 0; i < 20; i++)
		turn(l, NULL);
	assert_int_equal(server.received, 3);
	stream_resume(server.s);
	assert_int_equal(server.received, 3); /* not from within */
	UNTIL(l, server.received == 6);
	/* resumed before anything came */
	stream_resume(server.s);
	assert_int_equal(send(fd, "three", 5, 0), 5);
	UNTIL(l, server.received == 11);
	close(fd);
}

static void test_stream_end_behind_paused_data_is_not_lost(void **state)
{
	int fd = plain_client(&ops);

	stream_pause(server.s);
	assert_int_equal(send(fd, "last", 4, 0), 4);
	close(fd);
	for (int i = 0; i < 20; i++)
		turn(l, NULL);
	assert_int_equal(server.closed, 0);
	stream_resume(server.s);
	UNTIL(l, server.closed == 1);
	assert_int_equal(server.received, 4);
	assert_int_equal(server.err, 0);
}

static void test_stream_receive_max_bounds_each_call(void **state)
{
	static uint8_t data[100000];
	int fd = plain_client(&ops);
	size_t sent = 0;

	stream_set_receive_max(server.s, 1000);
	data[sizeof(data) - 1] = 7;
	while (sent < sizeof(data)) {
		ssize_t n = send(fd, data + sent, sizeof(data) - sent, MSG_DONTWAIT);

		sent += n > 0 ? (size_t)n : 0;
		turn(l, NULL);
	}
	UNTIL(l, server.received == sizeof(data));
	assert_int_equal(server.largest, 1000);
	assert_int_equal(server.last, 7);
	close(fd);
}

static void test_stream_half_close_leaves_our_direction_open(void **state)
{
	char buf[16];
	int fd = plain_client(&half_ops);

	assert_int_equal(send(fd, "query", 5, 0), 5);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	UNTIL(l, server.half_closed == 1);
	assert_int_equal(server.received, 5);
	for (int i = 0; i < 5; i++)
		turn(l, NULL);
	assert_int_equal(server.half_closed, 1);
	assert_int_equal(server.closed, 0);
	assert_int_equal(stream_write(server.s, (const uint8_t *)"answer", 6), 0);
	UNTIL(l, got(fd, buf, sizeof(buf)) == 6);
	stream_close(server.s, 1000);
	UNTIL(l, got(fd, buf, sizeof(buf)) == 0);
	close(fd);
}

static void reset(int fd)
{
	struct linger hard = {.l_onoff = 1};

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
	close(fd);
}

static void test_stream_reset_is_told_also_while_paused(void **state)
{
	int fd = plain_client(&ops);

	stream_pause(server.s);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	reset(fd);
	UNTIL(l, server.closed == 1);
	assert_int_equal(server.err, -ECONNRESET);
}

static void test_stream_write_to_a_reset_peer_ends_it(void **state)
{
	int fd = plain_client(&half_ops);

	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	UNTIL(l, server.half_closed == 1);
	reset(fd);
	for (int i = 0; i < 5 && !server.closed; i++) {
		if (stream_write(server.s, (const uint8_t *)"x", 1) < 0)
			break;
		turn(l, NULL);
	}
	UNTIL(l, server.closed == 1);
	assert_true(server.err < 0);
}

/* close() with unread input would reset the connection and take the answer with it. */
static void test_stream_close_lingers_until_all_is_sent_and_read(void **state)
{
	enum { ANSWER = 200000 };
	static uint8_t answer[ANSWER], buf[65536];
	size_t read = 0;
	int fd = plain_client(&ops), size = 4096;
	ssize_t n = 0;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	stream_pause(server.s);
	assert_int_equal(send(fd, "unread", 6, 0), 6);
	assert_int_equal(stream_write(server.s, answer, ANSWER), 0);
	stream_close(server.s, 20000);
	assert_int_equal(send(fd, "unread too", 10, 0), 10);
	while (read < ANSWER) {
		UNTIL(l, (n = got(fd, buf, sizeof(buf))) != -EAGAIN);
		assert_true(n > 0);
		read += (size_t)n;
	}
	UNTIL(l, (n = got(fd, buf, sizeof(buf))) != -EAGAIN);
	assert_int_equal(n, 0);
	assert_int_equal(server.closed, 0);
	close(fd);
}

static void test_stream_close_gives_up_lingering_in_time(void **state)
{
	static uint8_t answer[250000];
	int fd = plain_client(&ops), size = 4096;
	uint64_t start = clock_mono_ns();

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	/* more than the kernel keeps for us */
	for (int i = 0; i < 100 && stream_pending(server.s) < 100000; i++) {
		if (stream_write(server.s, answer, sizeof(answer) - stream_pending(server.s)) < 0)
			break;
		turn(l, NULL);
	}
	assert_true(stream_pending(server.s) > 0);
	stream_close(server.s, 50);
	UNTIL(l, stream_held(l) == 0);
	assert_true(clock_mono_ns() - start >= 50 * NS_PER_MS);
	close(fd);
}

static void test_stream_may_be_closed_in_its_callbacks(void **state)
{
	int fd = plain_client(&ops);

	server.close_on_receive = true;
	assert_int_equal(send(fd, "bye", 3, 0), 3);
	close(fd);
	UNTIL(l, server.received == 3);
	for (int i = 0; i < 5; i++)
		turn(l, NULL);
	assert_int_equal(server.closed, 0);
	peer.close_on_connect = true;
	assert_int_equal(stream_connect(l, &at, NULL, &ops, &peer, &peer.s), 0);
	UNTIL(l, peer.connected);
	for (int i = 0; i < 5; i++)
		turn(l, NULL);
	assert_int_equal(peer.closed, 0);
}

static void test_stream_listener_pause_leaves_connections_waiting(void **state)
{
	int fd, more[3];

	fd = plain_client(&ops);
	stream_listener_pause(listener);
	for (int i = 0; i < 3; i++)
		more[i] = client(SOCK_STREAM, &at);
	for (int i = 0; i < 20; i++)
		turn(l, NULL);
	assert_int_equal(accepted_count, 1);
	stream_listener_resume(listener);
	UNTIL(l, accepted_count == 4);
	for (int i = 0; i < 3; i++)
		close(more[i]);
	close(fd);
}

static void test_stream_listener_close_accepts_what_waits(void **state)
{
	int fds[20];

	listen_with(&ops);
	for (int i = 0; i < 20; i++)
		fds[i] = client(SOCK_STREAM, &at);
	stream_listener_close(listener);
	assert_int_equal(accepted_count, 20);
	for (int i = 0; i < 20; i++)
		close(fds[i]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_stream_connects_and_carries_both_ways),
		TEST(test_stream_connect_refused_is_told_once),
		TEST(test_stream_that_never_connects_is_its_owners_to_close),
		TEST(test_stream_source_address_is_used),
		TEST(test_stream_gathers_what_one_turn_writes),
		TEST(test_stream_output_is_bounded_and_drains_in_order),
		TEST(test_stream_drained_comes_when_the_turn_itself_drains),
		TEST(test_stream_pause_holds_data_and_resume_gives_it),
		TEST(test_stream_end_behind_paused_data_is_not_lost),
		TEST(test_stream_receive_max_bounds_each_call),
		TEST(test_stream_half_close_leaves_our_direction_open),
		TEST(test_stream_reset_is_told_also_while_paused),
		TEST(test_stream_write_to_a_reset_peer_ends_it),
		TEST(test_stream_close_lingers_until_all_is_sent_and_read),
		TEST(test_stream_close_gives_up_lingering_in_time),
		TEST(test_stream_may_be_closed_in_its_callbacks),
		TEST(test_stream_listener_pause_leaves_connections_waiting),
		TEST(test_stream_listener_close_accepts_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
