// SPDX-License-Identifier: Apache-2.0
/* DNS over TCP: several messages for one question, as fast as the client takes them. */
#include "tcp_client.h"

#include "base/err.h"
#include "net/stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { PART = 20000, PARTS = 500, MAX_OUTPUT = 65536 };

static struct port p;
static struct tcp_limits limits;

/* Who sends. */
static struct {
	struct net_room room;
	unsigned sent, woken, turned_away;
	bool ended;
} all;

static int setup(void **state)
{
	(void)state;
	limits = tcp_limits_default;
	limits.max_output = MAX_OUTPUT;
	memset(&all, 0, sizeof(all));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	port_stop(&p);
	return 0;
}

static void fill(uint8_t *out)
{
	memset(out, 0, PART);
	out[0] = (uint8_t)(all.sent >> 8);
	out[1] = (uint8_t)all.sent;
}

/* 1: all but the last are sent; 0: no room; ERR_GONE. */
static int send_parts(void)
{
	while (all.sent < PARTS - 1) {
		uint8_t *out = net_reply_begin(&p.held[0], PART);
		int err;

		if (!net_reply_has_room(&p.held[0])) {
			all.turned_away++;
			return 0;
		}
		if (!out)
			return ERR_GONE;
		fill(out);
		err = net_reply_part(&p.held[0], PART);
		if (err)
			return err;
		all.sent++;
	}
	return 1;
}

static void go_on(struct net_room *r)
{
	int got;

	all.woken++;
	got = send_parts();
	if (got == 0) {
		net_reply_await_room(&p.held[0], r);
		return;
	}
	all.ended = true;
	if (got == 1) {
		fill(net_reply_begin(&p.held[0], PART));
		net_reply_end(&p.held[0], PART);
		all.sent++;
	}
}

static int ask(void)
{
	int fd;

	port_start(&p, 4, &limits);
	p.hold = true;
	fd = tcp_client(&p);
	send_query(fd, 1, 20);
	UNTIL(p.l, p.n_held == 1);
	all.room.fn = go_on;
	net_reply_await_room(&p.held[0], &all.room);
	assert_int_equal(all.woken, 0);
	return fd;
}

static void stall(void)
{
	UNTIL(p.l, all.turned_away == 1);
	for (int i = 0; i < 20; i++)
		turn(p.l, NULL);
}

static void test_parts_come_whole_and_in_order_to_a_client_that_pauses(void **state)
{
	static uint8_t buf[2 * (PART + 2)];
	size_t have = 0;
	unsigned n = 0;
	int fd = ask();

	(void)state;
	stall();
	assert_true(all.sent < PARTS - 1);
	while (n < PARTS) {
		ssize_t len;

		UNTIL(p.l, (len = got(fd, buf + have, PART + 2 - have)) != -EAGAIN);
		assert_true(len > 0);
		have += (size_t)len;
		if (have < PART + 2)
			continue;
		assert_int_equal(buf[2] << 8 | buf[3], n);
		n++;
		have = 0;
	}
	assert_true(all.ended);
	assert_true(all.turned_away > 1);
	assert_int_equal(tcp_table_count(p.table), 1);
	close(fd);
}

static void test_what_waits_stays_within_the_bound(void **state)
{
	int fd = ask();

	(void)state;
	stall();
	assert_true(stream_held(p.l) <= 2 * (MAX_OUTPUT + PART + 2));
	assert_int_equal(all.turned_away, 1);
	assert_int_equal(all.woken, 1);
	close(fd);
}

static void test_client_that_takes_nothing_is_closed_and_its_sender_told(void **state)
{
	int fd;

	(void)state;
	limits.write_ms = 100;
	fd = ask();
	UNTIL(p.l, all.ended);
	assert_int_equal(tcp_table_count(p.table), 0);
	assert_int_equal(loop_stats(p.l)->tcp_timeouts, 1);
	assert_int_equal(net_reply_part(&p.held[0], PART), ERR_GONE);
	close(fd);
}

static void test_client_that_goes_ends_the_wait(void **state)
{
	int fd = ask();

	(void)state;
	stall();
	close(fd);
	UNTIL(p.l, all.ended);
	assert_int_equal(tcp_table_count(p.table), 0);
}

static void test_who_has_stopped_waiting_is_not_called(void **state)
{
	unsigned woken;
	int fd = ask();

	(void)state;
	stall();
	woken = all.woken;
	net_reply_forget_room(&all.room);
	net_reply_forget_room(&all.room);
	close(fd);
	UNTIL(p.l, tcp_table_count(p.table) == 0);
	turn(p.l, NULL);
	net_reply_await_room(&p.held[0], &all.room); /* nobody is there: at once */
	net_reply_forget_room(&all.room);
	turn(p.l, NULL);
	assert_int_equal(all.woken, woken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_parts_come_whole_and_in_order_to_a_client_that_pauses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_waits_stays_within_the_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_client_that_takes_nothing_is_closed_and_its_sender_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_client_that_goes_ends_the_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who_has_stopped_waiting_is_not_called, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
