// SPDX-License-Identifier: Apache-2.0
/* The value of a pipeline. */
#include "plugin/template/gotmpl.h"

#include <string.h>

static int operand(struct gt_run *run, const struct gt_value *dot, const struct gt_operand *o, struct gt_value *ret);

/* ---------------------------------------------------------------- members */

static int object_member(struct gt_run *run, const struct gt_value *v, const struct gt_field *f,
			 const struct gt_value *args, unsigned n_args, struct gt_value *ret)
{
	int r;

	if (!n_args && v->cls->member(run, v, f->name, f->len, ret))
		return 0;
	r = v->cls->method ? v->cls->method(run, v, f->name, f->len, args, n_args, ret) : 0;
	if (r)
		return r < 0 ? -1 : 0;
	return gt_fail(run, "%s has no %s %s", v->cls->name, n_args ? "method" : "field", f->name);
}

/* v.f, or v.f(args) */
static int member(struct gt_run *run, const struct gt_value *v, const struct gt_field *f,
		  const struct gt_value *args, unsigned n_args, struct gt_value *ret)
{
	struct gt_value from = *v; /* v and ret may be one */

	if (!gt_step(run))
		return -1;
	if (from.kind == GT_OBJECT)
		return object_member(run, &from, f, args, n_args, ret);
	if (from.kind == GT_NIL && !n_args)
		return 0; /* of a key that is missing nothing more is missing */
	if (from.kind != GT_MAP)
		return gt_fail(run, "%s has no field %s", gt_kind_text(&from), f->name);
	if (n_args)
		return gt_fail(run, "%s is not a method but has arguments", f->name);
	if (!from.cls->member(run, &from, f->name, f->len, ret))
		*ret = (struct gt_value){.kind = GT_NIL};
	return 0;
}

/* All fields of an operand; the last of them gets the arguments. */
static int fields(struct gt_run *run, const struct gt_field *f, const struct gt_value *args, unsigned n_args,
		  struct gt_value *v)
{
	for (; f; f = f->next) {
		bool last = !f->next;

		if (member(run, v, f, last ? args : NULL, last ? n_args : 0, v))
			return -1;
	}
	return 0;
}

/* ---------------------------------------------------------------- calls */

static int call(struct gt_run *run, const struct gt_func *f, const struct gt_value *args, unsigned n,
		struct gt_value *ret)
{
	if (n < f->min_args || n > f->max_args)
		return gt_fail(run, "%s takes %s%u argument%s, %u are given", f->name,
			       f->max_args == f->min_args ? "" : n < f->min_args ? "at least " : "at most ",
			       n < f->min_args ? f->min_args : f->max_args, f->max_args == 1 ? "" : "s", n);
	return f->call(run, args, n, ret);
}

/* `and` and `or`: the first argument that decides, or the last. */
static int decide(struct gt_run *run, const struct gt_value *dot, const struct gt_command *c,
		  const struct gt_value *final, struct gt_value *ret)
{
	bool until = c->first->func == &gt_func_or;

	if (!c->n_args && !final)
		return gt_fail(run, "%s needs an argument", c->first->func->name);
	for (const struct gt_operand *o = c->first->next; o; o = o->next) {
		if (operand(run, dot, o, ret))
			return -1;
		if (gt_true(ret) == until)
			return 0;
	}
	if (final)
		*ret = *final;
	return 0;
}

/* The arguments' values, the pipeline's last. */
static int gather(struct gt_run *run, const struct gt_value *dot, const struct gt_command *c,
		  const struct gt_value *final, struct gt_value args[GT_ARGS_MAX], unsigned *n)
{
	for (const struct gt_operand *o = c->first->next; o; o = o->next) {
		if (operand(run, dot, o, &args[(*n)++]))
			return -1;
	}
	if (final)
		args[(*n)++] = *final;
	return 0;
}

/* What stands first, without its fields. */
static int start_value(struct gt_run *run, const struct gt_value *dot, const struct gt_operand *o,
		       struct gt_value *ret)
{
	switch (o->op) {
	case OP_DOT:
	case OP_FIELD:
		*ret = *dot;
		return 0;
	case OP_NIL:
		*ret = (struct gt_value){.kind = GT_NIL};
		return 0;
	case OP_CONST:
		*ret = o->value;
		return 0;
	case OP_VAR:
		*ret = run->vars[o->var];
		return 0;
	case OP_FUNC:
		return call(run, o->func, NULL, 0, ret);
	case OP_PIPE:
		return gt_pipe_value(run, dot, o->pipe, ret);
	}
	return gt_fail(run, "no such operand");
}

static int operand(struct gt_run *run, const struct gt_value *dot, const struct gt_operand *o, struct gt_value *ret)
{
	if (!gt_step(run) || start_value(run, dot, o, ret))
		return -1;
	return fields(run, o->fields, NULL, 0, ret);
}

static int with_arguments(struct gt_run *run, const struct gt_value *dot, const struct gt_command *c,
			  const struct gt_value *final, struct gt_value *ret)
{
	struct gt_value args[GT_ARGS_MAX];
	unsigned n = 0;

	if (gather(run, dot, c, final, args, &n))
		return -1;
	if (c->first->op == OP_FUNC)
		return call(run, c->first->func, args, n, ret);
	if (!c->first->fields)
		return gt_fail(run, "arguments are given to something that is no function");
	if (start_value(run, dot, c->first, ret))
		return -1;
	return fields(run, c->first->fields, args, n, ret);
}

/* ---------------------------------------------------------------- pipelines */

static int command(struct gt_run *run, const struct gt_value *dot, const struct gt_command *c,
		   const struct gt_value *final, struct gt_value *ret)
{
	if (!c->n_args && !final)
		return operand(run, dot, c->first, ret);
	if (!gt_step(run))
		return -1;
	if (c->first->func == &gt_func_and || c->first->func == &gt_func_or)
		return decide(run, dot, c, final, ret);
	return with_arguments(run, dot, c, final, ret);
}

int gt_pipe_value(struct gt_run *run, const struct gt_value *dot, const struct gt_pipe *p, struct gt_value *ret)
{
	struct gt_value v = {.kind = GT_NIL}, out;
	const struct gt_value *final = NULL;

	if (run->depth >= GT_RUN_DEPTH_MAX)
		return gt_fail(run, "nested more than %d deep", GT_RUN_DEPTH_MAX);
	run->depth++;
	for (const struct gt_command *c = p->first; c; c = c->next) {
		out = (struct gt_value){.kind = GT_NIL};
		if (command(run, dot, c, final, &out))
			return -1;
		v = out;
		final = &v;
	}
	run->depth--;
	*ret = v;
	return 0;
}
