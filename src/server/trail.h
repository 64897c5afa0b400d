// SPDX-License-Identifier: Apache-2.0
/* The way of one query through its plugins, and of the questions that plugins asked for it: when it came to each, and what
 * became of it there.  For those who show it (trace, status, `binnacle trace`).  A query without a trail costs one
 * comparison a plugin.
 *
 * It begins where it is asked for (trace stands early in the chain, trail_ask before it) and lives as long as the client's
 * query at least; sub-queries write into the trail of theirs as long as that waits.  Thread: worker. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct query;

enum { TRAIL_STEPS_MAX = 96, TRAIL_NOTES_MAX = 256, TRAIL_TEXT_MAX = 32 << 10 };

/* A reply as the step's own hook found it on the way up. */
struct trail_seen {
	const void *body;    /* of what form it is, and where it lies */
	uint32_t ttl_s;
	int32_t ede;
	uint16_t rcode, flags, options_len;
	uint8_t form;
	bool ttl_fixed, rotate, cut;
};

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
	bool waited;         /* it let the query wait for something */
	bool handed_on;      /* the next plugin had its turn */
	struct trail_seen seen;
};

/* What a step did, in words. */
struct trail_note {
	uint64_t at_ns;
	int16_t step;
	uint16_t text;       /* offset in trail_notes.text */
};
struct trail_notes {
	unsigned n;          /* what comes after TRAIL_NOTES_MAX, or does not fit into `text`, is left out */
	size_t used;
	struct trail_note v[TRAIL_NOTES_MAX];
	char text[TRAIL_TEXT_MAX]; /* printable ASCII only, whatever was in names */
};

struct trail {
	uint64_t id;         /* for who began it */
	unsigned n;          /* what comes after TRAIL_STEPS_MAX is left out */
	struct trail_notes *notes; /* NULL: nobody wants words */
	struct trail_step steps[TRAIL_STEPS_MAX];
};

/* Begin one, with the steps after the plugin that asks; a query that has one keeps it.  NULL: no memory, then there is none. */
struct trail *trail_begin(struct query *q);
/* Begin one in the caller's memory, which outlives the query. */
void trail_begin_in(struct query *q, struct trail *t);

/* For plugins: what the one whose turn it is does with the query, in a few words; seldom called, so write
 * `if (unlikely(q->has_trail)) trail_say(q, ...)`. */
void trail_say(struct query *q, const char *fmt, ...) PRINTF(2, 3);

/* chain.c: the query comes to the plugin at q->at; it waits there; is handed on; has an answer; comes to its reply hook on the way
 * up; leaves it. */
void trail_enter(struct query *q, const char *plugin);
void trail_waits(struct query *q);
void trail_handed_on(struct query *q);
void trail_answered(struct query *q);
void trail_up(struct query *q);
void trail_leave(struct query *q);
