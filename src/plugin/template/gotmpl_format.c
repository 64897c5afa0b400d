// SPDX-License-Identifier: Apache-2.0
/* Values as text, as Go's fmt has them: the verbs that strings, numbers, booleans and lists know. */
#include "plugin/template/gotmpl_format.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TEXT_FIRST = 64,   /* bytes a text begins with */
	PIECE_MAX = 512,   /* of one formatted number: the longest float has 309 digits before its point */
};

/* ---------------------------------------------------------------- texts that grow */

static bool reserve(struct gt_text *t, size_t more)
{
	size_t cap = t->cap ? t->cap : TEXT_FIRST;
	char *s;

	while (cap - t->len < more && cap < SIZE_MAX / 2)
		cap *= 2;
	if (cap == t->cap)
		return true;
	s = t->failed ? NULL : arena_alloc(t->run->scratch, cap);
	if (!s) {
		t->failed = true;
		return false;
	}
	if (t->len)
		memcpy(s, t->s, t->len);
	t->s = s;
	t->cap = cap;
	return true;
}

void gt_text_add(struct gt_text *t, const char *s, size_t len)
{
	if (!len || t->failed || !reserve(t, len))
		return;
	memcpy(t->s + t->len, s, len);
	t->len += len;
}

void gt_text_puts(struct gt_text *t, const char *s)
{
	gt_text_add(t, s, strlen(s));
}

int gt_text_end(struct gt_text *t, struct gt_value *ret)
{
	if (t->failed)
		return gt_fail(t->run, "needs too much memory");
	*ret = gt_string(t->s ? t->s : "", t->len);
	return 0;
}

/* ---------------------------------------------------------------- one value */

/* Characters, not bytes: what a width counts. */
static size_t characters(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((uint8_t)s[i] & 0xc0) != 0x80;
	return n;
}

static void pad(struct gt_text *t, const struct gt_spec *sp, const char *s, size_t len)
{
	size_t n = characters(s, len), width = sp->has_width ? (size_t)sp->width : 0;

	for (size_t i = n; !sp->minus && i < width; i++)
		gt_text_add(t, sp->zero ? "0" : " ", 1);
	gt_text_add(t, s, len);
	for (size_t i = n; sp->minus && i < width; i++)
		gt_text_add(t, " ", 1);
}

/* "%!d(string=hello)": how Go shows a verb that its argument does not know. */
static void wrong(struct gt_text *t, const struct gt_spec *sp, const struct gt_value *v)
{
	char head[4] = {'%', '!', sp->verb};

	gt_text_puts(t, head);
	gt_text_puts(t, "(");
	if (v->kind == GT_NIL) {
		gt_text_puts(t, "<nil>");
	} else {
		gt_text_puts(t, gt_kind_text(v));
		gt_text_puts(t, "=");
		gt_text_value(t, v);
	}
	gt_text_puts(t, ")");
}

/* Digits before `end`, most significant first; returns their start. */
static char *digits(char *end, uint64_t v, unsigned base, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	do {
		*--end = set[v % base];
		v /= base;
	} while (v);
	return end;
}

/* A whole number with sign, prefix and the zeros that precision or width ask for. */
static void whole(struct gt_text *t, const struct gt_spec *sp, const struct gt_value *v, unsigned base,
		  const char *prefix)
{
	char buf[PIECE_MAX], *end = buf + sizeof(buf), *s;
	bool neg = v->kind == GT_INT && v->i < 0;
	uint64_t u = neg ? -(uint64_t)v->i : v->u;
	struct gt_spec rest = *sp;
	int min = sp->has_prec ? sp->prec : 1;
	const char *sign = neg ? "-" : sp->plus ? "+" : sp->space ? " " : "";

	if (!sp->has_prec && sp->zero && sp->has_width && !sp->minus)
		min = sp->width - (int)strlen(sign);
	if (min > GT_PREC_MAX)
		min = GT_PREC_MAX;
	s = digits(end, u, base, sp->verb == 'X');
	if (sp->has_prec && !sp->prec && !u)
		s = end;
	while (end - s < min)
		*--s = '0';
	for (size_t n = strlen(prefix); n-- > 0;)
		*--s = prefix[n];
	if (*sign)
		*--s = *sign;
	rest.zero = false;
	pad(t, &rest, s, (size_t)(end - s));
}

static void quote_escaped(struct gt_text *q, const struct gt_value *v)
{
	char buf[8];

	gt_text_puts(q, "\"");
	for (uint32_t i = 0; i < v->len; i++) {
		uint8_t c = (uint8_t)v->s[i];
		const char *known = c ? strchr("\"\"\\\\\aa\bb\ff\nn\rr\tt\vv", c) : NULL;

		if (known && (c < 32 || c == '"' || c == '\\'))
			snprintf(buf, sizeof(buf), "\\%c", known[1]);
		else
			snprintf(buf, sizeof(buf), c < 32 || c == 127 ? "\\x%02x" : "%c", c);
		gt_text_puts(q, buf);
	}
	gt_text_puts(q, "\"");
}

static void quote(struct gt_text *t, const struct gt_spec *sp, const struct gt_value *v)
{
	struct gt_text q = {.run = t->run};
	struct gt_value ret = {0};

	if (sp->sharp && !memchr(v->s, '`', v->len)) {
		gt_text_puts(&q, "`");
		gt_text_add(&q, v->s, v->len);
		gt_text_puts(&q, "`");
	} else {
		quote_escaped(&q, v);
	}
	t->failed |= gt_text_end(&q, &ret) != 0;
	if (!t->failed)
		pad(t, sp, ret.s, ret.len);
}
static void hex(struct gt_text *t, const struct gt_spec *sp, const struct gt_value *v)
{
	struct gt_text h = {.run = t->run};
	struct gt_value ret = {0};
	char buf[8];

	for (uint32_t i = 0; i < v->len; i++) {
		if (i && sp->space)
			gt_text_puts(&h, " ");
		if (sp->sharp && (!i || sp->space))
			gt_text_puts(&h, sp->verb == 'X' ? "0X" : "0x");
		snprintf(buf, sizeof(buf), sp->verb == 'X' ? "%02X" : "%02x", (uint8_t)v->s[i]);
		gt_text_puts(&h, buf);
	}
	t->failed |= gt_text_end(&h, &ret) != 0;
	if (!t->failed)
		pad(t, sp, ret.s, ret.len);
}

static void format_string(struct gt_text *t, const struct gt_spec *sp, const struct gt_value *v)
{
	struct gt_value cut = *v;

	if (sp->has_prec && strchr("svqxX", sp->verb)) {
		while (cut.len && characters(cut.s, cut.len) > (size_t)sp->prec)
			cut.len--;
	}
	if (sp->verb == 'x' || sp->verb == 'X')
		hex(t, sp, &cut);
	else if (sp->verb == 'q' || (sp->verb == 'v' && sp->sharp))
		quote(t, sp, &cut);
	else if (sp->verb == 's' || sp->verb == 'v')
		pad(t, sp, cut.s, cut.len);
	else
		wrong(t, sp, v);
}

static void format_int(struct gt_text *t, const struct gt_spec *sp, const struct gt_value *v)
{
	char c = (char)v->u;

	switch (sp->verb) {
	case 'd':
	case 'v':
		whole(t, sp, v, 10, "");
		break;
	case 'x':
	case 'X':
		whole(t, sp, v, 16, !sp->sharp ? "" : sp->verb == 'x' ? "0x" : "0X");
		break;
	case 'o':
	case 'O':
		whole(t, sp, v, 8, sp->verb == 'O' ? "0o" : sp->sharp ? "0" : "");
		break;
	case 'b':
		whole(t, sp, v, 2, sp->sharp ? "0b" : "");
		break;
	case 'c':
		if (v->u >= 0x80)
			wrong(t, sp, v); /* other characters have no use in a record's text */
		else
			pad(t, sp, &c, 1);
		break;
	default:
		wrong(t, sp, v);
	}
}

/* The shortest form that reads back as the same number; from 7 digits on, and for very small ones, with an exponent. */
static void shortest(double f, char out[PIECE_MAX])
{
	int prec = 0;
	double size = fabs(f);

	do
		snprintf(out, PIECE_MAX, "%.*e", prec, f);
	while (prec++ < 17 && strtod(out, NULL) != f);
	if (f != 0 && (size < 1e-4 || size >= 1e6))
		return;
	for (prec = 0; prec < 22; prec++) {
		snprintf(out, PIECE_MAX, "%.*f", prec, f);
		if (strtod(out, NULL) == f)
			return;
	}
}

static void format_float(struct gt_text *t, const struct gt_spec *sp, const struct gt_value *v)
{
	char buf[PIECE_MAX], fmt[16];

	if (!isfinite(v->f)) {
		gt_text_puts(t, v->f > 0 ? "+Inf" : v->f < 0 ? "-Inf" : "NaN");
		return;
	}
	if ((sp->verb == 'v' || sp->verb == 'g') && !sp->has_prec) {
		shortest(v->f, buf);
	} else if (strchr("eEfFgGv", sp->verb)) {
		snprintf(fmt, sizeof(fmt), "%%%s%s.%d%c", sp->plus ? "+" : "", sp->sharp ? "#" : "",
			 sp->has_prec ? sp->prec : 6, sp->verb == 'v' ? 'g' : sp->verb);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(buf, sizeof(buf), fmt, v->f);
#pragma GCC diagnostic pop
	} else {
		wrong(t, sp, v);
		return;
	}
	pad(t, sp, buf, strlen(buf));
}

static void format_items(struct gt_text *t, const struct gt_spec *sp, const struct gt_value *v)
{
	struct gt_value key, item;

	gt_text_puts(t, v->kind == GT_MAP ? "map[" : "[");
	for (size_t i = 0; i < v->len && !t->failed && gt_step(t->run); i++) {
		gt_item(t->run, v, i, &key, &item);
		if (i)
			gt_text_puts(t, " ");
		if (v->kind == GT_MAP) {
			gt_format(t, sp, &key);
			gt_text_puts(t, ":");
		}
		gt_format(t, sp, &item);
	}
	gt_text_puts(t, "]");
}

void gt_format(struct gt_text *t, const struct gt_spec *sp, const struct gt_value *v)
{
	switch (v->kind) {
	case GT_NIL:
		if (sp->verb == 'v')
			pad(t, sp, "<nil>", 5);
		else
			wrong(t, sp, v);
		break;
	case GT_BOOL:
		if (sp->verb == 't' || sp->verb == 'v')
			pad(t, sp, v->b ? "true" : "false", v->b ? 4 : 5);
		else
			wrong(t, sp, v);
		break;
	case GT_INT:
	case GT_UINT:
		format_int(t, sp, v);
		break;
	case GT_FLOAT:
		format_float(t, sp, v);
		break;
	case GT_STRING:
		format_string(t, sp, v);
		break;
	case GT_LIST:
	case GT_MAP:
		format_items(t, sp, v);
		break;
	case GT_OBJECT:
		gt_fail(t->run, "%s has no text of its own; write one of its fields", v->cls->name);
		t->failed = true;
	}
}

void gt_text_value(struct gt_text *t, const struct gt_value *v)
{
	static const struct gt_spec plain = {.verb = 'v'};

	if (v->kind == GT_NIL)
		gt_text_puts(t, "<no value>");
	else
		gt_format(t, &plain, v);
}
