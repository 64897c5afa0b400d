// SPDX-License-Identifier: Apache-2.0
/* Looking whether the configuration has changed (`reload`).
 *
 *   WAITING --period--> looking --as it serves--> WAITING
 *                          |---- other, or bad --> DOUBTING --again the same--> reload asked for, or a warning
 * A change counts when two looks a moment apart see the same, so files that are just being written, or gone while
 * a ConfigMap's symlink is turned, are left alone.  What failed is tried again after a pause that grows, since
 * the reason may lie outside the files.  Thread: control; the looks run on the builder. */
#pragma once

#include "control/config_sum.h"
#include "control/loader.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct watch {
	uv_timer_t timer;
	uv_work_t work;
	struct loader *loader;
	void (*changed)(void *arg); /* reload now; ends in watch_serves or watch_failed */
	void *arg;
	uint64_t period_ms;         /* 0: nobody wants it */
	bool looking;
	struct config_sum serving, doubted, asked;
	struct config_sum tried;    /* failed n_failed times in a row */
	unsigned n_failed;
	uint64_t retry_at_ms;
	bool doubting;
	char warned[256];           /* the error told last */
	/* what the look found; while `looking` the builder's */
	struct config_sum found;
	bool bad;
	char error[256];
};

void watch_init(struct watch *w, uv_loop_t *loop, struct loader *l, void (*changed)(void *arg), void *arg);
/* A configuration has come to serve: watch as it wants from now on (every_ms 0: not at all). */
void watch_serves(struct watch *w, const struct config_sum *sum, uint32_t every_ms, uint32_t jitter_ms);
/* The reload that was asked for has failed, or cannot be had now. */
void watch_failed(struct watch *w);
/* No more looks; one that is under way may still end (watch_busy). */
void watch_stop(struct watch *w);
bool watch_busy(const struct watch *w);
