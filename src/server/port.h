// SPDX-License-Identifier: Apache-2.0
/* The open ports of the process: an address, port and transport with its sockets on the workers.
 *
 * A port outlives generations: a reload keeps those that both generations listen on, and connections to them.
 * The table: control/builder thread only (one publish at a time).  port_worker: worker. */
#pragma once

#include "base/compiler.h"
#include "net/dns_server.h"

#include <stdbool.h>
#include <stdint.h>

enum { PORTS_MAX = 1024 };

struct generation;
struct gen_worker;
struct worker;

/* One worker's part of a port; what net_return.listener points to. */
struct port_worker {
	struct port *port;
	struct worker *w;
	struct net_port *net;
	struct gen_worker *pinned; /* while retiring: the generation that answers what still comes */
};

struct port {
	uint32_t id;          /* index in the table; reused only after the port has gone from all workers */
	struct net_addr at;
	enum transport transport;
	bool wanted;          /* by the generation that is being published */
	bool fresh;           /* opened by this publish */
	bool retiring;        /* given up; never taken again */
	unsigned n_open;      /* atomic: workers whose sockets and connections are not gone yet */
	unsigned n_workers;
	struct port_worker *parts; /* n_workers */
	int *udp_fds, *tcp_fds;    /* opened sockets until the workers take them; -1 after */
};
