// SPDX-License-Identifier: Apache-2.0
/* The Corefile: text -> server blocks with their directives as tokens.
 *
 *   lexer.c    characters -> tokens (file, line)          parser.c   keys, snippets, server blocks
 *   env.c      {$NAME} and {%NAME%}                       block.c    directives and their braces
 *   import.c   snippets and files spliced in              source.c   environment and files of the real system
 *   key.c      "tls://10.0.0.0/15:853" -> transport, zones, port; cidr.c
 *   cursor.c   what a plugin's setup reads from           value.c    durations, integers
 *   options.c  a { block } of options by table            merge.c    the second file given by -extra
 *   duration.c durations as Go prints them
 *   errors.c   collected errors, nearest names
 *
 * All memory comes from one arena and lives as long as it.  All errors are collected in `struct cf_errors` as
 * `FILE:LINE: what was found, what is allowed there`; nothing is printed here.
 * Thread: any one at a time (builder).   The grammar is CoreDNS's (caddy); docs/corefile.md. */
#pragma once

#include "base/arena.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_token {
	const char *text; /* quotes and escapes resolved, environment expanded; may be empty */
	const char *file; /* as shown in errors */
	unsigned line; /* of its first character, from 1 */
	unsigned newlines; /* inside it (quoted) */
	bool quoted;
	bool starts_line; /* first on its line, or first of what an import put in */
	char brace; /* '{' or '}' as a token of its own; 0 also for a brace out of the environment */
};

struct cf_error {
	const char *file;
	unsigned line; /* 0: no line applies */
	const char *text;
	bool warning;
	struct cf_error *next;
};

/* At most CF_ERRORS_KEPT of them are kept with their text, in the order found; the rest are only counted. */
enum { CF_ERRORS_KEPT = 1000 };

struct cf_errors {
	struct arena *arena;
	struct cf_error *first, **last;
	unsigned n_errors, n_warnings;
};

void cf_errors_init(struct cf_errors *e, struct arena *a);
/* By line within each file, files in the order in which they came up; for showing them all. */
void cf_errors_sort(struct cf_errors *e);
/* `FILE:LINE: text`, or `FILE: text` without a line; as snprintf. */
int cf_error_format(const struct cf_error *e, char *out, size_t size);
/* Record one; returns ERR_SYNTAX, so that setups can `return cf_error(...)`. */
int cf_error(struct cf_errors *e, const char *file, unsigned line, const char *fmt, ...) PRINTF(4, 5);
void cf_warning(struct cf_errors *e, const char *file, unsigned line, const char *fmt, ...) PRINTF(4, 5);
/* The nearest of `names` to `word` (edit distance <= 2 and less than half its length, two neighbours swapped
 * count as one), or NULL. */
const char *cf_nearest(const char *word, const char *const *names, size_t n);

/* One directive: the name token and all that belongs to it up to the end of its line or closing brace. */
struct cf_directive {
	const struct cf_token *tokens; /* tokens[0] is the name */
	size_t n;
};

struct cf_block {
	const struct cf_token *keys;
	size_t n_keys;
	const struct cf_directive *directives; /* in file order, repeats included */
	size_t n_directives;
	const char *file;
	unsigned line;
};

struct corefile {
	const struct cf_block *blocks;
	size_t n_blocks;
	/* Places where CoreDNS would read the text otherwise than we do, with the reason (for the portable check). */
	const struct cf_error *differs;
};

/* What the parser knows of the world: the environment and imported files (the simulator and the fuzzer have
 * their own), and which directives there are. */
struct cf_source {
	const char *(*env)(void *arg, const char *name); /* NULL: unset */
	/* Read a file into the arena; 0 or -errno. */
	int (*read)(void *arg, struct arena *a, const char *path, const char **ret_text, size_t *ret_len);
	/* Paths that match a glob pattern, sorted, into the arena; count or -errno. */
	int (*glob)(void *arg, struct arena *a, const char *pattern, const char *const **ret_paths);
	void *arg;
	/* Names a directive may have; another is an error with the nearest of these.  NULL: any name. */
	const char *const *directives;
	size_t n_directives;
	size_t max_tokens; /* read in all, imports included; 0: CF_TOKENS_MAX */
};
/* The process's environment and file system; any directive.  Copy it to set `directives`. */
extern const struct cf_source cf_source_system;

/* Bounds of one parse.  The first two are CoreDNS's.  A Corefile of 100,000 server blocks has some 1.5 million
 * tokens; each takes 32 bytes here and once more in its directive. */
enum {
	CF_SNIPPETS_MAX = 10000, /* expansions of snippets */
	CF_IMPORTS_MAX = 100000, /* expansions of files and globs */
	CF_TOKENS_MAX = 4000000,
	CF_FILE_MAX = 64 << 20, /* bytes of one file */
	CF_ENV_STEPS_MAX = 100, /* references put in for one token */
	CF_ENV_TOKEN_MAX = 1 << 20, /* bytes of one token after that */
	CF_ENV_TOTAL_MAX = 64 << 20,
};

/* Parse one file's text.  Continues after errors where it can, to find them all: after an error `ret` holds
 * what could be read, so that keys and options can be checked too.
 * 0; ERR_SYNTAX with at least one error recorded; -ENOMEM (ret is empty). */
int corefile_parse(struct arena *a, const char *file, const char *text, size_t len,
		   const struct cf_source *src, struct cf_errors *errs, struct corefile *ret) MUST_USE;

/* Merge a second file (-extra) into the first: a block gives its directives to the first file's block with the
 * same set of keys.  A directive that the block has already (same arguments, or none in the second file) gets
 * the options of the second file added to its own; others are added.  Blocks with other keys are an error: they
 * would change what a rollback serves.  Several blocks with the same keys (views, binds) are paired in file
 * order and must then be equally many.  0, ERR_SYNTAX with errors recorded, -ENOMEM. */
int corefile_merge(struct arena *a, struct corefile *base, const struct corefile *extra,
		   struct cf_errors *errs) MUST_USE;

/* ---------------------------------------------------------------- keys */

struct cf_key {
	const char *text; /* as written, for messages */
	const char *scheme; /* "dns", "tls", "quic", "https", "https3", "grpc" */
	uint16_t port; /* 0: the transport's default (-dns.port for dns) */
	bool has_port;
	const uint8_t *zone; /* wire form, lower case */
	uint8_t zone_len;
	const struct cf_token *token;
};

/* One key token -> one key, or several (CIDR off the octet boundary).  Appends to a growing array in the
 * arena.  `unix://` is refused (no such listener); another unknown `x://` is taken as part of the name with a
 * warning, as CoreDNS does.  0, ERR_SYNTAX with an error recorded (errs may be NULL: unrecorded), -ENOMEM. */
struct cf_keys {
	struct cf_key *v;
	size_t n, cap;
};
int cf_key_parse(struct arena *a, const struct cf_token *t, struct cf_errors *errs,
		 struct cf_keys *ret) MUST_USE;

/* A plugin's zone argument: scheme and port are stripped, CIDR expands; invalid ones give a warning and are
 * left out.  Appends. */
void cf_zone_arg(struct arena *a, const struct cf_token *t, struct cf_errors *errs, struct cf_keys *ret);

/* ---------------------------------------------------------------- cursor */

/* What a plugin's setup reads from: all occurrences of its directive in the block, in file order.
 *
 *   while (cf_directive(in)) {                  each occurrence; options keep accumulating
 *           while (cf_arg(in, &t)) ...          arguments on the directive's line
 *           while (cf_option(in, &t)) {         lines of its { block }, if it has one
 *                   ... cf_arg(in, &t) ...      arguments on the option's line
 *           }
 *   }
 * Errors come with the place of the last token read and the plugin's name. */
struct cf_cursor {
	const struct cf_directive *const *list;
	size_t n, at; /* directive; at is 1 for the first */
	size_t tok; /* token within it, the last one read */
	unsigned depth; /* braces open around the line being read */
	bool entered; /* its block was looked at */
	struct cf_errors *errs;
	struct arena *arena;
	const char *plugin;
};

/* Gather the block's occurrences of `name`, in file order.  0 or -ENOMEM. */
int cf_cursor_init(struct cf_cursor *c, struct arena *a, const struct cf_block *b, const char *name,
		   struct cf_errors *errs) MUST_USE;

/* A block that was not looked at since the last call is an error that this records: whoever runs setups
 * compares errs->n_errors before and after. */
bool cf_directive(struct cf_cursor *c);
/* The token last read (never NULL after cf_directive). */
const struct cf_token *cf_here(const struct cf_cursor *c);
/* A brace ends the line's arguments. */
bool cf_arg(struct cf_cursor *c, const struct cf_token **ret);
/* How many arguments are left on this line. */
size_t cf_args_left(const struct cf_cursor *c);
/* The name of the next option line; what was left of the line before is skipped.  False at the closing
 * brace or when there is no block. */
bool cf_option(struct cf_cursor *c, const struct cf_token **ret);
/* Options can have a block of their own: true and inside if `{` follows on this line (behind the arguments).
 * cf_option() then gives the lines of that block, until false at its end. */
bool cf_has_block(struct cf_cursor *c);
/* Error if a `{` follows: this directive or option has no block. */
int cf_no_block(struct cf_cursor *c) MUST_USE;

/* Record an error at the last token read: `FILE:LINE: plugin NAME: text`.  Returns ERR_SYNTAX. */
int cf_fail(struct cf_cursor *c, const char *fmt, ...) PRINTF(2, 3);
/* "unknown option "x"; did you mean "y"? allowed here: a, b, c" */
int cf_unknown_option(struct cf_cursor *c, const struct cf_token *t, const char *const *allowed, size_t n);
/* Error unless the line has no more arguments ("found "x", where no further argument is allowed"). */
int cf_no_more_args(struct cf_cursor *c) MUST_USE;
/* One argument of a kind, with a message that says what was expected; `what` names it. */
int cf_arg_text(struct cf_cursor *c, const char *what, const char **ret) MUST_USE;
int cf_arg_u32(struct cf_cursor *c, const char *what, uint32_t min, uint32_t max, uint32_t *ret) MUST_USE;
int cf_arg_i64(struct cf_cursor *c, const char *what, int64_t min, int64_t max, int64_t *ret) MUST_USE;
/* One of `words`, exactly; its index. */
int cf_arg_word(struct cf_cursor *c, const char *what, const char *const *words, size_t n,
		size_t *ret) MUST_USE;
/* A Go duration ("1h2m3s", "300ms", "0"); bounds in nanoseconds. */
int cf_arg_duration(struct cf_cursor *c, const char *what, uint64_t min_ns, uint64_t max_ns,
		    uint64_t *ret_ns) MUST_USE;
/* Text alone: 0, -EINVAL (not of this form), -ERANGE (negative, or over 2^63-1 ns, some 292 years). */
int cf_duration(const char *text, uint64_t *ret_ns);
/* As Go prints it: "1m0s", "1.5s", "300ms", "0s". */
void cf_duration_text(uint64_t ns, char out[32]);
/* A decimal integer with an optional sign, as Go's Atoi: 0, -EINVAL, -ERANGE (over 64 bits). */
int cf_integer(const char *text, int64_t *ret);

/* ---------------------------------------------------------------- options by table */

/* One option of a plugin: keyword, how many arguments, what to do.  The long setups are tables of these. */
struct cf_option_def {
	const char *name;
	int min_args, max_args; /* max -1: no bound */
	int (*parse)(struct cf_cursor *c, void *state);
	const char *help; /* the arguments, for messages: "CAPACITY [TTL [MINTTL]]" */
};
/* Read one directive's { block } by table.  Unknown ones and wrong numbers of arguments are errors; after an
 * error goes on with the next line, so that `check` can show all.  `parse` may be NULL (accepted, no effect).
 * 0 or ERR_SYNTAX. */
int cf_options(struct cf_cursor *c, const struct cf_option_def *defs, size_t n, void *state) MUST_USE;
