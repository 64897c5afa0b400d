// SPDX-License-Identifier: Apache-2.0
/* DNS over TCP: what the table (tcp_table.c), a connection (tcp_conn.c) and the ports (dns_server.c) share.
 * Built on the door's interface alone.  Thread: the loop's. */
#pragma once

#include "net/buffer.h"
#include "net/dns_server.h"
#include "net/loop.h"
#include "net/proxy_policy.h"
#include "net/proxy_sessions.h"
#include "net/stream.h"

struct tcp_conn {
	struct tcp_table *table;
	struct net_port *port;
	struct stream *stream;       /* NULL: this place in the table is free */
	uint32_t serial;             /* of this use of the place */
	struct net_return to;        /* given with each message */
	struct net_buffer in;        /* part of a message, or messages that have to wait */
	unsigned inflight;
	int queries_left;            /* -1: no limit */
	bool ending;                 /* nothing more is read; closes when all is answered */
	bool deaf;                   /* what is left of the input is dropped */
	bool first;                  /* no whole message yet */
	bool header_due;             /* a PROXY header may come first; nothing is a message before that is clear */
	bool pumping;                /* messages are being handed up right now */
	bool paused;                 /* the stream's reading */
	bool moved;                  /* a message or an answer since the last settle */
	unsigned turn_taken;         /* messages handed up in the turn of */
	uint64_t turn_ns;
	uint64_t read_since_ns;      /* the clock of the read time-outs started */
	size_t written, acked_seen;  /* bytes given to the stream in all; of them gone when last looked, */
	uint64_t acked_ns;           /* and since when it stands there */
	struct net_room *rooms;      /* who has more to send */
	struct timer timer;
	struct loop_task task;
	struct tcp_conn *next, *prev; /* the idle list (a ring), or the free list (next alone) */
	bool listed;
};

struct tcp_table {
	struct loop *loop;
	unsigned max, n;
	struct tcp_conn *conns;      /* max of them */
	struct tcp_conn *spare;
	unsigned n_used;             /* conns[n_used ..] were never used */
	struct tcp_conn idle;        /* ring head: longest idle first */
	struct net_buffer_pool buffers;
	uint8_t *scratch;            /* one answer with its length */
};

struct net_port {
	struct loop *loop;
	struct tcp_table *table;
	struct udp_server *udp;
	struct udp_server *udp_leaving; /* dropped, still read */
	bool udp_unwanted; /* `udp` goes once that one has gone */
	const struct proxy_policy *proxy; /* NULL: no headers */
	struct proxy_sessions *sessions; /* NULL: not tracked */
	uint64_t *cells;             /* for proxy's counters */
	struct udp_shed_counters shed; /* cells NULL: none */
	struct stream_listener *listener;
	struct tcp_limits limits;
	struct net_return to;        /* of UDP messages; `udp` changes with each */
	request_fn fn;
	void *arg;
	unsigned n_conns;
	bool retiring, letting_go, conns_told, udp_reading;
	void (*done)(void *arg);
	void *done_arg;
	struct loop_task task;
};

/* tcp_table.c */
/* A free place, made by closing the longest idle one if need be; NULL: all are busy. */
struct tcp_conn *tcp_table_take(struct tcp_table *t);
void tcp_table_give(struct tcp_conn *c);
void tcp_idle_link(struct tcp_conn *c);
void tcp_idle_unlink(struct tcp_conn *c);
/* Keep a connection's input; over TCP_MEMORY the largest holders are closed, perhaps this one: -ENOMEM. */
int tcp_table_keep(struct tcp_conn *c, const uint8_t *data, size_t len) MUST_USE;
/* Close the largest holders of output until it is within TCP_MEMORY. */
void tcp_table_trim_output(struct tcp_table *t);

/* proxy_udp.c */
/* Look at a datagram of a port with a policy: who asks is put into `to`.  Bytes to leave out at its start; all of
 * them: nothing is left to hand up. */
size_t proxy_udp_take(struct net_port *p, const uint8_t *data, size_t len, struct udp_return *to);

/* proxy_tcp.c */
/* Take what came while a header is due: true with header_due cleared once it is clear that *data begins with (after) the
 * header, and *data, *len are what is left; false: more must come, or the connection is closed. */
bool proxy_tcp_take(struct tcp_conn *c, const uint8_t **data, size_t *len);

/* tcp_conn.c */
void tcp_conn_start(struct tcp_conn *c, struct net_port *p, struct stream *s);
/* Read no more, answer what is in flight and what has come whole, close. */
void tcp_conn_end(struct tcp_conn *c);
void tcp_conn_close(struct tcp_conn *c, unsigned linger_ms);
/* An answer was written, or will not be. */
void tcp_conn_answered(struct tcp_conn *c);
/* One of several messages of an answer was written: from now on it counts how long the client takes none of it.  False:
 * the connection is closed. */
bool tcp_conn_sent(struct tcp_conn *c);
int tcp_conn_write(struct tcp_conn *c, const uint8_t *data, size_t len) MUST_USE;

/* dns_server.c */
void net_port_conn_gone(struct net_port *p);
