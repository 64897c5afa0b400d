// SPDX-License-Identifier: Apache-2.0
/* Operators on two values. */
#include "plugin/view/expr_internal.h"

#include "base/err.h"
#include "foreign/math.h"

#include <errno.h>
#include <string.h>

static bool is_number(const struct expr_value *v)
{
	return v->kind == EXPR_INT || v->kind == EXPR_FLOAT;
}

static double as_float(const struct expr_value *v)
{
	return v->kind == EXPR_INT ? (double)v->i : v->f;
}

/* ---------------------------------------------------------------- equal */

static bool items_equal(struct expr_run *r, const struct expr_value *a, const struct expr_value *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		/* Out of steps: not equal here; the next step of the run says so. */
		if (expr_work(r, 0) || !expr_equal(r, &a->items[i], &b->items[i]))
			return false;
	}
	return true;
}

bool expr_equal(struct expr_run *r, const struct expr_value *a, const struct expr_value *b)
{
	if (a->kind == EXPR_INT && b->kind == EXPR_INT)
		return a->i == b->i;
	if (is_number(a) && is_number(b))
		return as_float(a) == as_float(b);
	if (a->kind != b->kind)
		return false;
	switch ((int)a->kind) {
	case EXPR_NIL:
		return true;
	case EXPR_BOOL:
		return a->b == b->b;
	case EXPR_STRING:
		return a->n == b->n && memcmp(a->s, b->s, a->n) == 0;
	default:
		return a->n == b->n && items_equal(r, a, b, a->kind == EXPR_MAP ? 2 * a->n : a->n);
	}
}

/* ---------------------------------------------------------------- order, text */

/* <0, 0, >0; -EINVAL in *err where they have no order. */
static int compare(const struct expr_value *a, const struct expr_value *b, int *err)
{
	*err = 0;
	if (a->kind == EXPR_INT && b->kind == EXPR_INT)
		return (a->i > b->i) - (a->i < b->i);
	if (is_number(a) && is_number(b))
		return (as_float(a) > as_float(b)) - (as_float(a) < as_float(b));
	if (a->kind == EXPR_STRING && b->kind == EXPR_STRING) {
		int c = memcmp(a->s, b->s, a->n < b->n ? a->n : b->n);

		return c ? c : (a->n > b->n) - (a->n < b->n);
	}
	*err = -EINVAL;
	return 0;
}

static int ordered(enum expr_op op, const struct expr_value *a, const struct expr_value *b, struct expr_value *ret)
{
	int err, c = compare(a, b, &err);

	*ret = expr_bool(op == OP_LT ? c < 0 : op == OP_GT ? c > 0 : op == OP_LE ? c <= 0 : c >= 0);
	return err;
}

static int text_has(struct expr_run *r, enum expr_op op, const struct expr_value *a, const struct expr_value *b,
		    struct expr_value *ret)
{
	int err = expr_work(r, a->kind == EXPR_STRING ? a->n : 0);
	bool yes;

	if (a->kind != EXPR_STRING || b->kind != EXPR_STRING)
		return -EINVAL;
	if (op == OP_CONTAINS)
		yes = !b->n || memmem(a->s, a->n, b->s, b->n);
	else
		yes = b->n <= a->n && memcmp(op == OP_STARTS ? a->s : a->s + a->n - b->n, b->s, b->n) == 0;
	*ret = expr_bool(yes);
	return err;
}

static int is_in(struct expr_run *r, const struct expr_value *a, const struct expr_value *b, struct expr_value *ret)
{
	bool map = b->kind == EXPR_MAP, yes = false;
	int err = expr_work(r, b->n);

	if (b->kind == EXPR_NIL) {
		*ret = expr_bool(false);
		return 0;
	}
	if (!map && b->kind != EXPR_ARRAY)
		return -EINVAL;
	for (uint32_t i = 0; i < b->n && !yes; i++)
		yes = expr_equal(r, a, &b->items[map ? 2 * i : i]);
	*ret = expr_bool(yes);
	return err;
}

/* ---------------------------------------------------------------- arithmetic */

static int join(struct expr_run *r, const struct expr_value *a, const struct expr_value *b, struct expr_value *ret)
{
	size_t n = (size_t)a->n + b->n;
	int err = n > EXPR_STRING_MAX ? ERR_LIMIT : expr_work(r, n);
	char *s = err ? NULL : arena_alloc(r->arena, n + 1);

	if (!s)
		return err ? err : -ENOMEM;
	memcpy(s, a->s, a->n);
	memcpy(s + a->n, b->s, b->n);
	*ret = expr_string(s, n);
	return 0;
}

static int range(struct expr_run *r, const struct expr_value *a, const struct expr_value *b, struct expr_value *ret)
{
	struct expr_value *items;
	int64_t n = a->kind != EXPR_INT || b->kind != EXPR_INT ? -1 : 0;
	int err;

	if (n < 0)
		return -EINVAL;
	if (b->i >= a->i && __builtin_sub_overflow(b->i, a->i, &n))
		return ERR_LIMIT;
	n = b->i < a->i ? 0 : n < EXPR_ITEMS_MAX ? n + 1 : EXPR_ITEMS_MAX + 1;
	err = expr_new_array(r, (size_t)n, &items, ret);
	for (int64_t i = 0; i < n && !err; i++)
		items[i] = expr_int(a->i + i);
	return err;
}

/* Go's: overflow wraps; a remainder has the sign of what is divided. */
static int whole(enum expr_op op, int64_t a, int64_t b, struct expr_value *ret)
{
	uint64_t ua = (uint64_t)a, ub = (uint64_t)b;

	if (op == OP_MOD) {
		if (b == 0)
			return -EINVAL;
		*ret = expr_int(b == -1 ? 0 : a % b);
		return 0;
	}
	*ret = expr_int((int64_t)(op == OP_ADD ? ua + ub : op == OP_SUB ? ua - ub : ua * ub));
	return 0;
}

static int arithmetic(enum expr_op op, const struct expr_value *a, const struct expr_value *b, struct expr_value *ret)
{
	double x, y;

	if (!is_number(a) || !is_number(b))
		return -EINVAL;
	if (a->kind == EXPR_INT && b->kind == EXPR_INT && op != OP_DIV && op != OP_POW)
		return whole(op, a->i, b->i, ret);
	if (op == OP_MOD)
		return -EINVAL;
	x = as_float(a);
	y = as_float(b);
	ret->kind = EXPR_FLOAT;
	ret->f = op == OP_ADD ? x + y : op == OP_SUB ? x - y : op == OP_MUL ? x * y : op == OP_POW ? libm.pow(x, y) : 0;
	if (op == OP_DIV) /* by zero it is infinite, or no number at all, which compares with nothing */
		ret->f = y != 0 ? x / y : x == 0 || isnan(x) ? NAN : copysign(INFINITY, x) * copysign(1, y);
	return 0;
}

int expr_binary(struct expr_run *r, enum expr_op op, const struct expr_value *a, const struct expr_value *b,
		struct expr_value *ret)
{
	switch ((int)op) {
	case OP_EQ:
	case OP_NE:
		*ret = expr_bool(expr_equal(r, a, b) == (op == OP_EQ));
		return expr_work(r, 0);
	case OP_LT:
	case OP_GT:
	case OP_LE:
	case OP_GE:
		return ordered(op, a, b, ret);
	case OP_IN:
		return is_in(r, a, b, ret);
	case OP_CONTAINS:
	case OP_STARTS:
	case OP_ENDS:
		return text_has(r, op, a, b, ret);
	case OP_RANGE:
		return range(r, a, b, ret);
	case OP_ADD:
		if (a->kind == EXPR_STRING && b->kind == EXPR_STRING)
			return join(r, a, b, ret);
		return arithmetic(op, a, b, ret);
	default:
		return arithmetic(op, a, b, ret);
	}
}
