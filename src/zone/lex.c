// SPDX-License-Identifier: Apache-2.0
#include "zone/lex.h"

#include "base/err.h"

#include <string.h>
#include <strings.h>

struct zone_lex zone_lex_over(const char *text, size_t len)
{
	return (struct zone_lex){.at = text, .end = text + len, .line = 1};
}

static int fail(struct zone_lex *l, const char *why)
{
	l->error = why;
	return ERR_SYNTAX;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_comment(struct zone_lex *l)
{
	const char *nl = memchr(l->at, '\n', (size_t)(l->end - l->at));

	l->at = nl ? nl : l->end;
}

/* Over blanks, comments and parentheses; 1: a word follows, 0: the entry ends (the line feed stays unread). */
static int skip_blanks(struct zone_lex *l)
{
	for (; l->at < l->end; l->at++) {
		char c = *l->at;

		if (c == ';') {
			skip_comment(l);
			if (l->at == l->end)
				break;
			c = '\n';
		}
		if (c == '\n') {
			if (!l->parens)
				return 0;
			l->line++;
		} else if (c == '(') {
			l->parens++;
		} else if (c == ')') {
			if (!l->parens)
				return fail(l, "found ) without (");
			l->parens--;
		} else if (!blank(c)) {
			return 1;
		}
	}
	return l->parens ? fail(l, "( is not closed") : 0;
}

/* From an opening quote to behind the closing one. */
static int skip_quoted(struct zone_lex *l)
{
	for (l->at++; l->at < l->end && *l->at != '"'; l->at++) {
		l->line += *l->at == '\n';
		if (*l->at == '\\' && l->at + 1 < l->end)
			l->at++;
	}
	if (l->at == l->end)
		return fail(l, "quote is not closed");
	l->at++;
	return 0;
}

/* What a word ends at, unless it is escaped or within quotes. */
static bool ends_word(char c)
{
	switch (c) {
	case ' ':
	case '\t':
	case '\r':
	case '\n':
	case ';':
	case '(':
	case ')':
	case '\0':
		return true;
	default:
		return false;
	}
}

static int take_word(struct zone_lex *l, struct zone_word *ret)
{
	*ret = (struct zone_word){.s = l->at, .line = l->line};
	if (*l->at == '"') {
		if (skip_quoted(l))
			return ERR_SYNTAX;
		ret->quoted = true;
		ret->s++;
		ret->len = (size_t)(l->at - ret->s) - 1;
		return 1;
	}
	while (l->at < l->end && !ends_word(*l->at)) {
		if (*l->at == '"') {
			if (skip_quoted(l))
				return ERR_SYNTAX;
			continue;
		}
		l->at += *l->at == '\\' && l->at + 1 < l->end ? 2 : 1;
	}
	ret->len = (size_t)(l->at - ret->s);
	if (!ret->len)
		return fail(l, "found a NUL byte");
	return 1;
}

int zone_lex_word(struct zone_lex *l, struct zone_word *ret)
{
	int r = skip_blanks(l);

	return r == 1 ? take_word(l, ret) : r;
}

int zone_lex_entry(struct zone_lex *l, struct zone_word *ret)
{
	for (;;) {
		bool starts_blank = l->at < l->end && (blank(*l->at) || *l->at == '(');
		int r = skip_blanks(l);

		if (r < 0 || (!r && l->at == l->end))
			return r;
		if (r) {
			l->starts_blank = starts_blank;
			return take_word(l, ret);
		}
		l->at++; /* an empty line */
		l->line++;
	}
}

int zone_lex_skip(struct zone_lex *l)
{
	struct zone_word w;
	int r;

	do
		r = zone_lex_word(l, &w);
	while (r == 1);
	return r;
}

bool zone_word_is(const struct zone_word *w, const char *text)
{
	return !w->quoted && strlen(text) == w->len && !strncasecmp(w->s, text, w->len);
}
