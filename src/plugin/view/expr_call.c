// SPDX-License-Identifier: Apache-2.0
/* Calls: functions of the environment and of the language, and those that run a closure once an item. */
#include "plugin/view/expr_parse.h"

#include "base/err.h"

#include <string.h>

static const struct expr_type t_any = {EXPR_ANY, EXPR_ANY};

static bool token_is(const struct expr_parser *p, const struct expr_token *t, const char *text)
{
	return strlen(text) == t->len && memcmp(p->text + t->pos, text, t->len) == 0;
}

static int name_len(const struct expr_token *t)
{
	return (int)(t->len < 60 ? t->len : 60);
}

/* ---------------------------------------------------------------- closures */

static struct expr_type closure_type(enum expr_closure c, struct expr_type item, const struct expr_node *body)
{
	switch ((int)c) {
	case CLOSURE_ALL:
	case CLOSURE_ANY:
	case CLOSURE_NONE:
	case CLOSURE_ONE:
		return (struct expr_type){EXPR_BOOL, EXPR_ANY};
	case CLOSURE_FILTER:
		return (struct expr_type){EXPR_ARRAY, item.kind};
	case CLOSURE_MAP:
		return (struct expr_type){EXPR_ARRAY, body->type.kind};
	case CLOSURE_COUNT:
		return (struct expr_type){EXPR_INT, EXPR_ANY};
	default: /* find may be nil */
		return t_any;
	}
}

/* The body, with what # is. */
static struct expr_node *parse_body(struct expr_parser *p, struct expr_type item)
{
	bool braces = expr_parse_take(p, "{");
	struct expr_node *body;

	if (p->n_items == EXPR_CLOSURES_MAX)
		return expr_parse_fail(p, p->t.pos, "more than %d closures within each other", EXPR_CLOSURES_MAX);
	p->items[p->n_items++] = item;
	body = expr_parse_whole(p);
	p->n_items--;
	if (body && braces && !expr_parse_expect(p, "}"))
		return NULL;
	return body;
}

static struct expr_node *make_closure(struct expr_parser *p, enum expr_closure c, struct expr_node *list, bool has_body)
{
	struct expr_type item = {list->type.elem, EXPR_ANY};
	uint32_t pos = p->t.pos;
	struct expr_node *body, *n;

	if (!expr_type_fits('a', list->type))
		return expr_parse_fail(p, pos, "expected an array as the first argument, found %s", expr_type_text(list->type));
	body = has_body ? parse_body(p, item) : NULL;
	if (p->failed)
		return NULL;
	if (body && c != CLOSURE_MAP && !expr_type_fits(c == CLOSURE_SUM ? 'n' : 'b', body->type))
		return expr_parse_fail(p, pos, "expected %s from the closure, found %s", expr_takes_text(c == CLOSURE_SUM ? 'n' : 'b'),
				       expr_type_text(body->type));
	expr_parse_take(p, ",");
	if (!expr_parse_expect(p, ")"))
		return NULL;
	n = expr_parse_node(p, NODE_CLOSURE, closure_type(c, item, body), (struct expr_node *[]){list, body}, body ? 2 : 1);
	if (n)
		n->op = (uint8_t)c;
	return n;
}

static struct expr_node *parse_closure(struct expr_parser *p, enum expr_closure c, struct expr_node *first)
{
	bool may_lack = c == CLOSURE_COUNT || c == CLOSURE_SUM, piped = first != NULL;

	if (!piped)
		first = expr_parse_whole(p);
	if (!first)
		return NULL;
	if (may_lack && expr_parse_is(p, ")"))
		return make_closure(p, c, first, false);
	if (!piped && !expr_parse_expect(p, ","))
		return NULL;
	return make_closure(p, c, first, true);
}

/* ---------------------------------------------------------------- calls */

static const struct expr_func *find_func(const struct expr_parser *p, const struct expr_token *name)
{
	const char *s = p->text + name->pos;
	const struct expr_func *f;

	for (size_t i = 0; i < p->env->n; i++) {
		if (token_is(p, name, p->env->funcs[i].name))
			return &p->env->funcs[i];
	}
	f = expr_builtin(s, name->len);
	if (!f)
		f = expr_number_builtin(s, name->len);
	return f ? f : expr_array_builtin(s, name->len);
}

static void *unknown(struct expr_parser *p, const struct expr_token *name)
{
	if (expr_is_left_out(p->text + name->pos, name->len))
		return expr_parse_fail(p, name->pos, "function \"%.*s\" of expr-lang is not supported here", name_len(name),
				       p->text + name->pos);
	return expr_parse_fail(p, name->pos, "unknown name \"%.*s\"", name_len(name), p->text + name->pos);
}

static bool parse_args(struct expr_parser *p, struct expr_list *l)
{
	bool more = false;

	for (; !expr_parse_is(p, ")"); more = true) {
		if (more && !expr_parse_expect(p, ","))
			return false;
		if (more && expr_parse_is(p, ")"))
			break;
		if (!expr_parse_append(p, l, expr_parse_whole(p)))
			return false;
	}
	expr_parse_next(p);
	return true;
}

static bool check_args(struct expr_parser *p, const struct expr_func *f, uint32_t pos, const struct expr_list *l)
{
	char takes = f->takes[0];

	if (l->n < f->min_args || l->n > f->max_args) {
		expr_parse_fail(p, pos, "%s() takes %s%u argument%s, found %zu", f->name,
				f->min_args == f->max_args ? "" : l->n < f->min_args ? "at least " : "at most ",
				l->n < f->min_args ? f->min_args : f->max_args,
				(l->n < f->min_args ? f->min_args : f->max_args) == 1 ? "" : "s", l->n);
		return false;
	}
	for (size_t i = 0; i < l->n; i++) {
		if (i < strlen(f->takes))
			takes = f->takes[i];
		if (!expr_type_fits(takes, l->v[i]->type)) {
			expr_parse_fail(p, pos, "argument %zu of %s(): expected %s, found %s", i + 1, f->name, expr_takes_text(takes),
					expr_type_text(l->v[i]->type));
			return false;
		}
	}
	return true;
}

static bool bind(struct expr_parser *p, uint32_t pos, struct expr_node *n)
{
	const struct expr_value *args[EXPR_ARGS_MAX] = {NULL};
	char why[EXPR_WHY_MAX / 2] = "";

	if (!n->fn->bind)
		return true;
	for (uint32_t i = 0; i < n->n; i++)
		args[i] = n->args[i]->kind == NODE_CONST ? &n->args[i]->value : NULL;
	if (n->fn->bind(p->arena, args, n->n, &n->bound, why, sizeof(why)) == 0) {
		if (*why && !p->warning)
			p->warning = arena_printf(p->arena, "character %u: %s(): %s", pos + 1, n->fn->name, why);
		return true;
	}
	expr_parse_fail(p, pos, "%s(): %s", n->fn->name, why);
	return false;
}

struct expr_node *expr_parse_call(struct expr_parser *p, struct expr_node *first)
{
	struct expr_token name = p->t;
	const struct expr_func *f = name.kind == TOKEN_NAME ? find_func(p, &name) : NULL;
	int closure = name.kind == TOKEN_NAME && !f ? expr_closure_of(p->text + name.pos, name.len) : -1;
	struct expr_list l = {0};
	struct expr_node *n;

	if (name.kind != TOKEN_NAME)
		return expr_parse_unexpected(p, "a function after \"|\"");
	expr_parse_next(p);
	if (!f && closure < 0)
		return unknown(p, &name);
	if (!expr_parse_expect(p, "("))
		return NULL;
	if (closure >= 0)
		return expr_parse_postfix(p, parse_closure(p, (enum expr_closure)closure, first));
	if ((first && !expr_parse_append(p, &l, first)) || !parse_args(p, &l) || !check_args(p, f, name.pos, &l))
		return NULL;
	n = expr_parse_node(p, NODE_CALL, f->result, l.v, l.n);
	if (!n)
		return NULL;
	n->fn = f;
	return bind(p, name.pos, n) ? expr_parse_postfix(p, n) : NULL;
}
