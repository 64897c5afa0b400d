// SPDX-License-Identifier: Apache-2.0
#include "doctor/facts.h"

#include "corefile/corefile.h"
#include "doctor/discover.h"
#include "doctor/world.h"
#include "wire/name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	CACHE_SUCCESS_S = 3600,
	CACHE_DENIAL_S = 1800,
	BUFSIZE = 1232,
	UPSTREAMS_MAX = 64,
	DNS_PORT = 53,
	PARTS_MAX = 128
};

/* ---------------------------------------------------------------- what is not there */

static const char *no_env(void *arg, const char *name)
{
	return NULL;
}

static int no_file(void *arg, struct arena *a, const char *path, const char **ret_text, size_t *ret_len)
{
	*ret_text = "";
	*ret_len = 0;
	return 0;
}

static int no_glob(void *arg, struct arena *a, const char *pattern, const char *const **ret_paths)
{
	return 0;
}

/* ---------------------------------------------------------------- names */

static const uint8_t *zone_of(struct observed_world *w, const struct cf_token *t, struct cf_errors *errs,
			      size_t *n, const uint8_t **more)
{
	struct cf_keys keys = {0};

	if (cf_key_parse(w->arena, t, errs, &keys) || keys.n == 0)
		return NULL;
	*n = keys.n < PARTS_MAX ? keys.n : PARTS_MAX;
	for (size_t i = 0; i < *n; i++)
		more[i] = keys.v[i].zone;
	return keys.v[0].zone;
}

static const uint8_t *const *keep(struct observed_world *w, const uint8_t **zones, size_t n)
{
	const uint8_t **kept = world_alloc(w, (n + 1) * sizeof(kept[0]));

	memcpy(kept, zones, n * sizeof(kept[0]));
	return kept;
}

/* ---------------------------------------------------------------- forward */

/* One block's directives being read. */
struct reading {
	struct observed_world *w;
	struct observed_block *block;
	struct cf_errors *errs;
	struct observed_forward forwards[PARTS_MAX];
};

static const char *skip_scheme(const char *text, bool *encrypted)
{
	const char *sep = strstr(text, "://");

	*encrypted = sep && strncmp(text, "dns://", 6) != 0;
	return sep ? sep + 3 : text;
}

/* A server for one TO of a forward; -1 when that is no address. */
static int upstream(struct observed_world *w, const char *text)
{
	bool encrypted;
	const char *address = skip_scheme(text, &encrypted);
	const char *safe = world_safe(w, text, strlen(text), 200), *reason = NULL;
	struct net_addr addr;
	int i;

	if (discover_address(address, DNS_PORT, &addr))
		return -1;
	if (encrypted)
		reason = world_printf(
			w, "it is asked over an encrypted transport (%s), which doctor does not speak", safe);
	else if (net_addr_is_loopback(&addr) && w->corefile.origin != COREFILE_ADMIN) /* that one is here */
		reason = "a loopback address in a Corefile is the DNS server's own machine or pod, not this "
			 "one";
	i = world_server(w, OBSERVED_UPSTREAM, &addr, "upstream", reason);
	if (i >= 0)
		w->servers[i].loopback_of_pod = reason && !encrypted;
	return i;
}

static void take_to(struct reading *in, struct observed_forward *f, int *to, const char *text)
{
	int server = f->n_upstreams < UPSTREAMS_MAX ? upstream(in->w, text) : -1;

	if (server >= 0)
		to[f->n_upstreams++] = server;
	else if (!strstr(text, "://")) {
		f->resolv_conf = true;
		f->resolv_path = world_safe(in->w, text, strlen(text), 200);
	}
}

static void take_forward_options(struct observed_forward *f, struct cf_cursor *c)
{
	const struct cf_token *t;

	while (cf_option(c, &t)) {
		f->prefer_udp |= strcmp(t->text, "prefer_udp") == 0;
		f->force_tcp |= strcmp(t->text, "force_tcp") == 0;
	}
}

static void take_forward(struct reading *in, struct cf_cursor *c)
{
	const uint8_t *zones[PARTS_MAX];
	const struct cf_token *t;
	size_t n;
	int to[UPSTREAMS_MAX], *kept;
	struct observed_forward *f = &in->forwards[in->block->n_forwards];

	if (in->block->n_forwards == PARTS_MAX || !cf_arg(c, &t))
		return;
	*f = (struct observed_forward){.from = zone_of(in->w, t, in->errs, &n, zones), .line = t->line};
	while (cf_arg(c, &t))
		take_to(in, f, to, t->text);
	take_forward_options(f, c);
	if (!f->from)
		return;
	kept = world_alloc(in->w, (f->n_upstreams + 1) * sizeof(kept[0]));
	memcpy(kept, to, f->n_upstreams * sizeof(kept[0]));
	f->upstreams = kept;
	in->block->n_forwards++;
}

/* ---------------------------------------------------------------- other directives */

static uint32_t number(const char *text)
{
	int64_t n;

	return cf_integer(text, &n) || n < 0 || n > UINT32_MAX ? 0 : (uint32_t)n;
}

static void take_cache(struct reading *in, struct cf_cursor *c)
{
	struct observed_block *b = in->block;
	const struct cf_token *t;

	b->has_cache = true;
	if (cf_arg(c, &t) && number(t->text)) {
		b->cache_success_ttl_s = number(t->text);
		if (b->cache_denial_ttl_s > b->cache_success_ttl_s)
			b->cache_denial_ttl_s = b->cache_success_ttl_s;
	}
	while (cf_option(c, &t)) {
		const char *option = t->text;
		const struct cf_token *capacity, *ttl;
		bool two = cf_arg(c, &capacity) && cf_arg(c, &ttl);

		b->serve_stale |= strcmp(option, "serve_stale") == 0;
		if (two && strcmp(option, "success") == 0)
			b->cache_success_ttl_s = number(ttl->text);
		if (two && strcmp(option, "denial") == 0)
			b->cache_denial_ttl_s = number(ttl->text);
	}
}

static void take_bufsize(struct reading *in, struct cf_cursor *c)
{
	const struct cf_token *t;

	in->block->has_bufsize = true;
	in->block->bufsize = cf_arg(c, &t) ? number(t->text) : BUFSIZE;
}

static void take_kubernetes(struct reading *in, struct cf_cursor *c)
{
	const uint8_t *zones[PARTS_MAX], *all[PARTS_MAX];
	const struct cf_token *t;
	size_t n, n_all = 0;

	in->block->has_kubernetes = true;
	while (cf_arg(c, &t)) {
		if (!zone_of(in->w, t, in->errs, &n, zones))
			continue;
		for (size_t i = 0; i < n && n_all < PARTS_MAX; i++)
			all[n_all++] = zones[i];
	}
	if (n_all) {
		in->block->kubernetes_zones = keep(in->w, all, n_all);
		in->block->n_kubernetes_zones = (unsigned)n_all;
	}
}

static void take_loop(struct reading *in, struct cf_cursor *c)
{
	in->block->has_loop = true;
}

static void take_autopath(struct reading *in, struct cf_cursor *c)
{
	in->block->has_autopath = true;
}

static const struct {
	const char *name;
	void (*take)(struct reading *in, struct cf_cursor *c);
} directives[] = {
	{"forward", take_forward},   {"proxy", take_forward}, {"cache", take_cache},
	{"bufsize", take_bufsize},   {"loop", take_loop},     {"kubernetes", take_kubernetes},
	{"autopath", take_autopath},
};

/* ---------------------------------------------------------------- blocks */

static void take_keys(struct reading *in, const struct cf_block *from)
{
	const uint8_t *zones[PARTS_MAX] = {0};
	struct observed_block *b = in->block;
	struct cf_keys keys = {0};

	for (size_t i = 0; i < from->n_keys; i++) {
		if (cf_key_parse(in->w->arena, &from->keys[i], in->errs, &keys))
			break;
	}
	b->port = keys.n && keys.v[0].has_port ? keys.v[0].port : DNS_PORT;
	b->n_zones = (unsigned)(keys.n < PARTS_MAX ? keys.n : PARTS_MAX);
	for (size_t i = 0; i < b->n_zones; i++)
		zones[i] = keys.v[i].zone;
	b->zones = keep(in->w, zones, b->n_zones);
}

static void take_plugins(struct reading *in, const struct cf_block *from)
{
	const char **names = world_alloc(in->w, (from->n_directives + 1) * sizeof(names[0]));

	for (size_t i = 0; i < from->n_directives; i++)
		names[i] = from->directives[i].tokens[0].text;
	in->block->plugins = names;
	in->block->n_plugins = (unsigned)from->n_directives;
}

static void take_block(struct observed_world *w, const struct cf_block *from, struct cf_errors *errs,
		       struct observed_block *b)
{
	struct reading *in = world_alloc(w, sizeof(*in));

	*b = (struct observed_block){.cache_success_ttl_s = CACHE_SUCCESS_S,
				     .cache_denial_ttl_s = CACHE_DENIAL_S,
				     .line = from->line};
	*in = (struct reading){.w = w, .block = b, .errs = errs};
	take_keys(in, from);
	take_plugins(in, from);
	for (size_t i = 0; i < ARRAY_LEN(directives); i++) {
		struct cf_cursor c;

		if (cf_cursor_init(&c, w->arena, from, directives[i].name, errs))
			return;
		while (cf_directive(&c))
			directives[i].take(in, &c);
	}
	b->forwards = in->forwards;
}

/* A block that does not serve the DNS port is a help for something else (health checks, a test). */
void facts_of_corefile(struct observed_world *w, enum corefile_origin origin, const char *where,
		       const char *text, size_t len)
{
	const struct cf_source here = {.env = no_env, .read = no_file, .glob = no_glob};
	struct cf_errors errs;
	struct corefile parsed = {0};
	struct observed_block *blocks;
	char line[512];

	cf_errors_init(&errs, w->arena);
	w->corefile = (struct observed_corefile){.origin = origin, .where = where};
	if (corefile_parse(w->arena, "Corefile", text, len,
			   origin == COREFILE_FILE ? &cf_source_system : &here, &errs, &parsed)) {
		if (errs.first)
			cf_error_format(errs.first, line, sizeof(line));
		w->corefile.error = errs.first ? world_safe(w, line, strlen(line), 500) : "out of memory";
	}
	blocks = world_alloc(w, (parsed.n_blocks + 1) * sizeof(blocks[0]));
	for (size_t i = 0; i < parsed.n_blocks; i++)
		take_block(w, &parsed.blocks[i], &errs, &blocks[i]);
	w->corefile.blocks = blocks;
	w->corefile.n_blocks = (unsigned)parsed.n_blocks;
}

/* ---------------------------------------------------------------- what stands behind a file */

const char *facts_resolv_path(const struct observed_world *w)
{
	for (unsigned b = 0; b < w->corefile.n_blocks; b++) {
		for (unsigned f = 0; f < w->corefile.blocks[b].n_forwards; f++) {
			if (w->corefile.blocks[b].forwards[f].resolv_conf)
				return w->corefile.blocks[b].forwards[f].resolv_path;
		}
	}
	return NULL;
}

void facts_resolv_upstreams(struct observed_world *w, const int *servers, unsigned n)
{
	for (unsigned b = 0; b < w->corefile.n_blocks; b++) {
		struct observed_forward *forwards = w->corefile.blocks[b].forwards;

		for (unsigned f = 0; f < w->corefile.blocks[b].n_forwards; f++) {
			int *all;

			if (!forwards[f].resolv_conf)
				continue;
			all = world_alloc(w, (forwards[f].n_upstreams + n) * sizeof(all[0]));
			memcpy(all, forwards[f].upstreams, forwards[f].n_upstreams * sizeof(all[0]));
			memcpy(all + forwards[f].n_upstreams, servers, n * sizeof(all[0]));
			forwards[f].upstreams = all;
			forwards[f].n_upstreams += n;
		}
	}
}
