// SPDX-License-Identifier: Apache-2.0
/* Looking for calls in a parsed template. */
#include "plugin/template/gotmpl.h"

#include <string.h>

struct walk {
	const char *name;
	void (*fn)(void *arg, const char *s, size_t len);
	void *arg;
};

static void walk_pipe(const struct walk *w, const struct gt_pipe *p);

static void walk_command(const struct walk *w, const struct gt_command *c)
{
	const struct gt_operand *arg = c->first->next;
	const struct gt_field *last = c->first->fields;

	while (last && last->next)
		last = last->next;
	if (last && !strcmp(last->name, w->name) && arg && arg->op == OP_CONST && arg->value.kind == GT_STRING)
		w->fn(w->arg, arg->value.s, arg->value.len);
	for (const struct gt_operand *o = c->first; o; o = o->next)
		walk_pipe(w, o->pipe);
}

/* Also `"view/name" | .Meta`. */
static void walk_pipe(const struct walk *w, const struct gt_pipe *p)
{
	for (const struct gt_command *c = p ? p->first : NULL; c; c = c->next) {
		const struct gt_command *to = c->next;

		walk_command(w, c);
		if (to && c->first->op == OP_CONST && c->first->value.kind == GT_STRING && to->first->fields)
			w->fn(w->arg, c->first->value.s, c->first->value.len);
	}
}

static void walk_list(const struct walk *w, const struct gt_node *n)
{
	for (; n; n = n->next) {
		walk_pipe(w, n->pipe);
		walk_list(w, n->body);
		walk_list(w, n->other);
	}
}

void gotmpl_method_texts(const struct gotmpl *t, const char *name, void (*fn)(void *arg, const char *s, size_t len),
			 void *arg)
{
	struct walk w = {.name = name, .fn = fn, .arg = arg};

	walk_list(&w, t->body);
	for (const struct gt_define *d = t->defines; d; d = d->next)
		walk_list(&w, d->body);
}
