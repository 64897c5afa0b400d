// SPDX-License-Identifier: Apache-2.0
/* DNS over UDP and TCP towards clients: bytes in, bytes out, no meaning.
 *
 * A message and where it came from is handed up through one function pointer (`request_fn`), given at start by
 * server/.  The answer comes back through net_reply_*, at once or later; `struct net_return` is all that it
 * needs and is copied into the query.
 *
 * TCP (RFC 7766): two-byte length framing, pipelining, out-of-order answers.  Bounds, per worker:
 * connections (a full table closes the one idle longest), queries in flight per connection (then
 * it is not read from), bytes waiting to be written (then likewise; a client that does not read for the write time-out is closed);
 * time-outs: first message 3 s (covers slow senders), later ones 10 s.  A zero length and a message under 12 bytes close the connection.
 * Thread: the loop's. */
#pragma once

#include "base/compiler.h"
#include "net/listen.h"
#include "net/udp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct tcp_conn;

/* Where the answer to a query goes. */
struct net_return {
	bool stream;               /* TCP and what sits on it: limit 65535, no TC for size */
	enum transport transport;
	void *listener;            /* the server's own handle of the listener (server/listener.h) */
	union {
		struct udp_return udp;
		struct {
			struct tcp_conn *conn;  /* with serial: a handle; a closed connection is noticed */
			uint32_t slot, serial;
			struct net_addr peer, local;
			void *owner;            /* the worker's tcp table */
		} tcp;
	};
};

static inline const struct net_addr *net_return_peer(const struct net_return *r)
{
	return r->stream ? &r->tcp.peer : &r->udp.peer;
}
static inline const struct net_addr *net_return_local(const struct net_return *r)
{
	return r->stream ? &r->tcp.local : &r->udp.local;
}

/* One message.  `msg` is valid during the call.  Every TCP message must be answered by net_reply_end or
 * given up by net_reply_none exactly once (it counts as in flight until then). */
typedef void (*request_fn)(void *arg, const uint8_t *msg, size_t len, const struct net_return *ret);

/* Room for an answer of at most `cap` bytes; NULL: the client has gone (count and forget). */
uint8_t *net_reply_begin(const struct net_return *to, size_t cap);
void net_reply_end(const struct net_return *to, size_t len);
/* No answer will be sent (drop). */
void net_reply_none(const struct net_return *to);

struct tcp_limits {
	unsigned max_conns;          /* per worker; default 1024 */
	unsigned max_inflight;       /* per connection; default 100 */
	size_t max_output;           /* bytes waiting per connection; default 256 KiB (one answer always fits) */
	unsigned first_ms, idle_ms, write_ms; /* 3000, 10000, 5000 */
	int max_queries;             /* per connection; -1: unlimited (`timeouts maxtcpqueries`) */
};
extern const struct tcp_limits tcp_limits_default;

/* The worker's table of TCP connections, shared by its listeners. */
struct tcp_table;
struct tcp_table *tcp_table_new(struct loop *l, unsigned max_conns);
void tcp_table_free(struct tcp_table *t);
unsigned tcp_table_count(const struct tcp_table *t);

/* A listener's sockets in one worker. */
struct net_port;
int net_port_start(struct loop *l, struct tcp_table *tcp, int udp_fd, int tcp_fd, const struct net_addr *at,
		   enum transport transport, const struct tcp_limits *limits, void *listener,
		   request_fn fn, void *arg, struct net_port **ret) MUST_USE;
/* Stop taking queries: UDP is retired (udp_server_retire), the TCP socket accepts what waits and is closed, open
 * connections answer what is in flight and are closed.  `done` when the last socket and connection has gone. */
void net_port_retire(struct net_port *p, void (*done)(void *arg), void *arg);
