// SPDX-License-Identifier: Apache-2.0
/* The outgoing batch: answers are written where sendmmsg will take them from. */
#include "net/udp_internal.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { LINE = 64 };

/* A single message by the call that does least: at a few thousand queries a second nearly all batches are
 * of one, and each call less that the kernel copies and checks is felt there. */
static int send_one(int fd, const struct msghdr *m)
{
	ssize_t n;

	if (m->msg_controllen)
		n = sendmsg(fd, m, MSG_DONTWAIT);
	else
		n = sendto(fd, m->msg_iov->iov_base, m->msg_iov->iov_len, MSG_DONTWAIT, m->msg_name,
			   m->msg_namelen);
	return n == -1 ? -1 : 1;
}

bool udp_buffer_full(void)
{
	return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM;
}

/* A message that the kernel refuses is skipped; a full buffer would refuse the rest as well, and waiting for
 * room would make the answers late and the worker deaf. */
static void send_batch(struct udp_io *io, struct udp_server *s, struct mmsghdr *m, unsigned n)
{
	struct net_stats *stats = &io->loop->core.stats;

	while (n) {
		int sent = n == 1 ? send_one(s->fd, &m->msg_hdr) : sendmmsg(s->fd, m, n, MSG_DONTWAIT);

		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1 && udp_buffer_full()) {
			if (!udp_shed_keep(s, m, n))
				stats->udp_tx_dropped += n;
			return;
		}
		if (sent == -1) {
			stats->udp_tx_errors++;
			sent = 1;
		} else {
			stats->udp_tx += (unsigned)sent;
		}
		m += sent;
		n -= (unsigned)sent;
	}
}

/* Answers of several sockets lie mixed when upstream answers come in: gather each socket's. */
static void send_mixed(struct udp_io *io)
{
	struct udp_tx *tx = &io->tx;
	struct mmsghdr same[UDP_TX_BATCH];

	for (unsigned i = 0; i < tx->n; i++) {
		struct udp_server *s = tx->server[i];
		unsigned n = 0;

		if (!s)
			continue;
		for (unsigned j = i; j < tx->n; j++) {
			if (tx->server[j] == s) {
				same[n++] = tx->msg[j];
				tx->server[j] = NULL;
			}
		}
		send_batch(io, s, same, n);
	}
}

void udp_tx_flush(struct udp_io *io)
{
	struct udp_tx *tx = &io->tx;

	if (tx->n == 0)
		return;
	if (tx->mixed)
		send_mixed(io);
	else
		send_batch(io, tx->server[0], tx->msg, tx->n);
	tx->n = 0;
	tx->used = 0;
	tx->mixed = false;
}

uint8_t *udp_reply_begin(const struct udp_return *to, size_t cap)
{
	struct udp_server *s = to->server;
	struct udp_io *io = s->loop->udp;

	assert(cap <= UDP_TX_MAX);
	if (unlikely(s->serial != to->serial))
		return NULL;
	if (io->tx.n == UDP_TX_BATCH || io->tx.used + cap > UDP_TX_BYTES)
		udp_tx_flush(io);
	return io->tx.data + io->tx.used;
}

void udp_reply_end(const struct udp_return *to, size_t len)
{
	struct udp_server *s = to->server;
	struct udp_tx *tx = &s->loop->udp->tx;
	const struct net_addr *dest = unlikely(to->proxied) ? &to->via : &to->peer;
	struct msghdr *m = &tx->msg[tx->n].msg_hdr;

	tx->iov[tx->n].iov_base = tx->data + tx->used;
	tx->iov[tx->n].iov_len = len;
	tx->to[tx->n] = *dest;
	m->msg_namelen = net_addr_len(dest);
	m->msg_controllen = s->wildcard ? udp_control_write(&tx->control[tx->n], to) : 0;
	tx->server[tx->n] = s;
	tx->mixed |= s != tx->server[0];
	tx->used += (len + LINE - 1) & ~(size_t)(LINE - 1);
	tx->n++;
}
