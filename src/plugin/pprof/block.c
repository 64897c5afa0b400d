// SPDX-License-Identifier: Apache-2.0
/* /debug/pprof/block: where threads wait.  At each tick those that are not on a CPU are asked for their
 * stacks; each stands for one period of waiting. */
#include "base/clock.h"
#include "plugin/pprof/pprof.h"
#include "plugin/pprof/profile_stacks.h"
#include "plugin/pprof/sampler.h"

#include <stdlib.h>

enum { SECONDS = 5, HTTP_NOT_FOUND = 404, HTTP_UNAVAILABLE = 503 };

static void ask_waiting(const pid_t *tid, size_t n)
{
	char name[SAMPLER_NAME_MAX], state;

	for (size_t i = 0; i < n; i++) {
		if (sampler_task(tid[i], name, &state) && state != 'R')
			sampler_ask(tid[i]);
	}
}

static void sample(const struct http_request *r, const struct profile_threads *t, uint64_t period_ns,
		   unsigned seconds)
{
	uint64_t end = clock_mono_ns() + seconds * NS_PER_S;
	const pid_t *tid;
	size_t n = profile_threads_list(t, &tid);

	while (clock_mono_ns() < end && http_sleep(r, period_ns))
		ask_waiting(tid, n);
}

void pprof_block(void *arg, const struct http_request *r, struct http_reply *ret)
{
	const struct pprof *p = arg;
	struct profile_kind kind = {{"contentions", "delay"}, {"count", "nanoseconds"}, p->block_period_ns};
	uint64_t began = clock_wall_ns(), began_mono = clock_mono_ns();
	struct profile_threads *t;
	unsigned seconds = pprof_seconds(r, SECONDS, ret);

	if (!p->block) {
		http_reply_text(ret, HTTP_NOT_FOUND,
				"switched off; `pprof { block }` in the Corefile switches it on\n");
		return;
	}
	if (!seconds)
		return;
	if (sampler_begin()) {
		http_reply_text(ret, HTTP_UNAVAILABLE, "another profile is being taken\n");
		return;
	}
	t = profile_threads_new();
	if (t)
		sample(r, t, p->block_period_ns, seconds);
	sampler_end();
	ret->type = "application/octet-stream";
	ret->download = true;
	if (t)
		ret->body = profile_stacks(&kind, t, began, clock_mono_ns() - began_mono, &ret->len);
	sampler_free();
	free(t);
}
