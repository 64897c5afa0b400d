// SPDX-License-Identifier: Apache-2.0
/* The server's clocks and random numbers, from the seed. */
#include "base/clock.h"
#include "base/rng.h"
#include "world.h"

#include <string.h>

/* 2026-01-01, so that signatures can be valid. */
enum { WALL_BEGIN_S = 1767225600 };

uint64_t clock_mono_ns(void)
{
	return world.now_ns;
}

uint64_t clock_wall_ns(void)
{
	return WALL_BEGIN_S * NS_PER_S + (world.now_ns - world.begin_ns);
}

/* The state lives in the first bytes of the buffer. */
void rng_init(struct rng *r)
{
	uint64_t s = chance_u64(&world.code_chance);

	memcpy(r->buf, &s, sizeof(s));
	r->at = 0;
}

static uint64_t draw(struct rng *r)
{
	uint64_t s, v;

	memcpy(&s, r->buf, sizeof(s));
	v = chance_u64(&s);
	memcpy(r->buf, &s, sizeof(s));
	return v;
}

void rng_bytes(struct rng *r, void *out, size_t len)
{
	uint8_t *to = out;

	while (len) {
		uint64_t v = draw(r);
		size_t n = len < sizeof(v) ? len : sizeof(v);

		memcpy(to, &v, n);
		to += n;
		len -= n;
	}
}

uint32_t rng_u32(struct rng *r)
{
	return (uint32_t)(draw(r) >> 32);
}

uint16_t rng_u16(struct rng *r)
{
	return (uint16_t)(draw(r) >> 48);
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)((draw(r) >> 32) * n >> 32);
}
