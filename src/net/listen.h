// SPDX-License-Identifier: Apache-2.0
/* Opening listening sockets.  A *listener* is an address, a port and a transport; it has one socket per
 * worker (or what `multisocket` says), all in one SO_REUSEPORT group.  It belongs to no server block and no
 * generation.  Thread: control. */
#pragma once

#include "base/compiler.h"
#include "net/addr.h"

enum transport {
	TRANSPORT_DNS,
	TRANSPORT_TLS,
	TRANSPORT_HTTPS,
	TRANSPORT_HTTPS3,
	TRANSPORT_GRPC,
	TRANSPORT_QUIC,
};

/* "dns", "tls", ... */
const char *transport_text(enum transport t);

/* A bound UDP socket: non-blocking, SO_REUSEPORT, receive buffer 4 MiB asked for (as much as the kernel
 * gives), IP(V6)_MTU_DISCOVER = OMIT, PKTINFO on wildcard addresses, dual-stack for [::].  fd or -errno. */
int listen_udp(const struct net_addr *at);
/* A listening TCP socket: non-blocking, SO_REUSEPORT + SO_REUSEADDR, backlog 512.  fd or -errno. */
int listen_tcp(const struct net_addr *at);
/* The same in two steps: the address is taken, and nobody can connect before the second.  0 or -errno. */
int listen_tcp_bound(const struct net_addr *at);
int listen_tcp_begin(int fd);
/* What a bound UDP socket of that address needs beside: buffer, MTU, PKTINFO.  0 or -errno. */
int listen_prepare_udp(int fd, const struct net_addr *at);
/* [::]:port, or 0.0.0.0:port where this machine has no IPv6 (socket or bind says EAFNOSUPPORT,
 * EADDRNOTAVAIL). */
struct net_addr listen_wildcard(uint16_t port);
