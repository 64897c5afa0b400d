// SPDX-License-Identifier: Apache-2.0
/* Running the tree.  What could not be told before (items of unknown type) is checked here again. */
#include "plugin/view/expr_parse.h"

#include "base/err.h"
#include "server/pattern.h"

#include <errno.h>
#include <string.h>

enum { BYTES_PER_STEP = 64 };

int expr_work(struct expr_run *r, size_t bytes_or_items)
{
	size_t steps = 1 + bytes_or_items / BYTES_PER_STEP;

	if (steps > EXPR_STEPS_MAX - r->steps)
		return ERR_LIMIT;
	r->steps += (uint32_t)steps;
	return 0;
}

int expr_new_array(struct expr_run *r, size_t n, struct expr_value **ret_items, struct expr_value *ret)
{
	int err = n > EXPR_ITEMS_MAX ? ERR_LIMIT : expr_work(r, n * 8);

	if (err)
		return err;
	*ret_items = arena_alloc(r->arena, n * sizeof(**ret_items) + 1);
	*ret = (struct expr_value){.kind = EXPR_ARRAY, .n = (uint32_t)n, .items = *ret_items};
	return *ret_items ? 0 : -ENOMEM;
}

static int eval_bool(struct expr_run *r, const struct expr_node *n, bool *ret)
{
	struct expr_value v;
	int err = expr_eval(r, n, &v);

	if (err || v.kind != EXPR_BOOL)
		return err ? err : -EINVAL;
	*ret = v.b;
	return 0;
}

/* ---------------------------------------------------------------- lists */

static int eval_array(struct expr_run *r, const struct expr_node *n, struct expr_value *ret)
{
	struct expr_value *items;
	int err = expr_new_array(r, n->n, &items, ret);

	for (uint32_t i = 0; i < n->n && !err; i++)
		err = expr_eval(r, n->args[i], &items[i]);
	return err;
}

static int eval_map(struct expr_run *r, const struct expr_node *n, struct expr_value *ret)
{
	int err = eval_array(r, n, ret);

	for (uint32_t i = 0; i < n->n && !err; i += 2) {
		if (ret->items[i].kind != EXPR_STRING)
			err = -EINVAL;
	}
	ret->kind = EXPR_MAP;
	ret->n = n->n / 2;
	return err;
}

/* The last entry of a key counts. */
static int map_get(struct expr_run *r, const struct expr_value *map, const struct expr_value *key, struct expr_value *ret)
{
	*ret = (struct expr_value){.kind = EXPR_NIL};
	if (key->kind != EXPR_STRING)
		return -EINVAL;
	for (uint32_t i = map->n; i-- > 0;) {
		if (expr_equal(r, &map->items[2 * i], key)) {
			*ret = map->items[2 * i + 1];
			break;
		}
	}
	return expr_work(r, map->n);
}

static int array_get(const struct expr_value *array, const struct expr_value *key, struct expr_value *ret)
{
	int64_t i = key->kind == EXPR_INT ? key->i : INT64_MIN;

	if (i < 0 && i >= -(int64_t)array->n)
		i += array->n;
	if (i < 0 || i >= (int64_t)array->n)
		return -EINVAL;
	*ret = array->items[i];
	return 0;
}

static int eval_index(struct expr_run *r, const struct expr_node *n, struct expr_value *ret)
{
	struct expr_value of, key;
	int err = expr_eval(r, n->args[0], &of);

	if (!err)
		err = expr_eval(r, n->args[1], &key);
	if (err)
		return err;
	if (of.kind == EXPR_MAP)
		return map_get(r, &of, &key, ret);
	if (of.kind == EXPR_ARRAY)
		return array_get(&of, &key, ret);
	*ret = (struct expr_value){.kind = EXPR_NIL};
	return of.kind == EXPR_NIL && n->op ? 0 : -EINVAL; /* ?. of nothing is nothing */
}

/* One end of a slice: from the back if negative, within 0..n. */
static int eval_bound(struct expr_run *r, const struct expr_node *n, int64_t absent, int64_t len, int64_t *ret)
{
	struct expr_value v = {.kind = EXPR_INT, .i = absent};
	int err = n ? expr_eval(r, n, &v) : 0;

	if (err || v.kind != EXPR_INT)
		return err ? err : -EINVAL;
	*ret = v.i < 0 ? v.i + len : v.i;
	*ret = *ret < 0 ? 0 : *ret > len ? len : *ret;
	return 0;
}

static int eval_slice(struct expr_run *r, const struct expr_node *n, struct expr_value *ret)
{
	int64_t from, to;
	int err = expr_eval(r, n->args[0], ret);

	if (!err && ret->kind != EXPR_ARRAY && ret->kind != EXPR_STRING)
		return -EINVAL;
	if (!err)
		err = eval_bound(r, n->args[1], 0, ret->n, &from);
	if (!err)
		err = eval_bound(r, n->args[2], ret->n, ret->n, &to);
	if (err)
		return err;
	if (from > to)
		from = to;
	if (ret->kind == EXPR_STRING)
		ret->s += from;
	else
		ret->items += from;
	ret->n = (uint32_t)(to - from);
	return 0;
}

/* ---------------------------------------------------------------- operators */

static int eval_not(struct expr_run *r, const struct expr_node *n, struct expr_value *ret)
{
	bool b = false;
	int err = eval_bool(r, n->args[0], &b);

	*ret = expr_bool(!b);
	return err;
}

static int eval_minus(struct expr_run *r, const struct expr_node *n, struct expr_value *ret)
{
	int err = expr_eval(r, n->args[0], ret);

	if (err)
		return err;
	if (ret->kind == EXPR_INT)
		ret->i = (int64_t)(0 - (uint64_t)ret->i); /* wraps, as in Go */
	else if (ret->kind == EXPR_FLOAT)
		ret->f = -ret->f;
	else
		return -EINVAL;
	return 0;
}

static int eval_logic(struct expr_run *r, const struct expr_node *n, struct expr_value *ret)
{
	bool decides = n->kind == NODE_OR, b = false;
	int err = eval_bool(r, n->args[0], &b);

	if (!err && b != decides)
		err = eval_bool(r, n->args[1], &b);
	*ret = expr_bool(b);
	return err;
}

static int eval_binary(struct expr_run *r, const struct expr_node *n, struct expr_value *ret)
{
	struct expr_value a, b;
	int err = expr_eval(r, n->args[0], &a);

	if (!err)
		err = expr_eval(r, n->args[1], &b);
	return err ? err : expr_binary(r, (enum expr_op)n->op, &a, &b, ret);
}

static int eval_coalesce(struct expr_run *r, const struct expr_node *n, struct expr_value *ret)
{
	int err = expr_eval(r, n->args[0], ret);

	return err || ret->kind != EXPR_NIL ? err : expr_eval(r, n->args[1], ret);
}

static int eval_matches(struct expr_run *r, const struct expr_node *n, struct expr_value *ret)
{
	struct expr_value v;
	int err = expr_eval(r, n->args[0], &v);

	if (!err && v.kind != EXPR_STRING)
		err = -EINVAL;
	if (!err)
		err = expr_work(r, v.n);
	if (err)
		return err;
	err = pattern_find(n->pattern, r->match, v.s, v.n);
	*ret = expr_bool(err > 0);
	return err < 0 ? err : 0;
}

static int eval_cond(struct expr_run *r, const struct expr_node *n, struct expr_value *ret)
{
	bool b = false;
	int err = eval_bool(r, n->args[0], &b);

	return err ? err : expr_eval(r, n->args[b ? 1 : 2], ret);
}

/* ---------------------------------------------------------------- calls, variables */

static int eval_call(struct expr_run *r, const struct expr_node *n, struct expr_value *ret)
{
	struct expr_value args[EXPR_ARGS_MAX];
	int err = 0;

	for (uint32_t i = 0; i < n->n && !err; i++)
		err = expr_eval(r, n->args[i], &args[i]);
	if (err)
		return err;
	for (uint32_t i = 0; i < n->n; i++) {
		size_t last = strlen(n->fn->takes) - 1;

		if (!expr_type_fits(n->fn->takes[i < last ? i : last], (struct expr_type){(uint8_t)args[i].kind, EXPR_ANY}))
			return -EINVAL;
	}
	r->bound = n->bound;
	return n->fn->call(r, args, n->n, ret);
}

static int eval_let(struct expr_run *r, const struct expr_node *n, struct expr_value *ret)
{
	int err = expr_eval(r, n->args[0], &r->vars[n->op]);

	return err ? err : expr_eval(r, n->args[1], ret);
}

/* Those without children. */
static int eval_leaf(const struct expr_run *r, const struct expr_node *n, struct expr_value *ret)
{
	if (n->kind == NODE_CONST)
		*ret = n->value;
	else if (n->kind == NODE_ITEM)
		*ret = r->scope->item;
	else if (n->kind == NODE_ITEM_INDEX)
		*ret = expr_int(r->scope->index);
	else
		*ret = r->vars[n->op];
	return 0;
}

int expr_eval(struct expr_run *r, const struct expr_node *n, struct expr_value *ret)
{
	static int (*const by_kind[])(struct expr_run *, const struct expr_node *, struct expr_value *) = {
		[NODE_ARRAY] = eval_array,     [NODE_MAP] = eval_map,         [NODE_NOT] = eval_not,
		[NODE_MINUS] = eval_minus,     [NODE_BINARY] = eval_binary,   [NODE_AND] = eval_logic,
		[NODE_OR] = eval_logic,        [NODE_MATCHES] = eval_matches, [NODE_COALESCE] = eval_coalesce,
		[NODE_COND] = eval_cond,       [NODE_CALL] = eval_call,       [NODE_CLOSURE] = expr_eval_closure,
		[NODE_INDEX] = eval_index,     [NODE_SLICE] = eval_slice,     [NODE_LET] = eval_let,
		[NODE_VAR] = NULL,
	};
	int err = expr_work(r, 0);

	*ret = (struct expr_value){.kind = EXPR_NIL};
	if (err)
		return err;
	return by_kind[n->kind] ? by_kind[n->kind](r, n, ret) : eval_leaf(r, n, ret);
}

int expr_run(const struct expr *e, struct expr_run *r, struct expr_value *ret)
{
	return expr_eval(r, e->root, ret);
}
