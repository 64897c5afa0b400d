// SPDX-License-Identifier: Apache-2.0
/* A small interpreter of Go's text/template: what records in a Corefile are written in.
 *
 *   gotmpl_lex.c     characters -> text and the words of actions
 *   gotmpl_parse.c   actions -> nodes               gotmpl_expr.c     pipelines, operands
 *   gotmpl_eval.c    nodes -> output                gotmpl_pipe.c     a pipeline's value
 *   gotmpl_func.c    index, eq, len ...             gotmpl_format.c   values as text
 *   gotmpl_printf.c  print and printf
 *   gotmpl_value.c   truth, comparison, items       gotmpl_escape.c   html, js, urlquery
 *   gotmpl_walk.c    what a host must know of a template before it runs
 *
 * Parsed once, at setup, into an arena; frozen then.  Evaluated without malloc: what a run makes lives in memory that
 * the caller gives, and both its steps and its output are bounded, so that no template can hold up a server.
 *
 * Left out: `call` (there are no values to call).  Names are looked up when a template runs, as in Go.
 * Semantics: https://pkg.go.dev/text/template */
#pragma once

#include "base/arena.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	GT_DEPTH_MAX = 50,     /* parentheses and blocks within each other */
	GT_RUN_DEPTH_MAX = 100, /* the same while it runs, over all templates that call each other */
	GT_VARS_MAX = 64,      /* variables in sight at one place, $ included */
	GT_STEPS_MAX = 20000,  /* nodes and operands looked at in one run; some 1 ms */
	GT_ARGS_MAX = 64,      /* arguments of one call */
	GT_ERROR_MAX = 200,
};

/* ---------------------------------------------------------------- values */

enum gt_kind { GT_NIL, GT_BOOL, GT_INT, GT_UINT, GT_FLOAT, GT_STRING, GT_LIST, GT_MAP, GT_OBJECT };

struct gt_run;
struct gt_value;

/* What a list, a map or an object is made of; given by the host.  Members are found when they are asked for. */
struct gt_class {
	const char *name; /* for messages */
	/* A map's entry of that key, an object's field or method without arguments.  False: there is none. */
	bool (*member)(struct gt_run *run, const struct gt_value *self, const char *name, size_t len,
		       struct gt_value *ret);
	/* An object's method with arguments: 1 called, 0 no such method, negative: failed (gt_fail). */
	int (*method)(struct gt_run *run, const struct gt_value *self, const char *name, size_t len,
		      const struct gt_value *args, unsigned n_args, struct gt_value *ret);
	/* The i-th item of a list or map (i below its len), for a map with its key; keys ascend. */
	void (*item)(struct gt_run *run, const struct gt_value *self, size_t i, struct gt_value *ret_key,
		     struct gt_value *ret);
};

/* A string need not end in NUL.  What it points to lives as long as the run, or longer. */
struct gt_value {
	enum gt_kind kind;
	uint32_t len;   /* of a string, list or map */
	uint32_t first; /* of a list: which item comes first (slice) */
	const struct gt_class *cls;
	union {
		bool b;
		int64_t i;
		uint64_t u;
		double f;
		const char *s;
		const void *p;
	};
};

static inline struct gt_value gt_bool(bool b)
{
	return (struct gt_value){.kind = GT_BOOL, .b = b};
}
static inline struct gt_value gt_int(int64_t i)
{
	return (struct gt_value){.kind = GT_INT, .i = i};
}
static inline struct gt_value gt_uint(uint64_t u)
{
	return (struct gt_value){.kind = GT_UINT, .u = u};
}
static inline struct gt_value gt_string(const char *s, size_t len)
{
	return (struct gt_value){.kind = GT_STRING, .s = s, .len = (uint32_t)len};
}
static inline struct gt_value gt_object(const struct gt_class *cls, const void *p)
{
	return (struct gt_value){.kind = GT_OBJECT, .cls = cls, .p = p};
}
static inline struct gt_value gt_list(const struct gt_class *cls, const void *p, size_t len)
{
	return (struct gt_value){.kind = GT_LIST, .cls = cls, .p = p, .len = (uint32_t)len};
}
static inline struct gt_value gt_map(const struct gt_class *cls, const void *p, size_t len)
{
	return (struct gt_value){.kind = GT_MAP, .cls = cls, .p = p, .len = (uint32_t)len};
}

/* ---------------------------------------------------------------- for the host */

struct gotmpl; /* a parsed template; frozen */

/* Parse.  NULL: `why` (GT_ERROR_MAX bytes) says what is wrong, and where if not in the first line. */
struct gotmpl *gotmpl_parse(struct arena *a, const char *text, char *why);

/* Each text constant that is the first argument of a method `name` (.Meta "view/name"), wherever it is written. */
void gotmpl_method_texts(const struct gotmpl *t, const char *name, void (*fn)(void *arg, const char *s, size_t len),
			 void *arg);

/* One evaluation. */
struct gt_run {
	struct arena *scratch; /* values made on the way; a NULL from it ends the run with an error */
	char *out;
	size_t out_len, out_max;
	void *host;            /* for the classes */
	char error[GT_ERROR_MAX];
	/* ---- the interpreter's own ---- */
	const struct gotmpl *tmpl;
	unsigned steps, depth;
	struct gt_value *vars;
	enum { GT_GO_ON, GT_BREAK, GT_CONTINUE } leave; /* what a {{break}} or {{continue}} wants */
};

/* Evaluate with `dot` as the data.  0, the output in run->out; -1, and run->error says why. */
int gotmpl_run(const struct gotmpl *t, struct gt_run *run, struct gt_value dot) MUST_USE;

/* Note an error; returns -1. */
int gt_fail(struct gt_run *run, const char *fmt, ...) PRINTF(2, 3);

/* ---------------------------------------------------------------- nodes */

enum gt_op {
	OP_DOT, OP_NIL, OP_CONST, OP_VAR, OP_FIELD, OP_FUNC, OP_PIPE,
};

/* `.A.B`, after an operand too: $x.A, (pipe).A */
struct gt_field {
	const struct gt_field *next;
	const char *name;
	size_t len;
};

struct gt_operand {
	const struct gt_operand *next; /* the command's next argument */
	enum gt_op op;
	struct gt_value value;         /* OP_CONST */
	unsigned var;                  /* OP_VAR: slot */
	const struct gt_func *func;    /* OP_FUNC */
	const struct gt_pipe *pipe;    /* OP_PIPE */
	const struct gt_field *fields;
};

struct gt_command {
	const struct gt_command *next;
	const struct gt_operand *first; /* what is called, or the value; then the arguments */
	unsigned n_args;                /* without the first */
};

struct gt_pipe {
	const struct gt_command *first;
	unsigned n_decl, decl[2];       /* variables that get the value: slots */
};

enum gt_node_kind { NODE_TEXT, NODE_ACTION, NODE_IF, NODE_RANGE, NODE_WITH, NODE_TEMPLATE, NODE_BREAK, NODE_CONTINUE };

struct gt_node {
	const struct gt_node *next;
	enum gt_node_kind kind;
	const char *text;               /* NODE_TEXT; NODE_TEMPLATE: its name */
	size_t text_len;
	const struct gt_pipe *pipe;
	const struct gt_node *body, *other; /* other: {{else}} */
};

/* A {{define}}. */
struct gt_define {
	struct gt_define *next;
	const char *name;
	size_t name_len;
	const struct gt_node *body;
	unsigned n_vars; /* slots that its variables take */
};

struct gotmpl {
	const struct gt_node *body;
	struct gt_define *defines;
};

/* ---------------------------------------------------------------- words (gotmpl_lex.c) */

enum gt_word_kind {
	WORD_END,     /* }} */
	WORD_EOF,
	WORD_ERROR,   /* lex->error is set */
	WORD_FIELD,   /* .Name; s without the dot */
	WORD_DOT,
	WORD_VAR,     /* $x; s without the $ */
	WORD_NAME,    /* functions, keywords, true, false, nil */
	WORD_NUMBER, WORD_CHAR,
	WORD_STRING,  /* "..." or `...`, with its quotes */
	WORD_PIPE, WORD_OPEN, WORD_CLOSE, WORD_COMMA, WORD_DECLARE, WORD_ASSIGN,
};

struct gt_word {
	enum gt_word_kind kind;
	const char *s;
	size_t len;
	bool space; /* blanks before it */
};

struct gt_lex {
	const char *text, *at;
	struct gt_word word; /* the one looked at */
	char *error;         /* GT_ERROR_MAX bytes; "" while all is well */
	bool trim_left;      /* the last action ended in -}} */
};

/* The text up to the next action or the end, trimmed; comments are skipped.  True: an action follows, whose first
 * word is lex->word. */
bool gt_lex_text(struct gt_lex *l, const char **ret_text, size_t *ret_len);
void gt_lex_next(struct gt_lex *l);
/* Note an error, with the line if it is not the first; the first error stays. */
void gt_lex_fail(struct gt_lex *l, const char *fmt, ...) PRINTF(2, 3);
/* The value of a WORD_NUMBER, WORD_CHAR or WORD_STRING; false with an error. */
bool gt_lex_value(struct gt_lex *l, struct arena *a, struct gt_value *ret);

/* ---------------------------------------------------------------- parsing */

struct gt_parse {
	struct gt_lex lex;
	struct arena *a;
	struct gotmpl *t;
	struct gt_word vars[GT_VARS_MAX]; /* names in sight, by slot */
	unsigned n_vars, max_vars, depth, loops;
};

/* Memory for a node; NULL notes the error. */
void *gt_parse_new(struct gt_parse *p, size_t size);
/* Depth of nesting, with an error beyond the bound. */
bool gt_parse_deeper(struct gt_parse *p);
/* A pipeline up to `end` (WORD_END or WORD_CLOSE), which is stepped over.  `range`: two variables may be declared.
 * NULL after an error. */
const struct gt_pipe *gt_parse_pipe(struct gt_parse *p, enum gt_word_kind end, bool range);

/* ---------------------------------------------------------------- evaluating */

/* A function.  args has n_args values, between min_args and max_args.  0 or -1. */
struct gt_func {
	const char *name;
	unsigned min_args, max_args;
	int (*call)(struct gt_run *run, const struct gt_value *args, unsigned n_args, struct gt_value *ret);
};
/* NULL: there is none of that name. */
const struct gt_func *gt_func_find(const char *name, size_t len);
/* `and` and `or` stop at the argument that decides. */
extern const struct gt_func gt_func_and, gt_func_or;

/* One more step; false at the bound (an error). */
bool gt_step(struct gt_run *run);
int gt_pipe_value(struct gt_run *run, const struct gt_value *dot, const struct gt_pipe *p, struct gt_value *ret);

bool gt_true(const struct gt_value *v);
const char *gt_kind_text(const struct gt_value *v);
/* An item of a list or map by position. */
void gt_item(struct gt_run *run, const struct gt_value *v, size_t i, struct gt_value *ret_key, struct gt_value *ret);
/* 1 equal, 0 not, -1 not to be compared (an error). */
int gt_equal(struct gt_run *run, const struct gt_value *a, const struct gt_value *b);
/* -1: error; else *ret says whether a < b. */
int gt_less(struct gt_run *run, const struct gt_value *a, const struct gt_value *b, bool *ret);
/* An integer argument: 0, or -1 with an error. */
int gt_to_int(struct gt_run *run, const struct gt_value *v, const char *what, int64_t *ret);

/* A text that grows in run->scratch. */
struct gt_text {
	struct gt_run *run;
	char *s;
	size_t len, cap;
	bool failed;
};
void gt_text_add(struct gt_text *t, const char *s, size_t len);
/* As print shows a value. */
void gt_text_value(struct gt_text *t, const struct gt_value *v);
int gt_text_end(struct gt_text *t, struct gt_value *ret);
/* print: `line` puts blanks between all operands and a line feed at the end. */
int gt_print(struct gt_run *run, const struct gt_value *args, unsigned n, bool line, struct gt_value *ret);
int gt_printf(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret);
/* Value to the output, as an action shows it. */
int gt_out_value(struct gt_run *run, const struct gt_value *v);
int gt_out(struct gt_run *run, const char *s, size_t len);

/* Escapers (gotmpl_escape.c). */
int gt_html(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret);
int gt_js(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret);
int gt_urlquery(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret);
