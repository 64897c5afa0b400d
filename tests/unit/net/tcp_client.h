// SPDX-License-Identifier: Apache-2.0
/* What the tests of DNS over TCP share: a port whose requests are answered at once or when told to, and a
 * client that frames messages. */
#pragma once

#include "net_test.h"

#include "net/dns_server.h"

enum { HELD_MAX = 256 };

struct port {
	struct loop *l;
	struct tcp_table *table;
	struct net_port *port;
	struct net_addr at;
	bool hold; /* keep requests in `held` instead of answering */
	size_t answer_len; /* of each answer; 0: as long as the query */
	unsigned requests, most_in_turn, in_turn;
	uint64_t turn_ns;
	struct net_return held[HELD_MAX];
	uint16_t held_id[HELD_MAX];
	size_t n_held;
	void (*on_request)(struct port *p); /* may be NULL */
	bool done;
};

/* A port on 127.0.0.1, UDP and TCP on the same number. */
void port_start(struct port *p, unsigned max_conns, const struct tcp_limits *limits);
void port_stop(struct port *p);
void port_done(void *arg); /* for net_port_retire: sets done, forgets the port */
/* Answer the i-th held request with its id and `len` bytes in all. */
void answer_held(struct port *p, size_t i, size_t len);

/* A message of `len` >= 12 bytes with its length before it: the bytes to send.  `out` holds len + 2. */
size_t frame(uint8_t *out, uint16_t id, size_t len);
void send_query(int fd, uint16_t id, size_t len);
/* The next answer's id and length; -EAGAIN when it is not there yet, 0 at the end of the stream. */
ssize_t next_answer(int fd, uint16_t *ret_id);
int tcp_client(const struct port *p);
