// SPDX-License-Identifier: Apache-2.0
/* Tokens -> snippets and server blocks: the top level of a Corefile.
 *
 *   file    := { import-line | snippet | block }
 *   block   := key { [","] key } [ "{" ] directives [ "}" ]
 *   snippet := "(" name ")" "{" tokens "}"
 *
 * A key list goes on to the next line only behind a comma.  Without braces a block takes all that follows. */
#include "corefile/parse.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *cf_grow(struct arena *a, void *v, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return v;
	size_t more = *cap ? *cap * 2 : 8;
	void *larger = arena_alloc(a, more * size);
	if (!larger)
		return NULL;
	if (n)
		memcpy(larger, v, n * size);
	*cap = more;
	return larger;
}

void cf_stop(struct parser *p, int code)
{
	if (!p->stopped)
		p->stopped = code;
}

bool cf_is(const struct cf_token *t, const char *text)
{
	return t && !strcmp(t->text, text);
}

/* ---------------------------------------------------------------- the stream of tokens */

const struct cf_token *cf_peek(struct parser *p)
{
	while (p->top && p->top->at == p->top->n) {
		struct cf_frame *done = p->top;

		p->top = done->up;
		done->up = p->unused;
		p->unused = done;
	}
	return p->top && !p->stopped ? &p->top->v[p->top->at] : NULL;
}

const struct cf_token *cf_take(struct parser *p)
{
	const struct cf_token *t = cf_peek(p);

	if (!t)
		return NULL;
	p->top->at++;
	p->prev = t;
	p->after_import = false;
	if (++p->n_taken > p->max_tokens) {
		token_error(p->errs, t, "more than %zu words in all, imports included; that many are allowed",
			    p->max_tokens);
		cf_stop(p, ERR_LIMIT);
	}
	return t;
}

bool cf_line_start(const struct parser *p, const struct cf_token *t)
{
	return t->starts_line || p->after_import || !p->prev;
}

bool cf_line_start_peer(const struct parser *p, const struct cf_token *t)
{
	const struct cf_token *prev = p->prev;

	return !prev || prev->file != t->file || prev->line + prev->newlines < t->line;
}

void cf_skip_line(struct parser *p)
{
	const struct cf_token *t;

	while ((t = cf_peek(p)) && !cf_line_start(p, t) && !t->brace)
		cf_take(p);
}

void cf_append(struct parser *p, struct cf_tokens *to, const struct cf_token *t)
{
	struct cf_token *v = cf_grow(p->a, to->v, to->n, &to->cap, sizeof *t);

	if (!v) {
		cf_stop(p, -ENOMEM);
		return;
	}
	to->v = v;
	to->v[to->n++] = *t;
}

void cf_keep(struct parser *p, struct cf_tokens *to, const struct cf_token *t)
{
	struct cf_token copy = *t;

	copy.text = cf_expand(p, t);
	copy.starts_line = cf_line_start(p, t);
	cf_append(p, to, &copy);
}

/* ---------------------------------------------------------------- keys */

static void add_key(struct parser *p, const struct cf_token *t, const char *text, size_t len,
		    struct cf_tokens *keys)
{
	struct cf_token key = *t;

	if (len == 0) {
		token_error(p->errs, t, "found a comma, where a zone is expected before it");
		return;
	}
	if (text[len])
		key.text = arena_strndup(p->a, text, len);
	else
		key.text = text;
	if (!key.text)
		cf_stop(p, -ENOMEM);
	else
		cf_append(p, keys, &key);
}

/* Read keys up to the `{` or the first token of the next line.  False: the file ends with them. */
static bool read_keys(struct parser *p, struct cf_tokens *keys)
{
	const struct cf_token *t, *comma = NULL;

	while ((t = cf_peek(p))) {
		const char *text = cf_expand(p, t);
		size_t len = strlen(text);

		if (!strcmp(text, "import") && cf_line_start(p, t)) {
			cf_import(p);
			continue;
		}
		if (!strcmp(text, "{")) {
			if (comma)
				token_error(p->errs, t,
					    "found \"{\" behind a comma, where another zone is expected");
			return true;
		}
		if (len) {
			comma = text[len - 1] == ',' ? t : NULL;
			add_key(p, t, text, len - (comma ? 1 : 0), keys);
		}
		cf_take(p);
		t = cf_peek(p);
		if (t && !comma && cf_line_start(p, t))
			return true;
	}
	if (comma && !p->stopped)
		token_error(p->errs, comma, "the file ends behind a comma, where another zone is expected");
	return false;
}

/* ---------------------------------------------------------------- snippets */

/* The name if the keys are those of a snippet, else NULL. */
static const char *snippet_name(struct parser *p, const struct cf_tokens *keys)
{
	const char *text = keys->n == 1 ? keys->v[0].text : "";
	size_t len = strlen(text);

	if (len < 2 || text[0] != '(' || text[len - 1] != ')')
		return NULL;
	return arena_strndup(p->a, text + 1, len - 2);
}

static void refuse_self_import(struct parser *p, const struct cf_snippet *s)
{
	for (size_t i = 0; i + 1 < s->body.n; i++) {
		const struct cf_token *t = &s->body.v[i];

		if (cf_is(t, "import") && t->starts_line && !strcmp(cf_expand(p, t + 1), s->name))
			token_error(p->errs, t, "snippet \"%s\" imports itself", s->name);
	}
}

/* Behind the `{`: all up to the `}` that closes it. */
static void read_body(struct parser *p, const struct cf_token *key, struct cf_tokens *body)
{
	const struct cf_token *t;
	unsigned depth = 1;

	while ((t = cf_peek(p))) {
		depth += t->brace == '{';
		depth -= t->brace == '}';
		if (depth) {
			struct cf_token copy = *t;

			copy.starts_line = cf_line_start(p, t);
			cf_append(p, body, &copy);
		}
		cf_take(p);
		if (!depth)
			return;
	}
	if (!p->stopped)
		token_error(p->errs, key, "snippet \"%s\" has no closing \"}\"", key->text);
}

static void read_snippet(struct parser *p, const struct cf_token *key, const char *name)
{
	const struct cf_token *t = cf_peek(p);
	struct cf_snippet *s = arena_zalloc(p->a, sizeof *s);
	struct cf_snippet *old = cf_snippet_find(p, name);

	if (!s) {
		cf_stop(p, -ENOMEM);
		return;
	}
	*s = (struct cf_snippet){.name = name, .at = key, .next = p->snippets};
	if (!t || t->brace != '{') {
		token_error(p->errs, key, "snippet \"%s\" is not followed by \"{\"", key->text);
		return;
	}
	cf_take(p);
	read_body(p, key, &s->body);
	if (old) {
		token_error(p->errs, key, "snippet \"%s\" is defined already at %s:%u", key->text,
			    old->at->file, old->at->line);
		return;
	}
	refuse_self_import(p, s);
	p->snippets = s;
}

/* ---------------------------------------------------------------- top level */

/* Closing braces where a block should begin.  CoreDNS takes the first for a zone named "}."; at the end of a
 * file that does no harm, so it is let pass. */
static bool stray_braces(struct parser *p)
{
	const struct cf_token *first = cf_peek(p);

	if (first->brace != '}')
		return false;
	for (const struct cf_token *t = first; t && t->brace == '}'; t = cf_peek(p))
		cf_take(p);
	if (cf_peek(p))
		token_error(p->errs, first, "found \"}\", where a zone is expected: no block is open here");
	else if (!p->stopped)
		token_warning(p->errs, first, "found \"}\" although no block is open; it is ignored");
	return true;
}

static void read_one(struct parser *p)
{
	struct cf_tokens keys = {0};
	const struct cf_token *first = cf_peek(p);
	const char *name;

	if (stray_braces(p))
		return;
	bool more = read_keys(p, &keys);
	if (p->stopped)
		return;
	name = snippet_name(p, &keys);
	if (name) {
		read_snippet(p, &keys.v[0], name);
	} else if (more || keys.n) {
		if (keys.n == 0)
			token_warning(p->errs, first,
				      "a block without a zone (an empty variable?): it is not served");
		cf_read_block(p, &keys);
	}
}

static void fini(struct parser *p)
{
	free(p->text.p);
	free(p->spare.p);
}

int corefile_parse(struct arena *a, const char *file, const char *text, size_t len,
		   const struct cf_source *src, struct cf_errors *errs, struct corefile *ret)
{
	struct parser p = {.a = a, .errs = errs, .src = src};
	struct cf_tokens all = {0};
	unsigned errors_before = errs->n_errors;

	*ret = (struct corefile){0};
	p.max_tokens = src->max_tokens ? src->max_tokens : CF_TOKENS_MAX;
	cf_errors_init(&p.differs, a);
	file = arena_strdup(a, file);
	if (!file)
		return -ENOMEM;
	cf_lex(&p, file, text, len, &all);
	if (!p.stopped && cf_push(&p, &all, NULL))
		cf_stop(&p, -ENOMEM);
	while (cf_peek(&p))
		read_one(&p);
	fini(&p);
	if (p.stopped == -ENOMEM)
		return -ENOMEM;
	*ret = (struct corefile){.blocks = p.blocks, .n_blocks = p.n_blocks, .differs = p.differs.first};
	return errs->n_errors > errors_before ? ERR_SYNTAX : 0;
}
