// SPDX-License-Identifier: Apache-2.0
/* What values are: truth, comparison, items. */
#include "plugin/template/gotmpl.h"

#include <string.h>

bool gt_true(const struct gt_value *v)
{
	switch (v->kind) {
	case GT_NIL:
		return false;
	case GT_BOOL:
		return v->b;
	case GT_INT:
	case GT_UINT:
		return v->u != 0;
	case GT_FLOAT:
		return v->f < 0 || v->f > 0;
	case GT_STRING:
	case GT_LIST:
	case GT_MAP:
		return v->len != 0;
	case GT_OBJECT:
		break;
	}
	return true;
}

/* Go's names, for messages and for what printf says of a wrong argument. */
const char *gt_kind_text(const struct gt_value *v)
{
	static const char *const names[] = {
		[GT_NIL] = "nil",	[GT_BOOL] = "bool",	[GT_INT] = "int",   [GT_UINT] = "uint",
		[GT_FLOAT] = "float64", [GT_STRING] = "string", [GT_LIST] = "list", [GT_MAP] = "map",
	};

	return v->kind == GT_OBJECT ? v->cls->name : names[v->kind];
}

void gt_item(struct gt_run *run, const struct gt_value *v, size_t i, struct gt_value *ret_key, struct gt_value *ret)
{
	struct gt_value from = *v;

	*ret_key = gt_int((int64_t)i);
	from.cls->item(run, &from, i + from.first, ret_key, ret);
}

/* A negative int and an unsigned one are never equal, and the negative one is less. */
static int compare_whole(const struct gt_value *a, const struct gt_value *b)
{
	bool neg_a = a->kind == GT_INT && a->i < 0, neg_b = b->kind == GT_INT && b->i < 0;

	if (neg_a != neg_b)
		return neg_a ? -1 : 1;
	if (neg_a)
		return a->i < b->i ? -1 : a->i > b->i;
	return a->u < b->u ? -1 : a->u > b->u;
}

static int compare_strings(const struct gt_value *a, const struct gt_value *b)
{
	int r = memcmp(a->s, b->s, a->len < b->len ? a->len : b->len);

	if (r)
		return r;
	return a->len < b->len ? -1 : a->len > b->len;
}

static bool whole(const struct gt_value *v)
{
	return v->kind == GT_INT || v->kind == GT_UINT;
}

int gt_equal(struct gt_run *run, const struct gt_value *a, const struct gt_value *b)
{
	if (whole(a) && whole(b))
		return compare_whole(a, b) == 0;
	if (a->kind == GT_NIL || b->kind == GT_NIL)
		return a->kind == b->kind;
	if (a->kind == b->kind) {
		if (a->kind == GT_STRING)
			return compare_strings(a, b) == 0;
		if (a->kind == GT_BOOL)
			return a->b == b->b;
		if (a->kind == GT_FLOAT)
			return !(a->f < b->f) && !(a->f > b->f);
	}
	return gt_fail(run, "%s and %s cannot be compared", gt_kind_text(a), gt_kind_text(b));
}

int gt_less(struct gt_run *run, const struct gt_value *a, const struct gt_value *b, bool *ret)
{
	if (whole(a) && whole(b))
		*ret = compare_whole(a, b) < 0;
	else if (a->kind == GT_STRING && b->kind == GT_STRING)
		*ret = compare_strings(a, b) < 0;
	else if (a->kind == GT_FLOAT && b->kind == GT_FLOAT)
		*ret = a->f < b->f;
	else
		return gt_fail(run, "%s and %s have no order", gt_kind_text(a), gt_kind_text(b));
	return 0;
}

int gt_to_int(struct gt_run *run, const struct gt_value *v, const char *what, int64_t *ret)
{
	if (v->kind == GT_INT || (v->kind == GT_UINT && v->u <= INT64_MAX)) {
		*ret = v->i;
		return 0;
	}
	return gt_fail(run, "%s must be an int, not a %s", what, gt_kind_text(v));
}
