// SPDX-License-Identifier: Apache-2.0
/* The lists and the filter that is made of them, for this machine's architecture and for others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "control/sandbox.h"
#include "control/sandbox_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Newer than the oldest libseccomp that is built with. */
static const char *const young[] = {"futex_wait",       "futex_wake", "mseal",
				    "map_shadow_stack", "cachestat",  "fchmodat2"};

static bool is_young(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(young); i++) {
		if (strcmp(young[i], name) == 0)
			return true;
	}
	return false;
}

static void test_every_name_is_a_system_call(void **state)
{
	const char *const *const lists[] = {sandbox_hot_calls, sandbox_calls, sandbox_command_calls,
					    sandbox_sanitizer_calls, sandbox_absent_calls};

	for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
		for (const char *const *name = lists[l]; *name; name++) {
			if (!is_young(*name) && seccomp_syscall_resolve_name(*name) == __NR_SCMP_ERROR)
				fail_msg("%s: no such system call", *name);
		}
	}
}

/* The rules as libseccomp prints them. */
static char *text_of(uint32_t arch, bool commands)
{
	scmp_filter_ctx f = sandbox_filter(SCMP_ACT_TRAP, arch, commands);
	FILE *to = tmpfile();
	char *text;
	long n;

	assert_non_null(f);
	assert_non_null(to);
	assert_int_equal(seccomp_export_pfc(f, fileno(to)), 0);
	seccomp_release(f);
	n = fseek(to, 0, SEEK_END) ? 0 : ftell(to);
	text = calloc(1, (size_t)n + 1);
	rewind(to);
	assert_int_equal(fread(text, 1, (size_t)n, to), n);
	fclose(to);
	return text;
}

static bool has(const char *text, const char *call)
{
	char line[64];

	snprintf(line, sizeof(line), "syscall \"%s\"", call);
	return strstr(text, line) != NULL;
}

static void check_arch(uint32_t arch, const char *wait)
{
	static const char *const needed[] = {"recvmmsg", "sendmmsg", "futex",        "openat", "socket",
					     "clone",    "clone3",   "rt_sigaction", "ioctl"};
	static const char *const never[] = {"mount",           "bpf",   "keyctl", "unshare", "init_module",
					    "perf_event_open", "reboot"};
	char *text = text_of(arch, false), *commands = text_of(arch, true);

	assert_true(has(text, wait));
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		assert_true(has(text, needed[i]));
	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		assert_false(has(text, never[i]) || has(commands, never[i]));
	assert_true(has(commands, "execve"));
	if (!SANDBOX_SANITIZED)
		assert_false(has(text, "execve") || has(text, "ptrace") || has(text, "setuid") ||
			     has(text, "wait4"));
	free(text);
	free(commands);
}

static void test_the_filter_fits_x86_64(void **state)
{
	check_arch(SCMP_ARCH_X86_64, "epoll_wait");
}

/* Old names (open, epoll_wait, fork) do not exist there; their newer forms are on the list. */
static void test_the_filter_fits_aarch64(void **state)
{
	char *text = text_of(SCMP_ARCH_AARCH64, false);

	check_arch(SCMP_ARCH_AARCH64, "epoll_pwait");
	assert_false(has(text, "epoll_wait"));
	free(text);
}

static void test_the_filter_fits_arm_and_riscv(void **state)
{
	check_arch(SCMP_ARCH_ARM, "epoll_wait");
	check_arch(SCMP_ARCH_RISCV64, "epoll_pwait");
}

static void test_modes_are_read(void **state)
{
	enum sandbox_mode mode;

	assert_true(sandbox_mode_read(NULL, &mode));
	assert_int_equal(mode, SANDBOX_DEFAULT);
	assert_true(sandbox_mode_read("on", &mode));
	assert_int_equal(mode, SANDBOX_ON);
	assert_true(sandbox_mode_read("log", &mode));
	assert_int_equal(mode, SANDBOX_LOG);
	assert_true(sandbox_mode_read("off", &mode));
	assert_int_equal(mode, SANDBOX_OFF);
	assert_false(sandbox_mode_read("", &mode));
	assert_false(sandbox_mode_read("ON", &mode));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_name_is_a_system_call),
		cmocka_unit_test(test_the_filter_fits_x86_64),
		cmocka_unit_test(test_the_filter_fits_aarch64),
		cmocka_unit_test(test_the_filter_fits_arm_and_riscv),
		cmocka_unit_test(test_modes_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
