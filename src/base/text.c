// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 1024 };

bool text_room(struct text *t, size_t n)
{
	size_t cap = t->cap ? t->cap : FIRST;
	char *p;

	if (t->max && t->len + n > t->max)
		t->failed = true;
	if (t->failed)
		return false;
	if (t->cap - t->len > n)
		return true;
	while (cap - t->len <= n)
		cap *= 2;
	p = realloc(t->p, cap);
	if (!p) {
		t->failed = true;
		return false;
	}
	t->p = p;
	t->cap = cap;
	return true;
}

void text_put(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0 || !text_room(t, (size_t)len))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(t->p + t->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	t->len += (size_t)len;
}

void text_add(struct text *t, const char *s, size_t len)
{
	if (!text_room(t, len))
		return;
	if (len)
		memcpy(t->p + t->len, s, len);
	t->len += len;
	t->p[t->len] = '\0';
}

void text_make_printable(char *s, char keep)
{
	for (; *s; s++) {
		if ((*s < ' ' || *s > '~') && *s != keep)
			*s = '?';
	}
}

static bool json_plain(char c)
{
	return c >= ' ' && c <= '~' && !strchr("\"\\<>&", c);
}

void text_json(struct text *t, const char *s)
{
	text_add(t, "\"", 1);
	while (*s) {
		size_t n = 0;

		while (s[n] && json_plain(s[n]))
			n++;
		text_add(t, s, n);
		s += n;
		if (*s == '"' || *s == '\\')
			text_put(t, "\\%c", *s++);
		else if (*s)
			text_put(t, "\\u%04x", (unsigned)(unsigned char)*s++);
	}
	text_add(t, "\"", 1);
}
