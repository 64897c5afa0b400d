// SPDX-License-Identifier: Apache-2.0
#include "plugin/pprof/sampler.h"

#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* The handler's own frames and the kernel's way back stand before what was interrupted; how many depends
 * on inlining. */
enum { OWN_FRAMES_MAX = 8 };

/* Records: a word of thread and depth, then the addresses.  A word is written last and is 0 until then. */
static struct {
	pthread_mutex_t taken;
	uintptr_t *words;
	atomic_bool on;
	atomic_uint running; /* handlers */
	atomic_size_t used;
	atomic_ullong lost, count;
} s = {.taken = PTHREAD_MUTEX_INITIALIZER};

static void *interrupted_at(const ucontext_t *uc)
{
#if defined(__x86_64__)
	return (void *)uc->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
	return (void *)uc->uc_mcontext.pc;
#else
	return NULL;
#endif
}

static void keep(void *const *pc, size_t n)
{
	size_t at = atomic_fetch_add(&s.used, n + 1);

	if (at + n + 1 > SAMPLE_WORDS) {
		atomic_fetch_add(&s.lost, 1);
		return;
	}
	for (size_t i = 0; i < n; i++)
		s.words[at + 1 + i] = (uintptr_t)pc[i];
	__atomic_store_n(&s.words[at], (uintptr_t)syscall(SYS_gettid) << 8 | (uintptr_t)n, __ATOMIC_RELEASE);
	atomic_fetch_add(&s.count, 1);
}

static void write_stack(const ucontext_t *uc)
{
	void *pc[SAMPLE_DEPTH + OWN_FRAMES_MAX];
	int n = backtrace(pc, SAMPLE_DEPTH + OWN_FRAMES_MAX), skip = 0;
	const void *at = interrupted_at(uc);

	while (skip < n && pc[skip] != at)
		skip++;
	if (skip == n)
		skip = 0; /* not found: with our own frames */
	n -= skip;
	if (n > 0)
		keep(pc + skip, n > SAMPLE_DEPTH ? SAMPLE_DEPTH : (size_t)n);
}

static void on_signal(int signum, siginfo_t *info, void *uc)
{
	int saved = errno;

	atomic_fetch_add(&s.running, 1);
	if (atomic_load(&s.on))
		write_stack(uc);
	atomic_fetch_sub(&s.running, 1);
	errno = saved;
}

/* The handler stays once it is there: a signal that comes late does no harm then. */
static int set_handler(void)
{
	struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_RESTART | SA_SIGINFO};
	void *warm[4];

	(void)backtrace(warm, 4); /* loads the unwinder, which the handler could not */
	return sigaction(SIGPROF, &sa, NULL) ? -errno : 0;
}

int sampler_begin(void)
{
	int err;

	if (pthread_mutex_trylock(&s.taken))
		return -EBUSY;
	err = set_handler();
	s.words = err ? MAP_FAILED
		      : mmap(NULL, SAMPLE_WORDS * sizeof(uintptr_t), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s.words == MAP_FAILED) {
		pthread_mutex_unlock(&s.taken);
		return err ? err : -ENOMEM;
	}
	atomic_store(&s.used, 0);
	atomic_store(&s.lost, 0);
	atomic_store(&s.count, 0);
	atomic_store(&s.on, true);
	return 0;
}

void sampler_end(void)
{
	atomic_store(&s.on, false);
	while (atomic_load(&s.running))
		sched_yield();
}

bool sampler_next(size_t *at, struct sample *ret)
{
	size_t end = atomic_load(&s.used);
	uintptr_t word;

	if (end > SAMPLE_WORDS)
		end = SAMPLE_WORDS;
	if (*at >= end)
		return false;
	word = __atomic_load_n(&s.words[*at], __ATOMIC_ACQUIRE);
	if (!word) /* the one that found no room; none fits behind it but shorter ones, which are lost too */
		return false;
	*ret = (struct sample){.tid = (uint32_t)(word >> 8), .depth = word & 0xff, .pc = &s.words[*at + 1]};
	*at += ret->depth + 1;
	return true;
}

uint64_t sampler_lost(void)
{
	return atomic_load(&s.lost);
}

uint64_t sampler_count(void)
{
	return atomic_load(&s.count);
}

void sampler_free(void)
{
	munmap(s.words, SAMPLE_WORDS * sizeof(uintptr_t));
	pthread_mutex_unlock(&s.taken);
}

void sampler_ask(pid_t tid)
{
	(void)syscall(SYS_tgkill, getpid(), tid, SIGPROF); /* it may have ended */
}

/* ---------------------------------------------------------------- threads */

size_t sampler_tasks(pid_t out[SAMPLER_TASKS_MAX])
{
	DIR *d = opendir("/proc/self/task");
	const struct dirent *e;
	size_t n = 0;

	while (d && n < SAMPLER_TASKS_MAX && (e = readdir(d))) {
		if (e->d_name[0] != '.')
			out[n++] = (pid_t)atoi(e->d_name);
	}
	if (d)
		closedir(d);
	return n;
}

bool sampler_task(pid_t tid, char name[SAMPLER_NAME_MAX], char *ret_state)
{
	char path[64], text[128] = "", *begin, *end;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	f = fopen(path, "re");
	if (!f)
		return false;
	(void)!fgets(text, sizeof(text), f); /* empty: then nothing is found in it */
	(void)fclose(f); /* read only */
	begin = strchr(text, '(');
	end = strrchr(text, ')');
	if (!begin || !end || end < begin || end - begin > SAMPLER_NAME_MAX || end[1] != ' ')
		return false;
	(void)snprintf(name, SAMPLER_NAME_MAX, "%.*s", (int)(end - begin - 1), begin + 1);
	*ret_state = end[2];
	return true;
}
