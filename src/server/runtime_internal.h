// SPDX-License-Identifier: Apache-2.0
/* The process's one running server, shared by runtime.c, publish.c and ports.c.
 * Rule: builder (one publish at a time) and control before and after serving; `in_flight`: counter. */
#pragma once

#include "server/port.h"
#include "server/runtime.h"

#include <pthread.h>

struct runtime {
	unsigned n_workers;
	struct worker *workers[SERVER_MAX_WORKERS];
	pthread_t threads[SERVER_MAX_WORKERS];
	struct port *ports[PORTS_MAX];
	struct generation *current;
	size_t in_flight; /* atomic */
	int (*starting)(struct generation *g, const char **ret_error);
	void (*generation_ended)(struct generation *g);
};
extern struct runtime runtime;

/* Find or open the port of each listener; fill g->by_port.  0, or -errno with *ret_error (arena of g). */
int ports_open(struct generation *g, const char **ret_error);
/* Close what this publish has opened (it failed). */
void ports_close_fresh(void);
/* In each worker: take fresh ports, retire those that are not wanted; `old` answers what still comes to them. */
void ports_take(struct worker *w, struct gen_worker *old);
/* After all workers took: nothing is fresh any more; ports that have gone from all workers are freed. */
void ports_settle(void);
/* In each worker: connections end with their next answer. */
void ports_let_go(struct worker *w);
/* Nothing is wanted any more (the end). */
void ports_unwant_all(void);

/* Join the workers' threads and free them. */
void server_end_threads(void);
