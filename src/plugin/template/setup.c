// SPDX-License-Identifier: Apache-2.0
/* The grammar of `template`. */
#include "base/err.h"
#include "plugin/template/template.h"
#include "server/generation.h"
#include "server/metadata.h"
#include "wire/name.h"

#include <stdlib.h>
#include <string.h>

/* One directive being read. */
struct reading {
	struct setup *s;
	struct templates *all;
	struct template *t;
	struct template_pattern **last_pattern;
	struct template_record **last_record[3];
};

static int no_memory(struct cf_cursor *c)
{
	return cf_fail(c, "out of memory");
}

/* ---------------------------------------------------------------- match */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct template_group *)a)->name, ((const struct template_group *)b)->name);
}

/* The keys of .Group: each group's number, and its name if it has one; in the order in which range goes over them. */
static bool name_groups(struct arena *a, struct template_pattern *p)
{
	unsigned n = p->pattern ? pattern_groups(p->pattern) : 1;
	struct template_group *g = arena_alloc(a, 2 * n * sizeof(*g));

	if (!g)
		return false;
	for (unsigned i = 0; i < n; i++) {
		const char *name = p->pattern ? pattern_group_name(p->pattern, i) : NULL;

		g[p->n_groups] = (struct template_group){arena_printf(a, "%u", i), i};
		if (!g[p->n_groups++].name)
			return false;
		if (!name)
			continue;
		g[p->n_groups++] = (struct template_group){name, i};
	}
	qsort(g, p->n_groups, sizeof(*g), by_name);
	p->groups = g;
	return true;
}

static int add_pattern(struct cf_cursor *c, struct reading *r, const char *text)
{
	struct template_pattern *p = arena_zalloc(r->s->arena, sizeof(*p));
	char why[200];

	if (!p || !(p->text = arena_strdup(r->s->arena, text)))
		return no_memory(c);
	if (strlen(text) > PATTERN_TEXT_MAX)
		return cf_fail(c, "the expression has %zu characters, allowed are %d", strlen(text), PATTERN_TEXT_MAX);
	if (strcmp(text, ".*") != 0) {
		p->pattern = pattern_new(text, why, sizeof(why));
		if (!p->pattern)
			return cf_fail(c, "expression \"%.100s\": %s", text, why);
	}
	*r->last_pattern = p; /* from here on it is freed with the rest */
	r->last_pattern = &p->next;
	if (!name_groups(r->s->arena, p))
		return no_memory(c);
	if (p->pattern && pattern_groups(p->pattern) > r->all->groups_max)
		r->all->groups_max = pattern_groups(p->pattern);
	return 0;
}

static int read_match(struct cf_cursor *c, void *state)
{
	const struct cf_token *t;
	int err = 0;

	while (!err && cf_arg(c, &t))
		err = add_pattern(c, state, t->text);
	return err;
}

/* ---------------------------------------------------------------- answer, authority, additional */

struct wanting {
	struct reading *r;
	bool failed;
};

/* .Meta "label": the label is wanted from now on. */
static void want_label(void *arg, const char *s, size_t len)
{
	struct wanting *w = arg;
	struct template_label *l = arena_zalloc(w->r->s->arena, sizeof(*l));

	if (l)
		l->text = arena_strndup(w->r->s->arena, s, len);
	if (!l || !l->text || !(l->label = metadata_want(l->text))) {
		w->failed = true;
		return;
	}
	l->next = w->r->all->labels;
	w->r->all->labels = l;
}

static int add_record(struct cf_cursor *c, struct reading *r, enum wire_section s, const char *text)
{
	struct template_record *rec = arena_zalloc(r->s->arena, sizeof(*rec));
	struct wanting w = {.r = r};
	char why[GT_ERROR_MAX];

	if (!rec || !(rec->text = arena_strdup(r->s->arena, text)))
		return no_memory(c);
	rec->tmpl = gotmpl_parse(r->s->arena, rec->text, why);
	if (!rec->tmpl)
		return cf_fail(c, "template \"%.100s\": %s", text, why);
	gotmpl_method_texts(rec->tmpl, "Meta", want_label, &w);
	if (w.failed)
		return no_memory(c);
	*r->last_record[s] = rec;
	r->last_record[s] = &rec->next;
	return 0;
}

static int read_records(struct cf_cursor *c, struct reading *r, enum wire_section s)
{
	const struct cf_token *t;
	int err = 0;

	while (cf_arg(c, &t)) {
		if (add_record(c, r, s, t->text))
			err = ERR_SYNTAX;
	}
	return err;
}

static int read_answer(struct cf_cursor *c, void *state)
{
	return read_records(c, state, SECTION_ANSWER);
}

static int read_authority(struct cf_cursor *c, void *state)
{
	return read_records(c, state, SECTION_AUTHORITY);
}

static int read_additional(struct cf_cursor *c, void *state)
{
	return read_records(c, state, SECTION_ADDITIONAL);
}

/* ---------------------------------------------------------------- rcode, ederror, fallthrough */

/* By name, in capitals, as the peer has it. */
static int read_rcode(struct cf_cursor *c, void *state)
{
	struct reading *r = state;
	const char *text;
	char buf[16];
	int rcode;

	if (cf_arg_text(c, "CODE", &text))
		return ERR_SYNTAX;
	rcode = wire_rcode_from_text(text);
	if (rcode < 0 || strcmp(wire_rcode_text((unsigned)rcode, buf), text) != 0 || wire_rcode_text((unsigned)rcode, buf) == buf)
		return cf_fail(c, "found \"%.32s\", expected a response code by name, such as NXDOMAIN or REFUSED", text);
	r->t->rcode = (uint16_t)rcode;
	return 0;
}

static int read_ederror(struct cf_cursor *c, void *state)
{
	struct reading *r = state;
	const char *text = NULL;
	uint32_t code;

	if (cf_arg_u32(c, "CODE of an Extended DNS Error", 0, 65535, &code))
		return ERR_SYNTAX;
	if (cf_args_left(c) && cf_arg_text(c, "REASON", &text))
		return ERR_SYNTAX;
	r->t->ede = (int32_t)code;
	r->t->ede_text = NULL;
	if (text && *text && !(r->t->ede_text = arena_strdup(r->s->arena, text)))
		return no_memory(c);
	return 0;
}

static int read_fallthrough(struct cf_cursor *c, void *state)
{
	struct reading *r = state;
	const struct cf_token *t;

	r->t->falls_through = true;
	r->t->fall = (struct zone_list){.all = !cf_args_left(c)};
	while (cf_arg(c, &t))
		cf_zone_arg(r->s->arena, t, c->errs, &r->t->fall.keys);
	return 0;
}

/* ---------------------------------------------------------------- the directive's own line */

/* Known names in capitals only, as in the peer: "in" is not a class there. */
static int read_class(struct cf_cursor *c, uint16_t *ret)
{
	const char *text;
	char buf[16];
	int cls;

	if (cf_arg_text(c, "CLASS", &text))
		return ERR_SYNTAX;
	cls = wire_class_from_text(text);
	if (cls < 0 || strcmp(wire_class_text((uint16_t)cls, buf), text) != 0)
		return cf_fail(c, "found \"%.32s\", expected a class: IN, CH, HS, NONE or ANY", text);
	*ret = (uint16_t)cls;
	return 0;
}

static int read_type(struct cf_cursor *c, uint16_t *ret)
{
	const char *text;
	char buf[16];
	int type;

	if (cf_arg_text(c, "TYPE", &text))
		return ERR_SYNTAX;
	type = wire_type_from_text(text);
	if (type < 0 || strcmp(wire_type_text((uint16_t)type, buf), text) != 0)
		return cf_fail(c, "found \"%.32s\", expected a record type in capitals, such as AAAA, or ANY", text);
	*ret = (uint16_t)type;
	return 0;
}

static bool set_zone(struct arena *a, struct template_zone *z, const struct cf_key *key)
{
	char text[WIRE_NAME_TEXT_MAX];

	wire_name_text(key->zone, text);
	z->key = key;
	z->text = arena_strdup(a, text);
	return z->text != NULL;
}

/* The block's own zones as keys, for a template without zones. */
static bool block_zones(struct arena *a, const struct block *b, struct cf_keys *ret)
{
	ret->v = arena_zalloc(a, (b->n_keys + 1) * sizeof(*ret->v));
	if (!ret->v)
		return false;
	for (size_t i = 0; i < b->n_keys; i++)
		ret->v[i] = (struct cf_key){.zone = b->keys[i].zone, .zone_len = b->keys[i].zone_len};
	ret->n = ret->cap = b->n_keys;
	return true;
}

static int read_zones(struct cf_cursor *c, struct reading *r)
{
	bool given = cf_args_left(c);
	struct template *t = r->t;
	const struct cf_token *word;

	while (cf_arg(c, &word))
		cf_zone_arg(r->s->arena, word, c->errs, &t->keys);
	if (!given && !block_zones(r->s->arena, r->s->block, &t->keys))
		return no_memory(c);
	t->zones = arena_zalloc(r->s->arena, (t->keys.n + 1) * sizeof(*t->zones));
	if (!t->zones)
		return no_memory(c);
	for (; t->n_zones < t->keys.n; t->n_zones++) {
		if (!set_zone(r->s->arena, &t->zones[t->n_zones], &t->keys.v[t->n_zones]))
			return no_memory(c);
	}
	return 0;
}

static int read_line(struct cf_cursor *c, struct reading *r)
{
	if (read_class(c, &r->t->qclass) || read_type(c, &r->t->qtype))
		return ERR_SYNTAX;
	return read_zones(c, r);
}

static const struct cf_option_def options[] = {
	{"match", 1, -1, read_match, "REGEX..."},
	{"answer", 1, -1, read_answer, "RR-TEMPLATE..."},
	{"additional", 1, -1, read_additional, "RR-TEMPLATE..."},
	{"authority", 1, -1, read_authority, "RR-TEMPLATE..."},
	{"rcode", 1, 1, read_rcode, "CODE"},
	{"ederror", 1, 2, read_ederror, "CODE [REASON]"},
	{"fallthrough", 0, -1, read_fallthrough, "[ZONES...]"},
	/* CNAMEs are always looked up through this server; the peer ignores what follows, too. */
	{"upstream", 0, -1, NULL, "[ADDRESS...]"},
};

static int read_one(struct cf_cursor *c, struct reading *r)
{
	int line = read_line(c, r), block;

	if (line)
		return line;
	r->last_pattern = &r->t->patterns;
	for (int s = 0; s < 3; s++)
		r->last_record[s] = &r->t->records[s];
	block = cf_options(c, options, ARRAY_LEN(options), r);
	if (!block && !r->t->patterns)
		return add_pattern(c, r, ".*");
	return block;
}

int template_setup(struct setup *s, struct templates *ret)
{
	struct template **last = &ret->first;
	int r = 0;

	ret->block = s->block;
	ret->groups_max = 1;
	while (cf_directive(s->in)) {
		struct reading reading = {.s = s, .all = ret};

		reading.t = arena_zalloc(s->arena, sizeof(*reading.t));
		if (!reading.t)
			return no_memory(s->in);
		reading.t->ede = EDE_NONE;
		*last = reading.t;
		last = &reading.t->next;
		if (read_one(s->in, &reading))
			r = ERR_SYNTAX;
	}
	return r;
}
