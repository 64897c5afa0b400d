// SPDX-License-Identifier: Apache-2.0
/* Functions of the language: on arrays and maps. */
#include "plugin/view/expr_internal.h"

#include "base/err.h"

#include <errno.h>
#include <string.h>

#define T(k) {EXPR_##k, EXPR_ANY}

/* Text has its letters counted, not its bytes. */
static int fn_len(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	int64_t len = a->n;

	if (a->kind == EXPR_STRING) {
		for (uint32_t i = 0; i < a->n; i++)
			len -= ((unsigned char)a->s[i] & 0xc0) == 0x80;
	}
	*ret = expr_int(len);
	return expr_work(r, a->kind == EXPR_STRING ? a->n : 0);
}

/* ---------------------------------------------------------------- text <-> array */

/* Without a separator Go splits letters; at most `max` pieces. */
static uint32_t piece_len(const struct expr_value *rest, const struct expr_value *sep, bool last)
{
	const char *at;

	if (last)
		return rest->n;
	if (!sep->n)
		return rest->n > 1 ? 1 : rest->n;
	at = memmem(rest->s, rest->n, sep->s, sep->n);
	return at ? (uint32_t)(at - rest->s) : rest->n;
}

static uint32_t count_pieces(const struct expr_value *v, const struct expr_value *sep, uint32_t max)
{
	struct expr_value rest = *v;
	uint32_t n = 1, len;

	for (; n < max && (len = piece_len(&rest, sep, false)) < rest.n; n++) {
		rest.s += len + sep->n;
		rest.n -= len + sep->n;
	}
	return n;
}

static int fn_split(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	uint32_t max = n > 2 && a[2].i >= 0 && a[2].i <= EXPR_ITEMS_MAX ? (uint32_t)a[2].i : EXPR_ITEMS_MAX + 1;
	uint32_t pieces = max && (a[0].n || a[1].n) ? count_pieces(&a[0], &a[1], max) : 0;
	struct expr_value *items, rest = a[0];
	int err = expr_new_array(r, pieces, &items, ret);

	for (uint32_t i = 0; i < pieces && !err; i++) {
		uint32_t len = piece_len(&rest, &a[1], i + 1 == pieces);

		items[i] = expr_string(rest.s, len);
		if (i + 1 < pieces) {
			rest.s += len + a[1].n;
			rest.n -= len + a[1].n;
		}
	}
	return err;
}

static size_t joined_len(const struct expr_value *list, uint32_t sep_len)
{
	size_t len = list->n ? (size_t)(list->n - 1) * sep_len : 0;

	for (uint32_t i = 0; i < list->n; i++) {
		if (list->items[i].kind != EXPR_STRING)
			return SIZE_MAX;
		len += list->items[i].n;
	}
	return len;
}

static int fn_join(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	struct expr_value sep = n > 1 ? a[1] : expr_string("", 0);
	size_t len = joined_len(a, sep.n);
	int err = len == SIZE_MAX ? -EINVAL : len > EXPR_STRING_MAX ? ERR_LIMIT : expr_work(r, len);
	char *s = err ? NULL : arena_alloc(r->arena, len + 1);

	*ret = expr_string(s, len);
	if (!s)
		return err ? err : -ENOMEM;
	for (uint32_t i = 0; i < a->n; i++) {
		if (i) {
			memcpy(s, sep.s, sep.n);
			s += sep.n;
		}
		memcpy(s, a->items[i].s, a->items[i].n);
		s += a->items[i].n;
	}
	return 0;
}

/* ---------------------------------------------------------------- items */

static int fn_first(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	*ret = a->n ? a->items[0] : (struct expr_value){.kind = EXPR_NIL};
	return 0;
}

static int fn_last(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	*ret = a->n ? a->items[a->n - 1] : (struct expr_value){.kind = EXPR_NIL};
	return 0;
}

static int fn_take(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	*ret = a[0];
	if (a[1].i < 0)
		return -EINVAL;
	if (a[1].i < ret->n)
		ret->n = (uint32_t)a[1].i;
	return 0;
}

/* Where [..] would fail it is nil. */
static int fn_get(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	int64_t at;

	*ret = (struct expr_value){.kind = EXPR_NIL};
	if (a[0].kind == EXPR_ARRAY && a[1].kind == EXPR_INT) {
		at = a[1].i < 0 && a[1].i >= -(int64_t)a[0].n ? a[1].i + a[0].n : a[1].i;
		if (at >= 0 && at < a[0].n)
			*ret = a[0].items[at];
	}
	for (uint32_t i = 0; a[0].kind == EXPR_MAP && i < a[0].n; i++) {
		if (expr_equal(r, &a[0].items[2 * i], &a[1]))
			*ret = a[0].items[2 * i + 1];
	}
	return expr_work(r, a[0].n);
}

static int fn_reverse(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	struct expr_value *items;
	int err = expr_new_array(r, a->n, &items, ret);

	for (uint32_t i = 0; i < a->n && !err; i++)
		items[i] = a->items[a->n - 1 - i];
	return err;
}

static int fn_uniq(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	struct expr_value *items;
	uint32_t kept = 0;
	int err = expr_new_array(r, a->n, &items, ret);

	for (uint32_t i = 0; i < a->n && !err; i++) {
		bool seen = false;

		err = expr_work(r, kept * 8u);
		for (uint32_t k = 0; k < kept && !seen; k++)
			seen = expr_equal(r, &items[k], &a->items[i]);
		if (!seen)
			items[kept++] = a->items[i];
	}
	ret->n = kept;
	return err;
}

static int fn_concat(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	struct expr_value *items;
	size_t total = 0;
	int err;

	for (unsigned i = 0; i < n; i++)
		total += a[i].n;
	err = expr_new_array(r, total, &items, ret);
	for (unsigned i = 0; i < n && !err; i++) {
		if (a[i].n)
			memcpy(items, a[i].items, a[i].n * sizeof(*items));
		items += a[i].n;
	}
	return err;
}

static int every_second(struct expr_run *r, const struct expr_value *map, unsigned first, struct expr_value *ret)
{
	struct expr_value *items;
	int err = expr_new_array(r, map->n, &items, ret);

	for (uint32_t i = 0; i < map->n && !err; i++)
		items[i] = map->items[2 * i + first];
	return err;
}

static int fn_keys(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	return every_second(r, a, 0, ret);
}

static int fn_values(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	return every_second(r, a, 1, ret);
}

/* ---------------------------------------------------------------- the largest, the smallest */

static int choose(struct expr_run *r, const struct expr_value *v, uint32_t n, enum expr_op op, bool *have,
		  struct expr_value *best)
{
	struct expr_value better;
	int err = expr_work(r, n * 8u);

	for (uint32_t i = 0; i < n && !err; i++) {
		if (v[i].kind == EXPR_ARRAY) {
			for (uint32_t k = 0; k < v[i].n && !err; k++) /* one level, as arguments are */
				err = v[i].items[k].kind == EXPR_ARRAY ? -EINVAL : choose(r, &v[i].items[k], 1, op, have, best);
			continue;
		}
		if (v[i].kind != EXPR_INT && v[i].kind != EXPR_FLOAT)
			return -EINVAL;
		better = expr_bool(true);
		if (*have)
			err = expr_binary(r, op, &v[i], best, &better);
		if (!err && better.b)
			*best = v[i];
		*have = true;
	}
	return err;
}

static int fn_max(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	bool have = false;
	int err = choose(r, a, n, OP_GT, &have, ret);

	return err || have ? err : -EINVAL;
}

static int fn_min(struct expr_run *r, const struct expr_value *a, unsigned n, struct expr_value *ret)
{
	bool have = false;
	int err = choose(r, a, n, OP_LT, &have, ret);

	return err || have ? err : -EINVAL;
}

static const struct expr_func funcs[] = {
	{"len", 1, 1, "c", T(INT), fn_len, NULL},
	{"split", 2, 3, "ssi", {EXPR_ARRAY, EXPR_STRING}, fn_split, NULL},
	{"join", 1, 2, "as", T(STRING), fn_join, NULL},
	{"first", 1, 1, "a", T(ANY), fn_first, NULL},
	{"last", 1, 1, "a", T(ANY), fn_last, NULL},
	{"take", 2, 2, "ai", T(ARRAY), fn_take, NULL},
	{"get", 2, 2, "*", T(ANY), fn_get, NULL},
	{"reverse", 1, 1, "a", T(ARRAY), fn_reverse, NULL},
	{"uniq", 1, 1, "a", T(ARRAY), fn_uniq, NULL},
	{"concat", 1, EXPR_ARGS_MAX, "a", T(ARRAY), fn_concat, NULL},
	{"keys", 1, 1, "m", T(ARRAY), fn_keys, NULL},
	{"values", 1, 1, "m", T(ARRAY), fn_values, NULL},
	{"max", 1, EXPR_ARGS_MAX, "*", T(ANY), fn_max, NULL},
	{"min", 1, EXPR_ARGS_MAX, "*", T(ANY), fn_min, NULL},
};

const struct expr_func *expr_array_builtin(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(funcs); i++) {
		if (strlen(funcs[i].name) == len && memcmp(funcs[i].name, name, len) == 0)
			return &funcs[i];
	}
	return NULL;
}
