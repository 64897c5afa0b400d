// SPDX-License-Identifier: Apache-2.0
/* Functions that run their body once an item: any, all, none, one, filter, map, count, find, findIndex, sum. */
#include "plugin/view/expr_internal.h"

#include <errno.h>
#include <string.h>

static const char *const names[] = {
	[CLOSURE_ALL] = "all",     [CLOSURE_ANY] = "any",     [CLOSURE_NONE] = "none",
	[CLOSURE_ONE] = "one",     [CLOSURE_FILTER] = "filter", [CLOSURE_MAP] = "map",
	[CLOSURE_COUNT] = "count", [CLOSURE_FIND] = "find",   [CLOSURE_FIND_INDEX] = "findIndex",
	[CLOSURE_SUM] = "sum",
};

int expr_closure_of(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return (int)i;
	}
	return -1;
}

/* What has been gathered so far. */
struct gathering {
	enum expr_closure closure;
	struct expr_value *items; /* of filter and map */
	uint32_t n_items, hits;
	struct expr_value sum, found;
	bool end;
};

static int add_to_sum(struct expr_run *r, struct gathering *g, const struct expr_value *v)
{
	struct expr_value sum = g->sum;

	return expr_binary(r, OP_ADD, &sum, v, &g->sum);
}

/* One item of a closure that tests. */
static void take_tested(struct gathering *g, const struct expr_scope *s, bool yes)
{
	g->hits += yes;
	if (g->closure == CLOSURE_FILTER && yes)
		g->items[g->n_items++] = s->item;
	if (yes && (g->closure == CLOSURE_FIND || g->closure == CLOSURE_FIND_INDEX))
		g->found = g->closure == CLOSURE_FIND ? s->item : expr_int(s->index);
	g->end = (g->closure == CLOSURE_ALL && !yes) ||
		 (yes && (g->closure == CLOSURE_ANY || g->closure == CLOSURE_NONE || g->closure == CLOSURE_FIND ||
			  g->closure == CLOSURE_FIND_INDEX));
}

static int take(struct expr_run *r, const struct expr_node *body, struct gathering *g, const struct expr_scope *s)
{
	struct expr_value v = s->item;
	int err = 0;

	if (body)
		err = expr_eval(r, body, &v);
	if (err)
		return err;
	if (g->closure == CLOSURE_SUM)
		return v.kind == EXPR_INT || v.kind == EXPR_FLOAT ? add_to_sum(r, g, &v) : -EINVAL;
	if (g->closure == CLOSURE_MAP) {
		g->items[g->n_items++] = v;
		return 0;
	}
	if (v.kind != EXPR_BOOL)
		return -EINVAL;
	take_tested(g, s, v.b);
	return 0;
}

static void finish(const struct gathering *g, uint32_t n, struct expr_value *ret)
{
	switch ((int)g->closure) {
	case CLOSURE_ALL:
		*ret = expr_bool(g->hits == n);
		return;
	case CLOSURE_ANY:
		*ret = expr_bool(g->hits > 0);
		return;
	case CLOSURE_NONE:
		*ret = expr_bool(g->hits == 0);
		return;
	case CLOSURE_ONE:
		*ret = expr_bool(g->hits == 1);
		return;
	case CLOSURE_COUNT:
		*ret = expr_int(g->hits);
		return;
	case CLOSURE_SUM:
		*ret = g->sum;
		return;
	case CLOSURE_FIND:
	case CLOSURE_FIND_INDEX:
		*ret = g->found;
		return;
	default:
		ret->n = g->n_items;
	}
}

int expr_eval_closure(struct expr_run *r, const struct expr_node *n, struct expr_value *ret)
{
	struct gathering g = {.closure = (enum expr_closure)n->op, .sum = expr_int(0), .found = {.kind = EXPR_NIL}};
	const struct expr_node *body = n->n > 1 ? n->args[1] : NULL;
	struct expr_scope s = {.outer = r->scope};
	struct expr_value list;
	int err = expr_eval(r, n->args[0], &list);

	if (!err && list.kind != EXPR_ARRAY)
		err = -EINVAL;
	if (!err && (g.closure == CLOSURE_FILTER || g.closure == CLOSURE_MAP))
		err = expr_new_array(r, list.n, &g.items, ret);
	r->scope = &s;
	for (; s.index < list.n && !err && !g.end; s.index++) {
		s.item = list.items[s.index];
		err = take(r, body, &g, &s);
	}
	r->scope = s.outer;
	if (!err)
		finish(&g, list.n, ret);
	return err;
}
