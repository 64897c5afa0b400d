// SPDX-License-Identifier: Apache-2.0
/* Names of system calls on all architectures: old ones (open, epoll_wait) are x86's, their newer forms everyone's; "64" and
 * "time64" forms are those of 32-bit machines.  glibc, musl and the sanitizers differ in which they take, so families are here
 * whole. */
#include "control/sandbox_filter.h"

/* many on a line */
// clang-format off
const char *const sandbox_hot_calls[] = {
	"epoll_wait", "epoll_pwait", "recvmmsg", "sendmmsg", "recvfrom", "sendto", "recvmsg", "sendmsg", "read", "write",
	"readv", "writev", "epoll_ctl", "futex", "accept4", "connect", "close", "getrandom", "clock_gettime", NULL,
};

const char *const sandbox_calls[] = {
	/* memory */
	"brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "mincore", "msync", "mlock", "mlock2", "munlock",
	"get_mempolicy", "memfd_create", "membarrier",
	/* threads; clone is looked at more closely */
	"exit", "exit_group", "set_tid_address", "set_robust_list", "get_robust_list", "rseq", "gettid", "sched_yield",
	"sched_getaffinity", "sched_setaffinity", "sched_getparam", "sched_getscheduler", "sched_get_priority_max",
	"sched_get_priority_min", "getcpu", "futex_time64", "futex_wait", "futex_wake", "futex_waitv", "arch_prctl",
	/* signals; rt_sigaction, tgkill and kill are looked at more closely */
	"rt_sigprocmask", "rt_sigreturn", "sigreturn", "rt_sigpending", "rt_sigtimedwait", "rt_sigtimedwait_time64",
	"rt_sigsuspend", "sigaltstack", "restart_syscall", "pause", "tkill", "signalfd", "signalfd4",
	/* time, and timers of profiles */
	"clock_gettime64", "clock_getres", "clock_getres_time64", "clock_nanosleep", "clock_nanosleep_time64", "nanosleep",
	"gettimeofday", "time", "times", "timerfd_create", "timerfd_settime", "timerfd_settime64", "timerfd_gettime",
	"timerfd_gettime64", "timer_create", "timer_settime", "timer_settime64", "timer_gettime", "timer_getoverrun",
	"timer_delete", "setitimer", "getitimer", "alarm",
	/* waiting */
	"epoll_create", "epoll_create1", "epoll_pwait2", "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6",
	"pselect6_time64", "eventfd", "eventfd2", "pipe", "pipe2",
	/* sockets; socket is looked at more closely */
	"socketpair", "bind", "listen", "accept", "shutdown", "getsockname", "getpeername", "setsockopt", "getsockopt", "send",
	"recv", "recvmmsg_time64", "sendfile", "sendfile64", "splice", "ioctl",
	/* files: Corefiles, zones, logs, certificates, process ids, watches; also those that are written */
	"open", "openat", "creat", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "lseek", "_llseek",
	"stat", "stat64", "lstat", "lstat64", "fstat", "fstat64", "fstatat64", "newfstatat", "statx", "statfs", "statfs64",
	"fstatfs", "fstatfs64", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents", "getdents64",
	"getcwd", "dup", "dup2", "dup3", "fcntl", "fcntl64", "flock", "fsync", "fdatasync", "ftruncate", "ftruncate64",
	"fallocate", "rename", "renameat", "renameat2", "unlink", "unlinkat", "link", "linkat", "symlink", "symlinkat", "mkdir",
	"mkdirat", "rmdir", "chmod", "fchmod", "fchmodat", "utimensat", "utimensat_time64", "umask", "fadvise64",
	"fadvise64_64", "arm_fadvise64_64", "readahead", "copy_file_range", "inotify_init", "inotify_init1",
	"inotify_add_watch", "inotify_rm_watch", "close_range",
	/* who and where we are */
	"getpid", "getppid", "getuid", "getuid32", "geteuid", "geteuid32", "getgid", "getgid32", "getegid", "getegid32",
	"getresuid", "getresuid32", "getresgid", "getresgid32", "getgroups", "getgroups32", "getpgrp", "getpgid", "getsid",
	"capget", "uname", "sysinfo", "getrusage", "getrlimit", "ugetrlimit", "getpriority", NULL,
};

/* Processes; and what a shell, a Go program or a script calls beside the above. */
const char *const sandbox_command_calls[] = {
	"clone", "fork", "vfork", "execve", "execveat", "wait4", "waitpid", "waitid", "kill", "tgkill", "rt_sigqueueinfo",
	"rt_tgsigqueueinfo", "pidfd_open", "pidfd_send_signal", "setpgid", "setsid", "prctl", "prlimit64", "setrlimit",
	"setpriority", "sched_setscheduler", "sched_setparam", "sched_setattr", "sched_getattr", "ioprio_get", "ioprio_set",
	"chdir", "fchdir", "chown", "chown32", "fchown", "fchown32", "lchown", "lchown32", "fchownat", "truncate", "truncate64",
	"mknod", "mknodat", "utime", "utimes", "futimesat", "getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr",
	"flistxattr", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr", "sync", "syncfs",
	"sync_file_range", "tee", "vmsplice", "mlockall", "munlockall", "remap_file_pages", "setuid", "setuid32",
	"setgid", "setgid32", "setreuid", "setreuid32", "setregid", "setregid32", "setresuid", "setresuid32", "setresgid",
	"setresgid32", "setgroups", "setgroups32", "setfsuid", "setfsgid", "capset", "personality", "shmget", "shmat", "shmdt",
	"shmctl", "semget", "semop", "semctl", "semtimedop", "msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink",
	"mq_timedsend", "mq_timedreceive", "mq_notify", "mq_getsetattr", "pkey_alloc", "pkey_free", "pkey_mprotect",
	"kcmp", "set_thread_area", "get_thread_area", "seccomp", "landlock_create_ruleset", "landlock_add_rule",
	"landlock_restrict_self", "fchmodat2", NULL,
};

/* A report runs a symbolizer (processes, as above); the leak check stops all threads with ptrace. */
const char *const sandbox_sanitizer_calls[] = {"ptrace", "process_vm_readv", NULL};

/* clone3 hides its flags from a filter, io_uring hides calls, and the others are too new to be relied on. */
const char *const sandbox_absent_calls[] = {
	"clone3", "io_uring_setup", "io_uring_enter", "io_uring_register", "openat2", "mseal", "map_shadow_stack", "cachestat", NULL,
};
