// SPDX-License-Identifier: Apache-2.0
/* Socket addresses: parse, format, compare.  Pure; any thread. */
#pragma once

#include "base/compiler.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { NET_ADDR_TEXT_MAX = 96 };

struct net_addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
};

/* "192.0.2.1", "2001:db8::1", "fe80::1%eth0" (scope by name or number); no port, no brackets.
 * The port of the result is `port` (host order).  0 or -EINVAL. */
int net_addr_parse(const char *text, uint16_t port, struct net_addr *ret) MUST_USE;
/* The address without port, v4-mapped IPv6 shown as IPv4; scope as "%name".  Returns out. */
const char *net_addr_text(const struct net_addr *a, char out[NET_ADDR_TEXT_MAX]);
/* "192.0.2.1:53", "[2001:db8::1]:53". */
const char *net_addr_port_text(const struct net_addr *a, char out[NET_ADDR_TEXT_MAX]);
socklen_t net_addr_len(const struct net_addr *a);
uint16_t net_addr_port(const struct net_addr *a);
void net_addr_set_port(struct net_addr *a, uint16_t port);
bool net_addr_equal(const struct net_addr *a, const struct net_addr *b);
/* Same address whatever the port; v4-mapped equals its IPv4. */
bool net_addr_same_host(const struct net_addr *a, const struct net_addr *b);
/* 1: IPv4 or v4-mapped; 2: IPv6 (the `family` label of the metrics). */
int net_addr_family(const struct net_addr *a);
bool net_addr_is_any(const struct net_addr *a);
bool net_addr_is_loopback(const struct net_addr *a);
/* Addresses of a network interface (NULL: of all), in the kernel's order (link-local IPv6 with its scope).  Returns how many
 * were written (<= max), 0 when there is no interface of that name, or -errno. */
int net_interface_addrs(const char *name, struct net_addr *out, int max);
