// SPDX-License-Identifier: Apache-2.0
/* How many processors there are for us. */
#include "server/runtime.h"

#include <sched.h>
#include <stdio.h>

enum { DEFAULT_MAX_WORKERS = 8 };

/* Whole cores that cgroup v2's cpu.max allows; 0: no limit known. */
static unsigned cgroup_cores(void)
{
	FILE *f = fopen("/sys/fs/cgroup/cpu.max", "re");
	long quota = 0, period = 0;
	int n = 0;

	if (!f)
		return 0;
	n = fscanf(f, "%ld %ld", &quota, &period);
	(void)fclose(f); /* read only */
	if (n != 2 || quota <= 0 || period <= 0)
		return 0;
	return (unsigned)((quota + period - 1) / period);
}

unsigned server_usable_cores(void)
{
	cpu_set_t set;
	unsigned n = 1, quota = cgroup_cores();

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		n = (unsigned)CPU_COUNT(&set);
	if (quota && quota < n)
		n = quota;
	return n;
}

unsigned server_default_workers(void)
{
	unsigned n = server_usable_cores();

	return n < DEFAULT_MAX_WORKERS ? n : DEFAULT_MAX_WORKERS;
}
