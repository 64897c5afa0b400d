// SPDX-License-Identifier: Apache-2.0
/* A worker: one thread, its loop, and all that a query touches without asking another thread.
 * Rule for every member: `worker` (this thread only), unless said otherwise. */
#pragma once

#include "base/arena.h"
#include "base/compiler.h"
#include "net/loop.h"
#include "wire/answer.h"

#include <stdint.h>

struct generation;
struct gen_worker;
struct query;
struct query_pool;
struct tcp_table;
struct who;
struct wire_builder;

struct worker {
	unsigned index;               /* 0.. n-1; frozen */
	struct loop *loop;
	uint64_t *cells;              /* base/metrics.h; counter */
	struct wire_builder *builder; /* scratch of the compressor */
	struct arena_pool arenas;     /* blocks of query arenas; the in-flight limit */
	struct query_pool *queries;   /* server/query.c */
	struct tcp_table *tcp;
	struct gen_worker *gen;       /* the generation that new queries get, with this worker's part of it */
	struct gen_worker *preparing; /* during worker_start: what plugins may hold (upstream_env.owner) */
	uint32_t rotation;            /* where the next cut or rotated run starts */
	uint32_t who_left;            /* so many questions, and the last of them is sampled; 0: none will be */
	struct who *who;              /* who asks what (server/who.h) */
};

/* What a plugin's worker_start left for this generation, worker and state; for use in query() and callbacks. */
void *worker_local(struct query *q, const void *state);
