// SPDX-License-Identifier: Apache-2.0
/* Which addresses and ports a generation listens on, which zones each serves, and what contradicts. */

#include "server/build.h"
#include "server/dns_metrics.h"
#include "server/route.h"

#include <stdlib.h>
#include <string.h>

/* Is `bl` bound to no address of its own (the wildcard)? */
static bool is_wild(const struct block *bl)
{
	return !bl->bind_set;
}

static const char *listener_text(struct build *b, const struct listener *l)
{
	char text[NET_ADDR_TEXT_MAX];

	if (l->wildcard)
		return arena_printf(b->arena, "%s://:%u", transport_text(l->transport), net_addr_port(&l->at));
	net_addr_port_text(&l->at, text);
	return arena_printf(b->arena, "%s://%s", transport_text(l->transport), text);
}

static struct listener *find_listener(struct generation *g, const struct net_addr *at, enum transport t, bool wild)
{
	for (size_t i = 0; i < g->n_listeners; i++) {
		struct listener *l = &g->listeners[i];

		if (l->transport == t && l->wildcard == wild && net_addr_port(&l->at) == net_addr_port(at) &&
		    (wild || net_addr_equal(&l->at, at)))
			return l;
	}
	return NULL;
}

static struct listener *get_listener(struct build *b, const struct net_addr *at, enum transport t, bool wild)
{
	struct generation *g = b->g;
	struct listener *l = find_listener(g, at, t, wild);

	if (l)
		return l;
	l = &g->listeners[g->n_listeners];
	l->at = *at;
	l->transport = t;
	l->wildcard = wild;
	l->text = listener_text(b, l);
	l->dropped = l->text ? dns_metrics_row(b->arena, l->text, "dropped", "", NULL) : NULL;
	if (!l->dropped)
		return NULL;
	g->n_listeners++;
	return l;
}

/* The same zone in two blocks on one listener: one at most takes all its queries, the others choose by a view. */
static int check_duplicate(struct build *b, const struct listener *l, const struct block *bl, const struct zone_key *k)
{
	if (bl->view)
		return 0;
	for (size_t i = 0; i < l->n_zones; i++) {
		const struct zone_entry *z = &l->zones[i];

		if (!z->block->view && z->zone_len == k->zone_len && memcmp(z->zone, k->zone, k->zone_len) == 0)
			return cf_error(b->errs, k->token->file, k->token->line,
					"zone \"%s\" on %s is already served by the block at %s:%u; "
					"expected one block per zone, port and address, or a `view` in each further one",
					k->text, l->text, z->block->file, z->block->line);
	}
	return 0;
}

/* The same zone and port once on the wildcard and once on an address: which one would answer? */
static int check_overlap(struct build *b, const struct block *bl, const struct zone_key *k, bool wild)
{
	for (const struct block *o = b->g->blocks; o < bl; o++) {
		for (size_t i = 0; i < o->n_keys; i++) {
			const struct zone_key *ok = &o->keys[i];

			if (!o->view && is_wild(o) != wild && ok->transport == k->transport && ok->port == k->port &&
			    wire_name_equal(ok->zone, k->zone))
				return cf_error(b->errs, k->token->file, k->token->line,
						"zone \"%s\" on port %u overlaps with the block at %s:%u: one has `bind`, the "
						"other listens on every address; expected `bind` in both or in neither",
						k->text, k->port, o->file, o->line);
		}
	}
	return 0;
}

static bool grow_zones(struct build *b, struct listener *l)
{
	size_t cap = l->cap_zones ? l->cap_zones * 2 : 8;
	struct zone_entry *z = arena_zalloc(b->arena, cap * sizeof(*z));

	if (!z)
		return false;
	if (l->n_zones)
		memcpy(z, l->zones, l->n_zones * sizeof(*z));
	l->zones = z;
	l->cap_zones = cap;
	return true;
}

static void add_zone(struct build *b, struct listener *l, struct block *bl, const struct zone_key *k)
{
	if (check_duplicate(b, l, bl, k))
		return;
	if (l->n_zones == l->cap_zones && !grow_zones(b, l)) {
		cf_error(b->errs, k->token->file, k->token->line, "out of memory");
		return;
	}
	l->zones[l->n_zones++] = (struct zone_entry){
		.zone = k->zone,
		.zone_len = k->zone_len,
		.n_labels = k->n_labels,
		.block = bl,
		.text = k->text,
	};
	l->all_classes |= bl->all_classes;
}

static void listen_for(struct build *b, struct block *bl, const struct zone_key *k, const struct net_addr *bind)
{
	struct net_addr at = bind ? *bind : listen_wildcard(k->port);
	struct listener *l;

	net_addr_set_port(&at, k->port);
	l = get_listener(b, &at, k->transport, !bind);
	if (!l)
		return;
	listener_settings_add(b, l, bl);
	add_zone(b, l, bl, k);
}

static size_t count_needed(const struct generation *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_blocks; i++)
		n += g->blocks[i].n_keys * (g->blocks[i].n_binds ? g->blocks[i].n_binds : 1);
	return n;
}

void build_listeners(struct build *b)
{
	struct generation *g = b->g;

	g->listeners = arena_zalloc(b->arena, (count_needed(g) + 1) * sizeof(*g->listeners));
	if (!g->listeners)
		return;
	for (struct block *bl = g->blocks; bl < g->blocks + g->n_blocks; bl++) {
		for (size_t k = 0; k < bl->n_keys; k++) {
			if (check_overlap(b, bl, &bl->keys[k], is_wild(bl)))
				continue;
			if (is_wild(bl))
				listen_for(b, bl, &bl->keys[k], NULL);
			for (size_t i = 0; i < bl->n_binds; i++)
				listen_for(b, bl, &bl->keys[k], &bl->binds[i]);
		}
	}
	for (size_t i = 0; i < g->n_listeners; i++) {
		if (route_build(g, &g->listeners[i]))
			cf_error(b->errs, b->opts->conf_name, 0, "out of memory");
	}
}
