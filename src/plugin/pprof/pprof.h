// SPDX-License-Identifier: Apache-2.0
/* What the plugin's files share.
 *
 *   pprof.c     grammar, endpoint, index      sampler.c   stacks of threads, taken by SIGPROF
 *   cpu.c       where CPU time goes           profile.c   pprof's file format (protobuf, gzip)
 *   block.c     where threads wait            profile_stacks.c  what the sampler took, in that format
 *   threads.c   where each thread is now      symbols.c   addresses to names
 *   heap.c      who has the memory
 *
 * A profile is taken on demand, in the thread of its HTTP connection, one at a time for the process. */
#pragma once

#include "net/http_server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PPROF_SECONDS_DEFAULT = 30, PPROF_SECONDS_MAX = 600 };

struct pprof {
	const char *address; /* frozen */
	bool block; /* frozen */
	uint64_t block_period_ns; /* frozen */
	struct http_claim *claim, *bare; /* control; bare: the path without its slash */
};

/* Handlers; arg is the struct pprof. */
void pprof_cpu(void *arg, const struct http_request *r, struct http_reply *ret);
void pprof_block(void *arg, const struct http_request *r, struct http_reply *ret);
void pprof_threads(void *arg, const struct http_request *r, struct http_reply *ret);
void pprof_heap(void *arg, const struct http_request *r, struct http_reply *ret);

/* ?seconds=N; 0: it is no number from 1 to PPROF_SECONDS_MAX, and `ret` says so. */
unsigned pprof_seconds(const struct http_request *r, unsigned preset, struct http_reply *ret);
/* Whether ?debug= asks for text; 2 is more of it. */
unsigned pprof_debug(const struct http_request *r);
