// SPDX-License-Identifier: Apache-2.0
/* Filling in the table of what was observed (observe.h): memory, servers, texts that are safe to print.
 *
 * Everything lives in the world's arena and goes with world_fini.  No memory is no condition that a command at a terminal
 * could go on after: these functions end the process then, with a message.  Thread: one. */
#pragma once

#include "base/compiler.h"
#include "doctor/observe.h"

enum {
	WORLD_SERVERS_MAX = 256,
	WORLD_BUDGET_MAX = 20000,
	/* Wishes that were not granted, one observation each. */
	WORLD_UNASKED_MAX = 1024,
};

/* Empty, with room for `budget` questions. */
void world_init(struct observed_world *w, unsigned budget);
void world_fini(struct observed_world *w);

/* Memory that cannot fail. */
void *world_alloc(struct observed_world *w, size_t size);
const char *world_printf(struct observed_world *w, const char *fmt, ...) PRINTF(2, 3);
const uint8_t *world_name(struct observed_world *w, const uint8_t *name);
/* The wire form of text, made absolute; NULL: it is no name. */
const uint8_t *world_name_of(struct observed_world *w, const char *text);

/* Bytes of others, made fit for a terminal: printable ASCII stays, a backslash is doubled, all else becomes \DDD.  Cut to
 * `max` characters with "..." behind. */
const char *world_safe(struct observed_world *w, const void *bytes, size_t len, size_t max);
/* A name's presentation form without the final dot, safe. */
const char *world_name_text(struct observed_world *w, const uint8_t *name);

/* Add a server; the same address and port seen before is noted in same_as.  `addr` NULL: not known, with `reason`.  `what`
 * names it ("pod coredns-abc"); the address is put behind.  Its index; -1: there are too many. */
int world_server(struct observed_world *w, enum observed_kind kind, const struct net_addr *addr, const char *what,
		 const char *reason);

/* A new observation, not sent yet; its index.  -1: there is no room. */
int world_observation(struct observed_world *w, const struct observation *o);
