// SPDX-License-Identifier: Apache-2.0
/* Which server block answers: the longest zone of the listener that the name is in.
 * Several blocks may have one zone, told apart by what they take (plugin view): the first in file order that takes the query, and
 * where none does, the next shorter zone has its turn.
 *
 * Frozen after route_build; lookups by any worker. */
#pragma once

#include "base/compiler.h"
#include "wire/query.h"

#include <stdbool.h>

struct block;
struct dns_row;
struct generation;
struct listener;

struct zone_entry {
	const uint8_t *zone; /* wire, lower case */
	uint8_t zone_len, n_labels;
	uint32_t next_same;  /* index + 1 of the next block with this zone, in file order; 0: none */
	struct block *block;
	const char *text;    /* "example.org." */
	struct dns_row *row; /* where its queries count (plugin prometheus, at its start); NULL: nowhere */
};

/* Make the listener's zone table findable.  Sorts zones by descending number of labels.  -ENOMEM. */
int route_build(struct generation *g, struct listener *l) MUST_USE;

/* Whether a block with a filter takes the query. */
typedef bool (*route_takes_fn)(void *arg, const struct zone_entry *z);

/* The entry for a name, or NULL (REFUSED).  A DS question for a zone's own apex belongs to the zone above, if
 * the listener has one (not the root): RFC 4035 3.1.4.1; the peer looks upward for every DS question, and so do we, by one zone. */
const struct zone_entry *route_find(const struct listener *l, const struct wire_query *q, route_takes_fn takes, void *arg);
