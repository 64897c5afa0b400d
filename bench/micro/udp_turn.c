// SPDX-License-Identifier: Apache-2.0
/* The cost of one turn for a batch of N queries that wait already: net/ against a bare recvmmsg/sendmmsg
 * pair. Client and server share one thread, so nothing is scheduled in between and the medians are steady
 * even on a busy machine; what sleeping and waking cost is not in here (see net_echo.c).
 *   udp_turn [ADDRESS]   nanoseconds per query for each N; ADDRESS: 127.0.0.1, or a wildcard */
#include "base/clock.h"
#include "base/compiler.h"
#include "net/dns_server.h"
#include "net/loop.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLIENTS = 20, TURNS = 4001, BARE_BATCH = 32, ROUNDS = 3 };

static const uint8_t query[] = "\xab\xcd\x01\0\0\1\0\0\0\0\0\0\4name\7example\3com\0\0\1\0\1";
static int clients[CLIENTS];
static uint64_t samples[TURNS];

static size_t answer_into(uint8_t *out, const uint8_t *msg, size_t len)
{
	static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 1};

	if (out != msg)
		memcpy(out, msg, len);
	out[2] = 0x80 | (out[2] & 1);
	out[3] = 0x80;
	out[7] = 1;
	memcpy(out + len, record, sizeof(record));
	return len + sizeof(record);
}

static void send_queries(int n)
{
	for (int i = 0; i < n; i++) {
		if (send(clients[i % CLIENTS], query, sizeof(query) - 1, 0) == -1)
			err(1, "send");
	}
}

static void take_answers(int n)
{
	uint8_t buf[512];

	for (int i = 0; i < n; i++) {
		if (recv(clients[i % CLIENTS], buf, sizeof(buf), 0) == -1)
			err(1, "recv");
	}
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double median_per_query(int n)
{
	qsort(samples, TURNS, sizeof(samples[0]), by_value);
	return (double)samples[TURNS / 2] / n;
}

static double run_bare(int fd, int n)
{
	static uint8_t data[BARE_BATCH][4096];
	static struct mmsghdr m[BARE_BATCH];
	static struct iovec v[BARE_BATCH];
	static struct net_addr from[BARE_BATCH];

	for (int turn = 0; turn < TURNS; turn++) {
		int left = n;

		send_queries(n);
		samples[turn] = clock_mono_ns();
		while (left > 0) {
			int got;

			for (int i = 0; i < BARE_BATCH; i++) {
				v[i] = (struct iovec){data[i], sizeof(data[i])};
				m[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
							       .msg_namelen = sizeof(from[i]),
							       .msg_iov = &v[i],
							       .msg_iovlen = 1};
			}
			got = recvmmsg(fd, m, BARE_BATCH, MSG_WAITFORONE, NULL);
			for (int i = 0; i < got; i++)
				v[i].iov_len = answer_into(data[i], data[i], m[i].msg_len);
			left -= sendmmsg(fd, m, (unsigned)got, 0);
		}
		samples[turn] = clock_mono_ns() - samples[turn];
		take_answers(n);
	}
	return median_per_query(n);
}

static struct {
	struct loop *loop;
	int n, turn, left;
} ours;

static void receive(void *arg, const uint8_t *msg, size_t len, const struct net_return *ret)
{
	uint8_t *out = net_reply_begin(ret, 512);

	net_reply_end(ret, answer_into(out, msg, len));
	ours.left--;
}

static void turn_end(void *arg)
{
	if (ours.left > 0 || ours.turn > TURNS)
		return;
	if (ours.turn > 0) {
		samples[ours.turn - 1] = clock_mono_ns() - samples[ours.turn - 1];
		take_answers(ours.n);
	}
	if (ours.turn++ == TURNS) {
		loop_stop(ours.loop);
		return;
	}
	ours.left = ours.n;
	send_queries(ours.n);
	samples[ours.turn - 1] = clock_mono_ns();
}

static double run_ours(int n)
{
	ours.n = n;
	ours.turn = ours.left = 0;
	loop_run(ours.loop, NULL);
	return median_per_query(n);
}

static void connect_clients(const struct net_addr *to)
{
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (connect(clients[i], &to->sa, net_addr_len(to)) == -1)
			err(1, "connect");
	}
}

static void close_clients(void)
{
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
}

static struct net_addr bound_to(int fd)
{
	struct net_addr a;
	socklen_t len = sizeof(a);

	if (getsockname(fd, &a.sa, &len) == -1)
		err(1, "getsockname");
	return a;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

/* The least of several medians: what disturbs only ever adds. */
static void compare(int bare_fd, const struct net_addr *bare, const struct net_addr *net, int n)
{
	double x = 1e9, y = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		connect_clients(bare);
		x = least(x, run_bare(bare_fd, n));
		close_clients();
		connect_clients(net);
		y = least(y, run_ours(n));
		close_clients();
	}
	printf("%5d %10.0f %10.0f %7.3f\n", n, x, y, y / x);
}

static int start_net(const char *address)
{
	static struct loop_hook hook = {.fn = turn_end};
	struct net_addr at;
	struct net_port *port;
	int fd;

	if (net_addr_parse(address, 0, &at) < 0)
		errx(2, "not an address: %s", address);
	ours.loop = loop_new(16);
	fd = listen_udp(&at);
	if (!ours.loop || fd < 0 ||
	    net_port_start(ours.loop, NULL, fd, -1, &at, TRANSPORT_DNS, &tcp_limits_default, NULL, receive,
			   NULL, &port) < 0)
		errx(1, "cannot serve %s", address);
	loop_at_turn_end(ours.loop, &hook);
	return fd;
}

int main(int argc, char **argv)
{
	static const int sizes[] = {1, 2, 4, 8, 16, 32, 64, 128};
	struct net_addr bare, net;
	int bare_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint16_t port;

	if (net_addr_parse("127.0.0.1", 0, &bare) < 0 || bind(bare_fd, &bare.sa, net_addr_len(&bare)) == -1)
		err(1, "bind");
	bare = bound_to(bare_fd);
	net = bound_to(start_net(argc > 1 ? argv[1] : "127.0.0.1"));
	port = net_addr_port(&net);
	net = bare;
	net_addr_set_port(&net, port); /* clients come over IPv4 loopback to wildcards too */
	printf("%5s %10s %10s %7s\n", "N", "bare ns", "net ns", "ratio");
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		compare(bare_fd, &bare, &net, sizes[i]);
	return 0;
}
