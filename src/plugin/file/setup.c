// SPDX-License-Identifier: Apache-2.0
/* The grammar of `file`, and the first reading of its files. */
#include "base/clock.h"
#include "base/err.h"
#include "plugin/file/file.h"
#include "server/generation.h"
#include "server/metadata.h"
#include "wire/name.h"

#include <string.h>

static const uint64_t RELOAD_MS = 60000;

/* One directive being read. */
struct reading {
	struct setup *s;
	struct file_plugin *p;
	uint64_t reload_ms;
};

static int no_memory(struct cf_cursor *c)
{
	return cf_fail(c, "out of memory");
}

/* ---------------------------------------------------------------- options */

static int read_reload(struct cf_cursor *c, void *state)
{
	struct reading *r = state;
	uint64_t ns;

	if (cf_arg_duration(c, "DURATION", 0, INT64_MAX, &ns))
		return ERR_SYNTAX;
	r->reload_ms = ns ? (ns + NS_PER_MS - 1) / NS_PER_MS : 0;
	return 0;
}

/* Shared by all stanzas of the block, as in the peer. */
static int read_fallthrough(struct cf_cursor *c, void *state)
{
	struct reading *r = state;
	const struct cf_token *t;

	r->p->falls_through = true;
	r->p->fall = (struct zone_list){.all = !cf_args_left(c)};
	while (cf_arg(c, &t))
		cf_zone_arg(r->s->arena, t, c->errs, &r->p->fall.keys);
	return 0;
}

static const struct cf_option_def options[] = {
	{"reload", 1, 1, read_reload, "DURATION"},
	/* A file whose stamps have not changed is never read again here. */
	{"reload_by_mtime", 0, 0, NULL, ""},
	{"fallthrough", 0, -1, read_fallthrough, "[ZONES...]"},
	/* CNAMEs are always looked up through this server; the peer ignores what follows, too. */
	{"upstream", 0, -1, NULL, "[ADDRESS...]"},
};

/* ---------------------------------------------------------------- zones */

static void note(void *arg, const void *data, size_t len)
{
	struct setup *s = arg;

	s->note_content(s, data, len);
}

/* A file that is not there may come later; one that is there must be right. */
static int first_reading(struct cf_cursor *c, struct reading *r, const struct cf_token *at, struct file_zone *z)
{
	char error[FILE_ERROR_MAX];
	int err = file_zone_read(z, note, r->s, &z->zone, error);

	z->reload_ms = r->reload_ms;
	if (!err)
		return 0;
	if (err == ERR_SYNTAX || !z->reload_ms)
		return cf_error(c->errs, at->file, at->line, "plugin file: %s", error);
	cf_warning(c->errs, at->file, at->line, "plugin file: %s: trying again every %llu ms; zone %s is SERVFAIL until then", error,
		   (unsigned long long)z->reload_ms, z->text);
	return 0;
}

static struct file_zone *new_zone(struct reading *r, const char *path, const uint8_t *origin, size_t len)
{
	struct file_zone *z = arena_zalloc(r->s->arena, sizeof(*z));
	char text[WIRE_NAME_TEXT_MAX];

	if (!z)
		return NULL;
	wire_name_text(origin, text);
	z->block = r->s->block;
	z->path = path;
	z->text = arena_strdup(r->s->arena, text);
	z->origin = origin;
	z->origin_len = len;
	if (!z->text)
		return NULL;
	*r->p->last = z;
	r->p->last = &z->next;
	return z;
}

/* The zones of one directive: its arguments, or the block's own. */
static int read_zones(struct cf_cursor *c, struct reading *r, const char *path, struct file_zone **ret_first)
{
	const struct block *b = r->s->block;
	bool given = cf_args_left(c);
	struct cf_keys keys = {0};
	const struct cf_token *t;

	while (cf_arg(c, &t))
		cf_zone_arg(r->s->arena, t, c->errs, &keys);
	for (size_t i = 0; i < (given ? keys.n : b->n_keys); i++) {
		struct file_zone *z = new_zone(r, path, given ? keys.v[i].zone : b->keys[i].zone,
					       given ? keys.v[i].zone_len : b->keys[i].zone_len);

		if (!z)
			return no_memory(c);
		if (!*ret_first)
			*ret_first = z;
	}
	return 0;
}

static int read_one(struct cf_cursor *c, struct reading *r)
{
	const struct cf_token *at = cf_here(c);
	struct file_zone *first = NULL;
	const char *name, *path;
	int err;

	if (cf_arg_text(c, "DBFILE", &name))
		return ERR_SYNTAX;
	path = block_path(r->s, name);
	if (!path)
		return ERR_SYNTAX;
	if (read_zones(c, r, path, &first) || cf_options(c, options, ARRAY_LEN(options), r))
		return ERR_SYNTAX;
	err = 0;
	for (struct file_zone *z = first; z; z = z->next) {
		if (first_reading(c, r, at, z))
			err = ERR_SYNTAX;
	}
	return err;
}

int file_setup(struct setup *s, struct file_plugin *ret)
{
	int r = 0;

	ret->last = &ret->zones;
	ret->wildcard = metadata_label("zone/wildcard");
	if (!ret->wildcard)
		return no_memory(s->in);
	while (cf_directive(s->in)) {
		struct reading reading = {.s = s, .p = ret, .reload_ms = RELOAD_MS};

		if (read_one(s->in, &reading))
			r = ERR_SYNTAX;
	}
	return r;
}
