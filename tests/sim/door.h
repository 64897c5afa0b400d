// SPDX-License-Identifier: Apache-2.0
/* The simulated door: what its files share, and the other side of it, which clients and sites use. */
#pragma once

#include "net/addr.h"
#include "net/loop_core.h"
#include "net/stream.h"
#include "net/udp.h"
#include "world.h"

/* ---------------------------------------------------------------- a loop (loop.c) */

/* Something that has come to a loop's socket: dealt with in its next turn, in order. */
struct arrival {
	struct arrival *next;
	void (*run)(struct arrival *a);
};

struct loop {
	struct loop_core core;
	unsigned index;
	uint64_t slept_ns; /* the end of the last turn */
	uint64_t busy_until_ns; /* the thread gets the processor again */
	uint64_t woken_ns; /* something has come; UINT64_MAX: nothing */
	uint64_t turns; /* ended so far (rcu.c) */
	bool in_turn;
	void *receiver;
	struct arrival *first, **last;
	struct stream *streams; /* open ones */
	uint8_t *reply; /* udp_reply_begin's room */
	unsigned n_udp_clients, n_udp_servers, n_streams, n_listeners; /* open: for the leak check */
};

uint64_t loop_next_turn_at(const struct loop *l);
void loop_turn(struct loop *l);
void loop_arrive(struct loop *l, struct arrival *a);

/* rcu.c: after a turn. */
void sim_rcu_turn_ended(void);

/* background.c: tasks that nobody has stopped. */
unsigned sim_background_left(void);

/* stream.c: at the end of a turn. */
void streams_flush(struct loop *l);

/* ---------------------------------------------------------------- datagrams (udp.c) */

/* From a client to the server's port, after `delay_ns`. */
void sim_udp_to_server(const struct net_addr *from, uint16_t port, const uint8_t *data, size_t len,
		       uint64_t delay_ns);
/* From a site to one of the server's connected sockets.  `arrived` (or NULL) is called when it is read. */
void sim_udp_to_socket(struct udp_client *c, const uint8_t *data, size_t len, uint64_t delay_ns,
		       void (*arrived)(void *arg), void *arg);
void sim_udp_error(struct udp_client *c, int err, uint64_t delay_ns);
/* A socket of listen.c's; forget all of them (a new world). */
int sim_udp_bind(const struct net_addr *at);
void sim_udp_reset(void);

/* ---------------------------------------------------------------- streams (stream.c) */

/* The end of a connection that a client or a site holds. */
struct sim_end;
struct sim_end_ops {
	void (*opened)(struct sim_end *e); /* clients */
	void (*data)(struct sim_end *e, const uint8_t *data, size_t len);
	void (*ended)(struct sim_end *e, bool reset); /* the server's direction is over */
};

struct sim_end {
	const struct sim_end_ops *ops;
	void *arg;
	struct stream *stream; /* NULL: not accepted yet, or gone */
	uint64_t to_stream_ns, to_end_ns; /* nothing overtakes in a stream */
	bool closed; /* by its holder: hears nothing any more */
	bool told; /* `ended` was called */
};

/* To the server's port. */
void sim_connect(struct sim_end *e, const struct net_addr *from, uint16_t port, uint64_t delay_ns);
void sim_end_write(struct sim_end *e, const uint8_t *data, size_t len, uint64_t delay_ns,
		   void (*arrived)(void *arg), void *arg);
/* Our direction is over; with `reset` both are, at once. */
void sim_end_close(struct sim_end *e, bool reset, uint64_t delay_ns);
int sim_tcp_bind(const struct net_addr *at);
void sim_tcp_reset(void);

/* ---------------------------------------------------------------- upwards: what the world implements */

void client_udp_receive(const struct net_addr *at, const uint8_t *data, size_t len);

enum site_syn { SYN_ACCEPTED, SYN_REFUSED, SYN_LOST };
struct site;
struct site *site_at(const struct net_addr *a);
void site_udp_receive(struct site *s, struct udp_client *from, const uint8_t *data, size_t len);
/* A connection is asked for; when accepted `e` is filled in. */
enum site_syn site_syn(struct site *s, struct sim_end *e);
uint64_t site_delay_ns(struct site *s);
