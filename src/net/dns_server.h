// SPDX-License-Identifier: Apache-2.0
/* DNS over UDP and TCP towards clients: bytes in, bytes out, no meaning.
 *
 * A message and where it came from is handed up through one function pointer (`request_fn`), given at start
 * by server/.  The answer comes back through net_reply_*, at once or later; `struct net_return` is all that
 * it needs and is copied into the query.
 *
 * TCP (RFC 7766): two-byte length framing, pipelining, out-of-order answers.  Bounds, per worker:
 * connections (a full table closes the one idle longest; when none is idle the new one), queries in flight
 * per connection (then it is not read from), bytes waiting to be written (then likewise), input that is
 * not yet a whole message and output that clients do not take (over TCP_MEMORY the largest holder is
 * closed), messages of one connection per turn (the rest waits for the next).
 *
 * Time-outs: the first message must be whole within `first_ms` of the connection, each later one within
 * `idle_ms` of the one before it or of the last answer, length and body included, so that a trickle gains
 * nothing; a client that takes no byte of its answers for `write_ms` is closed (within twice that).  Idle time is not counted
 * while answers are due.
 *
 * A PROXY header is due where the policy says so (net_port_set_proxy): it must be whole 10 s after the connection's
 * beginning, the first message `first_ms` after it.
 *
 * A length under 12 ends the reading; what is in flight is answered, then the connection is closed.  So
 * does the client's own end (FIN).
 *
 * Thread: the loop's. */
#pragma once

#include "base/compiler.h"
#include "net/listen.h"
#include "net/loop.h"
#include "net/udp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proxy_policy;
struct tcp_conn;
struct tcp_table;

enum {
	NET_MESSAGE_MAX = 65535,
	NET_MESSAGE_MIN = 12,
	TCP_MEMORY = 16 << 20, /* bytes per worker and direction, unless tcp_memory_limit says so; see above */
};

/* Where the answer to a query goes. */
struct net_return {
	bool stream;               /* TCP and what sits on it: limit 65535, no TC for size */
	enum transport transport;
	void *listener;            /* the server's own handle of the listener (server/listener.h) */
	union {
		struct udp_return udp;
		struct {
			struct tcp_conn *conn;  /* with serial: a handle; a closed connection is noticed */
			uint32_t serial;
			struct net_addr peer, local;
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

/* One message.  `msg` and `ret` are valid during the call.  Every TCP message must be answered by
 * net_reply_end or given up by net_reply_none exactly once (it counts as in flight until then).  UDP
 * messages come as they are, also those under 12 bytes. */
typedef void (*request_fn)(void *arg, const uint8_t *msg, size_t len, const struct net_return *ret);

/* Room for an answer of at most `cap` bytes (streams: <= NET_MESSAGE_MAX, UDP: <= UDP_TX_MAX); NULL: the
 * client has gone (count and forget). */
uint8_t *net_reply_begin(const struct net_return *to, size_t cap);
void net_reply_end(const struct net_return *to, size_t len);
/* In place of net_reply_end on a stream: one of several messages of the same answer (a zone transfer); the last one ends it.
 * 0, or ERR_GONE: the client has gone. */
int net_reply_part(const struct net_return *to, size_t len) MUST_USE;
/* A stream's client has taken so much that another message may follow (max_output). */
bool net_reply_has_room(const struct net_return *to);

/* Somebody who has more to send.  Zeroed: waits for nothing. */
struct net_room {
	void (*fn)(struct net_room *r);
	struct loop_task task;
	struct tcp_conn *conn;     /* in its list; NULL: in none */
	struct net_room *next;
};
/* Call r->fn in a later turn: when there is room (the next one if there is now), or the client has gone. */
void net_reply_await_room(const struct net_return *to, struct net_room *r);
/* Wait no longer.  Who does not wait is left alone. */
void net_reply_forget_room(struct net_room *r);
/* No answer will be sent (drop). */
void net_reply_none(const struct net_return *to);

struct tcp_limits {
	unsigned max_conns;          /* per worker; default 1024: for tcp_table_new */
	unsigned max_inflight;       /* per connection; default 100 */
	/* Bytes waiting per connection before its reading stops; default 256 KiB.  Answers to what is in
	 * flight then may add to them; beyond four times as much the connection is closed. */
	size_t max_output;
	unsigned first_ms, idle_ms, write_ms; /* 3000, 10000, 5000 */
	int max_queries;             /* per connection; -1: unlimited (`timeouts maxtcpqueries`) */
};
extern const struct tcp_limits tcp_limits_default;

/* The worker's table of TCP connections, shared by its listeners.  NULL: no memory. */
/* Another limit than TCP_MEMORY, before there are workers. */
void tcp_memory_limit(size_t bytes);
struct tcp_table *tcp_table_new(struct loop *l, unsigned max_conns);
/* Closes all connections.  The ports and queries that use it have ended. */
void tcp_table_free(struct tcp_table *t);
unsigned tcp_table_count(const struct tcp_table *t);

/* A listener's sockets in one worker. */
struct net_port;
/* Takes the descriptors, also on failure; -1: none of that kind.  `limits` is copied.  0 or -errno. */
int net_port_start(struct loop *l, struct tcp_table *tcp, int udp_fd, int tcp_fd, const struct net_addr *at,
		   enum transport transport, const struct tcp_limits *limits, void *listener,
		   request_fn fn, void *arg, struct net_port **ret) MUST_USE;
/* Other limits, also for the connections that are open (the count of their queries aside). */
void net_port_set_limits(struct net_port *p, const struct tcp_limits *limits);
/* A UDP socket for a port that has none.  Takes the descriptor, also on failure.  0 or -errno. */
int net_port_add_udp(struct net_port *p, int fd, const struct net_addr *at) MUST_USE;
/* Give the UDP socket up (udp_server_retire): what was sent to it is still handed up and can be answered.  While an earlier one
 * is still being retired it serves on, and goes after that. */
void net_port_drop_udp(struct net_port *p);
/* It is wanted after all. */
void net_port_keep_udp(struct net_port *p);
/* Whose PROXY headers are believed from now on; NULL: nobody's.  `policy` stays until the next call, or until the port has
 * gone; `cells` are the worker's.  0, or -ENOMEM: there are no sessions. */
int net_port_set_proxy(struct net_port *p, const struct proxy_policy *policy, uint64_t *cells) MUST_USE;
/* udp_server_set_shed for the UDP socket that it has, and for those that it gets; NULL: no shedding. */
int net_port_set_shed(struct net_port *p, const struct udp_shed_counters *c) MUST_USE;
bool net_port_has_udp(const struct net_port *p);
/* From now on each connection is closed after its next answer.  A client that is about to be left alone goes elsewhere
 * that way without losing a question: it asks its next one on a new connection. */
void net_port_let_go(struct net_port *p);
/* Stop taking queries: UDP is retired (udp_server_retire), the TCP socket accepts what waits and is
 * closed, open connections answer what is in flight and are closed.  `done` (never from within) when no
 * query can come any more and the last connection has gone; `p` is freed then.  UDP answers can be sent
 * for 5 s more. */
void net_port_retire(struct net_port *p, void (*done)(void *arg), void *arg);
/* Close all at once and free; no callback.  Answers to what is in flight are dropped.  Legal while
 * retiring. */
void net_port_close(struct net_port *p);
