// SPDX-License-Identifier: Apache-2.0
/* The floor: answers every DNS query over UDP by flipping QR and appending one fixed A record.
 * recvmmsg/sendmmsg in batches, no parsing beyond the question's end, no cache, no checks.
 *   echo PORT [THREADS]            fixed-answer server
 *   echo PORT THREADS tc N         over UDP: TC and no answer; over TCP: N A records
 *   echo PORT THREADS big N        N A records over UDP to a query with EDNS, else TC; N over TCP
 *   echo PORT THREADS denial       NXDOMAIN with an SOA for names that begin with x, else one A record
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 32, PKT = 4096 };
static int port, many, edns_gets_all, denial;

static int question_end(const uint8_t *p, int n)
{
	int i = 12;
	while (i < n && p[i])
		i += p[i] + 1;
	return i + 5 <= n ? i + 5 : -1;
}

static int put_a(uint8_t *p, int at, uint32_t addr)
{
	static const uint8_t head[] = {0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4};
	memcpy(p + at, head, sizeof head);
	addr = htonl(addr);
	memcpy(p + at + sizeof head, &addr, 4);
	return at + 16;
}

/* The SOA of the question's parent, which the question's first label is left out of. */
static int put_soa(uint8_t *p, int at)
{
	static const uint8_t head[] = {0, 6, 0, 1, 0, 0, 1, 44, 0, 24, 0xc0, 0x0c, 0xc0, 0x0c};
	static const uint8_t numbers[20] = {0, 0, 0, 1, 0, 0, 14, 16, 0, 0, 2, 88, 0, 1, 81, 128, 0, 0, 1, 44};
	p[at] = 0xc0, p[at + 1] = (uint8_t)(12 + p[12] + 1);
	memcpy(p + at + 2, head, sizeof head);
	memcpy(p + at + 2 + sizeof head, numbers, sizeof numbers);
	return at + 2 + (int)sizeof head + (int)sizeof numbers;
}

static int answer(uint8_t *p, int n, int records, int tc)
{
	int q = question_end(p, n);
	if (q < 0)
		return 0;
	if (denial && p[13] == 'x') {
		p[2] = (uint8_t)(0x80 | (p[2] & 1)), p[3] = 0x83;
		memset(p + 6, 0, 6);
		p[9] = 1;
		return put_soa(p, q);
	}
	uint16_t type = (uint16_t)(p[q - 4] << 8 | p[q - 3]);
	p[2] = (uint8_t)(0x80 | (p[2] & 1) | (tc ? 2 : 0));
	p[3] = 0x80;
	memset(p + 6, 0, 6);
	if (type != 1)
		records = 0;
	p[6] = (uint8_t)(records >> 8), p[7] = (uint8_t)records;
	for (int i = 0; i < records; i++)
		q = put_a(p, q, 0xC0000200u + (uint32_t)i);
	return q;
}

static void *udp_loop(void *arg)
{
	(void)arg;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), one = 1, buf = 4 << 20;
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buf, sizeof buf);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (bind(fd, (void *)&a, sizeof a))
		perror("bind"), exit(1);
	static __thread uint8_t data[BATCH][PKT];
	struct mmsghdr m[BATCH];
	struct iovec v[BATCH];
	struct sockaddr_in from[BATCH];
	for (;;) {
		for (int i = 0; i < BATCH; i++) {
			v[i] = (struct iovec){data[i], PKT};
			m[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &v[i], .msg_iovlen = 1};
		}
		int got = recvmmsg(fd, m, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < got; i++) {
			int whole = edns_gets_all && data[i][11];
			int tc = many && !whole;
			v[i].iov_len = (size_t)answer(data[i], (int)m[i].msg_len, tc ? 0 : whole ? many : 1, tc);
		}
		if (got > 0)
			sendmmsg(fd, m, (unsigned)got, 0);
	}
	return NULL;
}

static int full(int fd, uint8_t *p, int n)
{
	for (int got = 0; got < n;) {
		int r = (int)read(fd, p + got, (size_t)(n - got));
		if (r <= 0)
			return 0;
		got += r;
	}
	return 1;
}

static void *tcp_conn(void *arg)
{
	int fd = (int)(intptr_t)arg, one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	uint8_t *p = malloc(65538);
	while (full(fd, p, 2)) {
		int n = p[0] << 8 | p[1];
		if (!full(fd, p + 2, n))
			break;
		int len = answer(p + 2, n, many ? many : 1, 0);
		p[0] = (uint8_t)(len >> 8), p[1] = (uint8_t)len;
		if (write(fd, p, (size_t)len + 2) < 0)
			break;
	}
	free(p);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return fprintf(stderr, "usage: echo PORT [THREADS [tc|big RECORDS | denial]]\n"), 2;
	port = atoi(argv[1]);
	int threads = argc > 2 ? atoi(argv[2]) : 1;
	denial = argc > 3 && !strcmp(argv[3], "denial");
	if (argc > 4)
		many = atoi(argv[4]), edns_gets_all = !strcmp(argv[3], "big");
	pthread_t t;
	for (int i = 0; i < threads; i++)
		pthread_create(&t, NULL, udp_loop, NULL);
	int l = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (bind(l, (void *)&a, sizeof a) || listen(l, 512))
		perror("tcp"), exit(1);
	for (;;) {
		int c = accept(l, NULL, NULL);
		if (c >= 0 && !pthread_create(&t, NULL, tcp_conn, (void *)(intptr_t)c))
			pthread_detach(t);
	}
}
