// SPDX-License-Identifier: Apache-2.0
/* What a forbidden call leaves behind.  The kernel has not made it and raises SIGSYS in its thread; where that is blocked the
 * process just ends.  Only async-signal-safe functions here. */
#include "base/compiler.h"
#include "control/sandbox_filter.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NAMES_MAX = 512, LINE_MAX_LEN = 160 };

static char *names[NAMES_MAX]; /* by number; libseccomp allocates, so they are asked for in advance */

static size_t put(char *line, size_t at, const char *text)
{
	while (*text && at < LINE_MAX_LEN - 1)
		line[at++] = *text++;
	return at;
}

static size_t put_number(char *line, size_t at, unsigned n)
{
	char digits[12];
	size_t i = sizeof(digits) - 1;

	digits[i] = '\0';
	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	return put(line, at, digits + i);
}

/* SA_RESETHAND has brought the default back by now: the second SIGSYS ends the process, with its name as the reason. */
static void on_sigsys(int signum, siginfo_t *info, void *context)
{
	char line[LINE_MAX_LEN];
	unsigned nr = (unsigned)info->si_syscall;
	size_t n = put(line, 0, "[FATAL] seccomp: system call ");

	(void)context;
	n = put_number(line, n, nr);
	n = put(line, n, nr < NAMES_MAX && names[nr] ? " (" : "");
	n = put(line, n, nr < NAMES_MAX && names[nr] ? names[nr] : "");
	n = put(line, n, nr < NAMES_MAX && names[nr] ? ")" : "");
	n = put(line, n, " is not allowed; the process ends\n");
	if (write(STDERR_FILENO, line, n) == -1)
		line[0] = '\0'; /* nobody can be told */
	(void)syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signum);
	_exit(128 + signum); /* not reached */
}

int sandbox_report_start(void)
{
	struct sigaction sa = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO | SA_RESETHAND | SA_NODEFER};

	for (int i = 0; i < NAMES_MAX; i++)
		names[i] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);
	return sigaction(SIGSYS, &sa, NULL) == -1 ? -errno : 0;
}
