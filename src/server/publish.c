// SPDX-License-Identifier: Apache-2.0
/* Making a generation serve, and giving the one before it up.
 *
 *   ports opened -> adopt -> start (all plugins) -> prepare (each worker: worker_start) -> take (each worker)
 * Whatever fails before `take` is undone, and the old generation has not noticed. */

#include "base/err.h"
#include "base/log.h"
#include "server/generation.h"
#include "server/runtime_internal.h"
#include "server/show.h"
#include "server/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What is cancelled ends within a turn or two. */
enum { CANCEL_MS = 1000 };

/* ---------------------------------------------------------------- adoption */

static const struct block *same_block(const struct generation *old, const struct block *b)
{
	for (size_t i = 0; i < old->n_blocks; i++) {
		if (old->blocks[i].identity == b->identity && old->blocks[i].n_keys)
			return &old->blocks[i];
	}
	return NULL;
}

static const struct instance *find_instance(const struct block *b, const struct plugin *p)
{
	for (size_t i = 0; i < b->n_all; i++) {
		if (b->all[i].plugin == p)
			return &b->all[i];
	}
	return NULL;
}

static const struct instance *next_answering(const struct block *b, const struct instance *in)
{
	while (++in < b->all + b->n_all) {
		if (in->plugin->makes_answers)
			return in;
	}
	return NULL;
}

/* The settings of both and of every answer-making directive after them are the same. */
static bool answers_alike(const struct block *a, const struct instance *in_a, const struct block *b,
			  const struct instance *in_b)
{
	while (in_a && in_b) {
		if (in_a->plugin != in_b->plugin || in_a->fingerprint != in_b->fingerprint)
			return false;
		in_a = next_answering(a, in_a);
		in_b = next_answering(b, in_b);
	}
	return !in_a && !in_b;
}

static void adopt_all(struct generation *g, const struct generation *old)
{
	for (size_t i = 0; i < g->n_blocks; i++) {
		struct block *b = &g->blocks[i];
		const struct block *was = same_block(old, b);

		for (size_t k = 0; was && k < b->n_all; k++) {
			const struct instance *in = &b->all[k];
			const struct instance *before = in->plugin->adopt ? find_instance(was, in->plugin) : NULL;

			if (before && answers_alike(b, in, was, before))
				in->plugin->adopt(in->state, before->state);
		}
	}
}

/* ---------------------------------------------------------------- plugins */

/* Stop the first `n` instances, counted over all blocks in order. */
static void stop_plugins(struct generation *g, size_t n)
{
	for (size_t i = 0; i < g->n_blocks; i++) {
		for (size_t k = 0; k < g->blocks[i].n_all && n > 0; k++, n--) {
			const struct instance *in = &g->blocks[i].all[k];

			if (in->plugin->stop)
				in->plugin->stop(in->state);
		}
	}
}

static int start_plugins(struct generation *g, const char **ret_error)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_blocks; i++) {
		for (size_t k = 0; k < g->blocks[i].n_all; k++, n++) {
			const struct instance *in = &g->blocks[i].all[k];
			int err = in->plugin->start ? in->plugin->start(g, in->state) : 0;

			if (!err)
				continue;
			stop_plugins(g, n);
			*ret_error = arena_printf(&g->arena, "plugin/%s: %s", in->plugin->name, err_text(err));
			return err;
		}
	}
	return 0;
}

/* ---------------------------------------------------------------- per worker */

/* Task: this worker's part of the new generation, with all plugins' worker_start. */
static int prepare(struct worker *w, void *arg)
{
	struct generation *g = arg;
	struct gen_worker *gw = gen_worker_new(w, g);

	if (!gw)
		return -ENOMEM;
	g->parts[w->index] = gw;
	return gen_worker_start(gw);
}

/* Task: undo `prepare`. */
static int forget(struct worker *w, void *arg)
{
	struct generation *g = arg;
	struct gen_worker *gw = g->parts[w->index];

	if (!gw)
		return 0;
	gen_worker_stop(gw);
	gen_worker_free(gw);
	g->parts[w->index] = NULL;
	return 0;
}

/* Task: from now on new queries get the new generation. */
static int take(struct worker *w, void *arg)
{
	struct generation *g = arg;
	struct gen_worker *old = w->gen;

	w->gen = g->parts[w->index];
	ports_take(w, old);
	if (old)
		gen_worker_retire(old);
	return 0;
}

/* ---------------------------------------------------------------- publish */

static int bring_up(struct generation *g, const char **ret_error)
{
	int err = start_plugins(g, ret_error);

	if (err)
		return err;
	err = server_on_all(prepare, g);
	if (!err)
		return 0;
	*ret_error = arena_printf(&g->arena, "starting in the workers: %s", err_text(err));
	(void)server_on_all(forget, g); /* cannot fail */
	stop_plugins(g, SIZE_MAX);
	return err;
}

int server_publish(struct generation *g, const char **ret_error)
{
	struct generation *old = runtime.current;
	int err;

	*ret_error = "out of memory";
	ports_settle(); /* what has retired since the last time */
	g->workers_left = runtime.n_workers;
	g->ended = runtime.generation_ended;
	g->parts = arena_zalloc(&g->arena, runtime.n_workers * sizeof(struct gen_worker *));
	if (!g->parts)
		return -ENOMEM;
	err = ports_open(g, ret_error);
	if (err)
		return err;
	err = runtime.starting ? runtime.starting(g, ret_error) : 0;
	if (err) {
		ports_close_fresh();
		return err;
	}
	if (old)
		adopt_all(g, old);
	err = bring_up(g, ret_error);
	if (err) {
		ports_close_fresh();
		return err;
	}
	show_change_begin();
	runtime.current = g;
	show_change_end();
	(void)server_on_all(take, g); /* cannot fail */
	ports_settle();
	return 0;
}

void generation_retire(struct generation *g)
{
	stop_plugins(g, SIZE_MAX);
	generation_free(g);
}

/* Task: the replaced generation's time is up. */
static int cancel(struct worker *w, void *arg)
{
	struct generation *g = arg;
	struct gen_worker *gw = g->parts[w->index];

	if (!gw || !gw->retired)
		return 0;
	gen_worker_hold(gw); /* stay while we look */
	query_abort_all(w, gw);
	gen_worker_stop(gw);
	gen_worker_release(gw);
	return 0;
}

void server_cancel(struct generation *old)
{
	(void)server_on_all(cancel, old); /* cannot fail */
}

/* ---------------------------------------------------------------- the end */

static int let_go(struct worker *w, void *arg)
{
	(void)arg;
	ports_let_go(w);
	return 0;
}

void server_let_go(void)
{
	(void)server_on_all(let_go, NULL); /* cannot fail */
}

static int retire_last(struct worker *w, void *arg)
{
	struct gen_worker *gw = w->gen;

	(void)arg;
	if (!gw)
		return 0;
	ports_take(w, gw);
	gen_worker_retire(gw);
	return 0;
}

/* Wait for the generations to end, at most for drain_ms. */
static bool wait_drained(struct generation *const *g, size_t n, unsigned drain_ms)
{
	const struct timespec step = {.tv_nsec = 2000000};

	for (unsigned ms = 0;; ms += 2) {
		size_t left = 0;

		for (size_t i = 0; i < n; i++)
			left += __atomic_load_n(&g[i]->workers_left, __ATOMIC_ACQUIRE) != 0;
		if (left == 0 || ms >= drain_ms)
			return left == 0;
		(void)nanosleep(&step, NULL);
	}
}

void server_stop(unsigned drain_ms, struct generation *const *old, size_t n_old)
{
	struct generation *all[SERVER_OLD_MAX + 1];
	size_t n = 0;

	for (; n < n_old && n < SERVER_OLD_MAX; n++)
		all[n] = old[n];
	if (runtime.current) {
		all[n++] = runtime.current;
		ports_unwant_all();
		(void)server_on_all(retire_last, NULL); /* cannot fail */
	}
	if (!wait_drained(all, n, drain_ms)) {
		for (size_t i = 0; i < n; i++)
			server_cancel(all[i]);
		if (!wait_drained(all, n, CANCEL_MS))
			log_line(LOG_ERROR, "some queries could not be ended");
	}
	show_change_begin();
	server_end_threads();
	runtime.current = NULL;
	show_change_end();
	ports_settle();
}
