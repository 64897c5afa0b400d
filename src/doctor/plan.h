// SPDX-License-Identifier: Apache-2.0
/* Which questions are put to whom: the engine's own plan, and what the reasoning wishes for.
 *
 *   candidates   every name of the search walks, at every resolver
 *   matrix       the name asked for and the control name, at every server, in all ways; and who are you (version.bind)
 *   wishes       verdict.h
 *
 * Each makes observations in the world and a batch for the asker.  Thread: one. */
#pragma once

#include "base/compiler.h"
#include "doctor/ask.h"
#include "doctor/observe.h"

struct wish_list;

enum {
	/* How often the name is asked for where it matters, and else. */
	PLAN_ATTEMPTS_PLAIN = 3,
	PLAN_ATTEMPTS = 2,
	/* At the service address: twice for each pod behind it, so that each is met, up to so many. */
	PLAN_SERVICE_MAX = 16,
};

struct plan {
	struct observed_world *w;
	struct ask_queue *queues;
	unsigned n_queues;
	struct ask_item *items;
	unsigned n_items;
	bool count_only; /* nothing is made, items are only counted */
};

void plan_init(struct plan *p, struct observed_world *w);
void plan_candidates(struct plan *p);
void plan_matrix(struct plan *p);
/* Wishes over the budget become observations that are not sent, one each. */
void plan_wishes(struct plan *p, const struct wish_list *wishes, unsigned round);
struct ask_batch plan_batch(const struct plan *p);
