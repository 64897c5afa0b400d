// SPDX-License-Identifier: Apache-2.0
/* Tokens -> the tree, every node checked as it is made.
 *
 * Precedence climbing with expr-lang's table.  Operands are known before their operator, and a closure's array before its
 * body, so one pass has all types. */
#include "plugin/view/expr_parse.h"

#include "server/pattern.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *text;
	uint8_t op;
	uint16_t precedence;
	bool right;    /* a ** b ** c is a ** (b ** c) */
	bool negates;  /* `not in` ... */
} operators[] = {
	{"|", OP_PIPE, 0, false, false},          {"or", OP_OR, 10, false, false},
	{"||", OP_OR, 10, false, false},          {"and", OP_AND, 15, false, false},
	{"&&", OP_AND, 15, false, false},         {"==", OP_EQ, 20, false, false},
	{"!=", OP_NE, 20, false, false},          {"<", OP_LT, 20, false, false},
	{">", OP_GT, 20, false, false},           {"<=", OP_LE, 20, false, false},
	{">=", OP_GE, 20, false, false},          {"in", OP_IN, 20, false, true},
	{"matches", OP_MATCHES, 20, false, true}, {"contains", OP_CONTAINS, 20, false, true},
	{"startsWith", OP_STARTS, 20, false, true}, {"endsWith", OP_ENDS, 20, false, true},
	{"..", OP_RANGE, 25, false, false},       {"+", OP_ADD, 30, false, false},
	{"-", OP_SUB, 30, false, false},          {"*", OP_MUL, 60, false, false},
	{"/", OP_DIV, 60, false, false},          {"%", OP_MOD, 60, false, false},
	{"**", OP_POW, 100, true, false},         {"^", OP_POW, 100, true, false},
	{"??", OP_COALESCE, 500, false, false},
};

enum { PRECEDENCE_NOT = 50, PRECEDENCE_SIGN = 90 };

static const struct expr_type t_bool = {EXPR_BOOL, EXPR_ANY};

/* ---------------------------------------------------------------- errors, tokens */

void *expr_parse_fail(struct expr_parser *p, uint32_t pos, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (p->failed)
		return NULL;
	p->failed = true;
	n = snprintf(p->why, EXPR_WHY_MAX, "character %u: ", pos + 1);
	va_start(ap, fmt);
	(void)vsnprintf(p->why + n, EXPR_WHY_MAX - (size_t)n, fmt, ap); /* cut where too long */
	va_end(ap);
	return NULL;
}

void expr_parse_next(struct expr_parser *p)
{
	p->t = expr_lex(p->arena, p->text, p->t.pos + p->t.len);
}

void *expr_parse_unexpected(struct expr_parser *p, const char *expected)
{
	const struct expr_token *t = &p->t;

	if (t->kind == TOKEN_END)
		return expr_parse_fail(p, t->pos, "expected %s, where the expression ends", expected);
	if (t->kind == TOKEN_BAD)
		return expr_parse_fail(p, t->pos, "\"%.12s\" %s", p->text + t->pos, t->why);
	return expr_parse_fail(p, t->pos, "expected %s, found \"%.*s\"", expected, (int)(t->len < 40 ? t->len : 40),
			       p->text + t->pos);
}

bool expr_parse_is(const struct expr_parser *p, const char *text)
{
	return (p->t.kind == TOKEN_OP || p->t.kind == TOKEN_NAME) && strlen(text) == p->t.len &&
	       memcmp(p->text + p->t.pos, text, p->t.len) == 0;
}

bool expr_parse_take(struct expr_parser *p, const char *text)
{
	if (!expr_parse_is(p, text))
		return false;
	expr_parse_next(p);
	return true;
}

bool expr_parse_expect(struct expr_parser *p, const char *text)
{
	char quoted[24];

	if (expr_parse_take(p, text))
		return true;
	(void)snprintf(quoted, sizeof(quoted), "\"%s\"", text);
	expr_parse_unexpected(p, quoted);
	return false;
}

/* ---------------------------------------------------------------- nodes */

struct expr_node *expr_parse_node(struct expr_parser *p, enum expr_node_kind kind, struct expr_type type,
				  struct expr_node *const *args, size_t n)
{
	struct expr_node *node = arena_zalloc(p->arena, sizeof(*node));
	unsigned depth = 1;

	if (p->failed)
		return NULL;
	if (!node || ++p->n_nodes > EXPR_NODES_MAX)
		return expr_parse_fail(p, p->t.pos, node ? "the expression is too long" : "out of memory");
	for (size_t i = 0; i < n; i++) {
		if (args[i] && args[i]->depth >= depth)
			depth = args[i]->depth + 1u;
	}
	if (depth > EXPR_DEPTH_MAX)
		return expr_parse_fail(p, p->t.pos, "more than %d operators within each other", EXPR_DEPTH_MAX);
	node->kind = (uint8_t)kind;
	node->type = type;
	node->depth = (uint16_t)depth;
	node->n = (uint32_t)n;
	node->args = n ? arena_copy(p->arena, args, n * sizeof(struct expr_node *)) : NULL;
	if (n && !node->args)
		return expr_parse_fail(p, p->t.pos, "out of memory");
	return node;
}

static struct expr_node *unary(struct expr_parser *p, enum expr_node_kind kind, struct expr_type type, struct expr_node *a)
{
	return expr_parse_node(p, kind, type, &a, 1);
}

struct expr_node *expr_parse_const(struct expr_parser *p, struct expr_value v)
{
	struct expr_node *n = expr_parse_node(p, NODE_CONST, (struct expr_type){(uint8_t)v.kind, EXPR_ANY}, NULL, 0);

	if (n)
		n->value = v;
	return n;
}

/* ---------------------------------------------------------------- operators */

static bool is_bool(struct expr_type t)
{
	return t.kind == EXPR_BOOL || t.kind == EXPR_ANY;
}

static void *mismatch(struct expr_parser *p, uint32_t pos, const char *op, struct expr_type a, struct expr_type b)
{
	return expr_parse_fail(p, pos, "\"%s\" does not go between %s and %s", op, expr_type_text(a), expr_type_text(b));
}

static struct expr_node *make_matches(struct expr_parser *p, uint32_t pos, struct expr_node *a, struct expr_node *b)
{
	char why[EXPR_WHY_MAX / 2];
	struct expr_node *n;
	char *text;

	if (!expr_type_fits('s', a->type))
		return mismatch(p, pos, "matches", a->type, b->type);
	if (b->kind != NODE_CONST || b->value.kind != EXPR_STRING)
		return expr_parse_fail(p, pos, "expected a pattern in quotes after \"matches\": it is compiled once, before there "
					       "is a query");
	text = arena_strndup(p->arena, b->value.s, b->value.n);
	n = unary(p, NODE_MATCHES, t_bool, a);
	if (!n || !text)
		return NULL;
	n->pattern = pattern_new(text, why, sizeof(why));
	if (!n->pattern)
		return expr_parse_fail(p, pos, "\"%.60s\" is no regular expression: %s", text, why);
	n->next = p->patterns;
	p->patterns = n;
	return n;
}

static struct expr_node *make_plain(struct expr_parser *p, uint32_t pos, size_t which, struct expr_node *a, struct expr_node *b)
{
	struct expr_node *args[] = {a, b}, *n;
	struct expr_type t;

	if (!expr_type_binary(operators[which].op, a->type, b->type, &t))
		return mismatch(p, pos, operators[which].text, a->type, b->type);
	n = expr_parse_node(p, NODE_BINARY, t, args, 2);
	if (n)
		n->op = operators[which].op;
	return n;
}

static struct expr_node *make_binary(struct expr_parser *p, uint32_t pos, size_t which, struct expr_node *a,
				     struct expr_node *b)
{
	struct expr_node *args[] = {a, b};

	if (!a || !b)
		return NULL;
	switch (operators[which].op) {
	case OP_OR:
	case OP_AND:
		if (!is_bool(a->type) || !is_bool(b->type))
			return mismatch(p, pos, operators[which].text, a->type, b->type);
		return expr_parse_node(p, operators[which].op == OP_OR ? NODE_OR : NODE_AND, t_bool, args, 2);
	case OP_COALESCE:
		return expr_parse_node(p, NODE_COALESCE,
				       a->type.kind == EXPR_NIL ? b->type : expr_type_common(a->type, b->type), args, 2);
	case OP_MATCHES:
		return make_matches(p, pos, a, b);
	default:
		return make_plain(p, pos, which, a, b);
	}
}

static bool is_comparison(unsigned op)
{
	return op == OP_LT || op == OP_GT || op == OP_LE || op == OP_GE;
}

static int operator_here(const struct expr_parser *p)
{
	for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
		if (expr_parse_is(p, operators[i].text))
			return (int)i;
	}
	return -1;
}

/* 1 < a < 5 is 1 < a and a < 5. */
static struct expr_node *parse_comparison(struct expr_parser *p, struct expr_node *left, size_t which)
{
	struct expr_node *all = NULL;

	for (int at = (int)which; at >= 0 && is_comparison(operators[at].op); at = operator_here(p)) {
		uint32_t pos = p->t.pos;
		struct expr_node *right, *one;

		expr_parse_next(p);
		right = expr_parse_binary(p, operators[at].precedence + 1);
		one = make_binary(p, pos, (size_t)at, left, right);
		if (!one)
			return NULL;
		all = all ? expr_parse_node(p, NODE_AND, t_bool, (struct expr_node *[]){all, one}, 2) : one;
		left = right;
	}
	return all;
}

static struct expr_node *parse_operator(struct expr_parser *p, struct expr_node *left, size_t which, bool negated)
{
	uint32_t pos = p->t.pos;
	struct expr_node *n;

	if (is_comparison(operators[which].op))
		return parse_comparison(p, left, which);
	expr_parse_next(p);
	if (operators[which].op == OP_PIPE)
		return expr_parse_call(p, left);
	n = make_binary(p, pos, which, left, expr_parse_binary(p, operators[which].precedence + !operators[which].right));
	return negated && n ? unary(p, NODE_NOT, t_bool, n) : n;
}

/* `??` binds so tightly that what stands beside it must say what it means. */
static bool mixes_coalesce(struct expr_parser *p, const struct expr_node *left, size_t which)
{
	if (left->kind != NODE_COALESCE || left == p->in_parens || operators[which].op == OP_COALESCE ||
	    operators[which].op == OP_PIPE)
		return false;
	expr_parse_fail(p, p->t.pos, "\"%s\" beside \"??\" needs parentheses around one of them", operators[which].text);
	return true;
}

/* An operator that binds at least as tightly as `precedence`, `not` before it taken; or -1. */
static int take_operator(struct expr_parser *p, unsigned precedence, bool *ret_negated)
{
	struct expr_token before = p->t;
	int which;

	*ret_negated = expr_parse_take(p, "not");
	which = operator_here(p);
	if (which >= 0 && operators[which].precedence >= precedence && (!*ret_negated || operators[which].negates))
		return which;
	if (*ret_negated && which >= 0 && !operators[which].negates)
		expr_parse_unexpected(p, "in, matches, contains, startsWith or endsWith after \"not\"");
	p->t = before;
	return -1;
}

struct expr_node *expr_parse_binary(struct expr_parser *p, unsigned precedence)
{
	struct expr_node *left = expr_parse_unary(p);
	bool negated;
	int which;

	while (left && (which = take_operator(p, precedence, &negated)) >= 0) {
		if (mixes_coalesce(p, left, (size_t)which))
			return NULL;
		left = parse_operator(p, left, (size_t)which, negated);
	}
	return p->failed ? NULL : left;
}

static struct expr_node *parse_sign(struct expr_parser *p, bool minus)
{
	uint32_t pos = p->t.pos;
	struct expr_node *a = expr_parse_binary(p, PRECEDENCE_SIGN);

	if (!a)
		return NULL;
	if (!expr_type_fits('n', a->type))
		return expr_parse_fail(p, pos, "a sign does not go before %s", expr_type_text(a->type));
	return minus ? unary(p, NODE_MINUS, a->type, a) : a;
}

static struct expr_node *parse_not(struct expr_parser *p)
{
	uint32_t pos = p->t.pos;
	struct expr_node *a = expr_parse_binary(p, PRECEDENCE_NOT);

	if (a && !is_bool(a->type))
		return expr_parse_fail(p, pos, "\"not\" does not go before %s", expr_type_text(a->type));
	return a ? unary(p, NODE_NOT, t_bool, a) : NULL;
}

struct expr_node *expr_parse_unary(struct expr_parser *p)
{
	struct expr_node *n;

	if (++p->nesting > EXPR_NESTING_MAX)
		return expr_parse_fail(p, p->t.pos, "more than %d brackets or signs within each other", EXPR_NESTING_MAX);
	if (expr_parse_take(p, "not") || expr_parse_take(p, "!"))
		n = parse_not(p);
	else if (expr_parse_is(p, "-") || expr_parse_is(p, "+"))
		n = parse_sign(p, expr_parse_take(p, "-") || !expr_parse_take(p, "+"));
	else
		n = expr_parse_postfix(p, expr_parse_primary(p));
	p->nesting--;
	return n;
}
