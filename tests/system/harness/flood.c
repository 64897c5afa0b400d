// SPDX-License-Identifier: Apache-2.0
/* Questions at a steady rate, whatever comes back.
 *   flood ADDRESS PORT RATE SECONDS NAME [TAIL_MS]
 * asks for A of uN.NAME (N counts up; NAME alone if it begins with '='), over 16 sockets, IPv4 or IPv6, then listens for
 * TAIL_MS (500) more.  Prints: sent N answered N noerror N servfail N other N slowest_ms N median_ms N behind_ms N
 * behind_ms: how far the sending ever lagged its schedule; when that is much, the machine was busy elsewhere. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS = 16, IDS = 65536, BUCKETS = 6000 };

static int fds[SOCKETS], loop;
static uint64_t *asked_ns; /* by socket and id */
static uint64_t sent, answered, rcodes[16], slowest_ns, histogram[BUCKETS];

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void open_sockets(const char *host, const char *port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST}, *to;
	int size = 8 << 20;

	if (getaddrinfo(host, port, &hints, &to)) {
		fprintf(stderr, "%s: not an address\n", host);
		exit(2);
	}
	loop = epoll_create1(0);
	for (int i = 0; i < SOCKETS; i++) {
		struct epoll_event e = {.events = EPOLLIN, .data.u32 = (uint32_t)i};

		fds[i] = socket(to->ai_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		if (fds[i] < 0 || connect(fds[i], to->ai_addr, to->ai_addrlen) || epoll_ctl(loop, EPOLL_CTL_ADD, fds[i], &e)) {
			perror("socket");
			exit(2);
		}
	}
	freeaddrinfo(to);
}

static size_t put_name(uint8_t *p, const char *name)
{
	size_t at = 0;

	while (*name) {
		size_t n = strcspn(name, ".");

		p[at++] = (uint8_t)n;
		memcpy(p + at, name, n);
		at += n;
		name += n + (name[n] == '.');
	}
	p[at++] = 0;
	return at;
}

static void ask(const char *name)
{
	unsigned i = (unsigned)(sent % SOCKETS);
	uint16_t id = (uint16_t)(sent / SOCKETS);
	uint8_t p[512] = {(uint8_t)(id >> 8), (uint8_t)id, 1, 0, 0, 1};
	char text[300];

	if (*name == '=')
		snprintf(text, sizeof(text), "%s", name + 1);
	else
		snprintf(text, sizeof(text), "u%llu.%s", (unsigned long long)sent, name);
	size_t len = 12 + put_name(p + 12, text);
	p[len + 1] = 1, p[len + 3] = 1;
	asked_ns[i * IDS + id] = now_ns();
	if (send(fds[i], p, len + 4, 0) < 0 && errno != EAGAIN && errno != ECONNREFUSED && errno != ENOBUFS)
		perror("send");
	sent++;
}

static void hear(int wait_ms)
{
	struct epoll_event e[SOCKETS];
	uint8_t p[4096];
	int n = epoll_wait(loop, e, SOCKETS, wait_ms);

	for (int k = 0; k < n; k++) {
		unsigned i = e[k].data.u32;
		ssize_t len;

		while ((len = recv(fds[i], p, sizeof(p), 0)) >= 12) {
			uint64_t *at = &asked_ns[i * IDS + (unsigned)(p[0] << 8 | p[1])], took;

			if (!*at)
				continue;
			took = now_ns() - *at;
			*at = 0;
			answered++;
			rcodes[p[3] & 15]++;
			slowest_ns = took > slowest_ns ? took : slowest_ns;
			histogram[took / 1000000 < BUCKETS ? took / 1000000 : BUCKETS - 1]++;
		}
	}
}

static unsigned median_ms(void)
{
	uint64_t seen = 0;

	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += histogram[i];
		if (seen * 2 >= answered)
			return i;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 6)
		return fprintf(stderr, "usage: flood ADDRESS PORT RATE SECONDS NAME [TAIL_MS]\n"), 2;
	double rate = atof(argv[3]), seconds = atof(argv[4]);
	uint64_t total = (uint64_t)(rate * seconds), start, tail, behind = 0;

	asked_ns = calloc((size_t)SOCKETS * IDS, sizeof(*asked_ns));
	if (!asked_ns)
		return 2;
	open_sockets(argv[1], argv[2]);
	start = now_ns();
	while (sent < total) {
		uint64_t due = (uint64_t)((double)(now_ns() - start) / 1e9 * rate);

		if (due - sent > behind)
			behind = due - sent;
		while (sent < due && sent < total)
			ask(argv[5]);
		hear(1);
	}
	tail = now_ns() + (uint64_t)(argc > 6 ? atoi(argv[6]) : 500) * 1000000u;
	while (answered < sent && now_ns() < tail)
		hear(10);
	printf("sent %llu answered %llu noerror %llu servfail %llu other %llu slowest_ms %llu median_ms %u behind_ms %.0f\n",
	       (unsigned long long)sent, (unsigned long long)answered, (unsigned long long)rcodes[0], (unsigned long long)rcodes[2],
	       (unsigned long long)(answered - rcodes[0] - rcodes[2]), (unsigned long long)(slowest_ns / 1000000), median_ms(),
	       (double)behind / rate * 1000);
	return 0;
}
