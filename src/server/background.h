// SPDX-License-Identifier: Apache-2.0
/* Work that comes back every so often and may wait for files: looking whether a hosts file has changed, a weights file.
 *
 * One thread of its own runs it, one task after the other; it exists only while there are tasks.  What a task makes for
 * the workers it publishes by base/rcu.h. */
#pragma once

#include <stdint.h>

struct background_task;

/* Call fn(arg) every `interval_ms` (> 0), first after one interval.  A run that took longer than the interval is
 * followed by the next one after a whole interval.  NULL: no memory, no thread.
 * Thread: control, builder (a plugin's start). */
struct background_task *background_every(uint64_t interval_ms, void (*fn)(void *arg), void *arg);

/* fn is not running when this returns, and never will be.  NULL is left alone.  Thread: as above, never fn itself. */
void background_stop(struct background_task *t);
