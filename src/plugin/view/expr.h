// SPDX-License-Identifier: Apache-2.0
/* Expressions as in expr-lang, as far as a decision about a query needs them.
 *
 *   text -> expr_lex.c -> expr_whole.c, expr_parse.c, expr_primary.c, expr_call.c (+ expr_types.c: what goes with what) -> tree -> expr_eval.c
 *   expr_ops.c: operators     expr_builtin.c, expr_number.c, expr_array.c: functions of the language     expr_closure.c: any, all, filter ...
 *
 * There: literals, arrays, maps, arithmetic, comparisons (also chained: 1 < a < 5), in, contains, startsWith, endsWith,
 * matches, and/or/not, ?: and ??, ranges, slices, pipes, let, closures with # and #index, the functions of the tables.
 * Not there, and refused by name: dates, JSON, grouping and sorting.
 *
 * The tree is made at setup in the generation's arena and frozen.  Running it takes a bounded number of steps, memory of the
 * arena that is given only, and cannot change anything.  Whoever decides by it must tell an error from false. */
#pragma once

#include "base/arena.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	EXPR_TEXT_MAX = 65536,   /* bytes of an expression */
	EXPR_NODES_MAX = 8192,
	EXPR_DEPTH_MAX = 800,    /* of the tree; running it nests as deep, some 200 bytes of stack each */
	EXPR_NESTING_MAX = 100,  /* brackets, closures and operands within each other while reading */
	EXPR_ARGS_MAX = 16,      /* of a call; items of arrays are not limited */
	EXPR_VARS_MAX = 16,      /* let */
	EXPR_CLOSURES_MAX = 8,   /* within each other */
	EXPR_STEPS_MAX = 20000,  /* of one run */
	EXPR_ITEMS_MAX = 10000,  /* of an array that a run makes */
	EXPR_STRING_MAX = 65536, /* bytes of a text that a run makes */
	EXPR_WHY_MAX = 240,
};

enum expr_kind { EXPR_ANY, EXPR_NIL, EXPR_BOOL, EXPR_INT, EXPR_FLOAT, EXPR_STRING, EXPR_ARRAY, EXPR_MAP };

/* What is known of a value before running; `elem`: of an array's items. */
struct expr_type {
	uint8_t kind, elem; /* enum expr_kind */
};

struct expr_value {
	enum expr_kind kind; /* never EXPR_ANY */
	uint32_t n;          /* bytes of a string, items of an array, entries of a map */
	union {
		bool b;
		int64_t i;
		double f;
		const char *s;                   /* not ended by NUL */
		const struct expr_value *items;  /* of a map: key (a string), value, key, value ... */
	};
};

struct expr_node;
struct expr_scope;
struct pattern_match;

/* One run. */
struct expr_run {
	struct arena *arena;
	void *ctx;                   /* the functions' of the environment */
	struct pattern_match *match; /* with room for one group; needed by `matches` only */
	uint32_t steps;              /* taken so far */
	const void *bound;           /* during a call: what its bind() has left */
	const struct expr_scope *scope;
	struct expr_value vars[EXPR_VARS_MAX];
};

/* A function: of the language, or of the environment. */
struct expr_func {
	const char *name;
	uint8_t min_args, max_args;
	const char *takes;  /* by argument: s text, i int, n number, a array, b bool, c array or text, * any; the last one repeats */
	struct expr_type result;
	int (*call)(struct expr_run *r, const struct expr_value *args, unsigned n, struct expr_value *ret);
	/* At setup, may be NULL: args[i] is NULL where the argument is not a constant.  0 (with `why`: a warning), or ERR_SYNTAX with
	 * `why`. */
	int (*bind)(struct arena *a, const struct expr_value *const *args, unsigned n, const void **ret, char *why,
		    size_t why_len);
};

struct expr_env {
	const struct expr_func *funcs;
	size_t n;
};

struct expr; /* frozen */

/* Read and check.  The environment's functions go before the language's.  NULL: `why` (EXPR_WHY_MAX bytes) says what is wrong and
 * where: "character 7: ...".  The tree lives in `a` and points into `text`, which must
 * live as long; expr_free gives back what does not (compiled patterns). */
struct expr *expr_new(struct arena *a, const char *text, const struct expr_env *env, char *why);
void expr_free(struct expr *e);
/* Something in it that is allowed but cannot be meant, with its place; NULL: nothing. */
const char *expr_warning(const struct expr *e);
/* What it will be, if that can be told. */
struct expr_type expr_type(const struct expr *e);
/* "bool", "array of string", as messages name types. */
const char *expr_type_text(struct expr_type t);

/* 0 with the value (in r->arena, or frozen); -EINVAL: it has none (division by zero, no such item ...); ERR_LIMIT: too many
 * steps, or a pattern that takes too long; -ENOMEM.  `r` is zeroed but for arena, ctx and match. */
int expr_run(const struct expr *e, struct expr_run *r, struct expr_value *ret) MUST_USE;

static inline struct expr_value expr_bool(bool b)
{
	return (struct expr_value){.kind = EXPR_BOOL, .b = b};
}
static inline struct expr_value expr_int(int64_t i)
{
	return (struct expr_value){.kind = EXPR_INT, .i = i};
}
static inline struct expr_value expr_string(const char *s, size_t n)
{
	return (struct expr_value){.kind = EXPR_STRING, .s = s, .n = (uint32_t)n};
}
