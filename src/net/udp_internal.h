// SPDX-License-Identifier: Apache-2.0
/* The batches that all UDP sockets of a loop share: one incoming (sockets are read one after the other)
 * and one outgoing.  Headers and vectors are set up once; per batch only what the kernel changed is put
 * back.  Thread: the loop's. */
#pragma once

#include "net/loop_internal.h"
#include "net/udp.h"

#include <sys/socket.h>

enum {
	/* Datagrams read by one call.  A turn's cost per query over a bare recvmmsg/sendmmsg pair with as
	 * many waiting (bench/micro/udp_turn, 128 waiting): 8: +10 %, 16: +7 %, 32: +5.5 %, 64: +3.5 %,
	 * 128: the same.  Under full load on two cores batches are of 9 on average, so 64 would gain
	 * little and cost each worker 128 KiB more: a slot is a page of its own once it was used. */
	UDP_RX_BATCH = 32,
	UDP_TX_BATCH = 64,
	/* Answers lie one behind the other on cache lines of their own, so that a batch of ordinary ones
	 * touches a few pages; the largest possible answer must fit behind a batch of ordinary ones. */
	UDP_TX_BYTES = 128 * 1024,
	UDP_CONTROL = CMSG_SPACE(sizeof(struct in6_pktinfo)),
};

struct udp_control {
	_Alignas(size_t) uint8_t bytes[UDP_CONTROL];
};

/* A message's header, vector and address for recvmmsg. */
struct udp_rx {
	struct mmsghdr msg[UDP_RX_BATCH];
	struct iovec iov[UDP_RX_BATCH];
	struct udp_return from[UDP_RX_BATCH]; /* the kernel writes `peer` */
	struct udp_control control[UDP_RX_BATCH];
	struct mmsghdr plain[UDP_RX_BATCH];   /* connected sockets: same buffers, no address, no control */
	uint8_t *data;                        /* UDP_RX_BATCH x UDP_RX_MAX */
	const struct udp_server *owner;       /* for whom `from` is prepared, */
	uint32_t owner_serial;                /* and which life of it */
};

struct udp_tx {
	unsigned n;
	size_t used;                          /* bytes of `data` */
	bool mixed;                           /* more than one socket has answers here */
	struct udp_server *server[UDP_TX_BATCH];
	struct mmsghdr msg[UDP_TX_BATCH];
	struct iovec iov[UDP_TX_BATCH];
	struct net_addr to[UDP_TX_BATCH];
	struct udp_control control[UDP_TX_BATCH];
	uint8_t *data;
};

struct udp_io {
	struct loop *loop;
	struct udp_server *servers;           /* all that ever were; closed ones are used again */
	struct udp_client *clients;           /* open */
	struct udp_client *spare_clients;
	struct udp_rx rx;
	struct udp_tx tx;
};

struct udp_server {
	struct loop_source source;
	struct loop *loop;
	int fd;                               /* -1: closed, free for use again */
	uint32_t serial;                      /* of this life */
	bool wildcard;
	uint8_t singles;                      /* batches of one in a row */
	struct net_addr local;
	udp_receive_fn fn;
	void *arg;
	uint64_t last_rx_ns;
	struct udp_shed *shed;                /* NULL: answers that do not go are dropped */
	struct udp_server *next;
	/* retiring */
	bool left_group;
	bool inherited; /* retired without being touched (net/inherited.h) */
	uint64_t retired_ns;
	struct timer timer;
	struct loop_task task;
	void (*done)(void *arg);
	void *done_arg;
};

/* PKTINFO.  Read: `local` (port as bound) and ifindex of a received message; write: the bytes used of `c`. */
void udp_control_read(struct msghdr *m, struct udp_return *r);
size_t udp_control_write(struct udp_control *c, const struct udp_return *to);

/* Did the call just made fail because there is no room now (errno)? */
bool udp_buffer_full(void);

/* udp_shed.c; the last three: only with s->shed.  False: not kept. */
bool udp_shed_keep(struct udp_server *s, const struct mmsghdr *m, unsigned n);
void udp_shed_send(struct udp_server *s);
/* Is it full?  Then a query is dropped, and counted. */
bool udp_shed_refuses(struct udp_server *s);
void udp_shed_free(struct udp_server *s);

/* The ready function of a socket that is no longer read. */
void udp_server_ignore(struct loop_source *source, uint32_t events);

/* Send all that is queued. */
void udp_tx_flush(struct udp_io *io);

/* Close and free all client sockets, spare ones included. */
void udp_clients_free(struct udp_io *io);
