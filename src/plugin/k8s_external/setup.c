// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"
#include "plugin/k8s_external/k8s_external.h"
#include "wire/name.h"

#include <stdlib.h>
#include <string.h>

enum { TTL_DEFAULT = 5, TTL_MAX = 3600 };

static void put_label(uint8_t *out, uint8_t *len, const char *text, size_t n)
{
	out[(*len)++] = (uint8_t)n;
	memcpy(out + *len, text, n);
	*len = (uint8_t)(*len + n);
}

static int set_apex(struct cf_cursor *c, struct k8s_external *e, const char *text)
{
	uint8_t name[WIRE_NAME_MAX], lower[WIRE_NAME_MAX];
	int len = wire_name_from_text(text, name);

	if (len < 0 || wire_name_labels(name) != 1)
		return cf_fail(c, "found \"%.100s\", expected APEX, one label of a name", text);
	wire_name_lower(lower, name, (size_t)len);
	e->apex.len = lower[0];
	e->apex.s = arena_copy(c->arena, lower + 1, lower[0]);
	if (!e->apex.s)
		return cf_fail(c, "out of memory");
	e->mname_len = e->rname_len = 0;
	put_label(e->mname, &e->mname_len, "ns1", 3);
	put_label(e->mname, &e->mname_len, (const char *)e->apex.s, e->apex.len);
	put_label(e->rname, &e->rname_len, "hostmaster", 10);
	put_label(e->rname, &e->rname_len, (const char *)e->apex.s, e->apex.len);
	return 0;
}

static int parse_apex(struct cf_cursor *c, void *state)
{
	const char *text;

	return cf_arg_text(c, "APEX", &text) ? ERR_SYNTAX : set_apex(c, state, text);
}

static int parse_ttl(struct cf_cursor *c, void *state)
{
	return cf_arg_u32(c, "TTL in seconds", 0, TTL_MAX, &((struct k8s_external *)state)->ttl_s);
}

static int parse_headless(struct cf_cursor *c, void *state)
{
	((struct k8s_external *)state)->headless = true;
	return 0;
}

static int parse_fallthrough(struct cf_cursor *c, void *state)
{
	struct k8s_external *e = state;
	const struct cf_token *t;

	e->has_fallthrough = true;
	e->fallthrough.all |= !cf_args_left(c);
	while (cf_arg(c, &t))
		cf_zone_arg(c->arena, t, c->errs, &e->fallthrough.keys);
	return 0;
}

static const struct cf_option_def options[] = {
	{"apex", 1, -1, parse_apex, "APEX"},
	{"ttl", 1, -1, parse_ttl, "SECONDS"},
	{"headless", 0, -1, parse_headless, ""},
	{"fallthrough", 0, -1, parse_fallthrough, "[ZONE...]"},
};

static int by_length(const void *a, const void *b)
{
	const struct cf_key *const *x = a, *const *y = b;

	return (*x)->zone_len == (*y)->zone_len ? 0 : (*x)->zone_len > (*y)->zone_len ? -1 : 1;
}

static int sort_zones(struct setup *s, struct k8s_external *e)
{
	e->zones = arena_zalloc(s->arena, (e->keys.n + 1) * sizeof(const struct cf_key *));
	if (!e->zones)
		return cf_fail(s->in, "out of memory");
	for (size_t i = 0; i < e->keys.n; i++)
		e->zones[i] = &e->keys.v[i];
	if (e->keys.n)
		qsort((void *)e->zones, e->keys.n, sizeof(e->zones[0]), by_length);
	return 0;
}

int external_setup(struct setup *s, void *state)
{
	struct k8s_external *e = state;

	e->block = s->block;
	e->ttl_s = TTL_DEFAULT;
	while (cf_directive(s->in)) {
		if (!e->apex.len && set_apex(s->in, e, "dns"))
			return ERR_SYNTAX;
		e->keys = (struct cf_keys){0}; /* the last directive's zones count */
		if (k8s_zones_read(s, &e->keys) || cf_options(s->in, options, ARRAY_LEN(options), e))
			return ERR_SYNTAX;
	}
	return sort_zones(s, e);
}
