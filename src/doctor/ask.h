// SPDX-License-Identifier: Apache-2.0
/* The asker: puts questions to servers, many at once, and notes what comes of each.
 *
 * An item is one observation to be made.  Items stand in queues; those of one queue are sent in order, `window` of them at
 * the same time, the next one when one is done.  A server that has only been silent so far is given the rest at once:
 * waiting for it one by one tells nothing more.  Each UDP question has a socket (and port) of its own, except those of a
 * pair and those of a queue that shares one.  Sockets are not connected, so that an answer from another address is seen.
 *
 * Blocks until all are done.  At most ASK_SOCKETS_MAX sockets at a time.  Thread: one. */
#pragma once

#include "base/compiler.h"
#include "doctor/observe.h"

enum {
	ASK_SOCKETS_MAX = 200,
	ASK_WINDOW = 4,
	ASK_GAP_MS = 4,
	/* After a message that did not count, how much longer for one that does. */
	ASK_AFTER_WRONG_MS = 1000,
};

struct ask_queue {
	unsigned window;   /* questions in flight at most; 0: send each at its time */
	unsigned gap_ms;   /* between two of them at least */
	bool share;        /* one UDP socket for all of them */
};

struct ask_item {
	int observation;   /* index in world->seen */
	unsigned queue;
	unsigned at_ms;    /* not before, counted from the batch's start */
};

struct ask_batch {
	struct ask_queue *queues;
	unsigned n_queues;
	struct ask_item *items;
	unsigned n_items;
	/* Called now and then, with how many are done. */
	void (*progress)(void *arg, unsigned done, unsigned of);
	void *arg;
};

/* Ask.  Counts in world->used; what is over the budget becomes OUTCOME_NOT_SENT. */
void ask_run(struct observed_world *w, const struct ask_batch *b);

/* Whether this machine has a route to that address: 0, or -errno.  Sends nothing. */
int ask_route(const struct net_addr *addr);
/* That error says that this machine has no way to send there. */
bool ask_is_no_route(int err);
