// SPDX-License-Identifier: Apache-2.0
/* What the workers know of themselves, as metrics: queues, waiting queries, connections, memory, what
 * passed the door.
 *
 * Before a scrape each worker is sent a message and copies its numbers in its own turn; a worker that does
 * not come to it in time shows those of the scrape before.  So nothing is shared while queries are
 * answered. */
#pragma once

/* Between server_start and the end of the threads.  Control. */
void worker_metrics_start(void);
void worker_metrics_stop(void);
