// SPDX-License-Identifier: Apache-2.0
/* What the workers know of themselves, as metrics: queues, waiting queries, connections, memory, what
 * passed the door.
 *
 * Before a scrape each worker is sent a message and copies its numbers in its own turn; a worker that does
 * not come to it in time shows those of the scrape before.  So nothing is shared while queries are
 * answered. */
#pragma once

#include "net/loop.h"

/* Between server_start and the end of the threads.  Control. */
void worker_metrics_start(void);
void worker_metrics_stop(void);

/* The same of all workers together, for people who look.  Takes up to 50 ms; zeros once the workers have ended.  Thread: any but a
 * worker's. */
struct worker_numbers {
	size_t queued, waiting, connections; /* now */
	struct net_stats net;                /* since the start */
};
void worker_metrics_read(struct worker_numbers *ret);
