// SPDX-License-Identifier: Apache-2.0
/* The door, part 2: datagrams.
 *
 * Two kinds of socket: *server* sockets (a listener's, one or more per worker, in a SO_REUSEPORT group;
 * batches by recvmmsg, answers by sendmmsg at the end of each batch) and *client* sockets (connected to
 * one upstream).  Thread: the loop's. */
#pragma once

#include "base/compiler.h"
#include "base/metrics.h"
#include "net/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct udp_server; /* one listening socket in one loop */
struct udp_client; /* one connected socket */

enum {
	UDP_RX_MAX = 4096,  /* a query longer than this is cut by the kernel and dropped */
	UDP_TX_MAX = 65507, /* what one datagram can carry */
};

/* Where an answer to a datagram goes; copied into the query.  `server` with `serial` is a handle: a socket
 * that has been closed is noticed, its memory lives as long as the loop. */
struct udp_return {
	struct udp_server *server;
	struct net_addr peer;
	struct net_addr local;   /* from IP_PKTINFO on wildcard sockets, else the bound address */
	uint32_t ifindex;        /* for the answer's PKTINFO; 0: none needed */
	uint32_t serial;
	bool proxied;            /* `peer` is who asks, told by a proxy; the answer goes to */
	struct net_addr via;     /* this address, of the proxy */
};

/* Called for each datagram of a batch; `data` and `ret` are valid during the call. */
typedef void (*udp_receive_fn)(void *arg, const uint8_t *data, size_t len, const struct udp_return *ret);

/* Serve an open, bound, non-blocking socket (net/listen.h).  Takes the fd, also on failure.  `local`: the
 * bound address.  0 or -errno. */
int udp_server_start(struct loop *l, int fd, const struct net_addr *local, udp_receive_fn fn, void *arg,
		     struct udp_server **ret) MUST_USE;
/* Retire: take it out of its reuseport group (connect to an unused address), read until it is empty for
 * 50 ms; then `done(arg)` (never from within this call): no datagram comes any more and `s` is not to be
 * used.  Answers to its queries can be sent for 5 s more, then the socket is closed and they are dropped.
 * Where it cannot be taken out: read for 50 ms, closed, and later answers dropped. */
void udp_server_retire(struct udp_server *s, void (*done)(void *arg), void *arg);
/* Close at once: nothing is called any more, answers are dropped.  Legal inside callbacks. */
void udp_server_close(struct udp_server *s);

/* Where a shedding socket counts what it drops. */
struct udp_shed_counters {
	uint64_t *cells;
	metric_id queries, responses;
};
enum { UDP_SHED_MAX = 1024 };

/* From now on answers for which the kernel has no room are kept, UDP_SHED_MAX (and 1 MiB) at most, and sent newest first when it has;
 * then the oldest is dropped for a newer one, and queries are dropped unseen while it is full.  NULL: no more (what is kept
 * is dropped).  0 or -ENOMEM. */
int udp_server_set_shed(struct udp_server *s, const struct udp_shed_counters *c) MUST_USE;

/* Room for one answer of at most `cap` <= UDP_TX_MAX bytes in the outgoing batch, and its end.  Between
 * begin and end no other door call may come; an answer that is begun may be forgotten.  NULL: the socket
 * has gone.  A full batch is sent first.  The batch goes out at the end of the receive batch or turn. */
uint8_t *udp_reply_begin(const struct udp_return *to, size_t cap);
void udp_reply_end(const struct udp_return *to, size_t len);

/* `receive`: a datagram from the connected peer.  `error`: ECONNREFUSED and the like (ICMP) as -errno; the
 * socket lives on. */
struct udp_client_ops {
	void (*receive)(void *arg, const uint8_t *data, size_t len);
	void (*error)(void *arg, int err);
};

/* Open, bind to a random port of the ephemeral range (several tries, then the kernel's choice; `source`
 * may be NULL, its port is ignored) and connect.  0 or -errno.  `ops` outlives the socket. */
int udp_client_open(struct loop *l, const struct net_addr *peer, const struct net_addr *source,
		    const struct udp_client_ops *ops, void *arg, struct udp_client **ret) MUST_USE;
/* Send one datagram.  -errno for what is known at once (-EAGAIN: the socket's buffer is full).  An error
 * that an earlier datagram brought about goes to `error` in the next turn, not to this caller. */
int udp_client_send(struct udp_client *c, const uint8_t *data, size_t len) MUST_USE;
uint16_t udp_client_port(const struct udp_client *c);
/* Also legal inside its callbacks; no callback comes after it. */
void udp_client_close(struct udp_client *c);
