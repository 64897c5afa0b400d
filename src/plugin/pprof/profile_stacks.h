// SPDX-License-Identifier: Apache-2.0
/* What the sampler has taken, as a profile. */
#pragma once

#include "plugin/pprof/profile.h"

#include <sys/types.h>

/* Threads of which stacks may come, with their names from before: they may end meanwhile. */
struct profile_threads;
struct profile_threads *profile_threads_new(void);
size_t profile_threads_list(const struct profile_threads *t, const pid_t **ret);
const char *profile_threads_name(const struct profile_threads *t, pid_t tid);

/* Equal stacks of one thread become one sample, each stack worth k->period of the second value.  The
 * sampler has ended. Compressed, malloc'ed; NULL: no memory. */
char *profile_stacks(const struct profile_kind *k, const struct profile_threads *t, uint64_t began_ns,
		     uint64_t duration_ns, size_t *ret_len);
