// SPDX-License-Identifier: Apache-2.0
/* Host names and resolver files as targets.  For setup only: lookups block, with their own plain sockets.
 * Thread: builder. */
#pragma once

#include "base/compiler.h"
#include "net/addr.h"

#include <stddef.h>

/* The addresses of `nameserver` lines of a resolv.conf-style text, with port 53 and their scope.  Lines that
 * hold no address are left out.  Returns how many were written (at most `max`). */
size_t upstream_resolv_conf(const char *text, size_t len, struct net_addr *out, size_t max);

/* Addresses of `host` in a hosts file's text, IPv4 first, all with `port`.  Returns how many (at most `max`). */
size_t upstream_hosts_file(const char *text, size_t len, const char *host, uint16_t port,
			   struct net_addr *out, size_t max);

/* Ask `servers` for the A, then the AAAA records of `host` (taken as absolute) and write them with `port`.  Each
 * server has 2 s, all are tried twice, ten seconds in all.
 * Returns how many (1..max), or 0 with the reason in `why` ("no such host", "i/o timeout"; static). */
size_t upstream_resolve(const char *host, uint16_t port, const struct net_addr *servers, size_t n_servers,
			struct net_addr *out, size_t max, const char **why);
