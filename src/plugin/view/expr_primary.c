// SPDX-License-Identifier: Apache-2.0
/* Operands of an expression: literals, names, calls, brackets, and what follows them. */
#include "plugin/view/expr_parse.h"

#include <string.h>

enum { LIST_MAX = 4096 }; /* items of an array or map that is written out */

static const struct expr_type t_any = {EXPR_ANY, EXPR_ANY};

/* ---------------------------------------------------------------- lists */

bool expr_parse_append(struct expr_parser *p, struct expr_list *l, struct expr_node *n)
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
	struct expr_list l = {0};

	while (!expr_parse_is(p, "]")) {
		if (l.n && !expr_parse_expect(p, ","))
			return NULL;
		if (l.n && expr_parse_is(p, "]")) /* a last comma */
			break;
		if (!expr_parse_append(p, &l, expr_parse_whole(p)))
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
	struct expr_list l = {0};

	while (!expr_parse_is(p, "}")) {
		if (l.n && !expr_parse_expect(p, ","))
			return NULL;
		if (l.n && expr_parse_is(p, "}"))
			break;
		if (!expr_parse_append(p, &l, parse_key(p)) || !expr_parse_expect(p, ":") || !expr_parse_append(p, &l, expr_parse_whole(p)))
			return NULL;
	}
	expr_parse_next(p);
	return expr_parse_node(p, NODE_MAP, (struct expr_type){EXPR_MAP, EXPR_ANY}, l.v, l.n);
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
