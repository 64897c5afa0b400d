// SPDX-License-Identifier: Apache-2.0
/* For how long an answer is kept, if at all.  Pure; any thread. */
#pragma once

#include "cache/cache.h"
#include "plugin/cache/classify.h"

struct lifetime_config {
	uint32_t max_s[CACHE_KINDS], min_s[CACHE_KINDS]; /* `success`, `denial`: TTL and MINTTL */
	uint32_t servfail_s;
	bool prefer_positive;
};

struct lifetime {
	uint32_t ttl_s; /* what every record leaves with, kept or not */
	bool keep;
	bool good; /* tells what is, so that a stale answer is not needed */
	bool failure; /* kept as one: does not replace what is still of use */
	enum cache_kind kind;
};

struct lifetime lifetime_of(const struct lifetime_config *c, const struct response_question *q,
			    const struct wire_answer *a, uint64_t wall_s) NONNULL;
