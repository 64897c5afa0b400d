// SPDX-License-Identifier: Apache-2.0
/* binnacle_runtime_*: what tells where a process spends its time and memory; read before each scrape. */
#include "base/compiler.h"
#include "base/metrics.h"
#include "base/metrics_process.h"

#include <dirent.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { THREADS_MAX = 96, NAME_MAX_LEN = 16 };

static double value(void *arg)
{
	return *(const double *)arg;
}

static struct {
	double minor, major, voluntary, involuntary, used, unused, mapped, threads;
} now;

static const struct metric_desc faults_desc = {
	.name = "binnacle_runtime_page_faults_total",
	.help = "Page faults: minor (no disk), major.",
	.labels = "kind",
};
static const struct metric_desc switches_desc = {
	.name = "binnacle_runtime_context_switches_total",
	.help = "Context switches: voluntary (waiting), involuntary (somebody else's turn).",
	.labels = "kind",
};
static const struct metric_desc malloc_desc = {
	.name = "binnacle_runtime_malloc_bytes",
	.help = "Memory of the allocator: used, unused (kept for later), mapped (large blocks).",
	.kind = METRIC_GAUGE,
	.labels = "state",
};
static const struct metric_desc threads_desc = {
	.name = "binnacle_runtime_threads",
	.help = "Threads of the process.",
	.kind = METRIC_GAUGE,
	.labels = "",
};
static const struct metric_desc cpu_desc = {
	.name = "binnacle_runtime_thread_cpu_seconds_total",
	.help = "CPU time by name of the thread; threads of one name count together while they live.",
	.labels = "thread",
};

/* ---------------------------------------------------------------- threads */

/* Names are the process's own and few: worker-N, log-writer, ...  The table is only added to. */
static struct named {
	char name[NAME_MAX_LEN];
	double cpu_s, sum; /* shown, and of this round */
} threads[THREADS_MAX];

static struct named *find_named(const char *name)
{
	for (size_t i = 0; i < THREADS_MAX; i++) {
		if (!threads[i].name[0]) {
			(void)snprintf(threads[i].name, sizeof(threads[i].name), "%.15s",
				       name); /* no longer, by the kernel */
			metrics_reader(&cpu_desc, (const char *const[]){threads[i].name}, value,
				       &threads[i].cpu_s);
		}
		if (strcmp(threads[i].name, name) == 0)
			return &threads[i];
	}
	return NULL;
}

static bool read_line(const char *tid, const char *file, char *out, int size)
{
	char path[64];
	FILE *f;
	bool got;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%.20s/%s", tid, file);
	f = fopen(path, "re");
	got = f && fgets(out, size, f);
	if (f)
		(void)fclose(f); /* read only */
	if (got)
		out[strcspn(out, "\n")] = '\0';
	return got;
}

/* schedstat: nanoseconds on a CPU, nanoseconds waiting for one, turns. */
static void add_thread(const char *tid)
{
	char name[NAME_MAX_LEN + 1], text[96];
	struct named *n;

	if (!read_line(tid, "comm", name, sizeof(name)) || !read_line(tid, "schedstat", text, sizeof(text)))
		return;
	n = find_named(name);
	if (n)
		n->sum += strtod(text, NULL) / 1e9;
}

static void refresh_threads(void)
{
	DIR *d = opendir("/proc/self/task");
	const struct dirent *e;

	for (size_t i = 0; i < THREADS_MAX; i++)
		threads[i].sum = 0;
	now.threads = 0;
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		now.threads++;
		add_thread(e->d_name);
	}
	if (d)
		closedir(d);
	for (size_t i = 0; i < THREADS_MAX; i++) {
		if (threads[i].sum > threads[i].cpu_s) /* a counter does not fall when a thread has gone */
			threads[i].cpu_s = threads[i].sum;
	}
}

/* ---------------------------------------------------------------- the rest */

static void refresh(void)
{
	struct mallinfo2 m = mallinfo2();
	struct rusage r;

	if (getrusage(RUSAGE_SELF, &r) == 0) {
		now.minor = (double)r.ru_minflt;
		now.major = (double)r.ru_majflt;
		now.voluntary = (double)r.ru_nvcsw;
		now.involuntary = (double)r.ru_nivcsw;
	}
	now.used = (double)m.uordblks;
	now.unused = (double)m.fordblks;
	now.mapped = (double)m.hblkhd;
	refresh_threads();
}

static void reader(const struct metric_desc *d, const char *label, double *from)
{
	metrics_reader(d, (const char *const[]){label}, value, from);
}

void metrics_runtime_start(void)
{
	reader(&faults_desc, "minor", &now.minor);
	reader(&faults_desc, "major", &now.major);
	reader(&switches_desc, "voluntary", &now.voluntary);
	reader(&switches_desc, "involuntary", &now.involuntary);
	reader(&malloc_desc, "used", &now.used);
	reader(&malloc_desc, "unused", &now.unused);
	reader(&malloc_desc, "mapped", &now.mapped);
	reader(&threads_desc, NULL, &now.threads);
	metrics_before_scrape(refresh);
}
