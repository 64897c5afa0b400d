// SPDX-License-Identifier: Apache-2.0
/* The zones of a directive: which there are, which of them are reverse zones, and which come from
 * ServiceImports. */
#include "base/err.h"
#include "plugin/kubernetes/settings.h"
#include "server/generation.h"
#include "wire/name.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t in_addr_arpa[] = "\7in-addr\4arpa", ip6_arpa[] = "\3ip6\4arpa";

static bool is_reverse(const struct cf_key *k)
{
	return wire_name_in_zone(k->zone, in_addr_arpa) || wire_name_in_zone(k->zone, ip6_arpa);
}

/* in-addr.arpa and ip6.arpa themselves can be where PTR records lead, as in the peer. */
static bool can_be_primary(const struct cf_key *k)
{
	return !is_reverse(k) || wire_name_equal(k->zone, in_addr_arpa) || wire_name_equal(k->zone, ip6_arpa);
}

int k8s_zones_of_block(struct setup *s, struct cf_keys *ret)
{
	const struct block *b = s->block;

	ret->v = arena_zalloc(s->arena, b->n_keys * sizeof(*ret->v));
	if (!ret->v)
		return cf_fail(s->in, "out of memory");
	for (size_t i = 0; i < b->n_keys; i++)
		ret->v[i] = (struct cf_key){
			.text = b->keys[i].text,
			.zone = b->keys[i].zone,
			.zone_len = b->keys[i].zone_len,
			.token = b->keys[i].token,
		};
	ret->n = ret->cap = b->n_keys;
	return 0;
}

int k8s_zones_read(struct setup *s, struct cf_keys *ret)
{
	const struct cf_token *t;

	if (!cf_args_left(s->in))
		return k8s_zones_of_block(s, ret);
	while (cf_arg(s->in, &t))
		cf_zone_arg(s->arena, t, s->in->errs, ret);
	return 0;
}

static int by_length(const void *a, const void *b)
{
	const struct k8s_zone *x = a, *y = b;

	if (x->key->zone_len != y->key->zone_len)
		return x->key->zone_len > y->key->zone_len ? -1 : 1;
	return x->key < y->key ? -1 : x->key > y->key; /* as written */
}

static struct k8s_zone *find(struct k8s_settings *set, const struct cf_key *k)
{
	for (size_t i = 0; i < set->n_zones; i++) {
		if (wire_name_equal(set->zones[i].key->zone, k->zone))
			return &set->zones[i];
	}
	return NULL;
}

static int mark_multicluster(struct setup *s, struct k8s_settings *set)
{
	char text[WIRE_NAME_TEXT_MAX];

	for (size_t i = 0; i < set->multicluster.keys.n; i++) {
		struct k8s_zone *z = find(set, &set->multicluster.keys.v[i]);

		if (z) {
			z->multicluster = true;
			continue;
		}
		wire_name_text(set->multicluster.keys.v[i].zone, text);
		return cf_fail(
			s->in,
			"is not authoritative for the multicluster zone %s (authoritative zones: [%s])", text,
			zone_list_text(s->arena, &(struct zone_list){.keys = set->keys}, s->block));
	}
	return 0;
}

int k8s_zones_finish(struct setup *s, struct k8s_settings *set)
{
	set->n_zones = set->keys.n;
	set->zones = arena_zalloc(s->arena, (set->n_zones + 1) * sizeof(*set->zones));
	if (!set->zones)
		return cf_fail(s->in, "out of memory");
	for (size_t i = 0; i < set->n_zones; i++) {
		struct k8s_zone *z = &set->zones[i];

		*z = (struct k8s_zone){.key = &set->keys.v[i], .reverse = is_reverse(&set->keys.v[i])};
		if (!set->primary && can_be_primary(z->key))
			set->primary = z->key;
	}
	if (!set->primary)
		return cf_fail(s->in, "non-reverse zone name must be used");
	if (set->has_multicluster && mark_multicluster(s, set))
		return ERR_SYNTAX;
	qsort(set->zones, set->n_zones, sizeof(*set->zones), by_length);
	return 0;
}
