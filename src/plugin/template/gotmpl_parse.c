// SPDX-License-Identifier: Apache-2.0
/* Text -> nodes: control structures and definitions. */
#include "plugin/template/gotmpl.h"

#include <stdio.h>
#include <string.h>

/* How a list of nodes ended. */
enum ending { END_ERROR, END_EOF, END_END, END_ELSE };

static enum ending parse_list(struct gt_parse *p, const struct gt_node **ret);

static bool is(const struct gt_word *w, const char *name)
{
	return w->kind == WORD_NAME && w->len == strlen(name) && !memcmp(w->s, name, w->len);
}

static struct gt_node *new_node(struct gt_parse *p, enum gt_node_kind kind)
{
	struct gt_node *n = gt_parse_new(p, sizeof(*n));

	if (n)
		n->kind = kind;
	return n;
}

/* The word is the last of its action. */
static bool action_ends(struct gt_parse *p, const char *what)
{
	if (p->lex.word.kind == WORD_END)
		return true;
	gt_lex_fail(&p->lex, "expected }} behind %s", what);
	return false;
}

/* A structure's list ended with {{end}}. */
static bool closed(struct gt_parse *p, enum ending e)
{
	if (e == END_EOF)
		gt_lex_fail(&p->lex, "expected {{end}} before the end");
	return e == END_END;
}

/* ---------------------------------------------------------------- if, with, range */

static bool parse_control(struct gt_parse *p, struct gt_node *n);

/* {{else}}: up to {{end}}; {{else if X}} and {{else with X}}: a structure of its own, closed by the same {{end}}. */
static bool parse_else(struct gt_parse *p, struct gt_node *n)
{
	struct gt_node *inner;
	enum ending e;

	if (n->kind != NODE_RANGE && (is(&p->lex.word, "if") || is(&p->lex.word, "with"))) {
		inner = new_node(p, is(&p->lex.word, "if") ? NODE_IF : NODE_WITH);
		n->other = inner;
		gt_lex_next(&p->lex);
		return inner && parse_control(p, inner);
	}
	if (!action_ends(p, "else"))
		return false;
	e = parse_list(p, &n->other);
	if (e == END_ELSE)
		gt_lex_fail(&p->lex, "found a second {{else}}");
	return closed(p, e);
}

static bool parse_control(struct gt_parse *p, struct gt_node *n)
{
	unsigned vars = p->n_vars;
	bool ok = gt_parse_deeper(p);
	enum ending e;

	if (!ok)
		return false;
	n->pipe = gt_parse_pipe(p, WORD_END, n->kind == NODE_RANGE);
	if (!n->pipe)
		return false;
	p->loops += n->kind == NODE_RANGE;
	e = parse_list(p, &n->body);
	p->loops -= n->kind == NODE_RANGE;
	ok = e == END_ELSE ? parse_else(p, n) : closed(p, e);
	p->n_vars = vars;
	p->depth--;
	return ok;
}

/* ---------------------------------------------------------------- define, template, block */

/* A template's name: a string. */
static bool parse_name(struct gt_parse *p, const char *what, struct gt_value *ret)
{
	if (p->lex.word.kind != WORD_STRING) {
		gt_lex_fail(&p->lex, "expected the template's name in quotes behind %s", what);
		return false;
	}
	if (!gt_lex_value(&p->lex, p->a, ret))
		return false;
	gt_lex_next(&p->lex);
	return true;
}

/* The body up to {{end}}, with $ alone in sight, as the definition `name`. */
static bool parse_definition(struct gt_parse *p, const struct gt_value *name)
{
	struct gt_define *d = gt_parse_new(p, sizeof(*d));
	unsigned vars = p->n_vars, max_vars = p->max_vars, loops = p->loops;
	enum ending e;

	if (!d || !gt_parse_deeper(p))
		return false;
	*d = (struct gt_define){.next = p->t->defines, .name = name->s, .name_len = name->len};
	p->n_vars = p->max_vars = 1;
	p->loops = 0;
	e = parse_list(p, &d->body);
	d->n_vars = p->max_vars;
	p->n_vars = vars;
	p->max_vars = max_vars;
	p->loops = loops;
	p->depth--;
	p->t->defines = d; /* the last of a name counts */
	if (e == END_ELSE)
		gt_lex_fail(&p->lex, "{{else}} has no {{if}}");
	return closed(p, e);
}

static bool parse_define(struct gt_parse *p)
{
	struct gt_value name;

	if (p->depth) {
		gt_lex_fail(&p->lex, "{{define}} stands within another structure");
		return false;
	}
	return parse_name(p, "define", &name) && action_ends(p, "the name") && parse_definition(p, &name);
}

static const struct gt_pipe *optional_pipe(struct gt_parse *p, bool *ok)
{
	const struct gt_pipe *pipe;

	if (p->lex.word.kind == WORD_END)
		return NULL;
	pipe = gt_parse_pipe(p, WORD_END, false);
	*ok = pipe != NULL;
	return pipe;
}

static bool parse_template(struct gt_parse *p, struct gt_node *n)
{
	struct gt_value name;
	bool ok = true;

	if (!parse_name(p, "template", &name))
		return false;
	n->text = name.s;
	n->text_len = name.len;
	n->pipe = optional_pipe(p, &ok);
	return ok;
}

/* {{block "name" pipe}} ... {{end}}: a definition, and a call of it. */
static bool parse_block(struct gt_parse *p, struct gt_node *n)
{
	struct gt_value name;

	if (!parse_name(p, "block", &name))
		return false;
	n->text = name.s;
	n->text_len = name.len;
	n->pipe = gt_parse_pipe(p, WORD_END, false);
	return n->pipe && parse_definition(p, &name);
}

/* ---------------------------------------------------------------- lists of nodes */

static struct gt_node *parse_leave(struct gt_parse *p, enum gt_node_kind kind, const char *word)
{
	gt_lex_next(&p->lex);
	if (!p->loops)
		gt_lex_fail(&p->lex, "{{%s}} stands outside {{range}}", word);
	return action_ends(p, word) ? new_node(p, kind) : NULL;
}

/* One action; its node, or NULL: there is none, or an error. */
static struct gt_node *parse_action(struct gt_parse *p)
{
	static const struct {
		const char *name;
		enum gt_node_kind kind;
		bool (*parse)(struct gt_parse *p, struct gt_node *n);
	} structures[] = {{"if", NODE_IF, parse_control},	   {"range", NODE_RANGE, parse_control},
			  {"with", NODE_WITH, parse_control},	   {"template", NODE_TEMPLATE, parse_template},
			  {"block", NODE_TEMPLATE, parse_block}};
	struct gt_node *n;

	if (is(&p->lex.word, "break"))
		return parse_leave(p, NODE_BREAK, "break");
	if (is(&p->lex.word, "continue"))
		return parse_leave(p, NODE_CONTINUE, "continue");
	if (is(&p->lex.word, "define")) {
		gt_lex_next(&p->lex);
		(void)parse_define(p);
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(structures); i++) {
		if (!is(&p->lex.word, structures[i].name))
			continue;
		gt_lex_next(&p->lex);
		n = new_node(p, structures[i].kind);
		return n && structures[i].parse(p, n) ? n : NULL;
	}
	n = new_node(p, NODE_ACTION);
	if (n)
		n->pipe = gt_parse_pipe(p, WORD_END, false);
	return n && n->pipe ? n : NULL;
}

static struct gt_node *text_node(struct gt_parse *p, const char *text, size_t len)
{
	struct gt_node *n = len ? new_node(p, NODE_TEXT) : NULL;

	if (!n)
		return NULL;
	n->text = arena_strndup(p->a, text, len);
	n->text_len = len;
	if (!n->text)
		gt_lex_fail(&p->lex, "out of memory");
	return n;
}

/* {{end}} and {{else}} end a list; of {{else}} the next word is read. */
static enum ending ends_list(struct gt_parse *p)
{
	if (is(&p->lex.word, "end")) {
		gt_lex_next(&p->lex);
		return action_ends(p, "end") ? END_END : END_ERROR;
	}
	if (is(&p->lex.word, "else")) {
		gt_lex_next(&p->lex);
		return END_ELSE;
	}
	return END_EOF; /* no end */
}

static enum ending parse_list(struct gt_parse *p, const struct gt_node **ret)
{
	const struct gt_node **last = ret;

	for (;;) {
		const char *text;
		size_t len;
		bool action = gt_lex_text(&p->lex, &text, &len);
		struct gt_node *n = text_node(p, text, len);
		enum ending e = END_EOF;

		for (int i = 0; i < 2; i++) { /* the text, then the action */
			if (n) {
				*last = n;
				last = &n->next;
			}
			if (i || !action || (e = ends_list(p)) != END_EOF)
				break;
			n = parse_action(p);
		}
		if (*p->lex.error)
			return END_ERROR;
		if (e != END_EOF || !*p->lex.at)
			return e;
	}
}

/* ---------------------------------------------------------------- */

void *gt_parse_new(struct gt_parse *p, size_t size)
{
	void *n = arena_zalloc(p->a, size);

	if (!n)
		gt_lex_fail(&p->lex, "out of memory");
	return n;
}

bool gt_parse_deeper(struct gt_parse *p)
{
	if (p->depth++ < GT_DEPTH_MAX)
		return true;
	gt_lex_fail(&p->lex, "more than %d structures within each other", GT_DEPTH_MAX);
	return false;
}

static bool defined(const struct gotmpl *t, const struct gt_node *call)
{
	for (const struct gt_define *d = t->defines; d; d = d->next) {
		if (d->name_len == call->text_len && !memcmp(d->name, call->text, call->text_len))
			return true;
	}
	return false;
}

/* Go finds out when it runs; here a name that nothing defines is an error at start. */
static bool calls_are_defined(struct gt_parse *p, const struct gt_node *n)
{
	for (; n; n = n->next) {
		if (n->kind == NODE_TEMPLATE && !defined(p->t, n)) {
			gt_lex_fail(&p->lex, "template \"%.*s\" is not defined", (int)n->text_len, n->text);
			return false;
		}
		if (!calls_are_defined(p, n->body) || !calls_are_defined(p, n->other))
			return false;
	}
	return true;
}

struct gotmpl *gotmpl_parse(struct arena *a, const char *text, char *why)
{
	struct gt_parse p = {.lex = {.text = text, .at = text, .error = why}, .a = a, .n_vars = 1};
	enum ending e;

	*why = '\0';
	p.vars[0] = (struct gt_word){.s = "", .len = 0}; /* $ */
	p.t = gt_parse_new(&p, sizeof(*p.t));
	if (!p.t)
		return NULL;
	e = parse_list(&p, &p.t->body);
	if (e == END_END || e == END_ELSE)
		gt_lex_fail(&p.lex, "{{%s}} closes nothing", e == END_END ? "end" : "else");
	if (!*why && calls_are_defined(&p, p.t->body)) {
		for (const struct gt_define *d = p.t->defines; d && !*why; d = d->next)
			(void)calls_are_defined(&p, d->body);
	}
	return *why ? NULL : p.t;
}
