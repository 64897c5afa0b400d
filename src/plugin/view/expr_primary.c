// SPDX-License-Identifier: Apache-2.0
/* Operands of an expression: literals, names, calls, brackets, and what follows them. */
#include "plugin/view/expr_parse.h"

#include "base/err.h"

#include <string.h>

enum { LIST_MAX = 4096 }; /* items of an array or map that is written out */

static const struct expr_type t_any = {EXPR_ANY, EXPR_ANY};

static bool token_is(const struct expr_parser *p, const struct expr_token *t, const char *text)
{
	return strlen(text) == t->len && memcmp(p->text + t->pos, text, t->len) == 0;
}

static int name_len(const struct expr_token *t)
{
	return (int)(t->len < 60 ? t->len : 60);
}

/* ---------------------------------------------------------------- lists */

struct list {
	struct expr_node **v;
	size_t n, cap;
};

static bool append(struct expr_parser *p, struct list *l, struct expr_node *n)
{
	if (!n)
		return false;
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		struct expr_node **v = arena_zalloc(p->arena, cap * sizeof(*v));

		if (!v || cap > LIST_MAX * 2) {
			expr_parse_fail(p, p->t.pos, "the list is too long");
			return false;
		}
		if (l->n)
			memcpy(v, l->v, l->n * sizeof(struct expr_node *));
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = n;
	return true;
}

static struct expr_node *parse_array(struct expr_parser *p)
{
	struct expr_type t = {EXPR_ARRAY, EXPR_ANY};
	struct list l = {0};

	while (!expr_parse_is(p, "]")) {
		if (l.n && !expr_parse_expect(p, ","))
			return NULL;
		if (l.n && expr_parse_is(p, "]")) /* a last comma */
			break;
		if (!append(p, &l, expr_parse_whole(p)))
			return NULL;
		t.elem = l.n == 1 ? l.v[0]->type.kind
				  : expr_type_common((struct expr_type){t.elem, 0}, (struct expr_type){l.v[l.n - 1]->type.kind, 0}).kind;
	}
	expr_parse_next(p);
	return expr_parse_node(p, NODE_ARRAY, t, l.v, l.n);
}

static struct expr_node *parse_key(struct expr_parser *p)
{
	struct expr_token t = p->t;
	struct expr_node *key;

	if (expr_parse_is(p, "(")) {
		key = expr_parse_primary(p);
		if (key && !expr_type_fits('s', key->type))
			return expr_parse_fail(p, t.pos, "expected text as the key, found %s", expr_type_text(key->type));
		return key;
	}
	if (t.kind != TOKEN_STRING && t.kind != TOKEN_NAME && t.kind != TOKEN_INT)
		return expr_parse_unexpected(p, "a key");
	expr_parse_next(p);
	if (t.kind == TOKEN_STRING)
		return expr_parse_const(p, t.value);
	return expr_parse_const(p, expr_string(p->text + t.pos, t.len));
}

static struct expr_node *parse_map(struct expr_parser *p)
{
	struct list l = {0};

	while (!expr_parse_is(p, "}")) {
		if (l.n && !expr_parse_expect(p, ","))
			return NULL;
		if (l.n && expr_parse_is(p, "}"))
			break;
		if (!append(p, &l, parse_key(p)) || !expr_parse_expect(p, ":") || !append(p, &l, expr_parse_whole(p)))
			return NULL;
	}
	expr_parse_next(p);
	return expr_parse_node(p, NODE_MAP, (struct expr_type){EXPR_MAP, EXPR_ANY}, l.v, l.n);
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
	return f ? f : expr_array_builtin(s, name->len);
}

static void *unknown(struct expr_parser *p, const struct expr_token *name)
{
	if (expr_is_left_out(p->text + name->pos, name->len))
		return expr_parse_fail(p, name->pos, "function \"%.*s\" of expr-lang is not supported here", name_len(name),
				       p->text + name->pos);
	return expr_parse_fail(p, name->pos, "unknown name \"%.*s\"", name_len(name), p->text + name->pos);
}

static bool parse_args(struct expr_parser *p, struct list *l)
{
	bool more = false;

	for (; !expr_parse_is(p, ")"); more = true) {
		if (more && !expr_parse_expect(p, ","))
			return false;
		if (more && expr_parse_is(p, ")"))
			break;
		if (!append(p, l, expr_parse_whole(p)))
			return false;
	}
	expr_parse_next(p);
	return true;
}

static bool check_args(struct expr_parser *p, const struct expr_func *f, uint32_t pos, const struct list *l)
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
	struct list l = {0};
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
	if ((first && !append(p, &l, first)) || !parse_args(p, &l) || !check_args(p, f, name.pos, &l))
		return NULL;
	n = expr_parse_node(p, NODE_CALL, f->result, l.v, l.n);
	if (!n)
		return NULL;
	n->fn = f;
	return bind(p, name.pos, n) ? expr_parse_postfix(p, n) : NULL;
}

/* ---------------------------------------------------------------- names, # */

static struct expr_node *parse_variable(struct expr_parser *p)
{
	for (unsigned i = p->n_vars; i-- > 0;) {
		struct expr_node *n;

		if (p->vars[i].name.len != p->t.len ||
		    memcmp(p->text + p->vars[i].name.pos, p->text + p->t.pos, p->t.len) != 0)
			continue;
		expr_parse_next(p);
		n = expr_parse_node(p, NODE_VAR, p->vars[i].type, NULL, 0);
		if (n)
			n->op = (uint8_t)i;
		return n;
	}
	return NULL;
}

static struct expr_node *parse_name(struct expr_parser *p)
{
	static const struct {
		const char *text;
		struct expr_value value;
	} constants[] = {
		{"true", {.kind = EXPR_BOOL, .b = true}},
		{"false", {.kind = EXPR_BOOL, .b = false}},
		{"nil", {.kind = EXPR_NIL}},
	};
	struct expr_node *n;

	for (size_t i = 0; i < ARRAY_LEN(constants); i++) {
		if (expr_parse_take(p, constants[i].text))
			return expr_parse_const(p, constants[i].value);
	}
	n = parse_variable(p);
	return n || p->failed ? n : expr_parse_call(p, NULL);
}

static struct expr_node *parse_item(struct expr_parser *p)
{
	uint32_t end = p->t.pos + p->t.len;

	if (!p->n_items)
		return expr_parse_fail(p, p->t.pos, "\"#\" stands for an item, within any(), filter() and their like");
	expr_parse_next(p);
	if (p->t.kind != TOKEN_NAME || p->t.pos != end)
		return expr_parse_node(p, NODE_ITEM, p->items[p->n_items - 1], NULL, 0);
	if (expr_parse_take(p, "index"))
		return expr_parse_node(p, NODE_ITEM_INDEX, (struct expr_type){EXPR_INT, EXPR_ANY}, NULL, 0);
	return expr_parse_unexpected(p, "# or #index");
}

/* ---------------------------------------------------------------- operands */

static struct expr_node *member(struct expr_parser *p, struct expr_node *of, bool optional);

static struct expr_node *parse_parens(struct expr_parser *p)
{
	struct expr_node *n = expr_parse_whole(p);

	if (!n || !expr_parse_expect(p, ")"))
		return NULL;
	p->in_parens = n;
	return n;
}

struct expr_node *expr_parse_primary(struct expr_parser *p)
{
	struct expr_token t = p->t;

	if (t.kind == TOKEN_INT || t.kind == TOKEN_FLOAT || t.kind == TOKEN_STRING) {
		expr_parse_next(p);
		return expr_parse_const(p, t.value);
	}
	if (t.kind == TOKEN_NAME)
		return parse_name(p);
	if (expr_parse_take(p, "("))
		return parse_parens(p);
	if (expr_parse_take(p, "["))
		return parse_array(p);
	if (expr_parse_take(p, "{"))
		return parse_map(p);
	if (expr_parse_is(p, "#"))
		return parse_item(p);
	if (p->n_items && expr_parse_take(p, "."))
		return member(p, expr_parse_node(p, NODE_ITEM, p->items[p->n_items - 1], NULL, 0), false);
	return expr_parse_unexpected(p, "a value");
}

static struct expr_node *make_index(struct expr_parser *p, uint32_t pos, struct expr_node *of, struct expr_node *key,
				    bool optional)
{
	struct expr_type t = of->type.kind == EXPR_ARRAY ? (struct expr_type){of->type.elem, EXPR_ANY} : t_any;
	struct expr_node *n;

	if (!expr_type_fits('a', of->type) && !expr_type_fits('m', of->type))
		return expr_parse_fail(p, pos, "%s has no items", expr_type_text(of->type));
	if (!expr_type_fits(of->type.kind == EXPR_ARRAY ? 'i' : of->type.kind == EXPR_MAP ? 's' : '*', key->type))
		return expr_parse_fail(p, pos, "%s is no index of %s", expr_type_text(key->type), expr_type_text(of->type));
	n = expr_parse_node(p, NODE_INDEX, t, (struct expr_node *[]){of, key}, 2);
	if (n)
		n->op = optional;
	return n;
}

static struct expr_node *member(struct expr_parser *p, struct expr_node *of, bool optional)
{
	struct expr_token t = p->t;
	struct expr_node *key;

	if (t.kind != TOKEN_NAME)
		return expr_parse_unexpected(p, "a name after \".\"");
	expr_parse_next(p);
	key = expr_parse_const(p, expr_string(p->text + t.pos, t.len));
	return of && key ? make_index(p, t.pos, of, key, optional) : NULL;
}

static struct expr_node *make_slice(struct expr_parser *p, uint32_t pos, struct expr_node *of, struct expr_node *from,
				    struct expr_node *to)
{
	struct expr_node *args[] = {of, from, to};

	if (p->failed)
		return NULL;
	if (!expr_type_fits('a', of->type) && of->type.kind != EXPR_STRING)
		return expr_parse_fail(p, pos, "%s cannot be sliced", expr_type_text(of->type));
	if ((from && !expr_type_fits('i', from->type)) || (to && !expr_type_fits('i', to->type)))
		return expr_parse_fail(p, pos, "expected integers in [FROM:TO]");
	return expr_parse_node(p, NODE_SLICE, of->type, args, 3);
}

static struct expr_node *parse_index(struct expr_parser *p, struct expr_node *of)
{
	uint32_t pos = p->t.pos;
	struct expr_node *from = expr_parse_is(p, ":") ? NULL : expr_parse_whole(p), *to = NULL;

	if (p->failed)
		return NULL;
	if (!expr_parse_take(p, ":"))
		return expr_parse_expect(p, "]") && from ? make_index(p, pos, of, from, false) : NULL;
	if (!expr_parse_is(p, "]"))
		to = expr_parse_whole(p);
	return !p->failed && expr_parse_expect(p, "]") ? make_slice(p, pos, of, from, to) : NULL;
}

struct expr_node *expr_parse_postfix(struct expr_parser *p, struct expr_node *n)
{
	while (n) {
		if (expr_parse_take(p, "["))
			n = parse_index(p, n);
		else if (expr_parse_is(p, ".") || expr_parse_is(p, "?."))
			n = member(p, n, !expr_parse_take(p, ".") && expr_parse_take(p, "?."));
		else
			return n;
	}
	return NULL;
}
