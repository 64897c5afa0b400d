// SPDX-License-Identifier: Apache-2.0
/* The way of one query through its plugins, and of the questions that plugins asked for it: when it came to each, and what
 * became of it there.  For those who show it (trace).  A query without a trail costs one comparison a plugin.
 *
 * It begins where it is asked for (trace stands early in the chain) and lives in the arena of the client's query; sub-queries
 * write into the trail of theirs as long as that waits.  Thread: worker. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct query;

enum { TRAIL_STEPS_MAX = 96 };

struct trail_step {
	const char *plugin;  /* its name (static) */
	uint64_t enter_ns;   /* monotonic */
	uint64_t leave_ns;   /* 0: the query has not come back yet, or never did (it ended meanwhile) */
	uint32_t slot;       /* which query it was: a sub-query has another one */
	uint32_t began;
	int16_t at;          /* its place in the chain */
	int16_t parent;      /* the step that it is within; -1: none */
	uint8_t depth;       /* 0: the client's query, 1: one that it asked ... */
	bool answered;       /* it was the one that answered */
};

struct trail {
	uint64_t id;         /* for who began it */
	unsigned n;          /* what comes after TRAIL_STEPS_MAX is left out */
	struct trail_step steps[TRAIL_STEPS_MAX];
};

/* Begin one, with the steps after the plugin that asks.  NULL: no memory, then there is none. */
struct trail *trail_begin(struct query *q);

/* chain.c: the query comes to the plugin at q->at; it has an answer; it leaves it on the way up. */
void trail_enter(struct query *q, const char *plugin);
void trail_answered(struct query *q);
void trail_leave(struct query *q);
