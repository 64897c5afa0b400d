// SPDX-License-Identifier: Apache-2.0
/* Stacks of this process's threads.
 *
 * A thread that gets SIGPROF writes its stack into a buffer that was made before; nothing is allocated or
 * locked there.  The unwinder is the compiler's, which finds its tables without a lock (glibc 2.35 on).
 * Threads that block SIGPROF (those of the HTTP server) are not seen.  One sampler at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SAMPLE_DEPTH = 64, SAMPLE_WORDS = 512 << 10 /* 4 MiB: some 40,000 stacks */ };

/* One stack, innermost address first. */
struct sample {
	uint32_t tid;
	uint32_t depth;
	const uintptr_t *pc;
};

/* -EBUSY while another runs, -ENOMEM. */
int sampler_begin(void);
/* No stack is written any more.  Call before sampler_next. */
void sampler_end(void);
/* The stacks in turn: start with `*at` 0; false at the end.  Valid until sampler_free. */
bool sampler_next(size_t *at, struct sample *ret);
/* Stacks that found no room. */
uint64_t sampler_lost(void);
/* Give the buffer back; another may begin. */
void sampler_free(void);

/* Ask a thread for its stack. */
void sampler_ask(pid_t tid);
/* How many stacks were written so far. */
uint64_t sampler_count(void);

enum { SAMPLER_TASKS_MAX = 256, SAMPLER_NAME_MAX = 17 };
/* The threads of the process; how many. */
size_t sampler_tasks(pid_t out[SAMPLER_TASKS_MAX]);
/* A thread's name and state ('R' runs); false: it has gone. */
bool sampler_task(pid_t tid, char name[SAMPLER_NAME_MAX], char *ret_state);
