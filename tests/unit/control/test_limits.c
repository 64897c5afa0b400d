// SPDX-License-Identifier: Apache-2.0
/* Limits of a machine that the test makes up in a folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/machine.h"
#include "control/limits_share.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/bn-limits-XXXXXX";

static void put(const char *file, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, file);
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		(void)mkdir(path, 0700); /* may be there */
		*p = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(root, "/tmp/bn-limits-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static void test_without_cgroups_there_is_no_limit(void **state)
{
	(void)state;
	assert_int_equal(machine_cgroup_memory(root), UINT64_MAX);
	assert_int_equal(machine_cgroup_cores(root), UINT_MAX);
}

static void test_the_own_groups_limits_count(void **state)
{
	(void)state;
	put("proc/self/cgroup", "0::/a.slice/b.service\n");
	put("sys/fs/cgroup/a.slice/b.service/memory.max", "178257920\n");
	put("sys/fs/cgroup/a.slice/b.service/cpu.max", "250000 100000\n");
	assert_int_equal(machine_cgroup_memory(root), 178257920);
	assert_int_equal(machine_cgroup_cores(root), 3);
}

static void test_a_group_above_may_be_the_narrowest(void **state)
{
	(void)state;
	put("proc/self/cgroup", "0::/a.slice/b.service\n");
	put("sys/fs/cgroup/a.slice/b.service/memory.max", "1073741824\n");
	put("sys/fs/cgroup/a.slice/memory.max", "536870912\n");
	put("sys/fs/cgroup/a.slice/cpu.max", "100000 100000\n");
	put("sys/fs/cgroup/a.slice/b.service/cpu.max", "800000 100000\n");
	assert_int_equal(machine_cgroup_memory(root), 536870912);
	assert_int_equal(machine_cgroup_cores(root), 1);
}

static void test_memory_high_is_a_limit_too(void **state)
{
	(void)state;
	put("proc/self/cgroup", "0::/\n");
	put("sys/fs/cgroup/memory.max", "max\n");
	put("sys/fs/cgroup/memory.high", "134217728\n");
	assert_int_equal(machine_cgroup_memory(root), 134217728);
}

static void test_max_is_no_limit(void **state)
{
	(void)state;
	put("proc/self/cgroup", "0::/\n");
	put("sys/fs/cgroup/memory.max", "max\n");
	put("sys/fs/cgroup/cpu.max", "max 100000\n");
	assert_int_equal(machine_cgroup_memory(root), UINT64_MAX);
	assert_int_equal(machine_cgroup_cores(root), UINT_MAX);
}

/* The host's name of the group, and a mount that shows the group alone. */
static void test_a_container_finds_its_limits_at_the_mounts_root(void **state)
{
	(void)state;
	put("proc/self/cgroup", "0::/kubepods/burstable/pod1/c1\n");
	put("sys/fs/cgroup/memory.max", "178257920\n");
	put("sys/fs/cgroup/cpu.max", "10000 100000\n");
	assert_int_equal(machine_cgroup_memory(root), 178257920);
	assert_int_equal(machine_cgroup_cores(root), 1);
}

static void test_version_one_is_read_as_well(void **state)
{
	(void)state;
	put("proc/self/cgroup", "4:memory:/pod\n1:cpu,cpuacct:/pod\n0::/\n");
	put("sys/fs/cgroup/memory/pod/memory.limit_in_bytes", "268435456\n");
	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	put("sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_quota_us", "150000\n");
	put("sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_period_us", "100000\n");
	assert_int_equal(machine_cgroup_memory(root), 268435456);
	assert_int_equal(machine_cgroup_cores(root), 2);
}

static void test_garbage_is_no_limit(void **state)
{
	(void)state;
	put("proc/self/cgroup", "nonsense\n::\n0::/\n");
	put("sys/fs/cgroup/memory.max", "");
	put("sys/fs/cgroup/cpu.max", "-5 0\n");
	assert_int_equal(machine_cgroup_memory(root), UINT64_MAX);
	assert_int_equal(machine_cgroup_cores(root), UINT_MAX);
}

static void test_workers_are_the_cores_up_to_eight_unless_told(void **state)
{
	struct limits l = {.cores = 3, .memory = UINT64_MAX};

	(void)state;
	limits_share(&l, 0);
	assert_int_equal(l.workers, 3);
	l.cores = 96;
	limits_share(&l, 0);
	assert_int_equal(l.workers, 8);
	limits_share(&l, 64);
	assert_int_equal(l.workers, 64);
}

static void test_memory_is_shared_out(void **state)
{
	struct limits l = {.cores = 2, .memory = (uint64_t)4 << 30};

	(void)state;
	limits_share(&l, 0);
	assert_int_equal(l.cache_bytes, 64 << 20);
	assert_int_equal(l.in_flight_bytes, 32 << 20);
	assert_int_equal(l.worker_in_flight_bytes, 8 << 20);
	assert_int_equal(l.worker_tcp_bytes, 16 << 20);
	l.memory = 170 << 20;
	limits_share(&l, 64);
	assert_int_equal(l.cache_bytes, (170 << 20) / 4);
	assert_int_equal(l.in_flight_bytes, (170 << 20) / 8);
	assert_int_equal(l.worker_in_flight_bytes, 8 << 20);
	assert_int_equal(l.worker_tcp_bytes, (170 << 20) / 8 / 64);
	l.memory = 16 << 20;
	limits_share(&l, 1);
	assert_int_equal(l.worker_in_flight_bytes, 2 << 20);
	assert_int_equal(l.worker_tcp_bytes, 2 << 20);
	limits_share(&l, 64);
	assert_int_equal(l.worker_tcp_bytes, 256 << 10);
}

/* Under a sanitizer, whose memory is its own, a process cannot be so narrow. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static void test_the_narrowest_memory_limit_is_named(void **state)
{
	struct limits l;
	struct rlimit was, narrow;

	(void)state;
	limits_read(root, &l);
	assert_in_range(l.memory, 1 << 20, UINT64_MAX - 1);
	assert_string_equal(l.memory_from, "machine");
	assert_true(l.cores >= 1);
	put("proc/self/cgroup", "0::/\n");
	put("sys/fs/cgroup/memory.max", "100000000\n");
	limits_read(root, &l);
	assert_int_equal(l.memory, 100000000);
	assert_string_equal(l.memory_from, "cgroup");
	if (SANITIZED)
		return;
	getrlimit(RLIMIT_DATA, &was);
	narrow = (struct rlimit){.rlim_cur = 90000000, .rlim_max = was.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_DATA, &narrow), 0);
	limits_read(root, &l);
	setrlimit(RLIMIT_DATA, &was);
	assert_int_equal(l.memory, 90000000);
	assert_string_equal(l.memory_from, "RLIMIT_DATA");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_without_cgroups_there_is_no_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_own_groups_limits_count, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_group_above_may_be_the_narrowest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_memory_high_is_a_limit_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_max_is_no_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_container_finds_its_limits_at_the_mounts_root, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_version_one_is_read_as_well, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_garbage_is_no_limit, set_up, tear_down),
		cmocka_unit_test(test_workers_are_the_cores_up_to_eight_unless_told),
		cmocka_unit_test(test_memory_is_shared_out),
		cmocka_unit_test_setup_teardown(test_the_narrowest_memory_limit_is_named, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
