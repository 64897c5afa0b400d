// SPDX-License-Identifier: Apache-2.0
/* Inside of the parser; only the files of this folder include it.
 *
 * Tokens come from a stack of *frames*: the main file at the bottom, on it what imports put in, each read to
 * its end before the one below goes on.  So an import is a splice of tokens: what it brings may open a block
 * that the importing file closes.  A snippet or file that is still on the stack cannot be imported again: that
 * would not end.
 *
 * Thread: builder.  Every function records its errors itself. */
#pragma once

#include "corefile/corefile.h"

/* A string being made; malloc, freed when the parse ends. */
struct cf_buf {
	char *p;
	size_t len, cap;
};
/* 0 or -ENOMEM. */
int cf_buf_add(struct cf_buf *b, const char *s, size_t n) MUST_USE;

/* An error, or a warning, at a token. */
#define token_error(errs, t, ...) cf_error((errs), (t)->file, (t)->line, __VA_ARGS__)
#define token_warning(errs, t, ...) cf_warning((errs), (t)->file, (t)->line, __VA_ARGS__)

/* Room for one more element of `size` bytes behind the n in `v`: v, or a larger copy in the arena, or NULL. */
void *cf_grow(struct arena *a, void *v, size_t n, size_t *cap, size_t size) MUST_USE;

struct cf_tokens {
	struct cf_token *v;
	size_t n, cap;
};

struct cf_snippet {
	const char *name;
	struct cf_tokens body;
	const struct cf_token *at; /* where it was defined */
	struct cf_snippet *next;
};

/* An imported file, read once per parse. */
struct cf_file {
	const char *path;
	int status; /* 0, or why it could not be read */
	struct cf_tokens body;
	struct cf_file *next;
};

struct cf_frame {
	const struct cf_token *v;
	size_t n, at;
	const void *of; /* the snippet or file */
	struct cf_frame *up;
};

struct parser {
	struct arena *a;
	struct cf_errors *errs;
	struct cf_errors differs; /* see struct corefile */
	const struct cf_source *src;
	struct cf_frame *top, *unused;
	const struct cf_token *prev; /* taken last, imports left out; NULL at the beginning */
	bool after_import; /* the next token is the first that an import put in */
	struct cf_snippet *snippets;
	struct cf_file *files;
	size_t max_tokens, n_lexed, n_taken;
	unsigned n_snippets, n_imports;
	size_t env_bytes;
	struct cf_buf text, spare;
	struct cf_block *blocks;
	size_t n_blocks, cap_blocks;
	int stopped; /* 0; ERR_LIMIT or -ENOMEM: no more tokens come */
};

/* ---- lexer.c */
/* The tokens of one file's text.  `file` is kept. */
void cf_lex(struct parser *p, const char *file, const char *text, size_t len, struct cf_tokens *ret);

/* ---- parser.c */
/* The next token as written, or NULL at the end (or after cf_stop). */
const struct cf_token *cf_peek(struct parser *p);
/* Go past it. */
const struct cf_token *cf_take(struct parser *p);
/* The token that cf_peek gives stands first on its line. */
bool cf_line_start(const struct parser *p, const struct cf_token *t);
/* ... also by CoreDNS's reckoning, which compares line numbers with those of the token before, wherever an
 * import took the two from. */
bool cf_line_start_peer(const struct parser *p, const struct cf_token *t);
void cf_append(struct parser *p, struct cf_tokens *to, const struct cf_token *t);
/* Append a copy with its text expanded and starts_line as it is here. */
void cf_keep(struct parser *p, struct cf_tokens *to, const struct cf_token *t);
/* End the parse: the reason was recorded. */
void cf_stop(struct parser *p, int code);
/* Leave out the rest of the line. */
void cf_skip_line(struct parser *p);
bool cf_is(const struct cf_token *t, const char *text);

/* ---- env.c */
/* The text with its references put in; "" after an error (recorded). */
const char *cf_expand(struct parser *p, const struct cf_token *t);

/* ---- import.c */
/* At the token `import`: take it and its argument and put in what it names. */
void cf_import(struct parser *p);
struct cf_snippet *cf_snippet_find(struct parser *p, const char *name);
int cf_push(struct parser *p, const struct cf_tokens *body, const void *of);

/* ---- block.c */
/* After the keys: `{ directives }`, or directives alone up to the end of the file. */
void cf_read_block(struct parser *p, const struct cf_tokens *keys);
