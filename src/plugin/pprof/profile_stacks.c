// SPDX-License-Identifier: Apache-2.0
#include "plugin/pprof/profile_stacks.h"

#include "plugin/pprof/sampler.h"
#include "plugin/pprof/symbols.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct profile_threads {
	size_t n;
	pid_t tid[SAMPLER_TASKS_MAX];
	char name[SAMPLER_TASKS_MAX][SAMPLER_NAME_MAX];
};

struct profile_threads *profile_threads_new(void)
{
	struct profile_threads *t = calloc(1, sizeof(*t));
	char state;

	if (!t)
		return NULL;
	t->n = sampler_tasks(t->tid);
	for (size_t i = 0; i < t->n; i++)
		(void)sampler_task(t->tid[i], t->name[i], &state); /* gone: without a name */
	return t;
}

size_t profile_threads_list(const struct profile_threads *t, const pid_t **ret)
{
	*ret = t->tid;
	return t->n;
}

const char *profile_threads_name(const struct profile_threads *t, pid_t tid)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->tid[i] == tid)
			return t->name[i];
	}
	return "";
}

static int by_stack(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	if (x->tid != y->tid)
		return x->tid < y->tid ? -1 : 1;
	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	return memcmp(x->pc, y->pc, x->depth * sizeof(*x->pc));
}

/* All stacks, sorted, so that equal ones are neighbours. */
static struct sample *sorted(size_t *ret_n)
{
	struct sample *v, s;
	size_t at = 0, n = 0;

	while (sampler_next(&at, &s))
		n++;
	v = calloc(n + 1, sizeof(*v));
	*ret_n = 0;
	for (at = 0; v && *ret_n < n && sampler_next(&at, &v[*ret_n]);)
		++*ret_n;
	if (v && *ret_n)
		qsort(v, *ret_n, sizeof(*v), by_stack);
	return v;
}

/* Above the innermost frame stand return addresses: the call is before them. */
static void add(struct profile *p, const struct sample *s, uint64_t count, uint64_t period,
		const char *thread)
{
	uint64_t ids[SAMPLE_DEPTH];

	for (uint32_t i = 0; i < s->depth; i++) {
		uintptr_t pc = s->pc[i] - (i ? 1 : 0);

		ids[i] = profile_location(p, pc, symbols_name(pc));
	}
	profile_sample(p, ids, s->depth, (const uint64_t[]){count, count * period}, thread);
}

static void add_lost(struct profile *p)
{
	char text[80];

	if (!sampler_lost())
		return;
	(void)snprintf(text, sizeof(text), "%" PRIu64 " stacks found no room", sampler_lost());
	profile_comment(p, text);
}

char *profile_stacks(const struct profile_kind *k, const struct profile_threads *t, uint64_t began_ns,
		     uint64_t duration_ns, size_t *ret_len)
{
	struct profile *p = profile_new(k, began_ns, duration_ns);
	size_t n;
	struct sample *v = sorted(&n);
	char *out = NULL;

	symbols_load();
	for (size_t i = 0, same; p && v && i < n; i += same) {
		for (same = 1; i + same < n && by_stack(&v[i], &v[i + same]) == 0;)
			same++;
		add(p, &v[i], same, k->period, profile_threads_name(t, (pid_t)v[i].tid));
	}
	if (p && v) {
		add_lost(p);
		out = profile_finish(p, ret_len);
	}
	symbols_unload();
	free(v);
	profile_free(p);
	return out;
}
