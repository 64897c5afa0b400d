// SPDX-License-Identifier: Apache-2.0
/* What the machine allows: cores, memory, descriptors; and how much of it each of our own tables gets.
 *
 * Cores: the affinity mask, or fewer where a cgroup's cpu.max says so (parts of a core count as one).
 * Memory: the smallest of the cgroups' memory.max and memory.high, RLIMIT_AS, RLIMIT_DATA and the machine's own.  Of that
 *
 *   a quarter   all caches together                                     at most 64 MiB
 *   an eighth   queries in flight, of all workers                       at most 32 MiB; a worker at most 8 MiB
 *   a quarter   bytes that TCP clients make us hold, of all workers     at most 16 MiB a worker and direction
 *
 * and the rest is for what grows with the Corefile: code, zones, sockets, buffers.  So nothing changes from 256 MiB up
 * (two workers).  Thread: control, before there are others. */
#pragma once

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

struct limits {
	unsigned cores; /* at least 1 */
	uint64_t memory; /* bytes */
	const char *memory_from; /* "cgroup", "RLIMIT_AS", "RLIMIT_DATA", "machine" */
	uint64_t files; /* RLIMIT_NOFILE, once raised */
	/* What is made of it, by limits_share. */
	unsigned workers;
	size_t cache_bytes, in_flight_bytes, worker_in_flight_bytes, worker_tcp_bytes;
};

/* What there is.  `root` is put before /proc/self/cgroup and /sys/fs/cgroup; "" but for tests. */
void limits_read(const char *root, struct limits *ret);
/* Share it out over `workers`, or min(cores, 8) of them where that is 0. */
void limits_share(struct limits *l, unsigned workers);
/* As many descriptors as the hard limit allows: sockets of many upstreams and clients.  Failing is logged. */
void limits_raise_files(struct limits *l);
/* One line for the log. */
void limits_log(const struct limits *l);
