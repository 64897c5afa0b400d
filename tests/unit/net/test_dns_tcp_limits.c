// SPDX-License-Identifier: Apache-2.0
/* DNS over TCP: what one client may take, and for how long. */
#include "tcp_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct port p;
static struct tcp_limits limits;

static int setup(void **state)
{
	limits = tcp_limits_default;
	return 0;
}

static int teardown(void **state)
{
	port_stop(&p);
	return 0;
}

static void start(unsigned max_conns)
{
	port_start(&p, max_conns, &limits);
}

static bool ended(int fd)
{
	ssize_t n = next_answer(fd, NULL);

	return n == 0 || n == -ECONNRESET;
}

static void turns(int n)
{
	for (int i = 0; i < n; i++)
		turn(p.l, NULL);
}

static void exchange(int fd, uint16_t id)
{
	uint16_t got_id = 0;

	send_query(fd, id, 20);
	UNTIL(p.l, next_answer(fd, &got_id) == 20);
	assert_int_equal(got_id, id);
}

static void test_dns_tcp_bounds_queries_in_flight_by_not_reading(void **state)
{
	int fd;

	limits.max_inflight = 5;
	start(4);
	p.hold = true;
	fd = tcp_client(&p);
	for (uint16_t id = 0; id < 20; id++)
		send_query(fd, id, 20);
	UNTIL(p.l, p.n_held == 5);
	turns(20);
	assert_int_equal(p.n_held, 5);
	answer_held(&p, 0, 20);
	answer_held(&p, 1, 20);
	UNTIL(p.l, p.n_held == 7);
	turns(20);
	assert_int_equal(p.n_held, 7);
	for (size_t i = 2; i < 20; i++) {
		UNTIL(p.l, p.n_held > i);
		answer_held(&p, i, 20);
	}
	for (uint16_t id = 0; id < 20; id++) {
		uint16_t got_id;

		UNTIL(p.l, next_answer(fd, &got_id) == 20);
		assert_int_equal(got_id, id);
	}
	close(fd);
}

static void test_dns_tcp_gives_one_connection_its_share_of_a_turn(void **state)
{
	int flood, other;

	start(4);
	flood = tcp_client(&p);
	other = tcp_client(&p);
	UNTIL(p.l, tcp_table_count(p.table) == 2);
	for (uint16_t id = 0; id < 400; id++)
		send_query(flood, id, 20);
	send_query(other, 1000, 20);
	for (uint16_t id = 0; id < 400; id++)
		UNTIL(p.l, next_answer(flood, NULL) == 20);
	UNTIL(p.l, next_answer(other, NULL) == 20);
	assert_in_range(p.most_in_turn, 32, 33);
	close(flood);
	close(other);
}

static void test_dns_tcp_stops_reading_from_a_client_that_does_not(void **state)
{
	int fd, size = 4096;
	unsigned before, sent = 0, answered = 0;

	limits.max_output = 65536;
	start(4);
	p.answer_len = 20000;
	fd = tcp_client(&p);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	do {
		before = p.requests;
		for (int i = 0; i < 20; i++, sent++)
			send_query(fd, 1, 20);
		turns(20);
	} while (p.requests != before && sent < 20000);
	assert_true(p.requests < sent);
	assert_int_equal(tcp_table_count(p.table), 1);
	/* It reads again: all is answered. */
	while (answered < sent) {
		uint8_t buf[65536];
		static size_t bytes;
		ssize_t n;

		UNTIL(p.l, (n = got(fd, buf, sizeof(buf))) != -EAGAIN);
		assert_true(n > 0);
		bytes += (size_t)n;
		answered = (unsigned)(bytes / 20002);
	}
	assert_int_equal(p.requests, sent);
	close(fd);
}

static void test_dns_tcp_closes_a_client_that_never_reads(void **state)
{
	int fd, size = 4096;

	limits.max_output = 65536;
	limits.write_ms = 100;
	start(4);
	p.answer_len = 20000;
	fd = tcp_client(&p);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	UNTIL(p.l, tcp_table_count(p.table) == 1);
	for (int i = 0; i < 3000 && tcp_table_count(p.table); i++) {
		uint8_t out[64];

		(void)!send(fd, out, frame(out, 1, 20), MSG_DONTWAIT | MSG_NOSIGNAL);
		turn(p.l, NULL);
	}
	UNTIL(p.l, tcp_table_count(p.table) == 0);
	assert_int_equal(loop_stats(p.l)->tcp_timeouts, 1);
	close(fd);
}

/* A byte now and then gains nothing: the clock runs from the connection's start. */
static void test_dns_tcp_slow_sender_meets_the_first_timeout(void **state)
{
	uint8_t out[2048];
	uint64_t start_ns;
	size_t len = frame(out, 1, 2000), sent = 0;
	int fd;

	limits.first_ms = 150;
	start(4);
	fd = tcp_client(&p);
	UNTIL(p.l, tcp_table_count(p.table) == 1);
	start_ns = clock_mono_ns();
	while (tcp_table_count(p.table)) {
		if (clock_mono_ns() - start_ns > sent * 10 * NS_PER_MS && sent + 1 < len)
			sent += send(fd, out + sent, 1, MSG_NOSIGNAL) == 1;
		turn(p.l, NULL);
		assert_true(clock_mono_ns() - start_ns < PATIENCE_S * NS_PER_S);
	}
	assert_true(clock_mono_ns() - start_ns >= 140 * NS_PER_MS);
	assert_true(sent >= 5);
	assert_int_equal(p.requests, 0);
	assert_int_equal(loop_stats(p.l)->tcp_timeouts, 1);
	UNTIL(p.l, ended(fd));
	close(fd);
}

static void test_dns_tcp_slow_sender_meets_the_idle_timeout_later(void **state)
{
	uint8_t out[2048];
	uint64_t start_ns;
	size_t len = frame(out, 1, 2000), sent = 0;
	int fd;

	limits.idle_ms = 150;
	start(4);
	fd = tcp_client(&p);
	exchange(fd, 1);
	start_ns = clock_mono_ns();
	while (tcp_table_count(p.table)) {
		if (clock_mono_ns() - start_ns > sent * 10 * NS_PER_MS && sent + 1 < len)
			sent += send(fd, out + sent, 1, MSG_NOSIGNAL) == 1;
		turn(p.l, NULL);
		assert_true(clock_mono_ns() - start_ns < PATIENCE_S * NS_PER_S);
	}
	assert_true(sent >= 5);
	assert_int_equal(p.requests, 1);
	close(fd);
}

static void test_dns_tcp_idle_time_starts_anew_with_each_query(void **state)
{
	uint64_t start_ns;
	int fd;

	limits.first_ms = 30;
	limits.idle_ms = 200;
	start(4);
	fd = tcp_client(&p);
	exchange(fd, 0);
	start_ns = clock_mono_ns();
	for (uint16_t id = 1; clock_mono_ns() - start_ns < 500 * NS_PER_MS; id++)
		exchange(fd, id);
	assert_int_equal(tcp_table_count(p.table), 1);
	UNTIL(p.l, tcp_table_count(p.table) == 0);
	assert_int_equal(loop_stats(p.l)->tcp_timeouts, 1);
	close(fd);
}

static void test_dns_tcp_waiting_for_our_answer_is_not_idleness(void **state)
{
	uint64_t start_ns;
	int fd;

	limits.idle_ms = 50;
	start(4);
	p.hold = true;
	fd = tcp_client(&p);
	send_query(fd, 1, 20);
	UNTIL(p.l, p.n_held == 1);
	start_ns = clock_mono_ns();
	UNTIL(p.l, clock_mono_ns() - start_ns > 200 * NS_PER_MS);
	assert_int_equal(tcp_table_count(p.table), 1);
	answer_held(&p, 0, 20);
	UNTIL(p.l, next_answer(fd, NULL) == 20);
	UNTIL(p.l, tcp_table_count(p.table) == 0);
	close(fd);
}

static void test_dns_tcp_full_table_closes_the_one_idle_longest(void **state)
{
	int fds[5];

	start(4);
	for (int i = 0; i < 4; i++) {
		fds[i] = tcp_client(&p);
		exchange(fds[i], 1);
	}
	exchange(fds[0], 2); /* now fds[1] is the one */
	fds[4] = tcp_client(&p);
	exchange(fds[4], 3);
	UNTIL(p.l, ended(fds[1]));
	assert_int_equal(tcp_table_count(p.table), 4);
	assert_int_equal(loop_stats(p.l)->tcp_evicted, 1);
	exchange(fds[0], 4);
	exchange(fds[2], 4);
	for (int i = 0; i < 5; i++)
		close(fds[i]);
}

/* Bytes without a message do not make a connection any younger. */
static void test_dns_tcp_trickle_does_not_save_from_eviction(void **state)
{
	int fds[3];

	start(2);
	for (int i = 0; i < 2; i++) {
		fds[i] = tcp_client(&p);
		exchange(fds[i], 1);
	}
	assert_int_equal(send(fds[0], "\0", 1, 0), 1);
	turns(5);
	fds[2] = tcp_client(&p);
	exchange(fds[2], 3);
	UNTIL(p.l, ended(fds[0]));
	exchange(fds[1], 4);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

static void test_dns_tcp_full_of_busy_ones_refuses_the_newcomer(void **state)
{
	int a, b, c;

	start(2);
	p.hold = true;
	a = tcp_client(&p);
	b = tcp_client(&p);
	send_query(a, 1, 20);
	send_query(b, 2, 20);
	UNTIL(p.l, p.n_held == 2);
	c = tcp_client(&p);
	UNTIL(p.l, ended(c));
	assert_int_equal(loop_stats(p.l)->tcp_refused, 1);
	answer_held(&p, 0, 20);
	answer_held(&p, 1, 20);
	UNTIL(p.l, next_answer(a, NULL) == 20);
	UNTIL(p.l, next_answer(b, NULL) == 20);
	close(a);
	close(b);
	close(c);
}

static void test_dns_tcp_closes_after_the_last_query_allowed(void **state)
{
	int fd;

	limits.max_queries = 3;
	start(4);
	fd = tcp_client(&p);
	for (uint16_t id = 0; id < 6; id++)
		send_query(fd, id, 20);
	for (uint16_t id = 0; id < 3; id++)
		UNTIL(p.l, next_answer(fd, NULL) == 20);
	/* An orderly end, no reset, though it had asked more. */
	UNTIL(p.l, next_answer(fd, NULL) == 0);
	assert_int_equal(p.requests, 3);
	close(fd);
}

/* Clients that each keep most of a message back: together they may hold TCP_MEMORY, no more. */
static void test_dns_tcp_unfinished_messages_are_bounded_in_memory(void **state)
{
	enum { CLIENTS = 300, PART = 60000 };
	static uint8_t part[2 + NET_MESSAGE_MAX];
	static int fds[CLIENTS];
	struct rlimit files;
	unsigned left;
	int fd;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	start(1024);
	frame(part, 1, NET_MESSAGE_MAX);
	for (int i = 0; i < CLIENTS; i++) {
		size_t sent = 0;

		fds[i] = tcp_client(&p);
		while (sent < PART) {
			ssize_t n = send(fds[i], part + sent, PART - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

			if (n == -1 && errno != EAGAIN)
				break;
			sent += n > 0 ? (size_t)n : 0;
			turn(p.l, NULL);
		}
	}
	UNTIL(p.l, loop_stats(p.l)->tcp_evicted > 0);
	left = tcp_table_count(p.table);
	assert_in_range(left, 200, TCP_MEMORY / 65536 + 5); /* the newest ones hold little yet */
	fd = tcp_client(&p);
	exchange(fd, 9);
	close(fd);
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
}

static void test_dns_tcp_answers_that_nobody_takes_are_bounded_in_memory(void **state)
{
	enum { CLIENTS = 60 };
	int fds[CLIENTS], size = 4096, fd;
	uint8_t out[64];

	start(1024);
	p.answer_len = 65000;
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = tcp_client(&p);
		assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
		turn(p.l, NULL);
	}
	for (int r = 0; r < 200 && loop_stats(p.l)->tcp_evicted == 0; r++) {
		for (int i = 0; i < CLIENTS; i++)
			(void)!send(fds[i], out, frame(out, 1, 20), MSG_DONTWAIT | MSG_NOSIGNAL);
		turn(p.l, NULL);
	}
	UNTIL(p.l, loop_stats(p.l)->tcp_evicted > 0);
	fd = tcp_client(&p);
	p.answer_len = 0;
	exchange(fd, 9);
	close(fd);
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_dns_tcp_bounds_queries_in_flight_by_not_reading),
		TEST(test_dns_tcp_gives_one_connection_its_share_of_a_turn),
		TEST(test_dns_tcp_stops_reading_from_a_client_that_does_not),
		TEST(test_dns_tcp_closes_a_client_that_never_reads),
		TEST(test_dns_tcp_slow_sender_meets_the_first_timeout),
		TEST(test_dns_tcp_slow_sender_meets_the_idle_timeout_later),
		TEST(test_dns_tcp_idle_time_starts_anew_with_each_query),
		TEST(test_dns_tcp_waiting_for_our_answer_is_not_idleness),
		TEST(test_dns_tcp_full_table_closes_the_one_idle_longest),
		TEST(test_dns_tcp_trickle_does_not_save_from_eviction),
		TEST(test_dns_tcp_full_of_busy_ones_refuses_the_newcomer),
		TEST(test_dns_tcp_closes_after_the_last_query_allowed),
		TEST(test_dns_tcp_unfinished_messages_are_bounded_in_memory),
		TEST(test_dns_tcp_answers_that_nobody_takes_are_bounded_in_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
