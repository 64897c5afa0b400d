// SPDX-License-Identifier: Apache-2.0
/* A world: one seed, one clock, one run of events.
 *
 *   world.c     clock, events, chance, the story    scenario.c  what a seed makes     config.c   Corefiles
 *   truth.c     what is right        site.c   upstreams       client.c  clients      check.c   right answers?
 *   loop.c, udp.c, stream.c, listen.c   the door (net/loop.h ...)     chance.c   base/rng.h, base/clock.h
 *   runtime.c   workers as turns     rcu.c      grace periods   background.c  server/background.h
 *   hostfile.c  a hosts file that changes
 *
 * Everything happens in one thread.  Nothing depends on addresses, on the real clock or on what ran before,
 * so a seed always tells the same story.  All of a world's own memory is freed at once at its end. */
#pragma once

#include "base/clock.h"
#include "base/compiler.h"
#include "base/heap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct chunk;

enum { WORLD_LOOPS_MAX = 4 };

struct world {
	uint64_t seed;
	uint64_t now_ns, begin_ns;
	uint64_t chance; /* the world's own dice */
	uint64_t code_chance; /* what the server's generators are seeded from */
	struct timer_heap events;
	struct loop *loops[WORLD_LOOPS_MAX];
	unsigned n_loops;
	bool telling; /* the story is printed */
	uint64_t digest; /* of all that clients and upstreams saw */
	unsigned n_wrong; /* broken invariants */
	bool tight; /* the server has too little memory for what is asked */
	struct chunk *memory;
};
extern struct world world;

void world_begin(uint64_t seed, bool telling);
void world_end(void);

/* Zeroed memory until the world ends. */
void *world_alloc(size_t size);
void *world_copy(const void *from, size_t size);

/* ---- chance */
uint64_t chance_u64(uint64_t *state);
uint32_t world_below(uint32_t n); /* 0..n-1 */
uint64_t world_between(uint64_t low, uint64_t high); /* both included */
bool world_percent(unsigned p);

/* ---- events: embed, set `fire`, arm.  One at a time, in order of time, then of arming. */
void world_after(struct timer *t, uint64_t delay_ns);
/* Do the next thing (an event, a loop's turn) unless it comes after `until_ns`: false, the clock stands there. */
bool world_step(uint64_t until_ns);
void world_run_until(uint64_t until_ns);

/* ---- the story */
void world_tell(const char *fmt, ...) PRINTF(1, 2);
/* An invariant is broken: told in any case. */
void world_wrong(const char *fmt, ...) PRINTF(1, 2);
void world_digest(const void *data, size_t len);
