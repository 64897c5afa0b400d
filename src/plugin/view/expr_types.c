// SPDX-License-Identifier: Apache-2.0
/* What goes with what.  The rules are expr-lang's: numbers mix, everything else compares with its own kind and with nil. */
#include "plugin/view/expr_internal.h"

static const struct expr_type t_bool = {EXPR_BOOL, EXPR_ANY};

static bool is(struct expr_type t, enum expr_kind k)
{
	return t.kind == k || t.kind == EXPR_ANY;
}

static bool is_number(struct expr_type t)
{
	return t.kind == EXPR_INT || t.kind == EXPR_FLOAT || t.kind == EXPR_ANY;
}

static bool comparable(struct expr_type a, struct expr_type b)
{
	if (a.kind == EXPR_NIL || b.kind == EXPR_NIL || (is_number(a) && is_number(b)))
		return true;
	return a.kind == EXPR_ANY || is(b, a.kind);
}

static bool ordered(struct expr_type a, struct expr_type b)
{
	return (is_number(a) && is_number(b)) || (is(a, EXPR_STRING) && is(b, EXPR_STRING));
}

/* An operand of unknown type leaves the result unknown only where it decides. */
static struct expr_type arithmetic(struct expr_type a, struct expr_type b)
{
	if (a.kind == EXPR_ANY || b.kind == EXPR_ANY)
		return (struct expr_type){EXPR_ANY, EXPR_ANY};
	return a.kind == EXPR_FLOAT || b.kind == EXPR_FLOAT ? (struct expr_type){EXPR_FLOAT, EXPR_ANY} : a;
}

static bool in_type(struct expr_type a, struct expr_type b)
{
	if (b.kind == EXPR_ANY)
		return true;
	if (b.kind == EXPR_MAP)
		return is(a, EXPR_STRING);
	return b.kind == EXPR_ARRAY && comparable(a, (struct expr_type){b.elem, EXPR_ANY});
}

static bool add_type(struct expr_type a, struct expr_type b, struct expr_type *ret)
{
	*ret = arithmetic(a, b);
	return ordered(a, b);
}

bool expr_type_binary(enum expr_op op, struct expr_type a, struct expr_type b, struct expr_type *ret)
{
	*ret = t_bool;
	switch ((int)op) {
	case OP_EQ:
	case OP_NE:
		return comparable(a, b);
	case OP_LT:
	case OP_GT:
	case OP_LE:
	case OP_GE:
		return ordered(a, b);
	case OP_IN:
		return in_type(a, b);
	case OP_CONTAINS:
	case OP_STARTS:
	case OP_ENDS:
		return is(a, EXPR_STRING) && is(b, EXPR_STRING);
	case OP_RANGE:
		*ret = (struct expr_type){EXPR_ARRAY, EXPR_INT};
		return is(a, EXPR_INT) && is(b, EXPR_INT);
	case OP_ADD:
		return add_type(a, b, ret);
	case OP_MOD:
		*ret = (struct expr_type){EXPR_INT, EXPR_ANY};
		return is(a, EXPR_INT) && is(b, EXPR_INT);
	case OP_DIV:
	case OP_POW:
		*ret = (struct expr_type){EXPR_FLOAT, EXPR_ANY};
		return is_number(a) && is_number(b);
	default:
		*ret = arithmetic(a, b);
		return is_number(a) && is_number(b);
	}
}

bool expr_type_fits(char takes, struct expr_type t)
{
	switch (takes) {
	case 's':
		return is(t, EXPR_STRING);
	case 'i':
		return is(t, EXPR_INT);
	case 'n':
		return is_number(t);
	case 'a':
		return is(t, EXPR_ARRAY);
	case 'b':
		return is(t, EXPR_BOOL);
	case 'm':
		return is(t, EXPR_MAP);
	case 'c':
		return is(t, EXPR_ARRAY) || t.kind == EXPR_STRING || t.kind == EXPR_MAP;
	default:
		return true;
	}
}

const char *expr_takes_text(char takes)
{
	switch (takes) {
	case 's':
		return "text";
	case 'i':
		return "an integer";
	case 'n':
		return "a number";
	case 'a':
		return "an array";
	case 'b':
		return "a boolean";
	case 'm':
		return "a map";
	default:
		return "an array, a map or text";
	}
}

struct expr_type expr_type_common(struct expr_type a, struct expr_type b)
{
	if (a.kind != b.kind)
		return (struct expr_type){EXPR_ANY, EXPR_ANY};
	if (a.elem != b.elem)
		a.elem = EXPR_ANY;
	return a;
}

const char *expr_type_text(struct expr_type t)
{
	static const char *const names[] = {"any", "nil", "bool", "int", "float", "string", "array", "map"};
	static const char *const arrays[] = {"array",          "array of nil",    "array of bool",  "array of int",
					     "array of float", "array of string", "array of array", "array of map"};

	return t.kind == EXPR_ARRAY ? arrays[t.elem] : names[t.kind];
}
