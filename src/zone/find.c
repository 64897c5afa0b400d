// SPDX-License-Identifier: Apache-2.0
/* Finding nodes. */
#include "zone/internal.h"

#include "wire/name.h"

#include <string.h>

const uint8_t *zone_origin(const struct zone *z)
{
	return z->origin;
}

uint32_t zone_serial(const struct zone *z)
{
	return z->serial;
}

size_t zone_records(const struct zone *z)
{
	return z->n_records;
}

const struct zone_node *zone_apex(const struct zone *z)
{
	return z->apex;
}

size_t zone_nodes(const struct zone *z, const struct zone_node *const **ret)
{
	*ret = z->nodes;
	return z->n_nodes;
}

const struct zone_rrset *zone_set(const struct zone_node *n, uint16_t type)
{
	const struct zone_rrset *s = n->sets;

	while (s && s->type != type)
		s = s->next;
	return s;
}

const struct zone_node *zone_find(const struct zone *z, const uint8_t *name, size_t len)
{
	size_t at = hash_bytes(&z->hash, name, len) & z->table_mask;
	const struct zone_node *n;

	while ((n = z->table[at]) != NULL) { /* half of the table is free */
		if (n->name_len == len && !memcmp(n->name, name, len))
			return n;
		at = (at + 1) & z->table_mask;
	}
	return NULL;
}

const struct zone_node *zone_nsec_of(const struct zone *z, const uint8_t *name)
{
	uint8_t key[ZONE_KEY_MAX];
	size_t key_len = zone_sort_key(name, wire_name_len(name), key), from = 0, to = z->n_nsecs;

	while (from < to) { /* the first one behind `name` */
		size_t mid = from + (to - from) / 2;

		if (zone_compare_keys(z->nsecs[mid]->key, z->nsecs[mid]->key_len, key, key_len) <= 0)
			from = mid + 1;
		else
			to = mid;
	}
	if (!z->n_nsecs)
		return NULL;
	return z->nsecs[from ? from - 1 : z->n_nsecs - 1];
}
