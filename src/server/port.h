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

/* One pair of sockets of a port, in one worker; what net_return.listener points to. */
struct port_worker {
	struct port *port;
	struct worker *w;
	struct net_port *net;
	struct gen_worker *pinned; /* while retiring: the generation that answers what still comes */
	unsigned index;            /* in port.parts */
	int udp_fd, tcp_fd;        /* of a fresh port until the worker takes them; -1 else (builder, then worker) */
	bool fresh;                /* made by this publish (builder) */
};

struct port {
	uint32_t id;          /* index in the table; reused only after the port has gone from all workers */
	struct net_addr at;
	enum transport transport;
	bool wanted;          /* by the generation that is being published */
	bool fresh;           /* opened by this publish */
	bool retiring;        /* given up; never taken again */
	unsigned n_open;      /* atomic: parts whose sockets and connections are not gone yet */
	unsigned n_sockets;   /* wanted by the generation that is being published, or serves */
	unsigned n_parts;     /* n_sockets at most so far: a TCP socket stays as long as its port, since closing one
			       * of several resets connections that wait in its queue */
	struct port_worker **parts; /* each in worker index % number of workers */
};
