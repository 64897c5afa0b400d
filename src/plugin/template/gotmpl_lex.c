// SPDX-License-Identifier: Apache-2.0
/* Characters -> text and the words of actions. */
#include "plugin/template/gotmpl.h"

#include "base/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void gt_lex_fail(struct gt_lex *l, const char *fmt, ...)
{
	unsigned line = 1;
	va_list ap;
	size_t n;

	if (*l->error)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(l->error, GT_ERROR_MAX, fmt, ap); /* a long message is cut */
	va_end(ap);
	for (const char *p = l->text; p < l->at; p++)
		line += *p == '\n';
	n = strlen(l->error);
	if (line > 1)
		snprintf(l->error + n, GT_ERROR_MAX - n, " (in its line %u)", line);
	l->word.kind = WORD_ERROR;
}

static void set_word(struct gt_lex *l, enum gt_word_kind kind, const char *s, size_t len)
{
	l->word.kind = kind;
	l->word.s = s;
	l->word.len = len;
}

/* ---------------------------------------------------------------- text between actions */

/* An action that is a comment, maybe with trim marks.  l->at is behind "{{" and "- ". */
static bool skip_comment(struct gt_lex *l)
{
	const char *end = strstr(l->at + 2, "*/");

	if (!end) {
		gt_lex_fail(l, "comment is not closed");
		return false;
	}
	l->at = end + 2;
	l->trim_left = false;
	if (blank(l->at[0]) && l->at[1] == '-') {
		l->trim_left = true;
		l->at += 2;
	}
	if (strncmp(l->at, "}}", 2)) {
		gt_lex_fail(l, "expected }} right behind the comment");
		return false;
	}
	l->at += 2;
	return true;
}

/* Text up to "{{" or the end, trimmed at both ends where marked; l->at goes behind the opening. */
static bool text_until_action(struct gt_lex *l, const char **ret_text, size_t *ret_len)
{
	const char *end = strstr(l->at, "{{"), *from = l->at, *to;
	bool more = end != NULL;

	to = more ? end : l->at + strlen(l->at);
	l->at = to;
	if (more) {
		l->at += 2;
		if (l->at[0] == '-' && blank(l->at[1])) {
			l->at += 2;
			while (to > from && blank(to[-1]))
				to--;
		}
	}
	while (l->trim_left && from < to && blank(*from))
		from++;
	*ret_text = from;
	*ret_len = (size_t)(to - from);
	return more;
}

bool gt_lex_text(struct gt_lex *l, const char **ret_text, size_t *ret_len)
{
	if (!text_until_action(l, ret_text, ret_len)) {
		set_word(l, WORD_EOF, l->at, 0);
		return false;
	}
	if (!strncmp(l->at, "/*", 2)) {
		if (skip_comment(l))
			set_word(l, WORD_EOF, l->at, 0); /* more text, or the next action, follows */
		return false;
	}
	l->trim_left = false;
	gt_lex_next(l);
	return true;
}

/* ---------------------------------------------------------------- words */

static size_t name_len(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_' || (s[n] & 0x80))
		n++;
	return n;
}

/* A quoted word; `\` takes the next character with it, but not within back quotes. */
static void quoted(struct gt_lex *l, enum gt_word_kind kind)
{
	const char *from = l->at, *p = from + 1;

	while (*p && *p != *from && (*p != '\n' || *from == '`')) {
		if (*p == '\\' && *from != '`' && p[1])
			p++;
		p++;
	}
	if (*p != *from) {
		gt_lex_fail(l, "%c is not closed", *from);
		return;
	}
	l->at = p + 1;
	set_word(l, kind, from, (size_t)(l->at - from));
}

static void number(struct gt_lex *l)
{
	const char *p = l->at;

	p += *p == '+' || *p == '-';
	while (isalnum((unsigned char)*p) || *p == '_' || *p == '.' ||
	       ((*p == '+' || *p == '-') && strchr("eEpP", p[-1])))
		p++;
	set_word(l, WORD_NUMBER, l->at, (size_t)(p - l->at));
	l->at = p;
}

static void one_of_its_own(struct gt_lex *l)
{
	static const struct {
		const char *s;
		enum gt_word_kind kind;
	} marks[] = {{":=", WORD_DECLARE}, {"=", WORD_ASSIGN}, {"|", WORD_PIPE}, {"(", WORD_OPEN},
		     {")", WORD_CLOSE},	   {",", WORD_COMMA},  {".", WORD_DOT}};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		size_t n = strlen(marks[i].s);

		if (!strncmp(l->at, marks[i].s, n)) {
			set_word(l, marks[i].kind, l->at, n);
			l->at += n;
			return;
		}
	}
	gt_lex_fail(l, "found \"%c\", where an action has no place for it", *l->at);
}

/* }}, maybe with a trim mark before it, which has a blank before itself. */
static bool end_of_action(struct gt_lex *l)
{
	bool trim = l->at[0] == '-' && l->at > l->text && blank(l->at[-1]) && !strncmp(l->at + 1, "}}", 2);

	if (!trim && strncmp(l->at, "}}", 2))
		return false;
	l->trim_left = trim;
	l->at += trim ? 3 : 2;
	set_word(l, WORD_END, l->at, 0);
	return true;
}

void gt_lex_next(struct gt_lex *l)
{
	const char *from = l->at;
	char c;
	size_t n;

	if (l->word.kind == WORD_ERROR)
		return;
	while (blank(*l->at))
		l->at++;
	l->word.space = l->at > from;
	if (end_of_action(l))
		return;
	c = *l->at;
	n = name_len(l->at + (c == '.' || c == '$'));
	if (!c) {
		gt_lex_fail(l, "action is not closed: expected }}");
	} else if (c == '"' || c == '`') {
		quoted(l, WORD_STRING);
	} else if (c == '\'') {
		quoted(l, WORD_CHAR);
	} else if (c == '$' || (c == '.' && n && !isdigit((unsigned char)l->at[1]))) {
		set_word(l, c == '$' ? WORD_VAR : WORD_FIELD, l->at + 1, n);
		l->at += n + 1;
	} else if (isdigit((unsigned char)c) || (strchr("+-.", c) && isdigit((unsigned char)l->at[1]))) {
		number(l);
	} else if (n && c != '.') {
		set_word(l, WORD_NAME, l->at, n);
		l->at += n;
	} else {
		one_of_its_own(l);
	}
}

/* ---------------------------------------------------------------- constants */

/* \xHH, \OOO, \uHHHH and \UHHHHHHHH: `digits` of them behind s. */
static size_t numbered(const char *s, const char *end, int digits, int base, bool utf8, char *out, size_t *out_len)
{
	char text[9] = "", *stop;
	unsigned long c;

	if (end - s < digits)
		return 0;
	memcpy(text, s, (size_t)digits);
	c = strtoul(text, &stop, base);
	if (*stop || !isxdigit((unsigned char)text[0]) || c > (utf8 ? 0x10fffful : 0xfful))
		return 0;
	if (utf8)
		*out_len += utf8_put(out + *out_len, (uint32_t)c);
	else
		out[(*out_len)++] = (char)c;
	return (size_t)digits;
}

/* One escape; s is behind the backslash.  Characters taken, 0: not an escape. */
static size_t escape(const char *s, const char *end, char *out, size_t *len)
{
	static const char letters[] = "abfnrtv\\'\"", meaning[] = "\a\b\f\n\r\t\v\\'\"";
	const char *known = s < end && *s ? strchr(letters, *s) : NULL;

	if (known) {
		out[(*len)++] = meaning[known - letters];
		return 1;
	}
	if (s < end && *s >= '0' && *s <= '7')
		return numbered(s, end, 3, 8, false, out, len);
	size_t n = s < end && *s == 'x' ? numbered(s + 1, end, 2, 16, false, out, len)
		 : s < end && *s == 'u' ? numbered(s + 1, end, 4, 16, true, out, len)
		 : s < end && *s == 'U' ? numbered(s + 1, end, 8, 16, true, out, len)
					: 0;
	return n ? n + 1 : 0;
}

/* The text within quotes; what escapes stand for is never longer than they are. */
static bool unquote(struct gt_lex *l, struct arena *a, struct gt_value *ret)
{
	const char *s = l->word.s + 1, *end = l->word.s + l->word.len - 1;
	char *out = arena_alloc(a, l->word.len);
	size_t len = 0;

	if (!out) {
		gt_lex_fail(l, "out of memory");
		return false;
	}
	while (s < end) {
		size_t n = 1;

		if (*s != '\\' || *l->word.s == '`')
			out[len++] = *s;
		else if ((n = escape(s + 1, end, out, &len)))
			n++;
		if (!n) {
			gt_lex_fail(l, "unknown escape in %.*s", (int)(l->word.len < 60 ? l->word.len : 60), l->word.s);
			return false;
		}
		s += n;
	}
	*ret = gt_string(out, len);
	return true;
}

/* The one character between quotes, as a number. */
static bool char_value(struct gt_lex *l, const struct gt_value *text, struct gt_value *ret)
{
	const uint8_t *s = (const uint8_t *)text->s;
	unsigned more = !text->len ? 0 : s[0] < 0x80 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
	int64_t c;

	if (text->len != more + 1) {
		gt_lex_fail(l, "expected one character between '...'");
		return false;
	}
	c = more ? s[0] & (0x3f >> more) : s[0];
	for (unsigned i = 1; i <= more; i++)
		c = c << 6 | (s[i] & 0x3f);
	*ret = gt_int(c);
	return true;
}

/* Go's numbers: 12, -0x1f, 0o17, 017, 0b101, 1_000, 1.5e3. */
static bool number_value(struct gt_lex *l, struct gt_value *ret)
{
	char text[64], *stop, *digits;
	size_t n = 0;
	int base = 0;

	for (size_t i = 0; i < l->word.len && n < sizeof(text) - 1; i++) {
		if (l->word.s[i] != '_')
			text[n++] = l->word.s[i];
	}
	text[n] = '\0';
	digits = text + (text[0] == '-' || text[0] == '+');
	if (digits[0] == '0' && strchr("bBoO", digits[1]) && digits[1]) {
		base = digits[1] == 'b' || digits[1] == 'B' ? 2 : 8;
		memmove(digits, digits + 2, strlen(digits + 2) + 1);
	}
	errno = 0;
	*ret = gt_int(strtoll(text, &stop, base));
	if (n && !*stop && !errno)
		return true;
	*ret = (struct gt_value){.kind = GT_FLOAT, .f = strtod(text, &stop)};
	if (n && !*stop && !base && l->word.len < sizeof(text) && strpbrk(text, ".eEpP"))
		return true;
	gt_lex_fail(l, "\"%.*s\" is not a number, or too large", (int)(l->word.len < 40 ? l->word.len : 40), l->word.s);
	return false;
}

bool gt_lex_value(struct gt_lex *l, struct arena *a, struct gt_value *ret)
{
	struct gt_value text;

	if (l->word.kind == WORD_NUMBER)
		return number_value(l, ret);
	if (!unquote(l, a, &text))
		return false;
	if (l->word.kind == WORD_CHAR)
		return char_value(l, &text, ret);
	*ret = text;
	return true;
}
