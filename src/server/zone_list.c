// SPDX-License-Identifier: Apache-2.0
#include "server/zone_list.h"

#include "server/generation.h"
#include "wire/name.h"

#include <string.h>

/* Both are lower-cased and the labels of the name are known: one comparison a zone. */
bool zone_key_has(const struct cf_key *z, const struct wire_query *in)
{
	size_t off = (size_t)in->qname_len - z->zone_len;

	if (in->qname_len < z->zone_len || memcmp(in->qname + off, z->zone, z->zone_len) != 0)
		return false;
	for (unsigned i = 0; i <= in->n_labels; i++) {
		if (in->label_off[i] == off)
			return true;
	}
	return false;
}

bool zone_list_has(const struct zone_list *z, const struct wire_query *in)
{
	if (z->all)
		return true;
	for (size_t i = 0; i < z->keys.n; i++) {
		if (zone_key_has(&z->keys.v[i], in))
			return true;
	}
	return false;
}

static const uint8_t *nth(const struct zone_list *z, const struct block *b, size_t i)
{
	if (z->keys.n)
		return i < z->keys.n ? z->keys.v[i].zone : NULL;
	return i < b->n_keys ? b->keys[i].zone : NULL;
}

const char *zone_list_text(struct arena *a, const struct zone_list *z, const struct block *b)
{
	const char *list = "";
	const uint8_t *zone;

	for (size_t i = 0; list && (zone = nth(z, b, i)); i++) {
		char text[WIRE_NAME_TEXT_MAX];

		wire_name_text(zone, text);
		list = arena_printf(a, "%s%s%s", list, i ? "," : "", text);
	}
	return list;
}
