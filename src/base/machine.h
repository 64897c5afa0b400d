// SPDX-License-Identifier: Apache-2.0
/* What the kernel lets this process have: affinity, memory, cgroups (v2, and v1 where a machine still has it).
 * `root` is put before /proc/self/cgroup and /sys/fs/cgroup; "" but for tests.  Any thread; reads files. */
#pragma once

#include <stdint.h>

/* Cores in the affinity mask, or fewer where a cgroup's cpu.max says so (begun ones count whole); at least 1. */
unsigned machine_cores(const char *root);
/* Cores of the smallest cpu.max; UINT_MAX: no limit. */
unsigned machine_cgroup_cores(const char *root);
/* The smallest memory.max or memory.high from our cgroup up to the topmost that can be seen; UINT64_MAX: none. */
uint64_t machine_cgroup_memory(const char *root);
/* Memory of the machine in bytes. */
uint64_t machine_memory(void);
