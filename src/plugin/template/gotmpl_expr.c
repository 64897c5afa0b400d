// SPDX-License-Identifier: Apache-2.0
/* Pipelines: `$x := .Group.a | printf "%02s"`. */
#include "plugin/template/gotmpl.h"

#include <string.h>

static bool is(const struct gt_word *w, const char *name)
{
	return w->kind == WORD_NAME && w->len == strlen(name) && !memcmp(w->s, name, w->len);
}

static int word_width(const struct gt_word *w)
{
	return (int)(w->len < 60 ? w->len : 60);
}

/* ---------------------------------------------------------------- operands */

/* .A.B directly behind the last word. */
static bool parse_fields(struct gt_parse *p, const struct gt_field **ret)
{
	while (p->lex.word.kind == WORD_FIELD && !p->lex.word.space) {
		struct gt_field *f = gt_parse_new(p, sizeof(*f));

		if (!f)
			return false;
		f->name = arena_strndup(p->a, p->lex.word.s, p->lex.word.len);
		f->len = p->lex.word.len;
		if (!f->name)
			return false;
		*ret = f;
		ret = &f->next;
		gt_lex_next(&p->lex);
	}
	return true;
}

/* The slot of a variable in sight, innermost first. */
static bool find_var(struct gt_parse *p, unsigned *ret)
{
	const struct gt_word *w = &p->lex.word;

	for (unsigned i = p->n_vars; i-- > 0;) {
		if (p->vars[i].len == w->len && !memcmp(p->vars[i].s, w->s, w->len)) {
			*ret = i;
			return true;
		}
	}
	gt_lex_fail(&p->lex, "variable $%.*s is not defined here", word_width(w), w->s);
	return false;
}

static bool parse_named(struct gt_parse *p, struct gt_operand *o)
{
	const struct gt_word *w = &p->lex.word;

	o->op = OP_CONST;
	if (is(w, "true") || is(w, "false")) {
		o->value = gt_bool(*w->s == 't');
	} else if (is(w, "nil")) {
		o->op = OP_NIL;
	} else {
		o->op = OP_FUNC;
		o->func = gt_func_find(w->s, w->len);
		if (!o->func) {
			gt_lex_fail(&p->lex, "function \"%.*s\" is not defined", word_width(w), w->s);
			return false;
		}
	}
	gt_lex_next(&p->lex);
	return true;
}

static bool parse_pipe_operand(struct gt_parse *p, struct gt_operand *o)
{
	unsigned vars = p->n_vars;

	o->op = OP_PIPE;
	if (!gt_parse_deeper(p))
		return false;
	gt_lex_next(&p->lex);
	o->pipe = gt_parse_pipe(p, WORD_CLOSE, false);
	p->n_vars = vars;
	p->depth--;
	return o->pipe != NULL;
}

/* The first word of an operand; its fields follow. */
static bool parse_start(struct gt_parse *p, struct gt_operand *o)
{
	switch (p->lex.word.kind) {
	case WORD_DOT:
		o->op = OP_DOT;
		break;
	case WORD_FIELD:
		o->op = OP_FIELD;
		p->lex.word.space = false; /* its own name is the first of the fields */
		return true;
	case WORD_VAR:
		o->op = OP_VAR;
		if (!find_var(p, &o->var))
			return false;
		break;
	case WORD_NUMBER:
	case WORD_CHAR:
	case WORD_STRING:
		o->op = OP_CONST;
		if (!gt_lex_value(&p->lex, p->a, &o->value))
			return false;
		break;
	case WORD_NAME:
		return parse_named(p, o);
	case WORD_OPEN:
		return parse_pipe_operand(p, o);
	case WORD_END:
	case WORD_EOF:
	case WORD_ERROR:
	case WORD_PIPE:
	case WORD_CLOSE:
	case WORD_COMMA:
	case WORD_DECLARE:
	case WORD_ASSIGN:
		gt_lex_fail(&p->lex, "found %s, expected a value", p->lex.word.kind == WORD_END ? "}}" : "punctuation");
		return false;
	}
	gt_lex_next(&p->lex);
	return true;
}

static struct gt_operand *parse_operand(struct gt_parse *p)
{
	struct gt_operand *o = gt_parse_new(p, sizeof(*o));

	if (!o || !parse_start(p, o))
		return NULL;
	if (o->op != OP_FIELD && p->lex.word.kind == WORD_FIELD && !p->lex.word.space &&
	    (o->op == OP_DOT || o->op == OP_CONST || o->op == OP_NIL || o->op == OP_FUNC)) {
		gt_lex_fail(&p->lex, "found .%.*s behind something that has no fields", word_width(&p->lex.word),
			    p->lex.word.s);
		return NULL;
	}
	return parse_fields(p, &o->fields) ? o : NULL;
}

/* ---------------------------------------------------------------- commands and pipelines */

static bool command_ends(const struct gt_word *w)
{
	return w->kind == WORD_END || w->kind == WORD_CLOSE || w->kind == WORD_PIPE || w->kind == WORD_ERROR;
}

static struct gt_command *parse_command(struct gt_parse *p, bool first)
{
	struct gt_command *c = gt_parse_new(p, sizeof(*c));
	const struct gt_operand **last = c ? &c->first : NULL;

	if (!c)
		return NULL;
	for (unsigned n = 0; !n || !command_ends(&p->lex.word); n++) {
		struct gt_operand *o;

		if (n && !p->lex.word.space && p->lex.word.kind != WORD_OPEN) {
			gt_lex_fail(&p->lex, "expected a blank before \"%.*s\"", word_width(&p->lex.word),
				    p->lex.word.s);
			return NULL;
		}
		o = parse_operand(p);
		if (!o)
			return NULL;
		*last = o;
		last = &o->next;
		c->n_args = n;
	}
	if (c->n_args > GT_ARGS_MAX - 1) {
		gt_lex_fail(&p->lex, "more than %d arguments", GT_ARGS_MAX - 1);
		return NULL;
	}
	if (c->first->op == OP_NIL && !c->n_args) {
		gt_lex_fail(&p->lex, "nil is not a command");
		return NULL;
	}
	if (!first && c->first->op != OP_FUNC && c->first->op != OP_FIELD && c->first->op != OP_VAR &&
	    c->first->op != OP_PIPE) {
		gt_lex_fail(&p->lex, "expected a function or method behind |");
		return NULL;
	}
	return c;
}

static bool new_var(struct gt_parse *p, struct gt_pipe *pipe, const struct gt_word *w)
{
	if (p->n_vars == GT_VARS_MAX) {
		gt_lex_fail(&p->lex, "more than %d variables", GT_VARS_MAX - 1);
		return false;
	}
	if (pipe->n_decl == 2) {
		gt_lex_fail(&p->lex, "too many variables");
		return false;
	}
	pipe->decl[pipe->n_decl++] = p->n_vars;
	p->vars[p->n_vars] = *w;
	p->vars[p->n_vars].s = arena_strndup(p->a, w->s, w->len);
	p->n_vars++;
	if (p->n_vars > p->max_vars)
		p->max_vars = p->n_vars;
	return p->vars[p->n_vars - 1].s != NULL;
}

/* `$x :=`, `$x =`, in range also `$i, $x :=`.  They are in sight behind the pipeline only, which cannot be told
 * from the inside as their slots have no value yet: `names` holds them back.  False: an error. */
static bool parse_declaration(struct gt_parse *p, struct gt_pipe *pipe, bool range, struct gt_word names[2],
			      unsigned *n_names)
{
	struct gt_lex before = p->lex;

	while (p->lex.word.kind == WORD_VAR && *n_names < 2) {
		names[(*n_names)++] = p->lex.word;
		gt_lex_next(&p->lex);
		if (p->lex.word.kind == WORD_DECLARE) {
			gt_lex_next(&p->lex);
			return true;
		}
		if (p->lex.word.kind == WORD_ASSIGN && *n_names == 1) {
			struct gt_lex behind = p->lex;

			p->lex.word = names[0];
			*n_names = 0;
			pipe->n_decl = 1;
			if (!find_var(p, &pipe->decl[0]))
				return false;
			p->lex = behind;
			gt_lex_next(&p->lex);
			return true;
		}
		if (!range || p->lex.word.kind != WORD_COMMA)
			break;
		gt_lex_next(&p->lex);
	}
	p->lex = before;
	*n_names = 0;
	return true;
}

const struct gt_pipe *gt_parse_pipe(struct gt_parse *p, enum gt_word_kind end, bool range)
{
	struct gt_pipe *pipe = gt_parse_new(p, sizeof(*pipe));
	const struct gt_command **last = pipe ? &pipe->first : NULL;
	struct gt_command *c;
	struct gt_word names[2];
	unsigned n_names = 0;

	if (!pipe || !parse_declaration(p, pipe, range, names, &n_names))
		return NULL;
	for (;;) {
		c = parse_command(p, last == &pipe->first);
		if (!c)
			return NULL;
		*last = c;
		last = &c->next;
		if (p->lex.word.kind != WORD_PIPE)
			break;
		gt_lex_next(&p->lex);
	}
	if (p->lex.word.kind != end) {
		gt_lex_fail(&p->lex, "expected %s", end == WORD_END ? "}}" : ")");
		return NULL;
	}
	if (end == WORD_CLOSE)
		gt_lex_next(&p->lex);
	for (unsigned i = 0; i < n_names; i++) {
		if (!new_var(p, pipe, &names[i]))
			return NULL;
	}
	return pipe;
}
