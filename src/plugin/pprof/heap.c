// SPDX-License-Identifier: Apache-2.0
/* /debug/pprof/heap: who has the memory, by owner instead of by call: there is no hook in the allocator.
 * A profile, or with ?debug=1 a text with the kernel's view beside it. */
#include "base/clock.h"
#include "cache/cache.h"
#include "plugin/pprof/pprof.h"
#include "plugin/pprof/profile.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct profile_kind kind = {{"inuse_objects", "inuse_space"}, {"count", "bytes"}, 1};

/* Owners; `of` is the one that it is a part of. */
enum owner { PROCESS, ALLOCATOR, USED, KEPT, CACHE, REST_USED, REST, N_OWNERS };
static const struct {
	const char *name;
	enum owner of;
	bool leaf; /* has a value of its own */
} owners[N_OWNERS] = {
	[PROCESS] = {"process", PROCESS, false},
	[ALLOCATOR] = {"malloc", PROCESS, false},
	[USED] = {"malloc.used", ALLOCATOR, false},
	[KEPT] = {"malloc.kept", ALLOCATOR, true},
	[CACHE] = {"cache", USED, true},
	[REST_USED] = {"configuration, queries and the rest", USED, true},
	[REST] = {"code, stacks, counters, mapped files", PROCESS, true},
};

static uint64_t resident(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long size = 0, pages = 0;

	if (f) {
		if (fscanf(f, "%lu %lu", &size, &pages) != 2)
			pages = 0;
		(void)fclose(f); /* read only */
	}
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static void measure(uint64_t out[N_OWNERS])
{
	struct mallinfo2 m = mallinfo2();
	uint64_t used = m.uordblks + m.hblkhd;

	memset(out, 0, N_OWNERS * sizeof(out[0]));
	out[CACHE] = cache_total_bytes();
	out[REST_USED] = less(used, out[CACHE]);
	out[KEPT] = m.fordblks;
	out[REST] = less(resident(), used);
}

static char *as_profile(const uint64_t bytes[N_OWNERS], size_t *ret_len)
{
	struct profile *p = profile_new(&kind, clock_wall_ns(), 0);
	char *out = NULL;

	for (int i = 0; p && i < N_OWNERS; i++) {
		uint64_t ids[N_OWNERS];
		size_t n = 0;

		if (!owners[i].leaf)
			continue;
		for (enum owner o = (enum owner)i;; o = owners[o].of) {
			ids[n++] = profile_location(p, 0, owners[o].name);
			if (o == PROCESS)
				break;
		}
		profile_sample(p, ids, n, (const uint64_t[]){1, bytes[i]}, NULL);
	}
	if (p)
		out = profile_finish(p, ret_len);
	profile_free(p);
	return out;
}

static void copy_file(FILE *to, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[256];

	(void)fprintf(to, "\n# %s\n", path);
	while (f && fgets(line, sizeof(line), f))
		(void)fputs(line, to);
	if (f)
		(void)fclose(f); /* read only */
}

static char *as_text(const uint64_t bytes[N_OWNERS], size_t *ret_len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_len);

	if (!f)
		return NULL;
	for (int i = 0; i < N_OWNERS; i++) {
		if (owners[i].leaf)
			(void)fprintf(f, "%12llu  %s\n", (unsigned long long)bytes[i], owners[i].name);
	}
	copy_file(f, "/proc/self/smaps_rollup");
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

void pprof_heap(void *arg, const struct http_request *r, struct http_reply *ret)
{
	uint64_t bytes[N_OWNERS];

	measure(bytes);
	if (pprof_debug(r)) {
		ret->body = as_text(bytes, &ret->len);
		return;
	}
	ret->type = "application/octet-stream";
	ret->download = true;
	ret->body = as_profile(bytes, &ret->len);
}
