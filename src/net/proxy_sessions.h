// SPDX-License-Identifier: Apache-2.0
/* Clients behind a proxy that sends its header over UDP only once: the proxy's address and port stand for the client
 * from then on, until nothing has come for a while.  One table a socket, bounded; when it is full the session that was used
 * least recently goes.  Thread: the socket's loop. */
#pragma once

#include "base/compiler.h"
#include "net/addr.h"

#include <stddef.h>
#include <stdint.h>

struct proxy_sessions;
struct rng;

enum { PROXY_SESSIONS_MAX = 1 << 20 };

/* NULL: no memory.  What is not used takes none. */
struct proxy_sessions *proxy_sessions_new(uint32_t max, uint64_t life_ns, struct rng *rng);
void proxy_sessions_free(struct proxy_sessions *s); /* NULL is left alone */
/* From now on `from` stands for `client`. */
void proxy_sessions_set(struct proxy_sessions *s, const struct net_addr *from, const struct net_addr *client,
			uint64_t now_ns);
/* The client, for a session that lives; it lives on from now.  NULL: none. */
const struct net_addr *proxy_sessions_find(struct proxy_sessions *s, const struct net_addr *from, uint64_t now_ns);
size_t proxy_sessions_count(const struct proxy_sessions *s);
