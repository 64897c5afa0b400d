// SPDX-License-Identifier: Apache-2.0
/* view: the block takes only queries for which all its expressions are true.
 *
 * They are run while the query is routed, before the chain (server/route.h).  An expression that fails, or reaches a limit, is
 * not true: a query is never let in by an error. */
#include "base/err.h"
#include "corefile/corefile.h"
#include "plugin/view/env.h"
#include "server/generation.h"
#include "server/metadata.h"
#include "server/pattern.h"
#include "server/query.h"
#include "server/worker.h"

#include <errno.h>
#include <string.h>

enum {
	ROOM = 2048,      /* an ordinary expression's memory; more comes from the worker's blocks */
	TEXT_MAX = 65535, /* of one expr line */
};

struct condition {
	struct condition *next;
	struct expr *expr;
};

struct view {
	const char *name;
	const struct metadata_label *label; /* view/name */
	struct condition *conditions, **last;
};

/* ---------------------------------------------------------------- setup */

/* The words of the line with one blank between them, copied: the Corefile's text goes. */
static const char *join_line(struct setup *s)
{
	const struct cf_token *t;
	const char *text = "";

	while (text && cf_arg(s->in, &t)) {
		text = *text ? arena_printf(s->arena, "%s %s", text, t->text) : arena_strdup(s->arena, t->text);
		if (text && strlen(text) > TEXT_MAX)
			return NULL;
	}
	return text;
}

static int add_condition(struct setup *s, struct view *v)
{
	struct condition *c = arena_zalloc(s->arena, sizeof(*c));
	const char *text = join_line(s);
	char why[EXPR_WHY_MAX] = "";
	struct expr_type t;

	if (!c || !text)
		return cf_fail(s->in, c ? "the expression is too long" : "out of memory");
	if (!*text)
		return cf_fail(s->in, "expected an expression after \"expr\"");
	c->expr = expr_new(s->arena, text, &view_env, why);
	if (!c->expr)
		return cf_fail(s->in, "expression \"%.200s\": %s", text, why);
	*v->last = c;
	v->last = &c->next;
	if (expr_warning(c->expr))
		cf_warning(s->in->errs, cf_here(s->in)->file, cf_here(s->in)->line, "view: expression: %s", expr_warning(c->expr));
	t = expr_type(c->expr);
	if (t.kind != EXPR_BOOL && t.kind != EXPR_ANY)
		cf_warning(s->in->errs, cf_here(s->in)->file, cf_here(s->in)->line,
			   "view: the expression is %s, not a boolean: no query will match", expr_type_text(t));
	return 0;
}

static int read_block(struct setup *s, struct view *v)
{
	static const char *const allowed[] = {"expr"};
	const struct cf_token *t;
	int r = 0;

	while (cf_option(s->in, &t)) {
		if (strcmp(t->text, "expr") != 0)
			r = cf_unknown_option(s->in, t, allowed, ARRAY_LEN(allowed));
		else if (add_condition(s, v))
			r = ERR_SYNTAX;
	}
	return r;
}

static int setup(struct setup *s, void *state)
{
	struct view *v = state;

	v->last = &v->conditions;
	v->label = metadata_label("view/name");
	while (cf_directive(s->in)) {
		if (v->name)
			return cf_fail(s->in, "given a second time in this server block; expected it once");
		if (cf_arg_text(s->in, "NAME", &v->name) || cf_no_more_args(s->in))
			return ERR_SYNTAX;
		v->name = arena_strdup(s->arena, v->name);
		if (!v->name)
			return cf_fail(s->in, "out of memory");
		s->block->view = v->name;
		if (read_block(s, v))
			return ERR_SYNTAX;
	}
	return 0;
}

static void release(void *state)
{
	struct view *v = state;

	for (struct condition *c = v->conditions; c; c = c->next)
		expr_free(c->expr);
}

/* ---------------------------------------------------------------- serving */

static int worker_start(struct worker *w, void *state, void **ret_local)
{
	*ret_local = pattern_match_new(1);
	return *ret_local ? 0 : -ENOMEM;
}

static void worker_stop(struct worker *w, void *state, void *local)
{
	pattern_match_free(local);
}

static bool is_true(const struct condition *c, struct query *q, void *match)
{
	uint8_t room[ROOM];
	struct expr_value v;
	struct arena arena;
	struct expr_run r = {.arena = &arena, .ctx = q, .match = match};
	int err;

	arena_init(&arena, room, sizeof(room), &q->w->arenas);
	err = expr_run(c->expr, &r, &v);
	arena_fini(&arena);
	return !err && v.kind == EXPR_BOOL && v.b;
}

static bool takes(const void *state, struct query *q, void *local)
{
	const struct view *v = state;

	for (const struct condition *c = v->conditions; c; c = c->next) {
		if (!is_true(c, q, local))
			return false;
	}
	return true;
}

static const char *metadata(const void *state, struct query *q, const struct metadata_label *label)
{
	const struct view *v = state;

	return label == v->label ? v->name : NULL;
}

/* It has its place in the chain, so that a block with nothing else fails as any chain without an answer does. */
static enum step query(const void *state, struct query *q, void *scratch)
{
	return STEP_NEXT;
}

const struct plugin plugin_view = {
	.name = "view",
	.state_size = sizeof(struct view),
	.setup = setup,
	.free = release,
	.worker_start = worker_start,
	.worker_stop = worker_stop,
	.takes = takes,
	.query = query,
	.metadata = metadata,
};
