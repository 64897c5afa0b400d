// SPDX-License-Identifier: Apache-2.0
/* Where cgroups are: /proc/self/cgroup names our own, "0::/a/b" in v2 and "4:memory:/a/b" in v1.  Limits of the groups above it
 * hold too.  In a container the names may be the host's while the mount shows only the own group, at its root; so
 * what is not there is passed over, and the root is always looked at. */
#include "base/machine.h"

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum { PATH_LEN = 4096, VALUE_LEN = 64 };

/* The group's path in the hierarchy of `controller` ("" for v2), or false. */
static bool own_group(const char *root, const char *controller, char *ret, size_t cap)
{
	char path[PATH_LEN], line[PATH_LEN];
	bool found = false;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		char *names = strchr(line, ':'), *group = names ? strchr(names + 1, ':') : NULL;

		if (!group)
			continue;
		*group++ = '\0';
		group[strcspn(group, "\n")] = '\0';
		found = strcmp(names + 1, controller) == 0;
		if (found)
			(void)snprintf(ret, cap, "%s", group);
	}
	if (f)
		(void)fclose(f); /* read only */
	return found;
}

static bool read_value(const char *folder, const char *file, char value[VALUE_LEN])
{
	char path[PATH_LEN + 64];
	FILE *f;
	bool got;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, file);
	f = fopen(path, "re");
	if (!f)
		return false;
	got = fgets(value, VALUE_LEN, f) != NULL;
	(void)fclose(f); /* read only */
	return got;
}

/* Look at our group of that hierarchy and at all above it; `mount` is the hierarchy's folder. */
static void climb(const char *root, const char *mount, const char *controller,
		  void (*look)(const char *folder, void *arg), void *arg)
{
	char folder[PATH_LEN], group[PATH_LEN / 2];
	size_t base;

	if (!own_group(root, controller, group, sizeof(group)))
		return;
	base = (size_t)snprintf(folder, sizeof(folder), "%s/sys/fs/cgroup%s", root, mount);
	if (base >= sizeof(folder) - sizeof(group))
		return;
	(void)snprintf(folder + base, sizeof(folder) - base, "%s", strcmp(group, "/") == 0 ? "" : group);
	for (;;) {
		char *slash;

		look(folder, arg);
		slash = strrchr(folder + base, '/');
		if (!slash)
			return;
		*slash = '\0';
	}
}

/* ---------------------------------------------------------------- memory */

static void look_memory(const char *folder, void *arg)
{
	static const char *const files[] = {"memory.max", "memory.high", "memory.limit_in_bytes"};
	uint64_t *least = arg;
	char value[VALUE_LEN];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		unsigned long long n;

		/* "max" is no number */
		if (read_value(folder, files[i], value) && sscanf(value, "%llu", &n) == 1 && n < *least)
			*least = n;
	}
}

uint64_t machine_cgroup_memory(const char *root)
{
	uint64_t least = UINT64_MAX;

	climb(root, "", "", look_memory, &least);
	climb(root, "/memory", "memory", look_memory, &least);
	return least;
}

uint64_t machine_memory(void)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 ? (uint64_t)info.totalram * info.mem_unit : UINT64_MAX;
}

/* ---------------------------------------------------------------- cores */

static void take_cores(unsigned *least, long long quota, long long period)
{
	if (quota > 0 && period > 0 && (unsigned long long)((quota + period - 1) / period) < *least)
		*least = (unsigned)((quota + period - 1) / period);
}

static void look_cores(const char *folder, void *arg)
{
	char value[VALUE_LEN], period_text[VALUE_LEN];
	long long quota, period;

	/* "max 100000" has no quota */
	if (read_value(folder, "cpu.max", value) && sscanf(value, "%lld %lld", &quota, &period) == 2)
		take_cores(arg, quota, period);
	if (read_value(folder, "cpu.cfs_quota_us", value) &&
	    read_value(folder, "cpu.cfs_period_us", period_text) && sscanf(value, "%lld", &quota) == 1 &&
	    sscanf(period_text, "%lld", &period) == 1)
		take_cores(arg, quota, period); /* quota -1: no limit */
}

unsigned machine_cgroup_cores(const char *root)
{
	unsigned least = UINT_MAX;

	climb(root, "", "", look_cores, &least);
	climb(root, "/cpu", "cpu", look_cores, &least);
	climb(root, "/cpu,cpuacct", "cpu,cpuacct", look_cores, &least);
	return least;
}

static unsigned affinity(void)
{
	cpu_set_t set;
	long n;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		return (unsigned)CPU_COUNT(&set);
	n = sysconf(_SC_NPROCESSORS_ONLN); /* more cores than the set has room for */
	return n > 0 ? (unsigned)n : 1;
}

unsigned machine_cores(const char *root)
{
	unsigned quota = machine_cgroup_cores(root), n = affinity();

	return quota < n ? quota : n;
}
