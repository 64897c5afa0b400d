// SPDX-License-Identifier: Apache-2.0
/* Nodes -> output. */
#include "plugin/template/gotmpl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int run_list(struct gt_run *run, const struct gt_value *dot, const struct gt_node *n);

int gt_fail(struct gt_run *run, const char *fmt, ...)
{
	va_list ap;

	if (*run->error)
		return -1;
	va_start(ap, fmt);
	(void)vsnprintf(run->error, sizeof(run->error), fmt, ap); /* a long message is cut */
	va_end(ap);
	return -1;
}

bool gt_step(struct gt_run *run)
{
	if (likely(run->steps++ < GT_STEPS_MAX))
		return true;
	gt_fail(run, "takes more than %d steps", GT_STEPS_MAX);
	return false;
}

int gt_out(struct gt_run *run, const char *s, size_t len)
{
	if (len > run->out_max - run->out_len)
		return gt_fail(run, "makes more than %zu characters", run->out_max);
	memcpy(run->out + run->out_len, s, len);
	run->out_len += len;
	return 0;
}

int gt_out_value(struct gt_run *run, const struct gt_value *v)
{
	struct gt_text t = {.run = run};
	struct gt_value text = *v;

	if (v->kind != GT_STRING) {
		gt_text_value(&t, v);
		if (gt_text_end(&t, &text))
			return -1;
	}
	return gt_out(run, text.s, text.len);
}

static void assign(struct gt_run *run, const struct gt_pipe *p, const struct gt_value *v)
{
	if (p->n_decl)
		run->vars[p->decl[0]] = *v;
}

static int run_action(struct gt_run *run, const struct gt_value *dot, const struct gt_node *n)
{
	struct gt_value v;

	if (gt_pipe_value(run, dot, n->pipe, &v))
		return -1;
	assign(run, n->pipe, &v);
	return n->pipe->n_decl ? 0 : gt_out_value(run, &v);
}

static int run_if(struct gt_run *run, const struct gt_value *dot, const struct gt_node *n)
{
	struct gt_value v;

	if (gt_pipe_value(run, dot, n->pipe, &v))
		return -1;
	assign(run, n->pipe, &v);
	if (!gt_true(&v))
		return run_list(run, dot, n->other);
	return run_list(run, n->kind == NODE_WITH ? &v : dot, n->body);
}

/* ---------------------------------------------------------------- range */

/* One round: with one variable the item, with two its key or position too. */
static int run_round(struct gt_run *run, const struct gt_node *n, const struct gt_value *key,
		     const struct gt_value *item)
{
	const struct gt_pipe *p = n->pipe;

	if (!gt_step(run))
		return -1;
	if (p->n_decl == 2)
		run->vars[p->decl[0]] = *key;
	if (p->n_decl)
		run->vars[p->decl[p->n_decl - 1]] = *item;
	if (run_list(run, item, n->body))
		return -1;
	if (run->leave == GT_CONTINUE)
		run->leave = GT_GO_ON;
	return 0;
}

/* How many rounds; -1: not something to range over. */
static int64_t rounds(struct gt_run *run, const struct gt_value *v)
{
	switch (v->kind) {
	case GT_NIL:
		return 0;
	case GT_LIST:
	case GT_MAP:
		return v->len;
	case GT_INT:
		return v->i < 0 ? 0 : v->i;
	case GT_UINT:
		return v->u > INT64_MAX ? INT64_MAX : (int64_t)v->u;
	case GT_BOOL:
	case GT_FLOAT:
	case GT_STRING:
	case GT_OBJECT:
		break;
	}
	return gt_fail(run, "range cannot go over a %s", gt_kind_text(v));
}

static int run_range(struct gt_run *run, const struct gt_value *dot, const struct gt_node *n)
{
	struct gt_value v, key, item;
	int64_t total;

	if (gt_pipe_value(run, dot, n->pipe, &v))
		return -1;
	total = rounds(run, &v);
	if (total < 0)
		return -1;
	if (!total)
		return run_list(run, dot, n->other);
	for (int64_t i = 0; i < total; i++) {
		key = item = gt_int(i);
		if (v.kind == GT_LIST || v.kind == GT_MAP)
			gt_item(run, &v, (size_t)i, &key, &item);
		if (run_round(run, n, &key, &item))
			return -1;
		if (run->leave == GT_BREAK)
			break;
	}
	run->leave = GT_GO_ON;
	return 0;
}

/* ---------------------------------------------------------------- template */

static const struct gt_define *find(const struct gotmpl *t, const struct gt_node *n)
{
	const struct gt_define *d = t->defines;

	while (d && (d->name_len != n->text_len || memcmp(d->name, n->text, d->name_len)))
		d = d->next;
	return d;
}

/* A template sees its data as dot and $, and no variable of the caller's. */
static int run_template(struct gt_run *run, const struct gt_value *dot, const struct gt_node *n)
{
	struct gt_value v = {.kind = GT_NIL}, *outer = run->vars;
	const struct gt_define *d = find(run->tmpl, n);
	int r;

	if (!d)
		return gt_fail(run, "template %s is not defined", n->text);
	if (n->pipe && gt_pipe_value(run, dot, n->pipe, &v))
		return -1;
	if (n->pipe)
		assign(run, n->pipe, &v);
	run->vars = arena_alloc(run->scratch, d->n_vars * sizeof(*run->vars));
	if (!run->vars)
		return gt_fail(run, "needs too much memory");
	run->vars[0] = v;
	r = run_list(run, &v, d->body);
	run->vars = outer;
	return r;
}

/* ---------------------------------------------------------------- */

static int run_node(struct gt_run *run, const struct gt_value *dot, const struct gt_node *n)
{
	switch (n->kind) {
	case NODE_TEXT:
		return gt_out(run, n->text, n->text_len);
	case NODE_ACTION:
		return run_action(run, dot, n);
	case NODE_IF:
	case NODE_WITH:
		return run_if(run, dot, n);
	case NODE_RANGE:
		return run_range(run, dot, n);
	case NODE_TEMPLATE:
		return run_template(run, dot, n);
	case NODE_BREAK:
	case NODE_CONTINUE:
		run->leave = n->kind == NODE_BREAK ? GT_BREAK : GT_CONTINUE;
		return 0;
	}
	return gt_fail(run, "no such node");
}

static int run_list(struct gt_run *run, const struct gt_value *dot, const struct gt_node *n)
{
	if (run->depth >= GT_RUN_DEPTH_MAX)
		return gt_fail(run, "nested more than %d deep", GT_RUN_DEPTH_MAX);
	run->depth++;
	for (; n && run->leave == GT_GO_ON; n = n->next) {
		if (!gt_step(run) || run_node(run, dot, n))
			return -1;
	}
	run->depth--;
	return 0;
}

int gotmpl_run(const struct gotmpl *t, struct gt_run *run, struct gt_value dot)
{
	struct gt_value vars[GT_VARS_MAX];

	run->tmpl = t;
	run->error[0] = '\0';
	run->out_len = 0;
	run->steps = run->depth = 0;
	run->leave = GT_GO_ON;
	vars[0] = dot;
	run->vars = vars;
	return run_list(run, &dot, t->body);
}
