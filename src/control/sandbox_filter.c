// SPDX-License-Identifier: Apache-2.0
#include "control/sandbox_filter.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	HOT = 255, /* libseccomp's priority */
	ORDINARY = 0,
	/* At and below: names that an architecture does not have.  (Above, negative ones stand for parts of socketcall and ipc.) */
	ABSENT = -10000,
};

struct filter {
	scmp_filter_ctx ctx;
	uint32_t arch; /* SCMP_ARCH_NATIVE, or another that it is made for */
};

/* A number for libseccomp's calls, which take this machine's; __NR_SCMP_ERROR: not on that architecture. */
static int number_of(const struct filter *f, const char *name)
{
	int nr = seccomp_syscall_resolve_name_arch(f->arch, name);

	return nr == __NR_SCMP_ERROR || nr <= ABSENT ? __NR_SCMP_ERROR : seccomp_syscall_resolve_name(name);
}

/* 0, also for a call that this architecture does not have. */
static int add(const struct filter *f, uint32_t action, const char *name, unsigned n,
	       const struct scmp_arg_cmp *args)
{
	int nr = number_of(f, name), err;

	if (nr == __NR_SCMP_ERROR)
		return 0;
	err = seccomp_rule_add_array(f->ctx, action, nr, n, args);
	return err == -EEXIST ? 0 : err;
}

static int add_all(const struct filter *f, uint32_t action, const char *const *names, unsigned priority)
{
	for (; *names; names++) {
		int nr = number_of(f, *names), err = add(f, action, *names, 0, NULL);

		if (err)
			return err;
		if (priority && nr != __NR_SCMP_ERROR)
			(void)seccomp_syscall_priority(f->ctx, nr, (uint8_t)priority); /* an order, no more */
	}
	return 0;
}

/* A rule for calls whose n-th argument, from 0, compares like that. */
static int add_if(const struct filter *f, uint32_t action, const char *name, unsigned n, enum scmp_compare op,
		  uint64_t value)
{
	struct scmp_arg_cmp cmp = {.arg = n, .op = op, .datum_a = value};

	if (op == SCMP_CMP_MASKED_EQ) /* all these bits are set */
		cmp.datum_b = value;
	return add(f, action, name, 1, &cmp);
}

static int allow_if(const struct filter *f, const char *name, unsigned n, enum scmp_compare op,
		    uint64_t value)
{
	return add_if(f, SCMP_ACT_ALLOW, name, n, op, value);
}

/* IP, unix and netlink (interfaces, the resolver); for others there is no such family. */
static int add_sockets(const struct filter *f)
{
	static const int families[] = {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK};
	int err = 0;

	for (unsigned i = 0; i < sizeof(families) / sizeof(families[0]) && !err; i++)
		err = allow_if(f, "socket", 0, SCMP_CMP_EQ, (uint32_t)families[i]);
	if (!err)
		err = add_if(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), "socket", 0, SCMP_CMP_GT, AF_NETLINK);
	for (uint32_t family = 0; family < AF_NETLINK && !err; family++) {
		if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
			err = add_if(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), "socket", 0, SCMP_CMP_EQ, family);
	}
	return err;
}

/* Threads yes, processes no.  (s390 has the flags second; there the filter does not load, see sandbox_install.) */
static int add_threads(const struct filter *f)
{
	return allow_if(f, "clone", 0, SCMP_CMP_MASKED_EQ, CLONE_THREAD);
}

/* Of prctl: names of threads and of memory, who may be dumped, the state of seccomp and no_new_privs. */
static int add_prctl(const struct filter *f)
{
	static const uint32_t known[] = {PR_SET_NAME,         PR_GET_NAME,       0x53564d41 /* PR_SET_VMA */,
					 PR_SET_DUMPABLE,     PR_GET_DUMPABLE,   PR_SET_NO_NEW_PRIVS,
					 PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP,    PR_CAPBSET_READ,
					 PR_SET_PTRACER,      PR_SET_TIMERSLACK, PR_GET_TIMERSLACK};
	int err = 0;

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]) && !err; i++)
		err = allow_if(f, "prctl", 0, SCMP_CMP_EQ, known[i]);
	return err;
}

/* Reading limits, not setting them: the new value's address is NULL. */
static int add_limits(const struct filter *f)
{
	return allow_if(f, "prlimit64", 2, SCMP_CMP_EQ, 0);
}

/* Signals to this process alone. */
static int add_kill(const struct filter *f)
{
	int err = allow_if(f, "tgkill", 0, SCMP_CMP_EQ, (uint32_t)getpid());

	return err ? err : allow_if(f, "kill", 0, SCMP_CMP_EQ, (uint32_t)getpid());
}

/* The handler that reports stays: to whoever sets another it is as if it had worked.  Each number by itself, since "not
 * SIGSYS" would hold for SIGSYS with high bits too, which the kernel does not look at. */
static int add_handlers(const struct filter *f, const char *name)
{
	int err = add_if(f, SCMP_ACT_ERRNO(0), name, 0, SCMP_CMP_EQ, SIGSYS);

	for (unsigned i = 1; i < NSIG && !err; i++) {
		if (i != SIGSYS)
			err = allow_if(f, name, 0, SCMP_CMP_EQ, i);
	}
	return err;
}

static int add_sigaction(const struct filter *f, bool keep_handler)
{
	static const char *const names[] = {"rt_sigaction", "sigaction", "signal"};
	int err = 0;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]) && !err; i++)
		err = keep_handler ? add_handlers(f, names[i]) : add(f, SCMP_ACT_ALLOW, names[i], 0, NULL);
	return err;
}

/* What is narrower where no commands run. */
static int add_own_process_only(const struct filter *f)
{
	int err = add_threads(f);

	if (!err)
		err = add_prctl(f);
	if (!err)
		err = add_limits(f);
	return err ? err : add_kill(f);
}

static int add_rules(const struct filter *f, bool commands, bool keep_handler)
{
	int err = add_all(f, SCMP_ACT_ALLOW, sandbox_hot_calls, HOT);

	if (!err)
		err = add_all(f, SCMP_ACT_ALLOW, sandbox_calls, ORDINARY);
	if (!err)
		err = add_sockets(f);
	if (!err)
		err = add_sigaction(f, keep_handler);
	if (!err)
		err = commands ? add_all(f, SCMP_ACT_ALLOW, sandbox_command_calls, ORDINARY)
			       : add_own_process_only(f);
	if (!err && SANDBOX_SANITIZED)
		err = add_all(f, SCMP_ACT_ALLOW, sandbox_sanitizer_calls, ORDINARY);
	return err ? err : add_all(f, SCMP_ACT_ERRNO(ENOSYS), sandbox_absent_calls, ORDINARY);
}

static int use_arch(scmp_filter_ctx ctx, uint32_t arch)
{
	int err = seccomp_arch_add(ctx, arch);

	if (err == -EEXIST)
		return 0;
	return err ? err : seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE);
}

scmp_filter_ctx sandbox_filter(uint32_t otherwise, uint32_t arch, bool commands)
{
	struct filter f = {seccomp_init(otherwise), arch ? arch : SCMP_ARCH_NATIVE};
	int err;

	if (!f.ctx)
		return NULL;
	/* A tree instead of a list; and no loss of speed that older kernels tie to filters.  Both: libseccomp 2.5. */
	(void)seccomp_attr_set(f.ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	(void)seccomp_attr_set(f.ctx, SCMP_FLTATR_CTL_SSB, 1);
	err = arch ? use_arch(f.ctx, arch) : 0;
	if (!err)
		err = add_rules(&f, commands || SANDBOX_SANITIZED, otherwise == SCMP_ACT_TRAP);
	if (!err)
		return f.ctx;
	seccomp_release(f.ctx);
	return NULL;
}
