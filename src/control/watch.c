// SPDX-License-Identifier: Apache-2.0
#include "control/watch.h"

#include "base/log.h"
#include "base/rng.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	DOUBT_MS = 250,               /* between the two looks */
	RETRY_MAX_MS = 10 * 60 * 1000,
};

static void look(uv_timer_t *t);

static void wait_ms(struct watch *w, uint64_t ms)
{
	if (w->period_ms)
		uv_timer_start(&w->timer, look, ms, 0);
}

static void wait_period(struct watch *w)
{
	w->doubting = false;
	wait_ms(w, w->period_ms);
}

/* ---------------------------------------------------------------- a look (builder) */

static void look_work(uv_work_t *work)
{
	struct watch *w = container_of(work, struct watch, work);
	struct cf_errors errs;
	struct arena a;

	arena_init(&a, NULL, 0, NULL);
	cf_errors_init(&errs, &a);
	w->bad = loader_look(w->loader, &a, &errs, &w->found) != 0;
	w->error[0] = '\0';
	for (const struct cf_error *e = errs.first; w->bad && e && !w->error[0]; e = e->next) {
		if (!e->warning)
			(void)cf_error_format(e, w->error, sizeof(w->error)); /* a longer one is cut */
	}
	arena_fini(&a);
}

/* ---------------------------------------------------------------- what follows */

/* Once for each reason: it stands until somebody repairs the file. */
static void warn(struct watch *w)
{
	if (strcmp(w->warned, w->error) == 0)
		return;
	memcpy(w->warned, w->error, sizeof(w->warned));
	log_line(LOG_WARNING, "plugin/reload: Corefile parse failed: %s", w->error);
}

/* Is it the one that failed, and its pause not over? */
static bool pausing(const struct watch *w)
{
	return w->n_failed && config_sum_equal(&w->found, &w->tried) && uv_now(w->timer.loop) < w->retry_at_ms;
}

static void doubt(struct watch *w)
{
	w->doubting = true;
	w->doubted = w->bad ? (struct config_sum){{0}} : w->found;
	wait_ms(w, DOUBT_MS);
}

static void judge_bad(struct watch *w)
{
	if (!w->doubting) {
		doubt(w);
		return;
	}
	warn(w);
	wait_period(w);
}

static void judge(struct watch *w)
{
	if (w->bad) {
		judge_bad(w);
		return;
	}
	w->warned[0] = '\0';
	if (config_sum_equal(&w->found, &w->serving) || pausing(w)) {
		wait_period(w);
	} else if (!w->doubting || !config_sum_equal(&w->found, &w->doubted)) {
		doubt(w);
	} else {
		w->asked = w->found;
		wait_period(w);
		w->changed(w->arg);
	}
}

static void look_done(uv_work_t *work, int status)
{
	struct watch *w = container_of(work, struct watch, work);

	(void)status; /* never cancelled */
	w->looking = false;
	if (w->period_ms)
		judge(w);
}

static void look(uv_timer_t *t)
{
	struct watch *w = t->data;

	if (w->looking) /* a reload began another round while the last look was still reading */
		return wait_period(w);
	w->looking = true;
	(void)uv_queue_work(t->loop, &w->work, look_work, look_done); /* fails only without a function */
}

/* ---------------------------------------------------------------- control's calls */

void watch_init(struct watch *w, uv_loop_t *loop, struct loader *l, void (*changed)(void *arg), void *arg)
{
	*w = (struct watch){.loader = l, .changed = changed, .arg = arg};
	uv_timer_init(loop, &w->timer);
	w->timer.data = w;
}

/* Off by up to half of the jitter, either way; the same until the next configuration. */
static uint64_t draw_period(uint32_t every_ms, uint32_t jitter_ms)
{
	struct rng r;

	rng_init(&r);
	return (uint64_t)every_ms - jitter_ms / 2 + rng_below(&r, jitter_ms + 1);
}

void watch_serves(struct watch *w, const struct config_sum *sum, uint32_t every_ms, uint32_t jitter_ms)
{
	w->serving = *sum;
	w->n_failed = 0;
	w->warned[0] = '\0';
	w->period_ms = every_ms ? draw_period(every_ms, jitter_ms) : 0;
	if (w->period_ms)
		wait_period(w);
	else
		uv_timer_stop(&w->timer);
}

void watch_failed(struct watch *w)
{
	uint64_t pause = w->period_ms;

	w->n_failed = config_sum_equal(&w->asked, &w->tried) ? w->n_failed + 1 : 1;
	w->tried = w->asked;
	for (unsigned i = 1; i < w->n_failed && pause < RETRY_MAX_MS; i++)
		pause *= 2;
	w->retry_at_ms = uv_now(w->timer.loop) + (pause < RETRY_MAX_MS ? pause : RETRY_MAX_MS);
}

void watch_stop(struct watch *w)
{
	w->period_ms = 0;
	uv_timer_stop(&w->timer);
}

bool watch_busy(const struct watch *w)
{
	return w->looking;
}
