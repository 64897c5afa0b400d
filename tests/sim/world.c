// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "door.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 256 * 1024, WRONG_TOLD = 5 };

struct world world;

/* ---------------------------------------------------------------- memory */

struct chunk {
	struct chunk *next;
	size_t used, size;
	uint64_t data[];
};

/* The first chunk is kept from world to world: most need no other. */
static struct chunk *kept;

static struct chunk *chunk_new(size_t size)
{
	struct chunk *c = malloc(sizeof(*c) + size);

	if (!c)
		abort();
	c->size = size;
	c->used = 0;
	c->next = NULL;
	return c;
}

void *world_alloc(size_t size)
{
	struct chunk *c = world.memory;
	void *p;

	size = (size + 7) & ~(size_t)7;
	if (c->size - c->used < size) {
		c = chunk_new(size > CHUNK ? size : CHUNK);
		c->next = world.memory;
		world.memory = c;
	}
	p = (uint8_t *)c->data + c->used;
	c->used += size;
	return memset(p, 0, size);
}

void *world_copy(const void *from, size_t size)
{
	void *to = world_alloc(size ? size : 1);

	return size ? memcpy(to, from, size) : to;
}

/* ---------------------------------------------------------------- chance */

/* Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (2014). */
uint64_t chance_u64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint32_t world_below(uint32_t n)
{
	return n ? (uint32_t)((chance_u64(&world.chance) >> 32) * n >> 32) : 0;
}

uint64_t world_between(uint64_t low, uint64_t high)
{
	return low + chance_u64(&world.chance) % (high - low + 1);
}

bool world_percent(unsigned p)
{
	return world_below(100) < p;
}

/* ---------------------------------------------------------------- life */

void world_begin(uint64_t seed, bool telling)
{
	uint64_t s = seed;

	if (!kept)
		kept = chunk_new(CHUNK);
	kept->used = 0;
	kept->next = NULL;
	world = (struct world){.seed = seed, .telling = telling, .memory = kept};
	world.chance = chance_u64(&s);
	world.code_chance = chance_u64(&s);
	world.begin_ns = world.now_ns = 1000 * NS_PER_S + chance_u64(&s) % (1000000 * NS_PER_S);
	timer_heap_init(&world.events);
	sim_udp_reset();
	sim_tcp_reset();
}

void world_end(void)
{
	while (world.memory != kept) {
		struct chunk *c = world.memory;

		world.memory = c->next;
		free(c);
	}
	timer_heap_fini(&world.events);
}

/* ---------------------------------------------------------------- events */

void world_after(struct timer *t, uint64_t delay_ns)
{
	if (timer_arm(&world.events, t, world.now_ns + delay_ns))
		abort();
}

static struct loop *next_loop(uint64_t *ret_at)
{
	struct loop *best = NULL;

	*ret_at = UINT64_MAX;
	for (unsigned i = 0; i < world.n_loops; i++) {
		uint64_t at = world.loops[i] ? loop_next_turn_at(world.loops[i]) : UINT64_MAX;

		if (at < *ret_at) {
			*ret_at = at;
			best = world.loops[i];
		}
	}
	return best;
}

bool world_step(uint64_t until_ns)
{
	uint64_t loop_at, event_at = timer_heap_next(&world.events);
	struct loop *l = next_loop(&loop_at);
	uint64_t at = event_at <= loop_at ? event_at : loop_at;

	if (at > until_ns) {
		if (until_ns != UINT64_MAX && until_ns > world.now_ns)
			world.now_ns = until_ns;
		return false;
	}
	if (at > world.now_ns)
		world.now_ns = at;
	if (event_at <= loop_at) {
		struct timer *t = world.events.v[0];

		timer_disarm(&world.events, t);
		t->fire(t);
	} else {
		loop_turn(l);
	}
	return true;
}

void world_run_until(uint64_t until_ns)
{
	while (world_step(until_ns))
		continue;
}

/* ---------------------------------------------------------------- the story */

static PRINTF(2, 0) void tell(const char *mark, const char *fmt, va_list ap)
{
	printf("%11.6f %s", (double)(world.now_ns - world.begin_ns) / 1e9, mark);
	vprintf(fmt, ap);
	putchar('\n');
}

void world_tell(const char *fmt, ...)
{
	va_list ap;

	if (likely(!world.telling))
		return;
	va_start(ap, fmt);
	tell("", fmt, ap);
	va_end(ap);
}

void world_wrong(const char *fmt, ...)
{
	va_list ap;

	if (world.n_wrong++ >= WRONG_TOLD && !world.telling)
		return;
	va_start(ap, fmt);
	printf("seed %llu: ", (unsigned long long)world.seed);
	tell("WRONG: ", fmt, ap);
	va_end(ap);
}

/* FNV-1a over what was seen and when. */
void world_digest(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t h = world.digest ^ world.now_ns;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	world.digest = h * 0x100000001b3u;
}
