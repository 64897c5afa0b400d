// SPDX-License-Identifier: Apache-2.0
#include "net_test.h"

#include "net/udp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct asker {
	struct udp_client *c;
	int received, errors, last_error;
	size_t last_len;
	bool close_on_receive, close_on_error;
};

static struct loop *l;

static void receive(void *arg, const uint8_t *data, size_t len)
{
	struct asker *a = arg;

	a->received++;
	a->last_len = len;
	if (a->close_on_receive)
		udp_client_close(a->c);
}

static void error(void *arg, int err)
{
	struct asker *a = arg;

	a->errors++;
	a->last_error = err;
	if (a->close_on_error)
		udp_client_close(a->c);
}

static const struct udp_client_ops ops = {.receive = receive, .error = error};

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

/* A bound socket that plays the upstream. */
static int upstream(const char *address, struct net_addr *at)
{
	int fd;

	*at = addr_of(address, 0);
	fd = socket(at->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fd, &at->sa, net_addr_len(at)), 0);
	net_addr_set_port(at, port_of(fd));
	return fd;
}

static ssize_t heard(int fd, struct net_addr *from)
{
	char buf[64];
	socklen_t len = sizeof(*from);

	return recvfrom(fd, buf, sizeof(buf), 0, &from->sa, &len);
}

static void exchange(const char *address)
{
	struct net_addr at, from;
	struct asker a = {0};
	int fd = upstream(address, &at);

	assert_int_equal(udp_client_open(l, &at, NULL, &ops, &a, &a.c), 0);
	assert_int_equal(udp_client_send(a.c, (const uint8_t *)"query", 5), 0);
	UNTIL(l, heard(fd, &from) == 5);
	assert_int_equal(net_addr_port(&from), udp_client_port(a.c));
	for (int i = 0; i < 20; i++)
		assert_int_equal(sendto(fd, "answer", 6, 0, &from.sa, net_addr_len(&from)), 6);
	UNTIL(l, a.received == 20);
	assert_int_equal(a.last_len, 6);
	udp_client_close(a.c);
	close(fd);
}

static void test_udp_client_exchanges_with_its_peer(void **state)
{
	exchange("127.0.0.1");
	assert_int_equal(loop_stats(l)->upstream_tx, 1);
	assert_int_equal(loop_stats(l)->upstream_rx, 20);
	if (have_ipv6())
		exchange("::1");
}

static void test_udp_client_hears_nobody_else(void **state)
{
	struct net_addr at, other_at, from, to = {0};
	struct asker a = {0};
	int fd = upstream("127.0.0.1", &at), other = upstream("127.0.0.1", &other_at);

	assert_int_equal(udp_client_open(l, &at, NULL, &ops, &a, &a.c), 0);
	to = addr_of("127.0.0.1", udp_client_port(a.c));
	assert_int_equal(sendto(other, "forged", 6, 0, &to.sa, net_addr_len(&to)), 6);
	assert_int_equal(udp_client_send(a.c, (const uint8_t *)"q", 1), 0);
	UNTIL(l, heard(fd, &from) == 1);
	assert_int_equal(sendto(fd, "true", 4, 0, &from.sa, net_addr_len(&from)), 4);
	UNTIL(l, a.received == 1);
	assert_int_equal(a.last_len, 4);
	udp_client_close(a.c);
	close(fd);
	close(other);
}

static void test_udp_client_uses_the_source_address(void **state)
{
	struct net_addr at, from, source = addr_of("127.0.0.8", 99);
	struct asker a = {0};
	int fd = upstream("127.0.0.1", &at);

	assert_int_equal(udp_client_open(l, &at, &source, &ops, &a, &a.c), 0);
	assert_int_equal(udp_client_send(a.c, (const uint8_t *)"q", 1), 0);
	UNTIL(l, heard(fd, &from) == 1);
	assert_true(net_addr_same_host(&from, &source));
	assert_int_not_equal(net_addr_port(&from), 99);
	udp_client_close(a.c);
	close(fd);
}

static void test_udp_client_ports_are_spread_over_the_ephemeral_range(void **state)
{
	enum { N = 200 };
	struct asker a[N] = {0};
	struct net_addr at;
	int fd = upstream("127.0.0.1", &at), low, high, halves[2] = {0}, ascending = 0;
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d %d", &low, &high), 2);
	fclose(f);
	for (int i = 0; i < N; i++) {
		assert_int_equal(udp_client_open(l, &at, NULL, &ops, &a[i], &a[i].c), 0);
		assert_in_range(udp_client_port(a[i].c), low, high);
		halves[udp_client_port(a[i].c) > low + (high - low) / 2]++;
		ascending += i && udp_client_port(a[i].c) > udp_client_port(a[i - 1].c);
	}
	/* Each bound is missed by chance once in 10^9 runs or less. */
	assert_in_range(halves[0], 55, 145);
	assert_in_range(ascending, 60, 140);
	for (int i = 0; i < N; i++)
		udp_client_close(a[i].c);
	close(fd);
}

static void refused(struct asker *a)
{
	struct net_addr at;

	close(upstream("127.0.0.1", &at)); /* nobody listens there now */
	assert_int_equal(udp_client_open(l, &at, NULL, &ops, a, &a->c), 0);
	assert_int_equal(udp_client_send(a->c, (const uint8_t *)"q", 1), 0);
	UNTIL(l, a->errors > 0);
	assert_int_equal(a->last_error, -ECONNREFUSED);
}

static void test_udp_client_reports_connection_refused_and_lives_on(void **state)
{
	struct asker a = {0};

	refused(&a);
	assert_int_equal(a.errors, 1);
	assert_int_equal(udp_client_send(a.c, (const uint8_t *)"q", 1), 0);
	UNTIL(l, a.errors == 2);
	udp_client_close(a.c);
}

/* The second send meets the error of the first; it is sent all the same, and the error is told once. */
static void test_udp_client_send_does_not_swallow_an_earlier_error(void **state)
{
	struct net_addr at;
	struct asker a = {0};

	close(upstream("127.0.0.1", &at));
	assert_int_equal(udp_client_open(l, &at, NULL, &ops, &a, &a.c), 0);
	assert_int_equal(udp_client_send(a.c, (const uint8_t *)"q", 1), 0);
	assert_int_equal(udp_client_send(a.c, (const uint8_t *)"q", 1), 0);
	assert_int_equal(a.errors, 0); /* not from within */
	UNTIL(l, a.errors == 2);
	assert_int_equal(a.last_error, -ECONNREFUSED);
	assert_int_equal(loop_stats(l)->upstream_tx, 2);
	udp_client_close(a.c);
}

static void test_udp_client_may_be_closed_in_its_callbacks(void **state)
{
	struct asker a = {.close_on_error = true}, b = {.close_on_receive = true};
	struct net_addr at, from;
	int fd = upstream("127.0.0.1", &at);

	refused(&a);
	assert_int_equal(udp_client_open(l, &at, NULL, &ops, &b, &b.c), 0);
	assert_int_equal(udp_client_send(b.c, (const uint8_t *)"q", 1), 0);
	UNTIL(l, heard(fd, &from) == 1);
	for (int i = 0; i < 8; i++)
		sendto(fd, "answer", 6, 0, &from.sa, net_addr_len(&from));
	UNTIL(l, b.received);
	for (int i = 0; i < 5; i++)
		turn(l, NULL);
	assert_int_equal(b.received, 1);
	assert_int_equal(a.errors, 1);
	close(fd);
}

static void test_udp_client_open_fails_cleanly(void **state)
{
	struct net_addr at = addr_of("127.0.0.1", 53), source = addr_of("192.0.2.1", 0);
	struct udp_client *c = NULL;

	assert_int_equal(udp_client_open(l, &at, &source, &ops, NULL, &c), -EADDRNOTAVAIL);
	assert_null(c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_udp_client_exchanges_with_its_peer),
		TEST(test_udp_client_hears_nobody_else),
		TEST(test_udp_client_uses_the_source_address),
		TEST(test_udp_client_ports_are_spread_over_the_ephemeral_range),
		TEST(test_udp_client_reports_connection_refused_and_lives_on),
		TEST(test_udp_client_send_does_not_swallow_an_earlier_error),
		TEST(test_udp_client_may_be_closed_in_its_callbacks),
		TEST(test_udp_client_open_fails_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
