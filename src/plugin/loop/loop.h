// SPDX-License-Identifier: Apache-2.0
/* loop: does a question that this server forwards come back to it?
 *
 * At the start it asks itself, over a real socket, for names that nobody else knows, one a try, and counts how often
 * each comes in while its answer is still out.  An answer ends it.
 *
 *   loop.c    setup, counting        probe.c   asking (by the first worker) */
#pragma once

#include "net/addr.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <stdint.h>

struct block;
struct generation;
struct worker;

enum {
	LOOP_TRIES = 31,   /* one a second for 30 s */
	LOOP_SEEN_MAX = 2, /* the question itself, and once more by accident (a doubled datagram) */
};

/* What the workers share.  Rule: atomics. */
struct loop_watch {
	int active;    /* index of the name that is asked for now; -1: none */
	unsigned seen; /* how often it came in */
};

struct loop_check {
	const struct block *block; /* frozen */
	const char *zone_text;     /* frozen */
	uint8_t (*names)[WIRE_NAME_MAX]; /* LOOP_TRIES of them, lower case; frozen */
	uint8_t name_len[LOOP_TRIES];
	struct loop_watch *watch;
	const struct generation *gen; /* frozen since start */
	struct net_addr target;       /* likewise: where it asks itself */
	const char *target_text;      /* ":53", "127.0.0.1:53" */
	bool can_ask;
};

/* Asking: begins in the worker's next turn, ends by itself.  NULL: no memory.  Thread: worker. */
struct loop_probe *loop_probe_new(struct worker *w, const struct loop_check *c);
void loop_probe_free(struct loop_probe *p);
