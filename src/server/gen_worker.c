// SPDX-License-Identifier: Apache-2.0
/* One generation's part on one worker: what plugins made there, what still needs it, and its end. */

#include "base/log.h"
#include "server/generation.h"
#include "server/worker.h"

#include <stdlib.h>

void gen_worker_stop(struct gen_worker *gw)
{
	const struct generation *g = gw->gen;

	if (gw->stopped)
		return;
	gw->stopped = true;
	for (size_t i = 0; i < g->n_blocks; i++) {
		for (size_t k = 0; k < g->blocks[i].n_all; k++) {
			const struct instance *in = &g->blocks[i].all[k];

			if (in->plugin->worker_stop && gw->started[in->local_index])
				in->plugin->worker_stop(gw->w, in->state, gw->locals[in->local_index]);
		}
	}
}

static int start_all(struct gen_worker *gw)
{
	const struct generation *g = gw->gen;

	for (size_t i = 0; i < g->n_blocks; i++) {
		for (size_t k = 0; k < g->blocks[i].n_all; k++) {
			const struct instance *in = &g->blocks[i].all[k];
			int err = 0;

			if (in->plugin->worker_start)
				err = in->plugin->worker_start(gw->w, in->state, &gw->locals[in->local_index]);
			if (err)
				return err;
			gw->started[in->local_index] = true;
		}
	}
	return 0;
}

int gen_worker_start(struct gen_worker *gw)
{
	int err;

	gw->w->preparing = gw;
	err = start_all(gw);
	gw->w->preparing = NULL;
	return err;
}

struct gen_worker *gen_worker_new(struct worker *w, struct generation *g)
{
	struct gen_worker *gw = calloc(1, sizeof(*gw));

	if (!gw)
		return NULL;
	gw->gen = g;
	gw->w = w;
	gw->locals = calloc(g->n_locals + 1, sizeof(*gw->locals));
	gw->started = calloc(g->n_locals + 1, sizeof(*gw->started));
	if (!gw->locals || !gw->started) {
		gen_worker_free(gw);
		return NULL;
	}
	return gw;
}

void gen_worker_free(struct gen_worker *gw)
{
	free(gw->locals);
	free(gw->started);
	free(gw);
}

static void end(struct timer *t)
{
	struct gen_worker *gw = container_of(t, struct gen_worker, end);
	struct generation *g = gw->gen;

	gen_worker_stop(gw);
	g->parts[gw->w->index] = NULL;
	if (gw->w->gen == gw) /* the server stops, and a part of an older one may still look */
		gw->w->gen = NULL;
	gen_worker_free(gw);
	if (__atomic_sub_fetch(&g->workers_left, 1, __ATOMIC_ACQ_REL) == 0)
		g->ended(g);
}

/* From the loop, never from within a plugin whose structures would go. */
static void end_soon(struct gen_worker *gw)
{
	if (timer_armed(&gw->end))
		return;
	gw->end.fire = end;
	if (timer_arm(loop_timers(gw->w->loop), &gw->end, loop_now_ns(gw->w->loop)))
		log_line(LOG_ERROR, "out of memory: a replaced configuration stays in memory");
}

void gen_worker_hold(struct gen_worker *gw)
{
	gw->inflight++;
}

void gen_worker_release(struct gen_worker *gw)
{
	if (--gw->inflight == 0 && gw->retired)
		end_soon(gw);
}

void gen_worker_retire(struct gen_worker *gw)
{
	gw->retired = true;
	if (gw->inflight == 0)
		end_soon(gw);
}
