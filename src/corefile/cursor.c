// SPDX-License-Identifier: Apache-2.0
/* What a plugin's setup reads from: a walk over the tokens of its directives, line by line. */
#include "corefile/parse.h"

#include "base/err.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where a cursor without any directive stands. */
static const struct cf_token no_token = {.text = ""};
static const struct cf_directive nothing = {.tokens = &no_token, .n = 1};

int cf_cursor_init(struct cf_cursor *c, struct arena *a, const struct cf_block *b, const char *name,
		   struct cf_errors *errs)
{
	const struct cf_directive **list = arena_alloc(a, (b->n_directives + 1) * sizeof *list);

	if (!list)
		return -ENOMEM;
	*c = (struct cf_cursor){.list = list, .errs = errs, .arena = a, .plugin = name};
	for (size_t i = 0; i < b->n_directives; i++) {
		if (!strcmp(b->directives[i].tokens[0].text, name))
			list[c->n++] = &b->directives[i];
	}
	if (!c->n)
		list[0] = &nothing;
	return 0;
}

static const struct cf_directive *current(const struct cf_cursor *c)
{
	size_t i = c->at < c->n ? c->at : c->n; /* from 1; 0 before the first */

	return c->list[i ? i - 1 : 0];
}

const struct cf_token *cf_here(const struct cf_cursor *c)
{
	return &current(c)->tokens[c->tok];
}

/* The token behind `i` on the same line, or NULL. */
static const struct cf_token *next_on_line(const struct cf_cursor *c, size_t i)
{
	const struct cf_directive *d = current(c);

	return i + 1 < d->n && !d->tokens[i + 1].starts_line ? &d->tokens[i + 1] : NULL;
}

/* Where the arguments left on this line end: the index of the last of them, or c->tok. */
static size_t last_arg(const struct cf_cursor *c)
{
	const struct cf_token *t;
	size_t i = c->tok;

	while ((t = next_on_line(c, i)) && !t->brace)
		i++;
	return i;
}

/* The `{` behind the arguments of this line, or NULL. */
static const struct cf_token *brace_ahead(const struct cf_cursor *c)
{
	const struct cf_token *t = next_on_line(c, last_arg(c));

	return t && t->brace == '{' ? t : NULL;
}

static int fail_at(struct cf_cursor *c, const struct cf_token *t, const char *text)
{
	return token_error(c->errs, t, "plugin %s: %s", c->plugin, text);
}

/* From a `{` to its `}` (or the end: the parser has told). */
static void skip_braces(struct cf_cursor *c)
{
	const struct cf_directive *d = current(c);
	unsigned depth = 0;

	for (; c->tok < d->n; c->tok++) {
		depth += d->tokens[c->tok].brace == '{';
		depth -= d->tokens[c->tok].brace == '}';
		if (!depth)
			return;
	}
	c->tok = d->n - 1;
}

/* ---------------------------------------------------------------- lines */

bool cf_directive(struct cf_cursor *c)
{
	if (c->at > c->n)
		return false;
	if (c->at && !c->entered) {
		c->tok = 0;
		const struct cf_token *brace = brace_ahead(c);
		if (brace)
			fail_at(c, brace, "found \"{\", but it has no options");
	}
	c->at++;
	c->tok = 0;
	c->depth = 0;
	c->entered = false;
	return c->at <= c->n;
}

bool cf_arg(struct cf_cursor *c, const struct cf_token **ret)
{
	const struct cf_token *t = next_on_line(c, c->tok);

	if (!t || t->brace)
		return false;
	c->tok++;
	*ret = t;
	return true;
}

size_t cf_args_left(const struct cf_cursor *c)
{
	return last_arg(c) - c->tok;
}

bool cf_has_block(struct cf_cursor *c)
{
	if (!brace_ahead(c))
		return false;
	c->tok = last_arg(c) + 1;
	c->depth++;
	c->entered = true;
	return true;
}

int cf_no_block(struct cf_cursor *c)
{
	const struct cf_token *brace = brace_ahead(c);

	if (!brace)
		return 0;
	c->entered = true;
	return fail_at(c, brace,
		       c->depth ? "found \"{\", but this option has none of its own"
				: "found \"{\", but it has no options");
}

/* To the last token of the line being read, over a block that nobody looked at. */
static void finish_line(struct cf_cursor *c)
{
	c->tok = last_arg(c);
	const struct cf_token *brace = brace_ahead(c);
	if (!brace)
		return;
	fail_at(c, brace, "found \"{\", but this option has none of its own");
	c->tok++;
	skip_braces(c);
	c->tok = last_arg(c);
}

bool cf_option(struct cf_cursor *c, const struct cf_token **ret)
{
	const struct cf_directive *d = current(c);

	if (c->depth == 0) {
		if (c->entered || !cf_has_block(c))
			return false;
	} else if (d->tokens[c->tok].brace != '{') {
		finish_line(c);
	}
	for (; c->tok + 1 < d->n; finish_line(c)) {
		const struct cf_token *t = &d->tokens[++c->tok];
		if (t->brace == '}') {
			c->depth--;
			return false;
		}
		if (t->brace != '{') {
			*ret = t;
			return true;
		}
		fail_at(c, t, "found \"{\", where an option's name is expected");
		skip_braces(c);
	}
	c->depth = 0;
	return false;
}

/* ---------------------------------------------------------------- errors */

int cf_fail(struct cf_cursor *c, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return fail_at(c, cf_here(c), text);
}

/* `unknown WHAT "x"; did you mean "y"? allowed here: a, b, c` at a token. */
static int unknown_word(struct cf_cursor *c, const struct cf_token *t, const char *what,
			const char *const *words, size_t n)
{
	const char *near = cf_nearest(t->text, words, n);
	char hint[100] = "", list[400] = "";
	size_t len = 0;

	if (near)
		snprintf(hint, sizeof(hint), "; did you mean \"%s\"?", near);
	for (size_t i = 0; i < n && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "", words[i]);
	return token_error(c->errs, t, "plugin %s: unknown %s \"%.100s\"%s%s allowed here: %s", c->plugin,
			   what, t->text, hint, near ? "" : ";", list);
}

int cf_unknown_option(struct cf_cursor *c, const struct cf_token *t, const char *const *allowed, size_t n)
{
	return unknown_word(c, t, "option", allowed, n);
}

int cf_no_more_args(struct cf_cursor *c)
{
	const struct cf_token *t;

	if (!cf_arg(c, &t))
		return 0;
	return cf_fail(c, "found \"%.100s\", where no further argument is allowed", t->text);
}

/* ---------------------------------------------------------------- typed arguments */

int cf_arg_text(struct cf_cursor *c, const char *what, const char **ret)
{
	const struct cf_token *t;

	if (!cf_arg(c, &t))
		return cf_fail(c, "expected %s behind \"%.100s\", found the end of the line", what,
			       cf_here(c)->text);
	*ret = t->text;
	return 0;
}

int cf_arg_i64(struct cf_cursor *c, const char *what, int64_t min, int64_t max, int64_t *ret)
{
	const char *text;
	int64_t v;
	int r = cf_arg_text(c, what, &text);

	if (r)
		return r;
	r = cf_integer(text, &v);
	if (r == -EINVAL)
		return cf_fail(c, "\"%.100s\" is no whole number; expected %s", text, what);
	if (r || v < min || v > max)
		return cf_fail(c, "%s \"%.100s\" is not within %" PRId64 " to %" PRId64, what, text, min,
			       max);
	*ret = v;
	return 0;
}

int cf_arg_u32(struct cf_cursor *c, const char *what, uint32_t min, uint32_t max, uint32_t *ret)
{
	int64_t v;
	int r = cf_arg_i64(c, what, min, max, &v);

	if (!r)
		*ret = (uint32_t)v;
	return r;
}

int cf_arg_word(struct cf_cursor *c, const char *what, const char *const *words, size_t n, size_t *ret)
{
	const char *text;
	int r = cf_arg_text(c, what, &text);

	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(text, words[i])) {
			*ret = i;
			return 0;
		}
	}
	return unknown_word(c, cf_here(c), what, words, n);
}

/* A bound for messages, in the largest unit that gives a whole number. */
static const char *duration_text(uint64_t ns, char *out, size_t size)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{"h", 3600000000000}, {"m", 60000000000}, {"s", 1000000000}, {"ms", 1000000}, {"us", 1000}};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (ns && ns % units[i].ns == 0) {
			snprintf(out, size, "%" PRIu64 "%s", ns / units[i].ns, units[i].name);
			return out;
		}
	}
	snprintf(out, size, "%" PRIu64 "%s", ns, ns ? "ns" : "");
	return out;
}

int cf_arg_duration(struct cf_cursor *c, const char *what, uint64_t min_ns, uint64_t max_ns, uint64_t *ret_ns)
{
	char lo[32], hi[32];
	const char *text;
	uint64_t v;
	int r = cf_arg_text(c, what, &text);

	if (r)
		return r;
	r = cf_duration(text, &v);
	if (r == -EINVAL)
		return cf_fail(c,
			       "\"%.100s\" is no duration (as in \"1h30m\", \"5s\", \"300ms\"); expected %s",
			       text, what);
	duration_text(min_ns, lo, sizeof lo);
	if (max_ns >= INT64_MAX && (r || v < min_ns))
		return cf_fail(c, "%s \"%.100s\" is not at least %s", what, text, lo);
	if (r || v < min_ns || v > max_ns)
		return cf_fail(c, "%s \"%.100s\" is not within %s to %s", what, text, lo,
			       duration_text(max_ns, hi, sizeof hi));
	*ret_ns = v;
	return 0;
}
