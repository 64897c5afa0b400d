// SPDX-License-Identifier: Apache-2.0
#include "kube/pace.h"

#include "base/clock.h"

static void end_window(struct kube_pace *p, uint64_t now_ns)
{
	uint64_t took = now_ns - p->window_ns;
	unsigned least = p->storm ? PACE_CALM_TURNS : PACE_STORM_TURNS;

	if (took < PACE_WINDOW_MS * NS_PER_MS)
		return;
	p->storm = p->turns >= least && took < 2 * PACE_WINDOW_MS * NS_PER_MS;
	p->window_ns = now_ns;
	p->turns = 0;
}

unsigned kube_pace(struct kube_pace *p, uint64_t now_ns, size_t bytes)
{
	end_window(p, now_ns);
	if (!bytes || bytes > PACE_SMALL_BYTES)
		return 0;
	p->turns++;
	return p->storm ? PACE_SLEEP_MS : 0;
}
