// SPDX-License-Identifier: Apache-2.0
/* /debug/pprof/threads: where each thread is now; a profile, or with ?debug=1 a text. */
#include "base/clock.h"
#include "plugin/pprof/pprof.h"
#include "plugin/pprof/profile_stacks.h"
#include "plugin/pprof/sampler.h"
#include "plugin/pprof/symbols.h"

#include <stdio.h>
#include <stdlib.h>

enum { WAIT_MS = 200, HTTP_UNAVAILABLE = 503 };

static const struct profile_kind kind = {{"threads", "stacks"}, {"count", "count"}, 1};

static void put_stack(FILE *f, const struct sample *s)
{
	for (uint32_t i = 0; i < s->depth; i++) {
		uintptr_t pc = s->pc[i] - (i ? 1 : 0);
		const char *name = symbols_name(pc);

		(void)fprintf(f, "#\t0x%lx\t%s\n", (unsigned long)pc, name ? name : "?");
	}
}

static bool find(pid_t tid, struct sample *ret)
{
	size_t at = 0;

	while (sampler_next(&at, ret)) {
		if (ret->tid == (uint32_t)tid)
			return true;
	}
	return false;
}

static char *as_text(const struct profile_threads *t, size_t *ret_len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_len);
	const pid_t *tid;
	size_t n = profile_threads_list(t, &tid);
	struct sample s;

	if (!f)
		return NULL;
	symbols_load();
	for (size_t i = 0; i < n; i++) {
		(void)fprintf(f, "thread %d \"%s\":\n", (int)tid[i], profile_threads_name(t, tid[i]));
		if (find(tid[i], &s))
			put_stack(f, &s);
		else
			(void)fputs("#\tanswers no signals\n", f);
		(void)fputs("\n", f);
	}
	symbols_unload();
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

/* Until all have answered; those that block the signal never do. */
static void collect(const struct http_request *r, const struct profile_threads *t)
{
	const pid_t *tid;
	size_t n = profile_threads_list(t, &tid);

	for (size_t i = 0; i < n; i++)
		sampler_ask(tid[i]);
	for (unsigned ms = 0; ms < WAIT_MS && sampler_count() < n; ms += 10) {
		if (!http_sleep(r, 10 * NS_PER_MS))
			return;
	}
}

void pprof_threads(void *arg, const struct http_request *r, struct http_reply *ret)
{
	uint64_t began = clock_wall_ns();
	struct profile_threads *t;

	if (sampler_begin()) {
		http_reply_text(ret, HTTP_UNAVAILABLE, "another profile is being taken\n");
		return;
	}
	t = profile_threads_new();
	if (t)
		collect(r, t);
	sampler_end();
	if (t && pprof_debug(r)) {
		ret->body = as_text(t, &ret->len);
	} else if (t) {
		ret->type = "application/octet-stream";
		ret->download = true;
		ret->body = profile_stacks(&kind, t, began, 0, &ret->len);
	}
	sampler_free();
	free(t);
}
