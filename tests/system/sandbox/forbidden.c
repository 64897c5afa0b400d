// SPDX-License-Identifier: Apache-2.0
/* Preloaded into the server by test_seccomp.py: a thread of its own waits until the file $BN_TRIGGER is there and then makes the
 * system call that $BN_CALL names, as code that had been smuggled in would. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *const argv[] = {"true", NULL};
static struct rlimit limit = {64, 64};

static const struct {
	const char *name;
	long nr, args[5];
} calls[] = {
	{"execve", SYS_execve, {(long)"/bin/true", (long)argv, (long)(argv + 1)}},
	{"clone", SYS_clone, {SIGCHLD}}, /* as fork does */
	{"clone3", SYS_clone3, {0, 0}},
	{"ptrace", SYS_ptrace, {PTRACE_TRACEME}},
	{"process_vm_readv", SYS_process_vm_readv, {1}},
	{"mount", SYS_mount, {0}},
	{"bpf", SYS_bpf, {0}},
	{"keyctl", SYS_keyctl, {0}},
	{"unshare", SYS_unshare, {0}},
	{"setns", SYS_setns, {-1}},
	{"init_module", SYS_init_module, {0}},
	{"kexec_load", SYS_kexec_load, {0}},
	{"reboot", SYS_reboot, {0}},
	{"setuid", SYS_setuid, {0}},
	{"capset", SYS_capset, {0}},
	{"perf_event_open", SYS_perf_event_open, {0}},
	{"kill", SYS_kill, {1, 0}},
	{"prctl", SYS_prctl, {PR_SET_KEEPCAPS, 1}},
	{"prlimit64", SYS_prlimit64, {0, RLIMIT_NOFILE, (long)&limit, 0}},
	{"packet socket", SYS_socket, {AF_PACKET, SOCK_RAW, 0}},
	{"reading a limit", SYS_prlimit64, {0, RLIMIT_NOFILE, 0, (long)&limit}},
	{"another handler of SIGSYS", SYS_rt_sigaction, {SIGSYS, 0, 0, 8}},
};

static void *make_call(void *unused)
{
	const char *name = getenv("BN_CALL"), *trigger = getenv("BN_TRIGGER");

	(void)unused;
	while (access(trigger, F_OK))
		usleep(5000);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const long *a = calls[i].args;
		long got;

		if (strcmp(name, calls[i].name) != 0)
			continue;
		errno = 0;
		got = syscall(calls[i].nr, a[0], a[1], a[2], a[3], a[4]);
		dprintf(2, "survived %s: %ld %s\n", name, got,
			strerrorname_np(errno) ? strerrorname_np(errno) : "0");
	}
	return NULL;
}

__attribute__((constructor)) static void begin(void)
{
	pthread_t t;

	if (getenv("BN_CALL"))
		pthread_create(&t, NULL, make_call, NULL);
}
