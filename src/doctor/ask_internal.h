// SPDX-License-Identifier: Apache-2.0
/* Inside the asker: ask.c (what is sent when), ask_socket.c (how it is sent and received). */
#pragma once

#include "base/rng.h"
#include "doctor/ask.h"
#include "doctor/question.h"

enum { ASK_NONE = -1 };

/* A question that is under way. */
struct ask_flight {
	int observation; /* ASK_NONE: free */
	int socket;
	unsigned queue;
	unsigned order; /* in which it was sent */
	uint16_t id;
	uint8_t cookie[QUESTION_CLIENT_COOKIE];
	uint64_t deadline_ns;
};

struct ask_socket {
	int fd; /* -1: free */
	bool tcp, connected, shared;
	unsigned users; /* flights on it */
	unsigned newest_answered; /* order of the flight */
	const struct net_addr *to;
	uint8_t *in; /* TCP: what has come */
	size_t in_len;
};

/* Where a queue stands. */
struct ask_line {
	int next; /* item, or ASK_NONE */
	unsigned in_flight, timeouts, others;
	uint64_t not_before_ns;
	int socket; /* of a queue that shares one; ASK_NONE */
};

struct asker {
	struct observed_world *w;
	const struct ask_batch *b;
	struct rng rng;
	struct ask_line *lines;
	int *following; /* of each item, the next of its queue */
	struct ask_flight *flights;
	unsigned n_flights, max_flights; /* places in use (some free), places */
	struct ask_socket sockets[ASK_SOCKETS_MAX];
	unsigned n_sockets_open;
	uint64_t start_ns, told_ns; /* the latter: of the progress */
	unsigned n_done, n_sent;
	uint8_t buf[65535];
};

/* ---- ask.c ---- */

/* This flight has ended; its observation's outcome is set. */
void ask_done(struct asker *a, struct ask_flight *f, enum ask_outcome o, int err);

/* ---- ask_socket.c ---- */

/* A socket for one UDP question or connection to `to`; its index, or -errno (-EMFILE: none is free). */
int ask_socket_open(struct asker *a, const struct net_addr *to, bool tcp);
void ask_socket_close(struct asker *a, int i);
/* Send the flight's question on its socket (TCP: begins to when the connection is there). */
void ask_socket_send(struct asker *a, struct ask_flight *f);
/* What poll(2) said. */
void ask_socket_ready(struct asker *a, int i, short events);
short ask_socket_events(const struct ask_socket *s);
