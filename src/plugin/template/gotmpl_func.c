// SPDX-License-Identifier: Apache-2.0
/* The functions of Go's templates, and parseInt. */
#include "base/compiler.h"
#include "plugin/template/gotmpl.h"

#include <string.h>

/* ---------------------------------------------------------------- logic */

static int call_and_or(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	return gt_fail(run, "needs an argument"); /* with arguments the pipeline decides */
}

static int call_not(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	*ret = gt_bool(!gt_true(&args[0]));
	return 0;
}

/* eq a b...: a is equal to one of the others. */
static int call_eq(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	int same = 0;

	for (unsigned i = 1; i < n && !same; i++)
		same = gt_equal(run, &args[0], &args[i]);
	*ret = gt_bool(same == 1);
	return same < 0 ? -1 : 0;
}

static int call_ne(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	int same = gt_equal(run, &args[0], &args[1]);

	*ret = gt_bool(!same);
	return same < 0 ? -1 : 0;
}

static int order(struct gt_run *run, const struct gt_value *a, const struct gt_value *b, bool negate,
		 struct gt_value *ret)
{
	bool less = false;
	int r = gt_less(run, a, b, &less);

	*ret = gt_bool(less != negate);
	return r;
}

static int call_lt(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	return order(run, &args[0], &args[1], false, ret);
}

static int call_le(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	return order(run, &args[1], &args[0], true, ret);
}

static int call_gt(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	return order(run, &args[1], &args[0], false, ret);
}

static int call_ge(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	return order(run, &args[0], &args[1], true, ret);
}

/* ---------------------------------------------------------------- members */

static int call_len(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	if (args->kind != GT_STRING && args->kind != GT_LIST && args->kind != GT_MAP)
		return gt_fail(run, "len of a %s", gt_kind_text(args));
	*ret = gt_int(args->len);
	return 0;
}

static int index_map(struct gt_run *run, struct gt_value *v, const struct gt_value *key)
{
	struct gt_value from = *v;

	if (key->kind != GT_STRING)
		return gt_fail(run, "the keys of a map are strings, not %s", gt_kind_text(key));
	if (!from.cls->member(run, &from, key->s, key->len, v))
		*v = gt_string("", 0); /* the zero value: maps hold strings here */
	return 0;
}

static int index_one(struct gt_run *run, struct gt_value *v, const struct gt_value *key)
{
	struct gt_value unused;
	int64_t i;

	if (v->kind == GT_MAP)
		return index_map(run, v, key);
	if (v->kind != GT_LIST && v->kind != GT_STRING)
		return gt_fail(run, "index of a %s", gt_kind_text(v));
	if (gt_to_int(run, key, "an index", &i))
		return -1;
	if (i < 0 || i >= v->len)
		return gt_fail(run, "index %lld is out of range: there are %u", (long long)i, v->len);
	if (v->kind == GT_STRING)
		*v = gt_uint((uint8_t)v->s[i]);
	else
		gt_item(run, v, (size_t)i, &unused, v);
	return 0;
}

static int call_index(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	*ret = args[0];
	for (unsigned i = 1; i < n; i++) {
		if (index_one(run, ret, &args[i]))
			return -1;
	}
	return 0;
}

/* slice x [from [to]]; a third bound is of no use to strings. */
static int call_slice(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	int64_t from = 0, to = args->len;

	if (args->kind != GT_STRING && args->kind != GT_LIST)
		return gt_fail(run, "slice of a %s", gt_kind_text(args));
	if ((n > 1 && gt_to_int(run, &args[1], "a bound", &from)) || (n > 2 && gt_to_int(run, &args[2], "a bound", &to)))
		return -1;
	if (from < 0 || from > to || to > args->len)
		return gt_fail(run, "slice %lld to %lld of %u", (long long)from, (long long)to, args->len);
	*ret = *args;
	ret->len = (uint32_t)(to - from);
	if (args->kind == GT_STRING)
		ret->s += from;
	else
		ret->first += (uint32_t)from;
	return 0;
}

/* ---------------------------------------------------------------- text */

static int call_print(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	return gt_print(run, args, n, false, ret);
}

static int call_println(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	return gt_print(run, args, n, true, ret);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
		return (c | 0x20) - 'a' + 10;
	return 99;
}

/* Digits in a base from 2 to 36; false: they are not, or stand for too much. */
static bool to_number(const struct gt_value *text, uint64_t base, uint64_t max, uint64_t *ret)
{
	*ret = 0;
	for (uint32_t i = 0; i < text->len; i++) {
		uint64_t d = (uint64_t)digit(text->s[i]);

		if (d >= base || *ret > (max - d) / base)
			return false;
		*ret = *ret * base + d;
	}
	return text->len != 0;
}

/* Base 0: 0x, 0o, 0b and a leading 0 tell it. */
static uint64_t base_of(struct gt_value *text)
{
	char c = text->len > 1 && text->s[0] == '0' ? (char)(text->s[1] | 0x20) : 0;
	unsigned prefix = c == 'x' || c == 'o' || c == 'b' ? 2 : c ? 1 : 0;

	text->s += prefix;
	text->len -= prefix;
	return c == 'x' ? 16 : c == 'b' ? 2 : c ? 8 : 10;
}

/* parseInt TEXT BASE BITS: digits without a sign (Go's strconv.ParseUint). */
static int call_parse_int(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	struct gt_value text = args[0];
	int64_t base, bits;
	uint64_t v;

	if (text.kind != GT_STRING)
		return gt_fail(run, "parseInt reads a string, not a %s", gt_kind_text(&text));
	if (gt_to_int(run, &args[1], "the base", &base) || gt_to_int(run, &args[2], "the number of bits", &bits))
		return -1;
	if (base == 1 || base < 0 || base > 36 || bits < 0 || bits > 64)
		return gt_fail(run, "parseInt with base %lld and %lld bits", (long long)base, (long long)bits);
	if (!base)
		base = (int64_t)base_of(&text);
	if (!to_number(&text, (uint64_t)base, bits && bits < 64 ? (1ull << bits) - 1 : UINT64_MAX, &v))
		return gt_fail(run, "parseInt: \"%.*s\" is no number of base %lld within %lld bits",
			       (int)(args->len < 60 ? args->len : 60), args->s, (long long)base, (long long)bits);
	*ret = gt_uint(v);
	return 0;
}

static int call_printf(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	return gt_printf(run, args, n, ret);
}

/* ---------------------------------------------------------------- the table */

const struct gt_func gt_func_and = {"and", 1, GT_ARGS_MAX, call_and_or};
const struct gt_func gt_func_or = {"or", 1, GT_ARGS_MAX, call_and_or};

static const struct gt_func functions[] = {
	{"eq", 2, GT_ARGS_MAX, call_eq},	  {"ge", 2, 2, call_ge},
	{"gt", 2, 2, call_gt},			  {"html", 0, GT_ARGS_MAX, gt_html},
	{"index", 1, GT_ARGS_MAX, call_index},	  {"js", 0, GT_ARGS_MAX, gt_js},
	{"le", 2, 2, call_le},			  {"len", 1, 1, call_len},
	{"lt", 2, 2, call_lt},			  {"ne", 2, 2, call_ne},
	{"not", 1, 1, call_not},		  {"parseInt", 3, 3, call_parse_int},
	{"print", 0, GT_ARGS_MAX, call_print},	  {"printf", 1, GT_ARGS_MAX, call_printf},
	{"println", 0, GT_ARGS_MAX, call_println}, {"slice", 1, 3, call_slice},
	{"urlquery", 0, GT_ARGS_MAX, gt_urlquery},
};

static bool named(const struct gt_func *f, const char *name, size_t len)
{
	return strlen(f->name) == len && !memcmp(f->name, name, len);
}

const struct gt_func *gt_func_find(const char *name, size_t len)
{
	if (named(&gt_func_and, name, len))
		return &gt_func_and;
	if (named(&gt_func_or, name, len))
		return &gt_func_or;
	for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
		if (named(&functions[i], name, len))
			return &functions[i];
	}
	return NULL;
}
