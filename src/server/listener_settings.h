// SPDX-License-Identifier: Apache-2.0
/* What server blocks say about the listeners that they are on: `timeouts`, `multisocket`, `proxyproto`, `shed`.
 *
 * A block's settings count for each of its keys.  Blocks that share a listener share its settings; where they say
 * different things the later block is followed (`multisocket`: the first), as the peer does, with a warning.
 * Frozen once the generation is built; a port takes those of the generation that serves. */
#pragma once

#include "base/metrics.h"

#include <stdbool.h>
#include <stdint.h>

struct block;
struct build;
struct listener;
struct proxy_policy;

/* 0, NULL, false: not given. */
struct listener_settings {
	uint32_t first_ms, idle_ms, write_ms;
	int32_t max_tcp_queries;
	uint32_t sockets;
	const struct proxy_policy *proxy;
	const struct listener_shed *shed;
};

/* Series by the index of the listener; from start on. */
struct listener_shed {
	const metric_id *queries, *responses;
};

enum { LISTENER_SOCKETS_MAX = 1024 };

/* Add what the block says; disagreement with what blocks before it said is a warning.  Thread: builder. */
void listener_settings_add(struct build *b, struct listener *l, const struct block *bl);
