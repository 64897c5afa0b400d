// SPDX-License-Identifier: Apache-2.0
/* How often a storm of events wakes the thread.
 *
 * Waking costs more than an event does.  When turn after turn brings a few, the thread sleeps a moment between turns, so that
 * several come in each: a change is then seen that much later.  Events that come now and then, and lists, are taken at once.
 * Thread: the client's ("kube"). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PACE_SLEEP_MS = 15,
	PACE_WINDOW_MS = 100,
	PACE_STORM_TURNS = 15, /* in a window: it begins; without sleep, so more than 150 a second */
	PACE_CALM_TURNS = 4,   /* fewer than so many in a window, of the six that the sleep leaves room for: it has ended */
	PACE_SMALL_BYTES = 8192, /* a turn that brings more is no small one: a list, or several events already */
};

struct kube_pace {
	uint64_t window_ns; /* began */
	unsigned turns;     /* in it that brought a little */
	bool storm;
};

/* A turn ended at now_ns with so many bytes of responses: sleep so long, in ms, before the next one. */
unsigned kube_pace(struct kube_pace *p, uint64_t now_ns, size_t bytes);
