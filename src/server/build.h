// SPDX-License-Identifier: Apache-2.0
/* Inside of generation_build: what its parts share.  Thread: builder. */
#pragma once

#include "corefile/corefile.h"
#include "server/generation.h"
#include "wire/name.h"
#include "wire/wire.h"

struct build {
	struct generation *g;
	const struct corefile *cf;
	const struct generation_options *opts;
	struct cf_errors *errs;
	struct arena *arena; /* the generation's */
};

/* Set up every directive of every block, in table order over all blocks; make the chains (build_plugins.c).
 * Errors are recorded; it goes on to find them all. */
void build_plugins(struct build *b);
/* Find the listeners that the blocks' keys and binds need, their zones, and overlaps (build_listeners.c). */
void build_listeners(struct build *b);
/* A zone's presentation form in the arena. */
const char *build_zone_text(struct build *b, const uint8_t *zone);
