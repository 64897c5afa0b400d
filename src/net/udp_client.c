// SPDX-License-Identifier: Apache-2.0
/* Sockets that are connected to one upstream: nobody else's datagrams arrive, and ICMP errors do. */
#include "net/udp_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	/* With half of the ephemeral range in use, one draw of 256 fails eight times. */
	PORT_TRIES = 8,
	/* Datagrams read by one call when they come close together, else one. */
	BATCH = 8,
	CLOSE_TOGETHER_NS = 50 * NS_PER_US,
	ERRORS_PER_TURN = 4,
};

struct udp_client {
	struct loop_source source;
	struct loop_garbage garbage;
	struct loop *loop;
	int fd; /* -1: closed */
	uint16_t port;
	const struct udp_client_ops *ops;
	void *arg;
	uint64_t last_rx_ns;
	struct loop_task task; /* reports the error that a send met */
	int err;
	struct udp_client *next, **link;
};

static void recycle(struct loop *l, struct loop_garbage *g)
{
	struct udp_client *c = container_of(g, struct udp_client, garbage);

	c->next = l->udp->spare_clients;
	l->udp->spare_clients = c;
}

static void report(struct udp_client *c, int err)
{
	c->loop->core.stats.upstream_errors++;
	c->ops->error(c->arg, err);
}

static void report_send_error(struct loop_task *t)
{
	struct udp_client *c = container_of(t, struct udp_client, task);

	report(c, c->err);
}

/* -1 with errno, or how many came. */
static int receive(struct udp_client *c, unsigned width)
{
	struct udp_rx *rx = &c->loop->udp->rx;
	ssize_t n;

	if (width > 1)
		return recvmmsg(c->fd, rx->plain, width, 0, NULL);
	n = recv(c->fd, rx->data, UDP_RX_MAX, MSG_TRUNC);
	if (n == -1)
		return -1;
	rx->plain[0].msg_len = (unsigned)n;
	rx->plain[0].msg_hdr.msg_flags = n > UDP_RX_MAX ? MSG_TRUNC : 0;
	return 1;
}

static void deliver(struct udp_client *c, unsigned n)
{
	struct udp_rx *rx = &c->loop->udp->rx;

	for (unsigned i = 0; i < n && c->fd != -1; i++) {
		if (rx->plain[i].msg_hdr.msg_flags & MSG_TRUNC)
			c->loop->core.stats.udp_rx_cut++;
		else
			c->ops->receive(c->arg, rx->data + (size_t)i * UDP_RX_MAX, rx->plain[i].msg_len);
	}
}

/* One call per wake-up: with level triggering what is left is announced again. */
static void client_ready(struct loop_source *source, uint32_t events)
{
	struct udp_client *c = container_of(source, struct udp_client, source);
	uint64_t now = c->loop->core.now_ns;
	unsigned width = now - c->last_rx_ns < CLOSE_TOGETHER_NS ? BATCH : 1;

	c->last_rx_ns = now;
	for (int i = 0; i < ERRORS_PER_TURN && c->fd != -1; i++) {
		int n = receive(c, width);

		if (n >= 0) {
			c->loop->core.stats.upstream_rx += (unsigned)n;
			deliver(c, (unsigned)n);
			return;
		}
		if (errno == EAGAIN)
			return;
		if (errno != EINTR)
			report(c, -errno);
	}
}

static int bind_port(int fd, struct net_addr a, uint16_t port)
{
	net_addr_set_port(&a, port);
	return bind(fd, &a.sa, net_addr_len(&a)) == -1 ? -errno : 0;
}

/* Ports that are hard to guess are half of the defence against forged answers (RFC 5452 9.2). */
static int bind_random(struct udp_client *c, const struct net_addr *peer, const struct net_addr *source)
{
	struct loop *l = c->loop;
	struct net_addr a = {.sa.sa_family = peer->sa.sa_family};
	uint32_t n_ports = (uint32_t)l->port_high - l->port_low + 1;
	int err = -EADDRINUSE;

	if (source)
		a = *source;
	for (int i = 0; i < PORT_TRIES && err == -EADDRINUSE; i++) {
		c->port = (uint16_t)(l->port_low + rng_below(&l->core.rng, n_ports));
		err = bind_port(c->fd, a, c->port);
	}
	if (err == -EADDRINUSE || err == -EACCES) {
		c->port = 0;
		err = bind_port(c->fd, a, 0);
	}
	return err;
}

static int open_socket(struct udp_client *c, const struct net_addr *peer, const struct net_addr *source)
{
	int err;

	c->fd = socket(peer->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd == -1)
		return -errno;
	err = bind_random(c, peer, source);
	if (err == 0 && connect(c->fd, &peer->sa, net_addr_len(peer)) == -1)
		err = -errno;
	if (err == 0)
		err = loop_watch(c->loop, c->fd, EPOLLIN, &c->source);
	if (err < 0) {
		close(c->fd);
		c->fd = -1;
	}
	return err;
}

static struct udp_client *take_client(struct udp_io *io)
{
	struct udp_client *c = io->spare_clients;

	if (!c)
		return malloc(sizeof(*c));
	io->spare_clients = c->next;
	return c;
}

int udp_client_open(struct loop *l, const struct net_addr *peer, const struct net_addr *source,
		    const struct udp_client_ops *ops, void *arg, struct udp_client **ret)
{
	struct udp_io *io = l->udp;
	struct udp_client *c = take_client(io);
	int err;

	if (!c)
		return -ENOMEM;
	*c = (struct udp_client){
		.source.ready = client_ready,
		.garbage.recycle = recycle,
		.loop = l,
		.ops = ops,
		.arg = arg,
		.task.run = report_send_error,
	};
	err = open_socket(c, peer, source);
	if (err < 0) {
		recycle(l, &c->garbage);
		return err;
	}
	c->next = io->clients;
	c->link = &io->clients;
	if (c->next)
		c->next->link = &c->next;
	io->clients = c;
	*ret = c;
	return 0;
}

static int send_once(const struct udp_client *c, const uint8_t *data, size_t len)
{
	ssize_t n;

	do {
		n = send(c->fd, data, len, 0);
	} while (n == -1 && errno == EINTR);
	return n == -1 ? -errno : 0;
}

/* A send on a connected socket first reports, and clears, the error that an earlier datagram met.  When
 * the second try succeeds it was such a one: the owner is told in the next turn, and this datagram is on
 * its way. */
int udp_client_send(struct udp_client *c, const uint8_t *data, size_t len)
{
	int err = send_once(c, data, len);

	if (err < 0 && err != -EAGAIN) {
		int earlier = err;

		err = send_once(c, data, len);
		if (err == 0) {
			c->err = earlier;
			loop_next_turn(c->loop, &c->task);
		}
	}
	if (err == 0)
		c->loop->core.stats.upstream_tx++;
	return err;
}

uint16_t udp_client_port(const struct udp_client *c)
{
	struct net_addr a;
	socklen_t len = sizeof(a);

	if (c->port)
		return c->port;
	return getsockname(c->fd, &a.sa, &len) == 0 ? net_addr_port(&a) : 0;
}

void udp_client_close(struct udp_client *c)
{
	loop_task_cancel(&c->task);
	close(c->fd);
	c->fd = -1;
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	loop_discard(c->loop, &c->source, &c->garbage);
}

void udp_clients_free(struct udp_io *io)
{
	while (io->clients) {
		struct udp_client *c = io->clients;

		io->clients = c->next;
		close(c->fd);
		free(c);
	}
	while (io->spare_clients) {
		struct udp_client *c = io->spare_clients;

		io->spare_clients = c->next;
		free(c);
	}
}
