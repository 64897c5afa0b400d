// SPDX-License-Identifier: Apache-2.0
/* The batches' arrays: made with the loop, pointing at each other for its whole life. */
#include "net/udp_internal.h"

#include <stdlib.h>
#include <unistd.h>

enum { PAGE = 4096 };

static void setup_rx(struct udp_rx *rx)
{
	for (unsigned i = 0; i < UDP_RX_BATCH; i++) {
		rx->iov[i] = (struct iovec){rx->data + (size_t)i * UDP_RX_MAX, UDP_RX_MAX};
		rx->plain[i].msg_hdr = (struct msghdr){.msg_iov = &rx->iov[i], .msg_iovlen = 1};
		rx->msg[i].msg_hdr = (struct msghdr){
			.msg_name = &rx->from[i].peer,
			.msg_namelen = sizeof(struct net_addr),
			.msg_iov = &rx->iov[i],
			.msg_iovlen = 1,
			.msg_control = rx->control[i].bytes,
		};
	}
}

static void setup_tx(struct udp_tx *tx)
{
	for (unsigned i = 0; i < UDP_TX_BATCH; i++) {
		tx->msg[i].msg_hdr = (struct msghdr){
			.msg_name = &tx->to[i],
			.msg_iov = &tx->iov[i],
			.msg_iovlen = 1,
			.msg_control = tx->control[i].bytes,
		};
	}
}

/* The buffers are whole pages that nobody touches before they are used, so a quiet worker costs little. */
struct udp_io *udp_io_new(struct loop *l)
{
	struct udp_io *io = calloc(1, sizeof(*io));

	if (!io)
		return NULL;
	io->loop = l;
	io->rx.data = aligned_alloc(PAGE, (size_t)UDP_RX_BATCH * UDP_RX_MAX);
	io->tx.data = aligned_alloc(PAGE, UDP_TX_BYTES);
	if (!io->rx.data || !io->tx.data) {
		udp_io_free(io);
		return NULL;
	}
	setup_rx(&io->rx);
	setup_tx(&io->tx);
	return io;
}

void udp_io_flush(struct loop *l)
{
	udp_tx_flush(l->udp);
}

void udp_io_free(struct udp_io *io)
{
	while (io->servers) {
		struct udp_server *s = io->servers;

		io->servers = s->next;
		if (s->fd != -1)
			udp_server_close(s);
		free(s);
	}
	udp_clients_free(io);
	free(io->rx.data);
	free(io->tx.data);
	free(io);
}
