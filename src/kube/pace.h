// SPDX-License-Identifier: Apache-2.0
/* How often a storm of events wakes the thread.
 *
 * A turn costs more than the events in it: the caches are others' when the thread wakes.  When turn after turn brings a few
 * events, what arrives is left for a moment before it is read, so that more comes to it.  The rest begins with the arrival, not
 * with the end of the turn before: so none is seen later than that, and turns are as few as that allows.  Events that come now
 * and then, and lists, are taken at once.
 * Thread: the client's ("kube"). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PACE_REST_US = 9000, /* a change has to be seen within 10 ms of its arrival */
	PACE_WINDOW_MS = 100,
	PACE_STORM_TURNS = 15, /* in a window: it begins; without rest, so more than 150 a second */
	PACE_CALM_TURNS = 5,   /* fewer than so many in a window, each with a wait and a rest: it has ended, below some 90 a second */
	PACE_SMALL_BYTES = 8192, /* a turn that brings more is no small one: a list, or several events already */
};

struct kube_pace {
	uint64_t window_ns; /* began */
	unsigned turns;     /* in it that brought a little */
	bool storm;
};

/* A turn ended at now_ns with so many bytes of responses: rest so long, in us, between the next arrival and reading it. */
unsigned kube_pace(struct kube_pace *p, uint64_t now_ns, size_t bytes);
