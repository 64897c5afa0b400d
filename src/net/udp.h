// SPDX-License-Identifier: Apache-2.0
/* The door, part 2: datagrams.
 *
 * Two kinds of socket: *server* sockets (a listener's, one or more per worker, in a SO_REUSEPORT group; batches by
 * recvmmsg, answers by sendmmsg at the end of each batch) and *client* sockets (connected to one
 * upstream).  Thread: the loop's. */
#pragma once

#include "base/compiler.h"
#include "net/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct udp_server; /* one listening socket in one loop */
struct udp_client; /* one connected socket */

enum { UDP_RX_MAX = 4096 /* a query longer than this is cut by the kernel and dropped */ };

/* Where an answer to a datagram goes; copied into the query. */
struct udp_return {
	struct udp_server *server;
	struct net_addr peer;
	struct net_addr local;   /* from IP_PKTINFO on wildcard sockets, else the bound address */
	uint32_t ifindex;        /* for the answer's PKTINFO; 0: none needed */
};

/* Called for each datagram of a batch; `data` is valid during the call. */
typedef void (*udp_receive_fn)(void *arg, const uint8_t *data, size_t len, const struct udp_return *ret);

/* Serve an open, bound, non-blocking socket (net/listen.h).  Takes the fd.  `local`: the bound address. */
int udp_server_start(struct loop *l, int fd, const struct net_addr *local, udp_receive_fn fn, void *arg,
		     struct udp_server **ret) MUST_USE;
/* Retire: take it out of its reuseport group (connect to an unused address), read until it is empty for
 * 50 ms, then close; then `done(arg)`.  Answers to its queries can be sent until then.
 * Queries still waiting after that: their answers are dropped (udp_reply_begin gives NULL). */
void udp_server_retire(struct udp_server *s, void (*done)(void *arg), void *arg);

/* Room for one answer of at most `cap` (<= 65507... practically 4096) bytes in the outgoing batch, and its end.
 * Between begin and end no other door call may come.  NULL: the server has gone.
 * A full batch is sent first.  The batch goes out at the end of the receive batch or turn. */
uint8_t *udp_reply_begin(const struct udp_return *to, size_t cap);
void udp_reply_end(const struct udp_return *to, size_t len);

/* What has gone wrong on a client socket. */
struct udp_client_ops {
	/* A datagram from the connected peer. */
	void (*receive)(void *arg, const uint8_t *data, size_t len);
	/* ECONNREFUSED and the like (ICMP), -errno; the socket lives on. */
	void (*error)(void *arg, int err);
};

/* Open, bind to a random port of the ephemeral range (several tries; `source` may be NULL) and connect.
 * 0 or -errno.  `ops` outlives the socket. */
int udp_client_open(struct loop *l, const struct net_addr *peer, const struct net_addr *source,
		    const struct udp_client_ops *ops, void *arg, struct udp_client **ret) MUST_USE;
/* Queue one datagram (copied); sent with the turn's batch.  -errno for what is known at once. */
int udp_client_send(struct udp_client *c, const uint8_t *data, size_t len) MUST_USE;
uint16_t udp_client_port(const struct udp_client *c);
/* Also legal inside its callbacks; no callback comes after it. */
void udp_client_close(struct udp_client *c);
