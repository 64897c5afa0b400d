// SPDX-License-Identifier: Apache-2.0
/* pprof's file format: profile.proto (https://github.com/google/pprof/tree/main/proto), gzip around it.
 * A profile is made by one thread and at once; `failed` (no memory) is sticky and shows at the end. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile;

/* What each sample has two values of: ("samples", "count") and ("cpu", "nanoseconds"). */
struct profile_kind {
	const char *type[2], *unit[2];
	uint64_t period; /* in the second's unit */
};

struct profile *profile_new(const struct profile_kind *k, uint64_t began_ns, uint64_t duration_ns);
void profile_free(struct profile *p);

/* The place of a code address, or of a thing with a name alone (`pc` 0); ids from 1. */
uint64_t profile_location(struct profile *p, uintptr_t pc, const char *function);
/* `ids`: locations, innermost first.  `thread` (may be NULL) becomes the sample's label. */
void profile_sample(struct profile *p, const uint64_t *ids, size_t n, const uint64_t values[2],
		    const char *thread);
void profile_comment(struct profile *p, const char *text);

/* The whole, compressed, malloc'ed; NULL: no memory. */
char *profile_finish(struct profile *p, size_t *ret_len);
