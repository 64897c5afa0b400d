// SPDX-License-Identifier: Apache-2.0
/* What the files of the expression language share.  Rules and limits: expr.h. */
#pragma once

#include "plugin/view/expr.h"

struct pattern;

/* ---------------------------------------------------------------- tokens */

enum expr_token_kind { TOKEN_END, TOKEN_INT, TOKEN_FLOAT, TOKEN_STRING, TOKEN_NAME, TOKEN_OP, TOKEN_BAD };

struct expr_token {
	enum expr_token_kind kind;
	uint32_t pos, len; /* in the text */
	struct expr_value value; /* of literals */
	const char *why;   /* TOKEN_BAD */
};

/* The token at or after `pos`.  Strings with escapes are copied into `a`. */
struct expr_token expr_lex(struct arena *a, const char *text, uint32_t pos);

/* ---------------------------------------------------------------- the tree */

enum expr_node_kind {
	NODE_CONST, NODE_ARRAY, NODE_MAP, NODE_NOT, NODE_MINUS, NODE_BINARY, NODE_AND, NODE_OR, NODE_COALESCE, NODE_MATCHES,
	NODE_COND, NODE_CALL, NODE_CLOSURE, NODE_ITEM, NODE_ITEM_INDEX, NODE_INDEX, NODE_SLICE, NODE_LET, NODE_VAR,
};

enum expr_op {
	OP_EQ, OP_NE, OP_LT, OP_GT, OP_LE, OP_GE, OP_IN, OP_CONTAINS, OP_STARTS, OP_ENDS, OP_RANGE, OP_ADD, OP_SUB, OP_MUL,
	OP_DIV, OP_MOD, OP_POW,
	/* the parser's only: they have nodes of their own */
	OP_PIPE, OP_OR, OP_AND, OP_MATCHES, OP_COALESCE,
};

enum expr_closure { CLOSURE_ALL, CLOSURE_ANY, CLOSURE_NONE, CLOSURE_ONE, CLOSURE_FILTER, CLOSURE_MAP, CLOSURE_COUNT, CLOSURE_FIND,
		    CLOSURE_FIND_INDEX, CLOSURE_SUM };

struct expr_node {
	uint8_t kind;      /* enum expr_node_kind */
	uint8_t op;        /* enum expr_op or expr_closure; of a variable: its slot; of NODE_INDEX: 1 for ?. */
	uint16_t depth;
	struct expr_type type;
	uint32_t n;        /* args */
	struct expr_node **args;
	struct expr_value value;    /* NODE_CONST */
	const struct expr_func *fn; /* NODE_CALL */
	const void *bound;
	struct pattern *pattern;    /* NODE_MATCHES */
	struct expr_node *next;     /* of those with a pattern */
};

/* The item that # stands for. */
struct expr_scope {
	const struct expr_scope *outer;
	struct expr_value item;
	int64_t index;
};

/* ---------------------------------------------------------------- functions of the language */

const struct expr_func *expr_builtin(const char *name, size_t len);
const struct expr_func *expr_number_builtin(const char *name, size_t len);
const struct expr_func *expr_array_builtin(const char *name, size_t len);
int expr_closure_of(const char *name, size_t len); /* enum expr_closure, or -1 */
/* A function of expr-lang that is not in this one. */
bool expr_is_left_out(const char *name, size_t len);

/* ---------------------------------------------------------------- types (expr_types.c) */

/* The type of `a op b`; false: they do not go together. */
bool expr_type_binary(enum expr_op op, struct expr_type a, struct expr_type b, struct expr_type *ret);
/* Does an argument of this type fit the letter (expr_func.takes)? */
bool expr_type_fits(char takes, struct expr_type t);
const char *expr_takes_text(char takes);
struct expr_type expr_type_common(struct expr_type a, struct expr_type b);

/* ---------------------------------------------------------------- running */

int expr_eval(struct expr_run *r, const struct expr_node *n, struct expr_value *ret) MUST_USE;
int expr_eval_closure(struct expr_run *r, const struct expr_node *n, struct expr_value *ret) MUST_USE;
int expr_binary(struct expr_run *r, enum expr_op op, const struct expr_value *a, const struct expr_value *b,
		struct expr_value *ret) MUST_USE;
bool expr_equal(struct expr_run *r, const struct expr_value *a, const struct expr_value *b);
/* Count work; ERR_LIMIT when it is too much. */
int expr_work(struct expr_run *r, size_t bytes_or_items) MUST_USE;
/* Room for a new array, its items still to be filled in. */
int expr_new_array(struct expr_run *r, size_t n, struct expr_value **ret_items, struct expr_value *ret) MUST_USE;
