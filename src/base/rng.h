// SPDX-License-Identifier: Apache-2.0
/* Random numbers that an outsider cannot guess (ids, ports, hash keys, rotation).
 *
 * Behind the door: the real one buffers getrandom(2); the simulator's replays a seed.
 * Thread: worker (one `struct rng` a thread). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint8_t buf[512];
	size_t at; /* next unused byte of buf; sizeof buf when empty */
};

void rng_init(struct rng *r);
void rng_bytes(struct rng *r, void *out, size_t len);
uint32_t rng_u32(struct rng *r);
uint16_t rng_u16(struct rng *r);
/* Uniform in 0..n-1, without bias; 0 for n = 0. */
uint32_t rng_below(struct rng *r, uint32_t n);
