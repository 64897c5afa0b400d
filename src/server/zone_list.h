// SPDX-License-Identifier: Apache-2.0
/* A plugin's list of zones, and whether a question's name is in one of them.  Frozen after setup. */
#pragma once

#include "corefile/corefile.h"
#include "wire/query.h"

#include <stdbool.h>

struct block;

struct zone_list {
	bool all; /* every name that comes to the plugin */
	struct cf_keys keys;
};

bool zone_list_has(const struct zone_list *z, const struct wire_query *in);
bool zone_key_has(const struct cf_key *z, const struct wire_query *in);
/* Their names, joined by commas (the `zones` label); those of the block where the list has none of its own.
 * In the arena; NULL: no memory. */
const char *zone_list_text(struct arena *a, const struct zone_list *z, const struct block *b);
