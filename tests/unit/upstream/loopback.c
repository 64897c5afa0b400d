// SPDX-License-Identifier: Apache-2.0
#include "loopback.h"

#include "wire/name.h"
#include "wire/wire.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_CONNS = 16 };

/* ---------------------------------------------------------------- composing */

static size_t question_len(const struct loopback_query *q)
{
	return wire_name_len(q->msg + WIRE_HEADER_LEN) + 4;
}

uint16_t loopback_type(const struct loopback_query *q)
{
	return wire_u16(q->msg + WIRE_HEADER_LEN + question_len(q) - 4);
}

static uint8_t *head(const struct loopback_query *q, uint8_t *out, unsigned rcode, uint16_t flags, unsigned n)
{
	size_t len = question_len(q);

	memset(out, 0, WIRE_HEADER_LEN);
	memcpy(out, q->msg, 2);
	wire_put_u16(out + 2, FLAG_QR | FLAG_RA | flags | rcode);
	wire_put_u16(out + 4, 1);
	wire_put_u16(out + 6, n);
	memcpy(out + WIRE_HEADER_LEN, q->msg + WIRE_HEADER_LEN, len);
	return out + WIRE_HEADER_LEN + len;
}

int loopback_reply_rr(const struct loopback_query *q, uint8_t *out, uint16_t type, const uint8_t *rdata,
		      uint16_t len)
{
	uint8_t *p = head(q, out, 0, 0, 1);

	wire_put_u16(p, 0xc00c);
	wire_put_u16(p + 2, type);
	wire_put_u16(p + 4, CLASS_IN);
	wire_put_u32(p + 6, 60);
	wire_put_u16(p + 10, len);
	memcpy(p + 12, rdata, len);
	return (int)(p + 12 + len - out);
}

int loopback_reply(const struct loopback_query *q, uint8_t *out, unsigned rcode, uint16_t flags, unsigned n)
{
	static const uint8_t rr[] = {0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 51, 100};
	uint8_t *p = head(q, out, rcode, flags, n);

	for (unsigned i = 0; i < n; i++) {
		memcpy(p, rr, sizeof(rr));
		p += sizeof(rr);
		*p++ = (uint8_t)i;
	}
	return (int)(p - out);
}

/* ---------------------------------------------------------------- serving */

static void serve_udp(struct loopback *l)
{
	static __thread uint8_t in[4096], out[65535];
	struct net_addr from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(l->udp_fd, in, sizeof(in), 0, &from.sa, &from_len);
	struct loopback_query q = {.msg = in, .len = (size_t)n};
	int len;

	if (n < 0)
		return;
	q.nth = atomic_fetch_add(&l->n_udp, 1) + 1;
	len = l->answer(&q, out);
	if (len > 0)
		(void)sendto(l->udp_fd, out, (size_t)len, 0, &from.sa, from_len);
}

static bool read_all(int fd, uint8_t *p, size_t n)
{
	return recv(fd, p, n, MSG_WAITALL) == (ssize_t)n;
}

/* False: the connection is to be closed. */
static bool serve_message(struct loopback *l, int fd)
{
	static __thread uint8_t in[65537], out[65537];
	struct loopback_query q = {.tcp = true, .msg = in};
	const struct linger reset = {.l_onoff = 1};
	int len;

	if (!read_all(fd, in, 2))
		return false;
	q.len = wire_u16(in);
	if (!read_all(fd, in, q.len))
		return false;
	q.nth = atomic_fetch_add(&l->n_tcp, 1) + 1;
	len = l->answer(&q, out + 2);
	if (len == -2)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (len > 0) {
		wire_put_u16(out, (unsigned)len);
		return send(fd, out, (size_t)len + 2, MSG_NOSIGNAL) == len + 2;
	}
	return len == 0;
}

static void accept_one(struct loopback *l)
{
	int fd = accept(l->tcp_fd, NULL, NULL);

	for (int i = 0; i < N_CONNS && fd != -1; i++) {
		if (l->conns[i] == -1) {
			l->conns[i] = fd;
			atomic_fetch_add(&l->n_conns, 1);
			return;
		}
	}
	if (fd != -1)
		close(fd);
}

static void *serve(void *arg)
{
	struct loopback *l = arg;

	for (;;) {
		struct pollfd p[3 + N_CONNS] = {
			{.fd = l->stop_fd[0], .events = POLLIN},
			{.fd = l->udp_fd, .events = POLLIN},
			{.fd = l->tcp == LOOPBACK_TCP ? l->tcp_fd : -1, .events = POLLIN},
		};

		for (int i = 0; i < N_CONNS; i++)
			p[3 + i] = (struct pollfd){.fd = l->conns[i], .events = POLLIN};
		if (poll(p, 3 + N_CONNS, -1) == -1)
			abort();
		if (p[0].revents) {
			uint8_t what;

			if (read(l->stop_fd[0], &what, 1) != 1 || what == 0)
				return NULL;
			l->tcp = LOOPBACK_TCP; /* loopback_open */
		}
		if (p[1].revents)
			serve_udp(l);
		if (p[2].revents)
			accept_one(l);
		for (int i = 0; i < N_CONNS; i++) {
			if (p[3 + i].revents && !serve_message(l, l->conns[i])) {
				close(l->conns[i]);
				l->conns[i] = -1;
			}
		}
	}
}

/* ---------------------------------------------------------------- life */

static int bound(int type, struct net_addr *a)
{
	socklen_t len = sizeof(*a);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert(fd != -1);
	if (bind(fd, &a->sa, sizeof(a->v4)) == -1) {
		close(fd);
		return -1;
	}
	if (getsockname(fd, &a->sa, &len))
		abort();
	return fd;
}

/* A listening socket whose queue is full: the kernel drops further SYNs. */
static void fill_queue(struct loopback *l)
{
	for (int i = 0; i < 4; i++) {
		l->fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (connect(l->fill[i], &l->addr.sa, sizeof(l->addr.v4)) == 0 || errno == EINPROGRESS)
			continue;
		abort();
	}
	usleep(50000); /* the handshakes that fill it */
}

void loopback_start(struct loopback *l)
{
	l->tcp_fd = -1;
	do {
		if (net_addr_parse("127.0.0.1", 0, &l->addr))
			abort();
		l->udp_fd = bound(SOCK_DGRAM, &l->addr);
		assert(l->udp_fd != -1);
		if (l->tcp == LOOPBACK_NO_TCP)
			break;
		l->tcp_fd = bound(SOCK_STREAM, &l->addr);
		if (l->tcp_fd == -1)
			close(l->udp_fd);
	} while (l->tcp_fd == -1);
	memset(l->conns, -1, sizeof(l->conns));
	memset(l->fill, -1, sizeof(l->fill));
	if (l->tcp_fd != -1 && listen(l->tcp_fd, l->tcp == LOOPBACK_BLACKHOLE ? 0 : 64))
		abort();
	if (l->tcp == LOOPBACK_BLACKHOLE)
		fill_queue(l);
	if (pipe2(l->stop_fd, O_CLOEXEC) || pthread_create(&l->thread, NULL, serve, l))
		abort();
}

static void tell(struct loopback *l, uint8_t what)
{
	if (write(l->stop_fd[1], &what, 1) != 1)
		abort();
}

void loopback_open(struct loopback *l)
{
	if (listen(l->tcp_fd, 64))
		abort();
	tell(l, 1);
}

void loopback_stop(struct loopback *l)
{
	tell(l, 0);
	pthread_join(l->thread, NULL);
	close(l->udp_fd);
	if (l->tcp_fd != -1)
		close(l->tcp_fd);
	for (int i = 0; i < N_CONNS; i++) {
		if (l->conns[i] != -1)
			close(l->conns[i]);
	}
	for (int i = 0; i < 4; i++) {
		if (l->fill[i] != -1)
			close(l->fill[i]);
	}
	close(l->stop_fd[0]);
	close(l->stop_fd[1]);
}
