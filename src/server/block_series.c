// SPDX-License-Identifier: Apache-2.0
#include "server/block_series.h"

/* By the block's own keys and addresses: a listener may have 100,000 zones. */
static bool bound_to(const struct block *b, const struct listener *l)
{
	if (!b->bind_set)
		return l->wildcard;
	for (size_t i = 0; i < b->n_binds; i++) {
		if (!l->wildcard && net_addr_same_host(&b->binds[i], &l->at))
			return true;
	}
	return false;
}

static bool serves(const struct listener *l, const struct block *b)
{
	for (size_t i = 0; i < b->n_keys; i++) {
		const struct zone_key *k = &b->keys[i];

		if (k->transport == l->transport && k->port == net_addr_port(&l->at))
			return bound_to(b, l);
	}
	return false;
}

metric_id *block_series(struct generation *g, const struct block *b, const struct metric_desc *d,
			const char **values)
{
	metric_id *ids = arena_zalloc(&g->arena, g->n_listeners * sizeof(*ids) + 1);

	for (size_t i = 0; ids && i < g->n_listeners; i++) {
		values[0] = g->listeners[i].text;
		if (serves(&g->listeners[i], b))
			ids[i] = metrics_series(d, values);
	}
	return ids;
}

const char *block_view(const struct block *b)
{
	return b->view ? b->view : "";
}
