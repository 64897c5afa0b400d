// SPDX-License-Identifier: Apache-2.0
/* Building a generation: blocks and their keys, plugins set up in table order, chains, listeners. */

#include "server/generation.h"

#include "base/err.h"
#include "server/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- blocks and keys */

static const struct {
	const char *scheme;
	enum transport transport;
	uint16_t port;
	bool built;
} schemes[] = {
	{"dns", TRANSPORT_DNS, 53, true},       {"tls", TRANSPORT_TLS, 853, false},
	{"https", TRANSPORT_HTTPS, 443, false}, {"https3", TRANSPORT_HTTPS3, 443, false},
	{"grpc", TRANSPORT_GRPC, 443, false},   {"quic", TRANSPORT_QUIC, 853, false},
};

static int scheme_index(const char *scheme)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		if (strcmp(schemes[i].scheme, scheme) == 0)
			return (int)i;
	}
	return -1;
}

static int take_key(struct build *b, struct block *bl, const struct cf_key *k)
{
	const struct cf_token *t = k->token;
	int s = scheme_index(k->scheme);
	struct zone_key *z = &bl->keys[bl->n_keys];

	if (s < 0 || !schemes[s].built)
		return cf_error(b->errs, t->file, t->line,
				"transport \"%s\" of key \"%s\" is not in this build; expected dns:// or no scheme", k->scheme,
				k->text);
	z->transport = schemes[s].transport;
	z->port = k->has_port ? k->port : (schemes[s].transport == TRANSPORT_DNS ? b->opts->dns_port : schemes[s].port);
	z->zone = k->zone;
	z->zone_len = k->zone_len;
	z->n_labels = (uint8_t)wire_name_labels(k->zone);
	z->token = t;
	z->text = build_zone_text(b, k->zone);
	for (size_t i = 0; i < bl->n_keys; i++) {
		const struct zone_key *o = &bl->keys[i];

		if (o->transport == z->transport && o->port == z->port && wire_name_equal(o->zone, z->zone))
			return cf_error(b->errs, t->file, t->line, "zone \"%s\" on port %u stands twice in this block",
					z->text, z->port);
	}
	bl->n_keys++;
	return 0;
}

static void make_block(struct build *b, struct block *bl, const struct cf_block *cf)
{
	struct cf_keys keys = {0};

	bl->file = cf->file;
	bl->line = cf->line;
	for (size_t i = 0; i < cf->n_keys; i++) {
		if (cf_key_parse(b->arena, &cf->keys[i], b->errs, &keys))
			continue; /* recorded; the others are looked at too */
	}
	bl->keys = arena_zalloc(b->arena, (keys.n + 1) * sizeof(*bl->keys));
	if (!bl->keys)
		return;
	for (size_t i = 0; i < keys.n; i++)
		(void)take_key(b, bl, &keys.v[i]); /* likewise */
}

const char *build_zone_text(struct build *b, const uint8_t *zone)
{
	char text[WIRE_NAME_TEXT_MAX];

	wire_name_text(zone, text);
	return arena_strdup(b->arena, text);
}

/* ---------------------------------------------------------------- the whole */

static struct generation *new_generation(const struct corefile *cf)
{
	static uint64_t last_number; /* builder thread only */
	struct generation *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->number = ++last_number;
	arena_init(&g->arena, NULL, 0, NULL);
	g->n_blocks = cf->n_blocks;
	g->blocks = arena_zalloc(&g->arena, (cf->n_blocks + 1) * sizeof(*g->blocks));
	if (!g->blocks) {
		free(g);
		return NULL;
	}
	return g;
}

int generation_build(const struct corefile *cf, const struct generation_options *o, struct cf_errors *errs,
		     struct generation **ret)
{
	struct generation *g = new_generation(cf);
	struct build b = {.g = g, .cf = cf, .opts = o, .errs = errs};

	if (!g)
		return cf_error(errs, o->conf_name, 0, "out of memory");
	b.arena = &g->arena;
	for (size_t i = 0; i < cf->n_blocks; i++)
		make_block(&b, &g->blocks[i], &cf->blocks[i]);
	build_plugins(&b);
	build_listeners(&b);
	if (errs->n_errors) {
		generation_free(g);
		return ERR_SYNTAX;
	}
	*ret = g;
	return 0;
}

void generation_free(struct generation *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->n_blocks; i++) {
		for (size_t k = 0; k < g->blocks[i].n_all; k++) {
			const struct instance *in = &g->blocks[i].all[k];

			if (in->plugin->free)
				in->plugin->free(in->state);
		}
	}
	arena_fini(&g->arena);
	free(g);
}

size_t generation_flush(const struct generation *g, const uint8_t *name, bool subtree)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_blocks; i++) {
		for (size_t k = 0; k < g->blocks[i].n_all; k++) {
			const struct instance *in = &g->blocks[i].all[k];

			if (in->plugin->flush)
				n += in->plugin->flush(in->state, name, subtree);
		}
	}
	return n;
}
