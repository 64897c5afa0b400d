// SPDX-License-Identifier: Apache-2.0
/* The parser's parts: expr_whole.c (let, if, ?:), expr_parse.c (operators), expr_primary.c (operands and what follows them),
 * expr_call.c.
 * All return NULL once something was wrong; the first message counts. */
#pragma once

#include "plugin/view/expr_internal.h"

struct expr {
	struct expr_node *root;
	struct expr_node *patterns; /* nodes with one */
	const char *warning;
};

struct expr_parser {
	struct arena *arena;
	const char *text;
	const struct expr_env *env;
	char *why;
	const char *warning;
	bool failed;
	struct expr_token t;       /* here */
	unsigned n_nodes, nesting;
	const struct expr_node *in_parens; /* the operand read last stood in parentheses */
	struct expr_node *patterns;
	struct {
		struct expr_token name;
		struct expr_type type;
	} vars[EXPR_VARS_MAX];
	unsigned n_vars;
	struct expr_type items[EXPR_CLOSURES_MAX]; /* what # is, in each closure around here */
	unsigned n_items;
};

void *expr_parse_fail(struct expr_parser *p, uint32_t pos, const char *fmt, ...) PRINTF(3, 4);
/* "expected WHAT, found ...", at the token here. */
void *expr_parse_unexpected(struct expr_parser *p, const char *expected);
void expr_parse_next(struct expr_parser *p);
bool expr_parse_is(const struct expr_parser *p, const char *text);
bool expr_parse_take(struct expr_parser *p, const char *text);
bool expr_parse_expect(struct expr_parser *p, const char *text);

struct expr_node *expr_parse_node(struct expr_parser *p, enum expr_node_kind kind, struct expr_type type,
				  struct expr_node *const *args, size_t n);
struct expr_node *expr_parse_const(struct expr_parser *p, struct expr_value v);

/* Nodes one after the other. */
struct expr_list {
	struct expr_node **v;
	size_t n, cap;
};
/* False: `n` is NULL, or there are too many. */
bool expr_parse_append(struct expr_parser *p, struct expr_list *l, struct expr_node *n);

/* An expression with `let` and ?:, up to what cannot go on it. */
struct expr_node *expr_parse_whole(struct expr_parser *p);
struct expr_node *expr_parse_binary(struct expr_parser *p, unsigned precedence);
struct expr_node *expr_parse_unary(struct expr_parser *p);
/* A literal, a name, something in brackets. */
struct expr_node *expr_parse_primary(struct expr_parser *p);
/* [i], [a:b], .name, ?.name behind an operand. */
struct expr_node *expr_parse_postfix(struct expr_parser *p, struct expr_node *n);
/* NAME(...); `first` (NULL: none) is the argument that came through a pipe. */
struct expr_node *expr_parse_call(struct expr_parser *p, struct expr_node *first);
