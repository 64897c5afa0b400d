// SPDX-License-Identifier: Apache-2.0
/* Looking at what serves from outside of the workers, the builder and control: while it is held, the generation is not stopped and
 * the workers are there.  Meanwhile a publish and the end wait, so hold it briefly. */
#pragma once

#include <stddef.h>

struct generation;

/* The generation that serves; NULL: none does, or the server has ended (then nothing is held).  Thread: any but a worker's,
 * control's and the builder's. */
struct generation *show_hold(void);
void show_release(void);

/* publish.c: what show_hold gives is about to change, and has changed.  Thread: control, builder. */
void show_change_begin(void);
void show_change_end(void);

/* Memory of queries that wait for an answer, of all workers.  Thread: any. */
size_t show_in_flight(void);
