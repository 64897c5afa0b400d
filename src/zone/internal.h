// SPDX-License-Identifier: Apache-2.0
/* A zone's inside.  For this folder. */
#pragma once

#include "base/hash.h"
#include "zone/zone.h"

struct zone {
	unsigned holds;                    /* atomic: owners beside the first */
	struct arena arena;
	const uint8_t *origin;
	size_t origin_len;
	const struct zone_node *apex;
	const struct zone_node **nodes;    /* canonical order */
	size_t n_nodes;
	const struct zone_node **nsecs;    /* those with an NSEC, likewise */
	size_t n_nsecs;
	const struct zone_node **table;    /* open addressing, a power of two */
	size_t table_mask;
	struct hash_key hash;
	uint32_t serial;
	size_t n_records;
};
