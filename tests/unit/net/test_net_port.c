// SPDX-License-Identifier: Apache-2.0
/* A port's end, while queries come and are in flight. */
#include "tcp_client.h"

#include <errno.h>
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

static void retire(struct port *port)
{
	net_port_retire(port->port, port_done, port);
	port->on_request = NULL;
}

static void test_net_port_retire_of_a_quiet_port_is_done_soon(void **state)
{
	retire(&p);
	assert_false(p.done); /* never from within */
	UNTIL(p.l, p.done);
}

static void test_net_port_retire_answers_what_is_in_flight(void **state)
{
	int busy = tcp_client(&p), idle = tcp_client(&p), udp = client(SOCK_DGRAM, &p.at);
	uint8_t query[12] = {0, 3}, buf[64];
	uint64_t start = clock_mono_ns();

	p.hold = true;
	send_query(idle, 1, 20);
	UNTIL(p.l, p.n_held == 1);
	answer_held(&p, 0, 20);
	UNTIL(p.l, next_answer(idle, NULL) == 20);
	send_query(busy, 2, 20);
	assert_int_equal(send(udp, query, sizeof(query), 0), sizeof(query));
	UNTIL(p.l, p.n_held == 3);
	retire(&p);
	UNTIL(p.l, next_answer(idle, NULL) == 0);
	UNTIL(p.l, clock_mono_ns() - start > 150 * NS_PER_MS);
	assert_false(p.done);
	for (size_t i = 1; i < 3; i++)
		answer_held(&p, i, 30);
	UNTIL(p.l, next_answer(busy, NULL) == 30);
	UNTIL(p.l, got(udp, buf, sizeof(buf)) == 30);
	UNTIL(p.l, next_answer(busy, NULL) == 0);
	UNTIL(p.l, p.done);
	close(busy);
	close(idle);
	close(udp);
}

/* Connected and asked before the retiring, not yet accepted or read. */
static void test_net_port_retire_hears_those_who_wait_in_the_queue(void **state)
{
	int fds[10];

	for (int i = 0; i < 10; i++) {
		fds[i] = tcp_client(&p);
		send_query(fds[i], (uint16_t)i, 20);
	}
	retire(&p);
	for (int i = 0; i < 10; i++) {
		UNTIL(p.l, next_answer(fds[i], NULL) == 20);
		UNTIL(p.l, next_answer(fds[i], NULL) == 0);
		close(fds[i]);
	}
	UNTIL(p.l, p.done);
}

static void test_net_port_retire_takes_no_newcomers(void **state)
{
	uint8_t byte;
	int fd;

	retire(&p);
	fd = tcp_client(&p);
	UNTIL(p.l, got(fd, &byte, 1) == -ECONNREFUSED);
	close(fd);
}

static void test_net_port_may_be_retired_by_a_request(void **state)
{
	int a = tcp_client(&p), b = tcp_client(&p);

	UNTIL(p.l, tcp_table_count(p.table) == 2);
	p.on_request = retire;
	for (uint16_t id = 0; id < 3; id++)
		send_query(a, id, 20);
	send_query(b, 9, 20);
	for (int i = 0; i < 3; i++)
		UNTIL(p.l, next_answer(a, NULL) == 20);
	UNTIL(p.l, next_answer(b, NULL) == 20);
	UNTIL(p.l, p.done);
	close(a);
	close(b);
}

static void close_port(struct port *port)
{
	net_port_close(port->port);
	port->port = NULL;
	port->on_request = NULL;
}

static void test_net_port_may_be_closed_by_a_request(void **state)
{
	int fd = tcp_client(&p);

	p.on_request = close_port;
	for (uint16_t id = 0; id < 5; id++)
		send_query(fd, id, 20);
	UNTIL(p.l, p.requests > 0);
	UNTIL(p.l, next_answer(fd, NULL) == 0 || next_answer(fd, NULL) == -ECONNRESET);
	assert_int_equal(p.requests, 1);
	assert_int_equal(tcp_table_count(p.table), 0);
	close(fd);
}

static void test_net_port_close_while_retiring_calls_nobody(void **state)
{
	int fd = tcp_client(&p);

	p.hold = true;
	send_query(fd, 1, 20);
	UNTIL(p.l, p.n_held == 1);
	retire(&p);
	for (int i = 0; i < 5; i++)
		turn(p.l, NULL);
	close_port(&p);
	for (int i = 0; i < 5; i++)
		turn(p.l, NULL);
	assert_false(p.done);
	assert_null(net_reply_begin(&p.held[0], 20));
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_net_port_retire_of_a_quiet_port_is_done_soon),
		TEST(test_net_port_retire_answers_what_is_in_flight),
		TEST(test_net_port_retire_hears_those_who_wait_in_the_queue),
		TEST(test_net_port_retire_takes_no_newcomers),
		TEST(test_net_port_may_be_retired_by_a_request),
		TEST(test_net_port_may_be_closed_by_a_request),
		TEST(test_net_port_close_while_retiring_calls_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
