// SPDX-License-Identifier: Apache-2.0
#include "control/limits_share.h"

#include "base/err.h"
#include "base/log.h"
#include "base/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>

enum {
	DEFAULT_MAX_WORKERS = 8,
	CACHE_MAX = 64 << 20,
	IN_FLIGHT_MAX = 32 << 20,
	WORKER_IN_FLIGHT_MAX = 8 << 20,
	WORKER_TCP_MAX = 16 << 20,
	/* One message has to fit in each direction, framed, with the block sizes of buffers. */
	WORKER_TCP_MIN = 256 << 10,
	DIRECTIONS = 2,
};

static size_t at_most(uint64_t want, size_t most)
{
	return want < most ? (size_t)want : most;
}

static void take_memory(struct limits *l, uint64_t bytes, const char *from)
{
	if (bytes >= l->memory)
		return;
	l->memory = bytes;
	l->memory_from = from;
}

static void read_rlimit(struct limits *l, int resource, const char *name)
{
	struct rlimit r;

	if (getrlimit(resource, &r) == 0 && r.rlim_cur != RLIM_INFINITY)
		take_memory(l, r.rlim_cur, name);
}

void limits_read(const char *root, struct limits *ret)
{
	*ret = (struct limits){.memory = UINT64_MAX, .memory_from = "machine"};
	take_memory(ret, machine_memory(), "machine");
	take_memory(ret, machine_cgroup_memory(root), "cgroup");
	read_rlimit(ret, RLIMIT_AS, "RLIMIT_AS");
	read_rlimit(ret, RLIMIT_DATA, "RLIMIT_DATA");
	ret->cores = machine_cores(root);
}

void limits_share(struct limits *l, unsigned workers)
{
	uint64_t tcp;

	l->workers = workers ? workers : l->cores < DEFAULT_MAX_WORKERS ? l->cores : DEFAULT_MAX_WORKERS;
	tcp = l->memory / 4 / DIRECTIONS / l->workers;
	l->cache_bytes = at_most(l->memory / 4, CACHE_MAX);
	l->in_flight_bytes = at_most(l->memory / 8, IN_FLIGHT_MAX);
	l->worker_in_flight_bytes = at_most(l->in_flight_bytes, WORKER_IN_FLIGHT_MAX);
	l->worker_tcp_bytes = at_most(tcp > WORKER_TCP_MIN ? tcp : WORKER_TCP_MIN, WORKER_TCP_MAX);
}

void limits_raise_files(struct limits *l)
{
	struct rlimit r, raised;

	if (getrlimit(RLIMIT_NOFILE, &r))
		return;
	l->files = r.rlim_cur;
	raised = (struct rlimit){.rlim_cur = r.rlim_max, .rlim_max = r.rlim_max};
	if (r.rlim_cur == r.rlim_max)
		return;
	if (setrlimit(RLIMIT_NOFILE, &raised))
		log_line(LOG_WARNING, "RLIMIT_NOFILE cannot be raised: %s", err_text(-errno));
	else
		l->files = raised.rlim_cur;
}

enum { SIZE_TEXT_MAX = 32 };

static const char *size_text(uint64_t bytes, char out[SIZE_TEXT_MAX])
{
	bool large = bytes >= (uint64_t)10 << 30;

	(void)snprintf(out, SIZE_TEXT_MAX, "%" PRIu64 " %s", bytes >> (large ? 30 : 20),
		       large ? "GiB" : "MiB");
	return out;
}

void limits_log(const struct limits *l)
{
	char memory[SIZE_TEXT_MAX], cache[SIZE_TEXT_MAX], in_flight[SIZE_TEXT_MAX];

	log_line(LOG_INFO,
		 "Limits: %u core%s, %" PRIu64
		 " descriptors; of %s (%s) at most %s for caches, %s for queries in flight",
		 l->cores, l->cores == 1 ? "" : "s", l->files, size_text(l->memory, memory), l->memory_from,
		 size_text(l->cache_bytes, cache), size_text(l->in_flight_bytes, in_flight));
}
