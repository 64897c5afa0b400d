// SPDX-License-Identifier: Apache-2.0
/* Functions of the language: on numbers, and text read as such. */
#include "foreign/math.h"
#include "plugin/view/expr_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define T(k) {EXPR_##k, EXPR_ANY}

static int fn_abs(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	*ret = a[0];
	if (a->kind == EXPR_FLOAT)
		ret->f = fabs(a->f);
	else if (a->i < 0)
		ret->i = (int64_t)(0 - (uint64_t)a->i);
	return 0;
}

static int rounded(const struct expr_value *a, double (*fn)(double), struct expr_value *ret)
{
	*ret = (struct expr_value){.kind = EXPR_FLOAT, .f = fn(a->kind == EXPR_INT ? (double)a->i : a->f)};
	return 0;
}

static int fn_ceil(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	return rounded(a, libm.ceil, ret);
}

static int fn_floor(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	return rounded(a, libm.floor, ret);
}

static int fn_round(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	return rounded(a, libm.round, ret);
}

enum { NUMBER_TEXT_MAX = 64 };

static int fn_float(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	char text[NUMBER_TEXT_MAX], *end;

	*ret = (struct expr_value){.kind = EXPR_FLOAT, .f = a->kind == EXPR_INT ? (double)a->i : a->f};
	if (a->kind != EXPR_STRING)
		return a->kind == EXPR_INT || a->kind == EXPR_FLOAT ? 0 : -EINVAL;
	if (!a->n || a->n >= sizeof(text) || isspace((unsigned char)a->s[0]))
		return -EINVAL;
	memcpy(text, a->s, a->n);
	text[a->n] = '\0';
	ret->f = strtod(text, &end);
	return end == text + a->n ? 0 : -EINVAL;
}

static int fn_int(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	char text[NUMBER_TEXT_MAX], *end;

	*ret = *a;
	if (a->kind == EXPR_INT)
		return 0;
	if (a->kind == EXPR_FLOAT) {
		if (!(a->f > -9.2e18 && a->f < 9.2e18))
			return -EINVAL;
		*ret = expr_int((int64_t)a->f);
		return 0;
	}
	if (a->kind != EXPR_STRING || !a->n || a->n >= sizeof(text) || isspace((unsigned char)a->s[0]))
		return -EINVAL;
	memcpy(text, a->s, a->n);
	text[a->n] = '\0';
	errno = 0;
	*ret = expr_int(strtoll(text, &end, 10));
	return end == text + a->n && !errno ? 0 : -EINVAL;
}

/* ---------------------------------------------------------------- bits */

static int fn_bitand(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	*ret = expr_int(a[0].i & a[1].i);
	return 0;
}

static int fn_bitor(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	*ret = expr_int(a[0].i | a[1].i);
	return 0;
}

static int fn_bitxor(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	*ret = expr_int(a[0].i ^ a[1].i);
	return 0;
}

static int fn_bitnand(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	*ret = expr_int(a[0].i & ~a[1].i);
	return 0;
}

static int fn_bitnot(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	*ret = expr_int(~a[0].i);
	return 0;
}

static int fn_bitshl(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	if (a[1].i < 0)
		return -EINVAL;
	*ret = expr_int(a[1].i > 63 ? 0 : (int64_t)((uint64_t)a[0].i << a[1].i));
	return 0;
}

static int fn_bitshr(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	if (a[1].i < 0)
		return -EINVAL;
	*ret = expr_int(a[0].i >> (a[1].i > 63 ? 63 : a[1].i));
	return 0;
}

static int fn_bitushr(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	if (a[1].i < 0)
		return -EINVAL;
	*ret = expr_int(a[1].i > 63 ? 0 : (int64_t)((uint64_t)a[0].i >> a[1].i));
	return 0;
}

static const struct expr_func funcs[] = {
	{"abs", 1, 1, "n", T(ANY), fn_abs, NULL},
	{"ceil", 1, 1, "n", T(FLOAT), fn_ceil, NULL},
	{"floor", 1, 1, "n", T(FLOAT), fn_floor, NULL},
	{"round", 1, 1, "n", T(FLOAT), fn_round, NULL},
	{"int", 1, 1, "*", T(INT), fn_int, NULL},
	{"float", 1, 1, "*", T(FLOAT), fn_float, NULL},
	{"bitand", 2, 2, "i", T(INT), fn_bitand, NULL},
	{"bitor", 2, 2, "i", T(INT), fn_bitor, NULL},
	{"bitxor", 2, 2, "i", T(INT), fn_bitxor, NULL},
	{"bitnand", 2, 2, "i", T(INT), fn_bitnand, NULL},
	{"bitnot", 1, 1, "i", T(INT), fn_bitnot, NULL},
	{"bitshl", 2, 2, "i", T(INT), fn_bitshl, NULL},
	{"bitshr", 2, 2, "i", T(INT), fn_bitshr, NULL},
	{"bitushr", 2, 2, "i", T(INT), fn_bitushr, NULL},
};

const struct expr_func *expr_number_builtin(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(funcs); i++) {
		if (strlen(funcs[i].name) == len && memcmp(funcs[i].name, name, len) == 0)
			return &funcs[i];
	}
	return NULL;
}
