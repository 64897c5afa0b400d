// SPDX-License-Identifier: Apache-2.0
/* Characters -> tokens.
 *
 * A token is a run of characters up to white space, or a quoted string.  Quotes open only at the beginning of
 * a token; in them `\"` is a quote and every other backslash stands for itself.  A carriage return outside
 * quotes is nothing at all.  White space is Unicode's; bytes that are no UTF-8 become U+FFFD. */
#include "corefile/parse.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct lexer {
	struct parser *p;
	const char *file;
	const uint8_t *at, *end;
	unsigned line;
	bool line_start; /* no token on this line yet */
	bool nul_told;
};

enum { RUNE_BAD = 0xfffd };
#define RUNE_BAD_TEXT "\xef\xbf\xbd"

int cf_buf_add(struct cf_buf *b, const char *s, size_t n)
{
	if (b->len + n >= b->cap) {
		size_t cap = (b->len + n) * 2 + 64;
		char *p = realloc(b->p, cap);
		if (!p)
			return -ENOMEM;
		b->p = p;
		b->cap = cap;
	}
	memcpy(b->p + b->len, s, n);
	b->len += n;
	b->p[b->len] = 0;
	return 0;
}

/* How many bytes a UTF-8 sequence has by its first, and the least code point that may be written so. */
static size_t sequence(uint8_t first, uint32_t *bits, uint32_t *least)
{
	if (first >= 0xf0 && first <= 0xf4) {
		*bits = first & 7;
		*least = 0x10000;
		return 4;
	}
	if (first >= 0xe0 && first < 0xf0) {
		*bits = first & 15;
		*least = 0x800;
		return 3;
	}
	*bits = first & 31;
	*least = 0x80;
	return first >= 0xc2 && first < 0xe0 ? 2 : 0;
}

/* The character at x->at and its length in bytes.  A byte that begins none is RUNE_BAD of length 1. */
static size_t rune_at(const struct lexer *x, uint32_t *ret)
{
	uint32_t r, least;
	uint8_t first = *x->at;

	*ret = first;
	if (first < 0x80)
		return 1;
	*ret = RUNE_BAD;
	size_t n = sequence(first, &r, &least);
	if (n == 0 || (size_t)(x->end - x->at) < n)
		return 1;
	for (size_t i = 1; i < n; i++) {
		if ((x->at[i] & 0xc0) != 0x80)
			return 1;
		r = r << 6 | (x->at[i] & 0x3f);
	}
	if (r < least || r > 0x10ffff || (r >= 0xd800 && r < 0xe000))
		return 1;
	*ret = r;
	return n;
}

/* Unicode's White_Space property. */
static bool is_space(uint32_t r)
{
	if (r < 0x80)
		return r == ' ' || (r >= '\t' && r <= '\r');
	return r == 0x85 || r == 0xa0 || r == 0x1680 || (r >= 0x2000 && r <= 0x200a) || r == 0x2028 ||
	       r == 0x2029 || r == 0x202f || r == 0x205f || r == 0x3000;
}

/* Take the character of `n` bytes into the token. */
static void take(struct lexer *x, uint32_t r, size_t n)
{
	const char *s = (const char *)x->at;

	if (r == 0 && !x->nul_told) {
		x->nul_told = true;
		cf_error(x->p->errs, x->file, x->line,
			 "found a NUL byte, where only text is allowed (is this a binary file?)");
	}
	if (r == 0 || (r == RUNE_BAD && n == 1)) {
		s = RUNE_BAD_TEXT;
		n = strlen(RUNE_BAD_TEXT);
		x->at++;
	} else {
		x->at += n;
	}
	if (cf_buf_add(&x->p->text, s, n))
		cf_stop(x->p, -ENOMEM);
}

static void to_line_end(struct lexer *x)
{
	const uint8_t *nl = memchr(x->at, '\n', (size_t)(x->end - x->at));

	x->at = nl ? nl : x->end;
}

/* At a `#` that is glued to the word before.  As in CoreDNS the comment ends at the next blank, and words behind
 * that are read: "forward . 192.0.2.1#53 192.0.2.2#53" has two upstreams there.  Tell whoever meant otherwise. */
static void glued_comment(struct lexer *x)
{
	uint32_t r = 0;

	while (x->at < x->end) {
		size_t n = rune_at(x, &r);
		if (is_space(r) && r != '\r')
			break;
		x->at += n;
	}
	for (const uint8_t *at = x->at; x->at < x->end && is_space(r) && r != '\n'; at = x->at) {
		x->at += rune_at(x, &r);
		if (is_space(r))
			continue;
		x->at = at; /* the word's first character */
		if (r != '#' && r != '{')
			cf_warning(x->p->errs, x->file, x->line,
				   "a \"#\" without a blank before it begins a comment that ends "
				   "at the next blank: the words behind that count");
		return;
	}
}

/* To the next token; false at the end. */
static bool skip_blank(struct lexer *x)
{
	while (x->at < x->end) {
		uint32_t r;
		size_t n = rune_at(x, &r);

		if (r == '#') {
			to_line_end(x);
			continue;
		}
		if (!is_space(r))
			return true;
		if (r == '\n') {
			x->line++;
			x->line_start = true;
		}
		x->at += n;
	}
	return false;
}

static void read_bare(struct lexer *x)
{
	while (x->at < x->end) {
		uint32_t r;
		size_t n = rune_at(x, &r);

		if (r == '#') {
			glued_comment(x);
			return;
		}
		if (r == '\r')
			x->at++;
		else if (is_space(r))
			return;
		else
			take(x, r, n);
	}
}

/* Behind the opening quote.  `t` gets the number of line breaks; false: there is no token (nothing follows). */
static bool read_quoted(struct lexer *x, struct cf_token *t)
{
	while (x->at < x->end) {
		uint32_t r;
		size_t n = rune_at(x, &r);

		if (r == '"') {
			x->at++;
			return true;
		}
		if (r == '\\' && x->at + 1 < x->end && x->at[1] == '"') {
			x->at++; /* the backslash; the quote is taken below */
			r = '"';
		} else if (r == '\\' && x->at + 1 < x->end && x->at[1] == '\\') {
			take(x, r, n); /* both stay, and the second one escapes nothing */
		}
		if (r == '\n') {
			t->newlines++;
			x->line++;
		}
		take(x, r, n);
	}
	cf_warning(x->p->errs, x->file, t->line, "a quote is opened here and never closed");
	return x->p->text.len > 0;
}

static bool read_token(struct lexer *x, struct cf_token *t)
{
	*t = (struct cf_token){.file = x->file, .line = x->line, .starts_line = x->line_start};
	x->line_start = false;
	x->p->text.len = 0;
	t->quoted = *x->at == '"';
	if (t->quoted) {
		x->at++;
		if (!read_quoted(x, t))
			return false;
	} else {
		read_bare(x);
	}
	t->text = arena_strndup(x->p->a, x->p->text.len ? x->p->text.p : "", x->p->text.len);
	if (t->text && (!strcmp(t->text, "{") || !strcmp(t->text, "}")))
		t->brace = t->text[0];
	return true;
}

/* NodeLocal DNSCache's Corefile is a form: who starts it there fills it in first.  No zone, address or option of
 * that name can be meant. */
static void look_for_blank(struct lexer *x, const struct cf_token *t)
{
	if (t->text && strstr(t->text, "__PILLAR__"))
		cf_error(x->p->errs, x->file, t->line,
			 "\"%.100s\" is a blank of NodeLocal DNSCache's form that was not filled in; expected what "
			 "belongs there (an address, a zone)",
			 t->text);
}

static void add(struct lexer *x, struct cf_tokens *to, const struct cf_token *t)
{
	if (t->text)
		cf_append(x->p, to, t);
	else
		cf_stop(x->p, -ENOMEM);
	if (++x->p->n_lexed > x->p->max_tokens) {
		cf_error(x->p->errs, x->file, t->line, "more than %zu words in all; that many are allowed",
			 x->p->max_tokens);
		cf_stop(x->p, ERR_LIMIT);
	}
}

void cf_lex(struct parser *p, const char *file, const char *text, size_t len, struct cf_tokens *ret)
{
	struct lexer x = {.p = p, .file = file, .line = 1, .line_start = true};
	struct cf_token t;

	x.at = (const uint8_t *)text;
	x.end = x.at + len;
	if (len > CF_FILE_MAX) {
		cf_error(p->errs, file, 0, "the file has %zu bytes; up to %d are allowed", len, CF_FILE_MAX);
		return;
	}
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		x.at += 3; /* byte order mark */
	while (!p->stopped && skip_blank(&x)) {
		if (!read_token(&x, &t))
			continue;
		look_for_blank(&x, &t);
		add(&x, ret, &t);
	}
}
