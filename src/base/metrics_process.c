// SPDX-License-Identifier: Apache-2.0
/* process_*, as the Prometheus client libraries have it: read from /proc before each scrape. */
#include "base/metrics_process.h"

#include "base/compiler.h"
#include "base/metrics.h"

#include <dirent.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { STAT_FIELDS = 24 };

/* Written before a scrape, by one thread at a time; read within it. */
static struct {
	double cpu_s, virtual_bytes, resident_bytes, start_s, open_fds, max_fds, virtual_max, received, sent;
} now;

static double value(void *arg)
{
	return *(const double *)arg;
}

static const struct {
	struct metric_desc desc;
	double *from;
} table[] = {
	{{"process_cpu_seconds_total", "CPU time of the process, in user and system mode.", METRIC_COUNTER,
	  "", NULL, 0, 0},
	 &now.cpu_s},
	{{"process_max_fds", "How many descriptors the process may have open.", METRIC_GAUGE, "", NULL, 0, 0},
	 &now.max_fds},
	{{"process_open_fds", "How many descriptors the process has open.", METRIC_GAUGE, "", NULL, 0, 0},
	 &now.open_fds},
	{{"process_resident_memory_bytes", "Memory of the process that is resident.", METRIC_GAUGE, "", NULL,
	  0, 0},
	 &now.resident_bytes},
	{{"process_start_time_seconds", "When the process began, since the epoch.", METRIC_GAUGE, "", NULL, 0,
	  0},
	 &now.start_s},
	{{"process_virtual_memory_bytes", "Address space of the process.", METRIC_GAUGE, "", NULL, 0, 0},
	 &now.virtual_bytes},
	{{"process_virtual_memory_max_bytes", "How much address space the process may have.", METRIC_GAUGE,
	  "", NULL, 0, 0},
	 &now.virtual_max},
	{{"process_network_receive_bytes_total", "Bytes received in the network namespace of the process.",
	  METRIC_COUNTER, "", NULL, 0, 0},
	 &now.received},
	{{"process_network_transmit_bytes_total", "Bytes sent in the network namespace of the process.",
	  METRIC_COUNTER, "", NULL, 0, 0},
	 &now.sent},
};

/* Seconds since the epoch at which the machine was started. */
static double boot_time(void)
{
	struct timespec wall, up;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_BOOTTIME, &up);
	return (double)(wall.tv_sec - up.tv_sec) + (double)(wall.tv_nsec - up.tv_nsec) / 1e9;
}

/* Fields 4 to 24 of proc(5), numbers all, as out[3] to out[23].  The name in brackets may hold anything. */
static bool read_stat(double out[STAT_FIELDS])
{
	char text[1024], *p;
	FILE *f = fopen("/proc/self/stat", "re");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f)
		(void)fclose(f); /* read only */
	text[n] = '\0';
	p = strrchr(text, ')');
	if (!p || p[1] != ' ' || !p[2])
		return false;
	p += 3; /* behind the state */
	for (int i = 3; i < STAT_FIELDS; i++)
		out[i] = strtod(p, &p);
	return true;
}

static void refresh_stat(void)
{
	static double boot_s; /* once: it would wander with the clock */
	double f[STAT_FIELDS] = {0}, ticks = (double)sysconf(_SC_CLK_TCK);

	if (boot_s == 0)
		boot_s = boot_time();
	if (!read_stat(f))
		return;
	now.cpu_s = (f[13] + f[14]) / ticks;
	now.start_s = boot_s + f[21] / ticks;
	now.virtual_bytes = f[22];
	now.resident_bytes = f[23] * (double)sysconf(_SC_PAGESIZE);
}

static void refresh_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct rlimit r;
	int n = 0;

	if (d) {
		while (readdir(d))
			n++;
		closedir(d);
		now.open_fds = n - 3; /* ".", ".." and the one that looks */
	}
	if (getrlimit(RLIMIT_NOFILE, &r) == 0)
		now.max_fds = (double)r.rlim_cur;
	if (getrlimit(RLIMIT_AS, &r) == 0)
		now.virtual_max = (double)r.rlim_cur;
}

/* The column `name` of the line pair that begins with "IpExt:". */
static double column(const char *names, const char *values, const char *name)
{
	char *rest_n = NULL, *rest_v = NULL;
	char n[4096], v[4096];

	(void)snprintf(n, sizeof(n), "%s", names);
	(void)snprintf(v, sizeof(v), "%s", values);
	for (char *a = strtok_r(n, " \n", &rest_n), *b = strtok_r(v, " \n", &rest_v); a && b;
	     a = strtok_r(NULL, " \n", &rest_n), b = strtok_r(NULL, " \n", &rest_v)) {
		if (strcmp(a, name) == 0)
			return strtod(b, NULL);
	}
	return 0;
}

static void refresh_network(void)
{
	FILE *f = fopen("/proc/self/net/netstat", "re");
	char names[4096], values[4096];

	if (!f)
		return;
	while (fgets(names, sizeof(names), f) && fgets(values, sizeof(values), f)) {
		if (strncmp(names, "IpExt:", 6) != 0)
			continue;
		now.received = column(names, values, "InOctets");
		now.sent = column(names, values, "OutOctets");
	}
	(void)fclose(f); /* read only */
}

static void refresh(void)
{
	refresh_stat();
	refresh_fds();
	refresh_network();
}

void metrics_process_start(void)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		metrics_reader(&table[i].desc, NULL, value, table[i].from);
	metrics_before_scrape(refresh);
}
