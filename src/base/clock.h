// SPDX-License-Identifier: Apache-2.0
/* The two clocks, behind the door: the simulator links its own clock.c. */
#pragma once

#include <stdint.h>

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull
#define NS_PER_US 1000ull

/* Nanoseconds that never go back; the start is arbitrary.  Any thread. */
uint64_t clock_mono_ns(void);
/* Nanoseconds since 1970 (UTC).  Any thread. */
uint64_t clock_wall_ns(void);
