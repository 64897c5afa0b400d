// SPDX-License-Identifier: Apache-2.0
#include "zone/generate.h"

#include "base/err.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 4096, WIDTH_MAX = 255, WHY_MAX = 128 };

static int fail(char *why, const char *text)
{
	snprintf(why, WHY_MAX, "%s", text);
	return ERR_SYNTAX;
}

/* A decimal number of at most 10 digits, with a sign if `sign`. */
static bool number(const char **s, const char *end, bool sign, int64_t *ret)
{
	const char *p = *s;
	bool neg = false;
	int digits = 0;

	if (sign && p < end && (*p == '-' || *p == '+'))
		neg = *p++ == '-';
	for (*ret = 0; p < end && *p >= '0' && *p <= '9'; p++, digits++) {
		if (digits == 10)
			return false;
		*ret = *ret * 10 + (*p - '0');
	}
	if (neg)
		*ret = -*ret;
	*s = p;
	return digits > 0;
}

struct range {
	int64_t start, stop, step;
};

static bool read_range(const char **s, const char *end, struct range *r)
{
	r->step = 1;
	if (!number(s, end, false, &r->start) || *s == end || *(*s)++ != '-' || !number(s, end, false, &r->stop))
		return false;
	if (*s < end && **s == '/') {
		++*s;
		if (!number(s, end, false, &r->step))
			return false;
	}
	return r->step > 0 && r->start <= r->stop && *s < end && (**s == ' ' || **s == '\t');
}

/* One number's text. */
struct writer {
	char out[TEXT_MAX];
	size_t len;
	bool full;
};

static void put(struct writer *w, const char *s, size_t len)
{
	if (len > sizeof(w->out) - w->len) {
		w->full = true;
		return;
	}
	memcpy(w->out + w->len, s, len);
	w->len += len;
}

static bool put_number(struct writer *w, int64_t v, int width, char base)
{
	char buf[WIDTH_MAX + 32];
	int n;

	if (v < 0)
		return false;
	n = base == 'd'	  ? snprintf(buf, sizeof(buf), "%0*" PRId64, width, v)
	    : base == 'o' ? snprintf(buf, sizeof(buf), "%0*" PRIo64, width, (uint64_t)v)
	    : base == 'x' ? snprintf(buf, sizeof(buf), "%0*" PRIx64, width, (uint64_t)v)
			  : snprintf(buf, sizeof(buf), "%0*" PRIX64, width, (uint64_t)v);
	put(w, buf, (size_t)n);
	return true;
}

/* `{OFFSET[,WIDTH[,BASE]]}` behind a dollar sign; false: not of this form. */
static bool modified(struct writer *w, const char **s, const char *end, int64_t v)
{
	int64_t offset, width = 0;
	char base = 'd';

	++*s;
	if (!number(s, end, true, &offset))
		return false;
	if (*s < end && **s == ',') {
		++*s;
		if (!number(s, end, false, &width) || width > WIDTH_MAX)
			return false;
		if (*s < end && **s == ',') {
			if (*s + 1 == end || !strchr("doxX", (*s)[1]) || !(*s)[1])
				return false;
			base = (*s)[1];
			*s += 2;
		}
	}
	if (*s == end || **s != '}')
		return false;
	++*s;
	return put_number(w, v + offset, (int)width, base);
}

/* Everything behind the range, with the number put in. */
static bool write_one(struct writer *w, const char *s, const char *end, int64_t v)
{
	w->len = 0;
	while (s < end) {
		if (*s == '\\' && s + 1 < end) {
			put(w, s[1] == '$' ? s + 1 : s, s[1] == '$' ? 1 : 2);
			s += 2;
		} else if (*s != '$') {
			put(w, s++, 1);
		} else if (s + 1 < end && s[1] == '{') {
			s++;
			if (!modified(w, &s, end, v))
				return false;
		} else {
			s++;
			if (!put_number(w, v, 0, 'd'))
				return false;
		}
	}
	return true;
}

int zone_generate(const char *s, size_t len, int (*add)(void *arg, const char *text, size_t len), void *arg, char *why)
{
	const char *end = s + len;
	struct writer w = {.len = 0};
	struct range r;

	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	if (!read_range(&s, end, &r))
		return fail(why, "expected a range START-STOP[/STEP] behind $GENERATE");
	if ((r.stop - r.start) / r.step >= ZONE_GENERATE_MAX)
		return fail(why, "$GENERATE makes more than 65535 records");
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	for (int64_t v = r.start; v <= r.stop; v += r.step) {
		int err;

		if (!write_one(&w, s, end, v))
			return fail(why, "expected $ or ${OFFSET[,WIDTH[,BASE]]} with a base of d, o, x or X, and no number below 0");
		if (w.full)
			return fail(why, "$GENERATE makes a record of more than 4096 characters");
		err = add(arg, w.out, w.len);
		if (err)
			return err;
	}
	return 0;
}
