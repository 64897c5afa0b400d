// SPDX-License-Identifier: Apache-2.0
/* What stands around operators: conditions, let, if, and the whole expression. */
#include "plugin/view/expr_parse.h"

#include "foreign/math.h"
#include "server/pattern.h"

#include <stdio.h>
#include <string.h>

static struct expr_node *make_cond(struct expr_parser *p, uint32_t pos, struct expr_node *c, struct expr_node *a,
				   struct expr_node *b)
{
	struct expr_node *args[] = {c, a, b};

	if (!a || !b)
		return NULL;
	if (!expr_type_fits('b', c->type))
		return expr_parse_fail(p, pos, "expected a boolean as the condition, found %s", expr_type_text(c->type));
	return expr_parse_node(p, NODE_COND, expr_type_common(a->type, b->type), args, 3);
}

static struct expr_node *parse_cond(struct expr_parser *p, struct expr_node *c)
{
	while (c && expr_parse_is(p, "?")) {
		uint32_t pos = p->t.pos;
		struct expr_node *a = c; /* c ?: b */

		expr_parse_next(p);
		if (!expr_parse_is(p, ":"))
			a = expr_parse_whole(p);
		if (!a || !expr_parse_expect(p, ":"))
			return NULL;
		c = make_cond(p, pos, c, a, expr_parse_whole(p));
	}
	return c;
}

static struct expr_node *parse_let(struct expr_parser *p)
{
	unsigned slot = p->n_vars;
	struct expr_node *value, *body, *n;

	if (p->t.kind != TOKEN_NAME)
		return expr_parse_unexpected(p, "a name after \"let\"");
	if (slot == EXPR_VARS_MAX)
		return expr_parse_fail(p, p->t.pos, "more than %d variables", EXPR_VARS_MAX);
	p->vars[slot].name = p->t;
	expr_parse_next(p);
	value = expr_parse_expect(p, "=") ? expr_parse_whole(p) : NULL;
	if (!value || !expr_parse_expect(p, ";"))
		return NULL;
	p->vars[slot].type = value->type;
	p->n_vars++;
	body = expr_parse_whole(p);
	p->n_vars--;
	n = body ? expr_parse_node(p, NODE_LET, body->type, (struct expr_node *[]){value, body}, 2) : NULL;
	if (n)
		n->op = (uint8_t)slot;
	return n;
}

static struct expr_node *parse_braced(struct expr_parser *p)
{
	struct expr_node *n = expr_parse_expect(p, "{") ? expr_parse_whole(p) : NULL;

	return n && expr_parse_expect(p, "}") ? n : NULL;
}

/* if a {b} else {c} is a ? b : c. */
static struct expr_node *parse_if(struct expr_parser *p)
{
	uint32_t pos = p->t.pos;
	struct expr_node *c = expr_parse_whole(p), *a = c ? parse_braced(p) : NULL;

	if (!a || !expr_parse_expect(p, "else"))
		return NULL;
	return make_cond(p, pos, c, a, expr_parse_is(p, "if") ? expr_parse_whole(p) : parse_braced(p));
}

struct expr_node *expr_parse_whole(struct expr_parser *p)
{
	struct expr_node *n;

	if (++p->nesting > EXPR_NESTING_MAX)
		return expr_parse_fail(p, p->t.pos, "more than %d brackets or signs within each other", EXPR_NESTING_MAX);
	if (expr_parse_take(p, "let"))
		n = parse_let(p);
	else if (expr_parse_take(p, "if"))
		n = parse_if(p);
	else
		n = parse_cond(p, expr_parse_binary(p, 0));
	p->nesting--;
	return p->failed ? NULL : n;
}

struct expr *expr_new(struct arena *a, const char *text, const struct expr_env *env, char *why)
{
	struct expr_parser p = {.arena = a, .text = text, .env = env, .why = why};
	struct expr *e = arena_zalloc(a, sizeof(*e));
	const char *missing;

	if (library_load(&libm_library, &missing)) {
		(void)snprintf(why, EXPR_WHY_MAX, "needs %s", missing);
		return NULL;
	}
	if (!e || strlen(text) > EXPR_TEXT_MAX) {
		(void)snprintf(why, EXPR_WHY_MAX, e ? "the expression is too long" : "out of memory");
		return NULL;
	}
	expr_parse_next(&p);
	e->root = expr_parse_whole(&p);
	if (e->root && p.t.kind != TOKEN_END)
		expr_parse_unexpected(&p, "an operator or the end");
	if (!e->root && !p.failed)
		expr_parse_fail(&p, p.t.pos, "out of memory");
	e->patterns = p.patterns;
	e->warning = p.warning;
	if (!p.failed)
		return e;
	expr_free(e);
	return NULL;
}

void expr_free(struct expr *e)
{
	for (struct expr_node *n = e ? e->patterns : NULL; n; n = n->next)
		pattern_free(n->pattern);
	if (e)
		e->patterns = NULL;
}

const char *expr_warning(const struct expr *e)
{
	return e->warning;
}

struct expr_type expr_type(const struct expr *e)
{
	return e->root->type;
}
