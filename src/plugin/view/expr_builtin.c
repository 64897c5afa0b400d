// SPDX-License-Identifier: Apache-2.0
/* Functions of the language: on text.  Case and blanks are ASCII's: names have nothing else. */
#include "plugin/view/expr_internal.h"

#include "base/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\n\v\f\r";

#define T(k) {EXPR_##k, EXPR_ANY}

/* ---------------------------------------------------------------- text */

static int new_text(struct expr_run *r, size_t n, char **ret_s, struct expr_value *ret)
{
	int err = n > EXPR_STRING_MAX ? ERR_LIMIT : expr_work(r, n);

	*ret_s = err ? NULL : arena_alloc(r->arena, n + 1);
	*ret = expr_string(*ret_s, n);
	return err ? err : *ret_s ? 0 : -ENOMEM;
}

static int change_case(struct expr_run *r, const struct expr_value *v, int (*change)(int), struct expr_value *ret)
{
	char *s;
	int err = new_text(r, v->n, &s, ret);

	for (uint32_t i = 0; i < v->n && !err; i++)
		s[i] = (unsigned char)v->s[i] < 128 ? (char)change(v->s[i]) : v->s[i];
	return err;
}

static int fn_lower(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	return change_case(r, a, tolower, ret);
}

static int fn_upper(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	return change_case(r, a, toupper, ret);
}

static int fn_trim(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	struct expr_value cut = n > 1 ? a[1] : expr_string(blanks, sizeof(blanks) - 1);
	struct expr_value v = a[0];

	for (; v.n && memchr(cut.s, v.s[0], cut.n); v.n--)
		v.s++;
	while (v.n && memchr(cut.s, v.s[v.n - 1], cut.n))
		v.n--;
	*ret = v;
	return expr_work(r, (size_t)a[0].n * (1 + cut.n / 16));
}

static bool begins(const struct expr_value *v, const struct expr_value *with)
{
	return with->n <= v->n && memcmp(v->s, with->s, with->n) == 0;
}

static bool ends(const struct expr_value *v, const struct expr_value *with)
{
	return with->n <= v->n && memcmp(v->s + v->n - with->n, with->s, with->n) == 0;
}

static int fn_trim_prefix(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	struct expr_value cut = n > 1 ? a[1] : expr_string(" ", 1);
	uint32_t len = begins(a, &cut) ? cut.n : 0;

	*ret = expr_string(a->s + len, a->n - len);
	return 0;
}

static int fn_trim_suffix(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	struct expr_value cut = n > 1 ? a[1] : expr_string(" ", 1);

	*ret = expr_string(a->s, a->n - (ends(a, &cut) ? cut.n : 0));
	return 0;
}

static int fn_has_prefix(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	*ret = expr_bool(begins(&a[0], &a[1]));
	return expr_work(r, a[1].n);
}

static int fn_has_suffix(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	*ret = expr_bool(ends(&a[0], &a[1]));
	return expr_work(r, a[1].n);
}

static int fn_index_of(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	const char *at = a[1].n ? memmem(a[0].s, a[0].n, a[1].s, a[1].n) : a[0].s;

	*ret = expr_int(at ? at - a[0].s : -1);
	return expr_work(r, a[0].n);
}

static int fn_last_index_of(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	int64_t at = (int64_t)a[0].n - a[1].n;

	while (at >= 0 && memcmp(a[0].s + at, a[1].s, a[1].n) != 0)
		at--;
	*ret = expr_int(at < 0 ? -1 : at);
	return expr_work(r, (size_t)a[0].n * (1 + a[1].n / 16));
}

static int fn_repeat(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	char *s;
	int err;

	if (a[1].i < 0)
		return -EINVAL;
	if (a[0].n && a[1].i > EXPR_STRING_MAX / a[0].n)
		return ERR_LIMIT;
	err = new_text(r, a[0].n ? a[0].n * (size_t)a[1].i : 0, &s, ret);
	for (size_t i = 0; a[0].n && i < ret->n && !err; i += a[0].n)
		memcpy(s + i, a[0].s, a[0].n);
	return err;
}

/* With an empty `old` Go puts `new` between all letters, which nobody wants here: unchanged. */
static int fn_replace(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	const char *from = a[0].s, *end = from + a[0].n, *at;
	size_t hits = 0;
	char *s;
	int err = expr_work(r, a[0].n);

	*ret = a[0];
	if (err || !a[1].n)
		return err;
	for (at = from; (at = memmem(at, (size_t)(end - at), a[1].s, a[1].n)); at += a[1].n)
		hits++;
	err = new_text(r, a[0].n + hits * a[2].n - hits * a[1].n, &s, ret);
	while (!err && (at = memmem(from, (size_t)(end - from), a[1].s, a[1].n))) {
		memcpy(s, from, (size_t)(at - from));
		memcpy(s + (at - from), a[2].s, a[2].n);
		s += at - from + a[2].n;
		from = at + a[1].n;
	}
	if (!err)
		memcpy(s, from, (size_t)(end - from));
	return err;
}

enum { NUMBER_TEXT_MAX = 64 };

/* The shortest text that reads as the same number. */
static size_t float_text(double f, char *text)
{
	int n = 0;

	for (int digits = 1; digits <= 17; digits++) {
		n = snprintf(text, NUMBER_TEXT_MAX, "%.*g", digits, f);
		if (strtod(text, NULL) == f)
			break;
	}
	return (size_t)n;
}

static int fn_string(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	char text[NUMBER_TEXT_MAX], *s;
	size_t len;
	int err;

	*ret = *a;
	if (a->kind == EXPR_STRING)
		return 0;
	if (a->kind == EXPR_ARRAY || a->kind == EXPR_MAP)
		return -EINVAL;
	if (a->kind == EXPR_INT)
		len = (size_t)snprintf(text, sizeof(text), "%lld", (long long)a->i);
	else if (a->kind == EXPR_FLOAT)
		len = float_text(a->f, text);
	else
		len = (size_t)snprintf(text, sizeof(text), "%s", a->kind == EXPR_NIL ? "<nil>" : a->b ? "true" : "false");
	err = new_text(r, len, &s, ret);
	if (!err)
		memcpy(s, text, len);
	return err;
}

/* ---------------------------------------------------------------- the table */

static const struct expr_func funcs[] = {
	{"lower", 1, 1, "s", T(STRING), fn_lower, NULL},
	{"upper", 1, 1, "s", T(STRING), fn_upper, NULL},
	{"trim", 1, 2, "s", T(STRING), fn_trim, NULL},
	{"trimPrefix", 1, 2, "s", T(STRING), fn_trim_prefix, NULL},
	{"trimSuffix", 1, 2, "s", T(STRING), fn_trim_suffix, NULL},
	{"hasPrefix", 2, 2, "s", T(BOOL), fn_has_prefix, NULL},
	{"hasSuffix", 2, 2, "s", T(BOOL), fn_has_suffix, NULL},
	{"indexOf", 2, 2, "s", T(INT), fn_index_of, NULL},
	{"lastIndexOf", 2, 2, "s", T(INT), fn_last_index_of, NULL},
	{"repeat", 2, 2, "si", T(STRING), fn_repeat, NULL},
	{"replace", 3, 3, "s", T(STRING), fn_replace, NULL},
	{"string", 1, 1, "*", T(STRING), fn_string, NULL},
};

static bool same(const char *word, const char *name, size_t len)
{
	return strlen(word) == len && memcmp(word, name, len) == 0;
}

const struct expr_func *expr_builtin(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(funcs); i++) {
		if (same(funcs[i].name, name, len))
			return &funcs[i];
	}
	return NULL;
}

bool expr_is_left_out(const char *name, size_t len)
{
	static const char *const names[] = {
		"now",      "date",       "duration",      "timezone", "toJSON", "fromJSON", "toBase64",  "fromBase64", "groupBy",
		"sortBy",   "sort",       "reduce",        "toPairs",  "mean",   "median",   "fromPairs", "findLast",   "flatten",
		"splitAfter", "findLastIndex", "type",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (same(names[i], name, len))
			return true;
	}
	return false;
}
