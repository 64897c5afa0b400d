// SPDX-License-Identifier: Apache-2.0
/* The running server: its workers, its open ports, the generation that serves.
 *
 * Calls block until all workers have done their part, so they come from the builder thread (publish) or from control
 * before and after serving (start, stop); one at a time. */
#pragma once

#include "base/compiler.h"
#include "server/query.h"

#include <stdbool.h>
#include <stddef.h>

struct generation;
struct worker;

struct server_options {
	unsigned n_workers;              /* 1 .. SERVER_MAX_WORKERS */
	struct query_limits limits;
	/* The ports of `g` are open, nothing else of it has begun and no worker has it.  May be NULL.  Else than 0: it is not
	 * published, for the reason in *ret_error.  Called by server_publish in its thread. */
	int (*starting)(struct generation *g, const char **ret_error);
	/* All workers have given a generation up: it can be freed (generation_retire).  Called in a worker's thread. */
	void (*generation_ended)(struct generation *g);
};

enum { SERVER_MAX_WORKERS = 64, SERVER_OLD_MAX = 16 };

/* Cores by affinity and cgroup cpu.max, at least 1. */
unsigned server_usable_cores(void);

/* Make the workers and start their threads; nothing listens yet.  0 or -errno. */
int server_start(const struct server_options *o) MUST_USE;

/* Make `g` serve: open new ports, adopt, start plugins, hand over, retire the one before.
 * On failure everything is as it was, `g` is still the caller's and `ret_error` says why (arena of g).
 * On success the server owns g. */
int server_publish(struct generation *g, const char **ret_error) MUST_USE;

/* Free a generation that has ended (runs its plugins' stop and free).  Control. */
void generation_retire(struct generation *g);
/* The 10 s after a publish are over: cancel what the old generation still holds. */
void server_cancel(struct generation *old);

/* The end is near: clients on kept connections are sent elsewhere, each with its next answer.  Not while a publish is under
 * way. */
void server_let_go(void);

/* Stop taking queries, answer those in flight (at most drain_ms), end the threads, free all.
 * `old`: replaced generations that have not ended (not freed before this returns); at most SERVER_OLD_MAX. */
void server_stop(unsigned drain_ms, struct generation *const *old, size_t n_old);

/* The generation that serves (builder, control; stable between publishes). */
struct generation *server_generation(void);
unsigned server_workers(void);
struct worker *server_worker(unsigned i);

/* Run `fn` in each worker's thread and wait for all; the first error is returned. */
int server_on_all(int (*fn)(struct worker *w, void *arg), void *arg);
