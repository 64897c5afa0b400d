// SPDX-License-Identifier: Apache-2.0
/* The cost of one turn for a batch of N queries that wait already: net/ against a bare recvmmsg/sendmmsg pair.
 * Client and server share one thread, so nothing is scheduled in between and the medians are steady even on a busy
 * machine; what sleeping and waking cost is not in here (see net_echo.c).
 *   udp_turn [ADDRESS]   nanoseconds per query for each N; ADDRESS 127.0.0.1 unless given, a wildcard also works */
#include "base/clock.h"
#include "net/dns_server.h"
#include "net/loop.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLIENTS = 20, TURNS = 4001, MAX = 128, BARE_BATCH = 32, ANSWER = 62 };

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
				m[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof(from[i]),
							       .msg_iov = &v[i], .msg_iovlen = 1};
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

int main(int argc, char **argv)
{
	static const int sizes[] = {1, 2, 4, 8, 16, 32, 64, 128};
	struct net_addr at, to;
	struct loop_hook hook = {.fn = turn_end};
	struct net_port *port;
	socklen_t len = sizeof(at);
	int ours_fd, bare_fd;

	if (net_addr_parse(argc > 1 ? argv[1] : "127.0.0.1", 0, &at) < 0)
		errx(2, "not an address");
	ours.loop = loop_new(16);
	ours_fd = listen_udp(&at);
	getsockname(ours_fd, &at.sa, &len);
	if (net_port_start(ours.loop, NULL, ours_fd, -1, &at, TRANSPORT_DNS, &tcp_limits_default, NULL, receive, NULL,
			   &port) < 0)
		errx(1, "cannot start");
	loop_at_turn_end(ours.loop, &hook);
	if (net_addr_parse("127.0.0.1", 0, &to) < 0)
		return 1;
	bare_fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(bare_fd, &to.sa, net_addr_len(&to)) == -1)
		err(1, "bind");
	printf("%5s %10s %10s %7s\n", "N", "bare ns", "net ns", "ratio");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		double a[3], b[3];

		for (int round = 0; round < 3; round++) {
			for (int side = 0; side < 2; side++) {
				socklen_t l = sizeof(to);

				if (side)
					net_addr_set_port(&to, net_addr_port(&at));
				else
					getsockname(bare_fd, &to.sa, &l);
				for (int c = 0; c < CLIENTS; c++) {
					clients[c] = socket(AF_INET, SOCK_DGRAM, 0);
					if (connect(clients[c], &to.sa, net_addr_len(&to)) == -1)
						err(1, "connect");
				}
				if (side)
					b[round] = run_ours(sizes[i]);
				else
					a[round] = run_bare(bare_fd, sizes[i]);
				for (int c = 0; c < CLIENTS; c++)
					close(clients[c]);
			}
		}
		double x = a[0] < a[1] ? a[0] : a[1], y = b[0] < b[1] ? b[0] : b[1];

		x = x < a[2] ? x : a[2];
		y = y < b[2] ? y : b[2];
		printf("%5d %10.0f %10.0f %7.3f\n", sizes[i], x, y, y / x);
	}
	return 0;
}
