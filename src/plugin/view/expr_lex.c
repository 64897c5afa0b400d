// SPDX-License-Identifier: Apache-2.0
/* Characters of an expression -> tokens. */
#include "plugin/view/expr_internal.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
	return is_digit(c) || c == '_' || c == '$' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct expr_token bad(uint32_t pos, const char *why)
{
	return (struct expr_token){.kind = TOKEN_BAD, .pos = pos, .why = why};
}

/* ---------------------------------------------------------------- blanks, comments */

static uint32_t skip_blank(const char *s, uint32_t at)
{
	for (;;) {
		at += (uint32_t)strspn(s + at, " \t\r\n");
		if (s[at] == '/' && s[at + 1] == '/') {
			at += (uint32_t)strcspn(s + at, "\n");
		} else if (s[at] == '/' && s[at + 1] == '*') {
			const char *end = strstr(s + at + 2, "*/");

			if (!end)
				return at + (uint32_t)strlen(s + at);
			at = (uint32_t)(end + 2 - s);
		} else {
			return at;
		}
	}
}

/* ---------------------------------------------------------------- numbers */

enum { NUMBER_MAX = 64 };

/* The number's characters without `_`; how many it takes in the text, 0: too long. */
static uint32_t gather_number(const char *s, char *out, bool *ret_real)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	uint32_t i = 0;
	unsigned n = 0;

	*ret_real = false;
	for (; is_name_char(s[i]) || s[i] == '.' || ((s[i] == '+' || s[i] == '-') && i && !hex && strchr("eE", s[i - 1])); i++) {
		if (s[i] == '.' && (*ret_real || hex || s[i + 1] == '.')) /* 1..5 is a range */
			break;
		if (s[i] == '_')
			continue;
		*ret_real |= s[i] == '.' || (!hex && (s[i] == 'e' || s[i] == 'E'));
		if (n == NUMBER_MAX - 1)
			return 0;
		out[n++] = s[i];
	}
	out[n] = '\0';
	return i;
}

static bool read_int(const char *text, int64_t *ret)
{
	int base = 10;
	char *end;

	if (text[0] == '0' && text[1]) {
		base = strchr("xX", text[1]) ? 16 : strchr("bB", text[1]) ? 2 : strchr("oO", text[1]) ? 8 : 0;
		if (!base)
			base = 10; /* 007 is 7, as in the peer */
		else
			text += 2;
	}
	errno = 0;
	*ret = strtoll(text, &end, base);
	return *text && !*end && !errno && *text != '-' && *text != '+';
}

static struct expr_token lex_number(const char *s, uint32_t at)
{
	char text[NUMBER_MAX], *end;
	bool real;
	struct expr_token t = {.pos = at, .len = gather_number(s + at, text, &real)};

	if (real) {
		t.kind = TOKEN_FLOAT;
		t.value = (struct expr_value){.kind = EXPR_FLOAT, .f = strtod(text, &end)};
		return t.len && !*end ? t : bad(at, "is not a number");
	}
	t.kind = TOKEN_INT;
	t.value.kind = EXPR_INT;
	return t.len && read_int(text, &t.value.i) ? t : bad(at, "is not an integer of 64 bits");
}

/* ---------------------------------------------------------------- strings */

/* `digits` of `base` at s; false: they are not. */
static bool read_code(const char *s, unsigned digits, int base, uint32_t *ret)
{
	char text[9] = "", *end;

	for (unsigned i = 0; i < digits; i++) {
		if (!is_name_char(s[i]))
			return false;
		text[i] = s[i];
	}
	*ret = (uint32_t)strtoul(text, &end, base);
	return end == text + digits && *ret <= 0x10ffff;
}

/* The escape behind a backslash at s: bytes that it takes, 0: none of Go's. */
static unsigned unescape(const char *s, char *out, unsigned *ret_len)
{
	static const char letters[] = "abfnrtv\\'\"`", bytes[] = "\a\b\f\n\r\t\v\\'\"`";
	const char *l = *s ? strchr(letters, *s) : NULL;
	unsigned digits = *s == 'x' ? 2 : *s == 'u' ? 4 : *s == 'U' ? 8 : 0;
	uint32_t c;

	*ret_len = 1;
	if (l) {
		*out = bytes[l - letters];
		return 1;
	}
	if (digits && read_code(s + 1, digits, 16, &c)) {
		if (digits == 2)
			*out = (char)c;
		else
			*ret_len = (unsigned)utf8_put(out, c);
		return 1 + digits;
	}
	if (*s >= '0' && *s <= '3' && read_code(s, 3, 8, &c)) {
		*out = (char)c;
		return 3;
	}
	return 0;
}

static struct expr_token lex_string(struct arena *a, const char *s, uint32_t at)
{
	char quote = s[at];
	char *out = arena_alloc(a, strlen(s + at)); /* escapes never get longer */
	uint32_t i = at + 1;
	unsigned n = 0, len;

	if (!out)
		return bad(at, "needs more memory than there is");
	while (s[i] && s[i] != quote) {
		if (s[i] != '\\' || quote == '`') {
			out[n++] = s[i++];
			continue;
		}
		unsigned taken = unescape(s + i + 1, out + n, &len);

		if (!taken)
			return bad(i, "is an unknown escape");
		i += 1 + taken;
		n += len;
	}
	if (!s[i])
		return bad(at, "begins a text that does not end");
	return (struct expr_token){.kind = TOKEN_STRING, .pos = at, .len = i + 1 - at, .value = expr_string(out, n)};
}

/* ---------------------------------------------------------------- all */

static uint32_t operator_len(const char *s)
{
	static const char *const two[] = {"&&", "||", "==", "!=", "<=", ">=", "**", "??", "..", "?."};

	for (size_t i = 0; i < ARRAY_LEN(two); i++) {
		if (strncmp(s, two[i], 2) == 0)
			return 2;
	}
	return strchr("()[]{}<>+-*/%^!|?:,.;#=", *s) ? 1 : 0;
}

struct expr_token expr_lex(struct arena *a, const char *text, uint32_t pos)
{
	uint32_t at = skip_blank(text, pos), len = 0;

	if (!text[at])
		return (struct expr_token){.kind = TOKEN_END, .pos = at};
	if (is_digit(text[at]) || (text[at] == '.' && is_digit(text[at + 1])))
		return lex_number(text, at);
	if (strchr("'\"`", text[at]))
		return lex_string(a, text, at);
	while (is_name_char(text[at + len]))
		len++;
	if (len)
		return (struct expr_token){.kind = TOKEN_NAME, .pos = at, .len = len};
	len = operator_len(text + at);
	if (!len)
		return bad(at, "is no character of an expression");
	return (struct expr_token){.kind = TOKEN_OP, .pos = at, .len = len};
}
