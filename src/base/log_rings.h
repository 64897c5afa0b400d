// SPDX-License-Identifier: Apache-2.0
/* Which thread has which ring.  Part of base/log. */
#pragma once

#include "base/log_ring.h"

enum { LOG_RINGS_MAX = 128 };

/* The calling thread's ring, taken on first use; NULL (counted) when none is left.  It goes back when the thread
 * ends, with what it still holds, and may then be another's.  Any thread. */
struct log_ring *log_rings_mine(void);

/* Rings that were ever made; the writer walks over 0..n-1. */
size_t log_rings_count(void);
struct log_ring *log_rings_at(size_t i);

/* Lines dropped by all rings, and by threads that got none. */
uint64_t log_rings_dropped(void);
/* Count lines that were lost elsewhere.  Any thread. */
void log_rings_lost(uint64_t n);
