// SPDX-License-Identifier: Apache-2.0
/* For property tests: many rounds, each from a seed of its own that a failure prints.
 *   BINNACLE_TEST_SEED=n    begin with this seed (to repeat a failure: with BINNACLE_TEST_ROUNDS=1)
 *   BINNACLE_TEST_ROUNDS=n  how many */
#pragma once

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>

static inline uint64_t property_env(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);

	return s ? strtoull(s, NULL, 10) : otherwise;
}

/* Run `round(arg, seed)` for each seed; the rest is up to it. */
static inline void property_run(unsigned rounds, void (*round)(void *arg, uint64_t seed), void *arg)
{
	uint64_t first = property_env("BINNACLE_TEST_SEED", 1);
	uint64_t n = property_env("BINNACLE_TEST_ROUNDS", rounds);

	for (uint64_t seed = first; seed < first + n; seed++)
		round(arg, seed);
}
