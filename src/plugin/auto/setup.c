// SPDX-License-Identifier: Apache-2.0
/* The grammar of `auto`, and the first look at its folders. */
#include "base/clock.h"
#include "base/err.h"
#include "plugin/auto/auto.h"
#include "server/generation.h"
#include "server/pattern.h"

#include <errno.h>
#include <string.h>

static const uint64_t RELOAD_MS = 60000;
static const char expression_default[] = "db\\.(.*)", template_default[] = "${1}";

/* One directive being read. */
struct reading {
	struct setup *s;
	struct auto_folder *f;
	const char *expression;
};

static int no_memory(struct cf_cursor *c)
{
	return cf_fail(c, "out of memory");
}

static int read_directory(struct cf_cursor *c, void *state)
{
	struct reading *r = state;
	const char *name;

	if (cf_arg_text(c, "DIR", &name))
		return ERR_SYNTAX;
	r->f->path = block_path(r->s, name);
	if (!r->f->path)
		return ERR_SYNTAX;
	if (!cf_args_left(c))
		return 0;
	if (cf_arg_text(c, "REGEXP", &r->expression) || cf_arg_text(c, "TEMPLATE", &r->f->template))
		return ERR_SYNTAX;
	if (strlen(r->expression) > PATTERN_TEXT_MAX)
		return cf_fail(c, "regexp too large: %zu > %d characters", strlen(r->expression), PATTERN_TEXT_MAX);
	return 0;
}

static int read_reload(struct cf_cursor *c, void *state)
{
	struct reading *r = state;
	uint64_t ns;

	if (cf_arg_duration(c, "DURATION", 0, INT64_MAX, &ns))
		return ERR_SYNTAX;
	r->f->reload_ms = ns ? (ns + NS_PER_MS - 1) / NS_PER_MS : 0;
	return 0;
}

static const struct cf_option_def options[] = {
	{"directory", 1, 3, read_directory, "DIR [REGEXP TEMPLATE]"},
	{"reload", 1, 1, read_reload, "DURATION"},
	/* CNAMEs are always looked up through this server; the peer ignores what follows, too. */
	{"upstream", 0, -1, NULL, "[ADDRESS...]"},
};

static int compile(struct cf_cursor *c, struct reading *r)
{
	char why[256];

	r->f->pattern = pattern_new(r->expression, why, sizeof(why));
	if (!r->f->pattern)
		return cf_fail(c, "regular expression \"%.100s\": %s", r->expression, why);
	if (pattern_groups(r->f->pattern) < 2)
		return cf_fail(c, "Need at least one sub expression in \"%.100s\"", r->expression);
	r->f->match = pattern_match_new(pattern_groups(r->f->pattern));
	return r->f->match ? 0 : no_memory(c);
}

static int first_look(struct cf_cursor *c, struct reading *r)
{
	int err = r->f->path ? auto_look(r->f, r->s) : 0;

	return err ? cf_fail(c, "%s cannot be read: %s", r->f->path, err_text(err)) : 0;
}

static int read_one(struct setup *s, struct auto_plugin *p)
{
	struct auto_folder *f = arena_zalloc(s->arena, sizeof(*f));
	struct reading r = {s, f, expression_default};
	const struct cf_token *t;

	if (!f)
		return no_memory(s->in);
	*p->last = f;
	p->last = &f->next;
	f->block = s->block;
	f->at = cf_here(s->in);
	f->template = template_default;
	f->reload_ms = RELOAD_MS;
	f->zones.all = !cf_args_left(s->in); /* those of the block, which is what comes here */
	while (cf_arg(s->in, &t))
		cf_zone_arg(s->arena, t, s->in->errs, &f->zones.keys);
	if (cf_options(s->in, options, ARRAY_LEN(options), &r) || compile(s->in, &r))
		return ERR_SYNTAX;
	return first_look(s->in, &r);
}

int auto_setup(struct setup *s, struct auto_plugin *ret)
{
	int r = 0;

	ret->last = &ret->folders;
	while (cf_directive(s->in)) {
		if (read_one(s, ret))
			r = ERR_SYNTAX;
	}
	return r;
}
