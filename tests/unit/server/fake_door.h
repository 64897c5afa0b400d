// SPDX-License-Identifier: Apache-2.0
/* A door without an outside: virtual time, answers kept in memory.  Links instead of src/net. */
#pragma once

#include "server/generation.h"
#include "server/port.h"
#include "server/query.h"
#include "server/worker.h"

struct fake_answer {
	uint8_t msg[65535];
	size_t len;
	bool none; /* net_reply_none */
};

enum { FAKE_ANSWERS = 64 };
extern struct fake_answer fake_answers[FAKE_ANSWERS];
extern unsigned n_fake_answers;

/* How many messages of a transfer a client takes before it is full (any, from the start), and whether it is gone. */
extern unsigned fake_room;
extern bool fake_gone;
/* Whoever has more to send does so, if there is room.  False: nobody, or no room. */
bool fake_next_turn(void);

/* A worker with its pools, and a generation of one block "." on one listener whose chain are the given plugins'
 * directives, in plugin_table's order. */
struct fake_server {
	struct worker w;
	struct generation *gen;
	struct port port;
	struct port_worker part;
	size_t in_flight;
};

void fake_server_start(struct fake_server *s, const char *corefile, const struct query_limits *limits);
void fake_server_stop(struct fake_server *s);
/* Ask as a client: UDP from 192.0.2.CLIENT, or a stream. */
void fake_ask(struct fake_server *s, const char *name, uint16_t type, unsigned client, bool stream, bool edns);
/* Let virtual time pass, timers firing on the way. */
void fake_pass_ms(struct fake_server *s, uint64_t ms);
unsigned fake_rcode(unsigned i);
