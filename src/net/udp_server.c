// SPDX-License-Identifier: Apache-2.0
/* A query's way, first step: a listener's socket, read in batches.  Next: dns_server.c. */
#include "net/udp_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	/* Full batches read from one socket before the others get their turn. */
	ROUNDS = 4,
	/* After so many batches of one in a row a socket is read by plain recvfrom; see calm(). */
	CALM_AFTER = 4,
	CALM_GAP_NS = 20 * NS_PER_US,
};

/* `from` is kept between batches; only what the kernel writes changes. */
static void prepare(struct udp_rx *rx, struct udp_server *s)
{
	if (likely(rx->owner == s && rx->owner_serial == s->serial))
		return;
	for (unsigned i = 0; i < UDP_RX_BATCH; i++) {
		rx->from[i] = (struct udp_return){.server = s, .local = s->local, .serial = s->serial};
		rx->msg[i].msg_hdr.msg_controllen = s->wildcard ? UDP_CONTROL : 0;
	}
	rx->owner = s;
	rx->owner_serial = s->serial;
}

/* The receiver may close the socket, so its serial is looked at each time. */
static void deliver(struct udp_server *s, uint32_t serial, unsigned i, size_t len)
{
	struct udp_rx *rx = &s->loop->udp->rx;
	struct msghdr *m = &rx->msg[i].msg_hdr;

	if (unlikely(s->serial != serial))
		return;
	if (s->wildcard)
		udp_control_read(m, &rx->from[i]);
	if (unlikely(m->msg_flags & MSG_TRUNC))
		s->loop->core.stats.udp_rx_cut++;
	else if (likely(!s->shed) || !udp_shed_refuses(s))
		s->fn(s->arg, rx->data + (size_t)i * UDP_RX_MAX, len, &rx->from[i]);
}

static void restore(struct udp_rx *rx, const struct udp_server *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		rx->msg[i].msg_hdr.msg_namelen = sizeof(struct net_addr);
		if (s->wildcard)
			rx->msg[i].msg_hdr.msg_controllen = UDP_CONTROL;
	}
}

/* Returns how many came; less than a full batch: there were no more. */
static unsigned read_batch(struct udp_server *s)
{
	struct udp_rx *rx = &s->loop->udp->rx;
	uint32_t serial = s->serial;
	int n = recvmmsg(s->fd, rx->msg, UDP_RX_BATCH, MSG_DONTWAIT, NULL);

	if (n <= 0)
		return 0;
	s->loop->core.stats.udp_rx += (unsigned)n;
	for (unsigned i = 0; i < (unsigned)n; i++)
		deliver(s, serial, i, rx->msg[i].msg_len);
	restore(rx, s, (unsigned)n);
	return (unsigned)n;
}

/* A batch of one by recvmsg or recvfrom.  MSG_TRUNC makes the latter tell the true length. */
static unsigned read_single(struct udp_server *s)
{
	struct udp_rx *rx = &s->loop->udp->rx;
	struct msghdr *m = &rx->msg[0].msg_hdr;
	ssize_t n;

	if (s->wildcard) {
		n = recvmsg(s->fd, m, MSG_DONTWAIT);
	} else {
		n = recvfrom(s->fd, rx->data, UDP_RX_MAX, MSG_TRUNC | MSG_DONTWAIT, m->msg_name,
			     &m->msg_namelen);
		m->msg_flags = n > UDP_RX_MAX ? MSG_TRUNC : 0;
	}
	if (n < 0)
		return 0;
	s->loop->core.stats.udp_rx++;
	deliver(s, s->serial, 0, (size_t)n);
	restore(rx, s, 1);
	return 1;
}

/* When queries come one by one, far apart, recvfrom and sendto cost a tenth less per query than the batch
 * calls (measured at 5,000 queries/s); when they come close together a batch call per wake-up is the
 * cheaper one, so the first wake-up that follows another within CALM_GAP_NS ends the calm. */
static bool calm(struct udp_server *s)
{
	if (s->singles < CALM_AFTER)
		return false;
	if (s->loop->core.now_ns - s->last_rx_ns >= CALM_GAP_NS)
		return true;
	s->singles = 0;
	return false;
}

static void server_ready(struct loop_source *source, uint32_t events)
{
	struct udp_server *s = container_of(source, struct udp_server, source);
	struct udp_io *io = s->loop->udp;
	uint32_t serial = s->serial;
	unsigned n;

	if (unlikely(s->shed) && (events & EPOLLOUT))
		udp_shed_send(s);
	prepare(&io->rx, s);
	if (calm(s)) {
		n = read_single(s);
	} else {
		n = read_batch(s);
		for (int i = 1; n == UDP_RX_BATCH && i < ROUNDS && s->serial == serial; i++) {
			udp_tx_flush(io);
			n = read_batch(s);
		}
		s->singles = n == 1 ? s->singles + (s->singles < CALM_AFTER) : 0;
	}
	if (n)
		s->last_rx_ns = s->loop->core.now_ns;
	udp_tx_flush(io);
}

void udp_server_ignore(struct loop_source *source, uint32_t events)
{
}

static struct udp_server *free_slot(struct udp_io *io)
{
	struct udp_server *s = io->servers;

	while (s && s->fd != -1)
		s = s->next;
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return NULL;
		s->fd = -1;
		s->next = io->servers;
		io->servers = s;
	}
	return s;
}

int udp_server_start(struct loop *l, int fd, const struct net_addr *local, udp_receive_fn fn, void *arg,
		     struct udp_server **ret)
{
	struct udp_server *s = free_slot(l->udp);
	int err = s ? loop_watch(l, fd, EPOLLIN, &s->source) : -ENOMEM;

	if (err < 0) {
		close(fd);
		return err;
	}
	*s = (struct udp_server){
		.source.ready = server_ready,
		.loop = l,
		.fd = fd,
		.serial = s->serial,
		.wildcard = net_addr_is_any(local),
		.local = *local,
		.fn = fn,
		.arg = arg,
		.next = s->next,
	};
	*ret = s;
	return 0;
}

void udp_server_close(struct udp_server *s)
{
	udp_tx_flush(s->loop->udp);
	timer_disarm(&s->loop->core.timers, &s->timer);
	loop_task_cancel(&s->task);
	loop_unwatch(s->loop, s->fd);
	udp_shed_free(s);
	close(s->fd);
	s->fd = -1;
	s->serial++;
	s->source.ready = udp_server_ignore;
}
