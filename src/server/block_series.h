// SPDX-License-Identifier: Apache-2.0
/* Counters of a plugin by listener: the `server` label.  Resolved in start(), frozen afterwards.
 *
 *   start():  p->hits = block_series(gen, p->block, &hits_desc, (const char *[]){NULL, block_view(p->block)});
 *   query():  block_count(q, p->hits); */
#pragma once

#include "base/metrics.h"
#include "server/generation.h"
#include "server/query.h"
#include "server/worker.h"

/* The series of each listener of the generation that serves `b`, by its index; 0, which counts nowhere, for the
 * others.  `values`: as for metrics_series; the first one, `server`, is filled in here.  In the generation's arena; NULL: no
 * memory.  Thread: control. */
metric_id *block_series(struct generation *g, const struct block *b, const struct metric_desc *d,
			const char **values);
/* The `view` label: the name of the block's view, or "". */
const char *block_view(const struct block *b);

/* Thread: worker. */
static inline void block_count(struct query *q, const metric_id *series)
{
	metric_inc(q->w->cells, series[q->listener - q->gen->gen->listeners]);
}
