// SPDX-License-Identifier: Apache-2.0
/* The timer queue: a 4-ary heap of intrusive timers, earliest first, ties in order of arming (so that
 * iteration never depends on addresses).  Thread: worker. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
	uint64_t at_ns;
	uint64_t serial;
	uint32_t index; /* place in the heap + 1; 0 = not armed */
	void (*fire)(struct timer *t);
};

struct timer_heap {
	struct timer **v;
	size_t n, cap;
	uint64_t next_serial;
};

void timer_heap_init(struct timer_heap *h);
void timer_heap_fini(struct timer_heap *h);
/* Arm (or re-arm) at an absolute monotonic time.  Grows by malloc; -ENOMEM leaves the timer unarmed. */
int timer_arm(struct timer_heap *h, struct timer *t, uint64_t at_ns) MUST_USE;
/* A timer that is not armed is left alone. */
void timer_disarm(struct timer_heap *h, struct timer *t);
static inline bool timer_armed(const struct timer *t)
{
	return t->index != 0;
}
/* The earliest time, or UINT64_MAX. */
uint64_t timer_heap_next(const struct timer_heap *h);
/* Fire all that are due at `now`; a timer armed by a callback for <= now fires in the same call. */
void timer_heap_run(struct timer_heap *h, uint64_t now_ns);
