// SPDX-License-Identifier: Apache-2.0
/* The Corefile's parser and all that reads from it.  Input: a Corefile; lines that begin with "%%" put in what
 * else there is in the world, each up to the next of them:
 *   %%file NAME   a file to import     %%env NAME   an environment variable     %%extra   a second file */
#include "base/arena.h"
#include "base/err.h"
#include "cli/portable.h"
#include "corefile/corefile.h"
#include "fuzz.h"
#include "wire/name.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { PARTS_MAX = 32, TOKENS_MAX = 20000, INPUT_MAX = 1 << 16 };

/* What stands between two "%%" lines. */
struct part {
	char kind; /* 'f', 'e', 'x'; 0 for the Corefile itself */
	const char *name, *text;
	size_t len;
};

struct world {
	struct part parts[PARTS_MAX];
	size_t n;
};

/* Cut the copy of the input into parts; ends names and texts with NUL. */
static void cut(struct world *w, char *text, size_t len)
{
	struct part *p = &w->parts[w->n++];
	char *end = text + len;

	*p = (struct part){.text = text, .len = len};
	for (char *at = text; w->n < PARTS_MAX; at++) {
		at = memmem(at, (size_t)(end - at), "\n%%", 3);
		if (!at)
			return;
		p->len = (size_t)(at - p->text);
		*at = 0;
		char *line = at + 3, *nl = memchr(line, '\n', (size_t)(end - line));
		if (!nl)
			return;
		*nl = 0;
		char *name = memchr(line, ' ', (size_t)(nl - line));
		p = &w->parts[w->n++];
		*p = (struct part){.kind = *line,
				   .name = name ? name + 1 : "",
				   .text = nl + 1,
				   .len = (size_t)(end - nl - 1)};
		at = nl;
	}
}

static const struct part *find(const struct world *w, char kind, const char *name)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->parts[i].kind == kind && !strcmp(w->parts[i].name, name))
			return &w->parts[i];
	}
	return NULL;
}

static const char *env(void *arg, const char *name)
{
	const struct part *p = find(arg, 'e', name);

	return p ? p->text : NULL;
}

static int read_file(void *arg, struct arena *a, const char *path, const char **ret_text, size_t *ret_len)
{
	const struct part *p = find(arg, 'f', path);

	(void)a;
	if (!p)
		return -ENOENT;
	*ret_text = p->text;
	*ret_len = p->len;
	return 0;
}

/* A pattern matches every file. */
static int glob_files(void *arg, struct arena *a, const char *pattern, const char *const **ret_paths)
{
	const struct world *w = arg;
	const char **v = arena_alloc(a, sizeof(*v) * PARTS_MAX);
	int n = 0;

	(void)pattern;
	FUZZ_CHECK(v);
	for (size_t i = 0; i < w->n; i++) {
		if (w->parts[i].kind == 'f')
			v[n++] = w->parts[i].name;
	}
	*ret_paths = v;
	return n;
}

/* What fails has said so, and only that. */
static void check_outcome(int r, const struct cf_errors *errs, unsigned errors_before)
{
	FUZZ_CHECK(r == 0 || r == ERR_SYNTAX);
	FUZZ_CHECK((r == 0) == (errs->n_errors == errors_before));
}

/* ---------------------------------------------------------------- walks */

static int parse_any(struct cf_cursor *c, void *state)
{
	const struct cf_token *t;

	while (cf_arg(c, &t))
		++*(unsigned *)state;
	return 0;
}

static void read_values(struct cf_cursor *c, const struct cf_token *t, struct cf_keys *zones)
{
	int64_t n;
	uint64_t ns;

	if (cf_duration(t->text, &ns) == 0)
		FUZZ_CHECK(ns <= INT64_MAX);
	(void)cf_integer(t->text, &n);
	if (zones->n < 1000)
		cf_zone_arg(c->arena, t, c->errs, zones);
}

static void walk_options(struct cf_cursor *c, struct cf_keys *zones)
{
	const struct cf_token *t;
	unsigned depth = c->depth;

	while (cf_option(c, &t)) {
		FUZZ_CHECK(t == cf_here(c) && t->text && !t->brace);
		size_t left = cf_args_left(c);
		for (; cf_arg(c, &t); left--)
			read_values(c, t, zones);
		FUZZ_CHECK(left == 0);
		if (cf_has_block(c))
			walk_options(c, zones);
	}
	FUZZ_CHECK(c->depth <= depth);
}

static void walk_plain(struct cf_cursor *c, struct cf_keys *zones)
{
	const struct cf_token *t;

	while (cf_directive(c)) {
		while (cf_arg(c, &t))
			read_values(c, t, zones);
		walk_options(c, zones);
	}
}

static void walk_by_table(struct cf_cursor *c)
{
	static const struct cf_option_def defs[] = {
		{"class", 1, -1, parse_any, "CLASS..."},
		{"ttl", 1, 1, parse_any, "SECONDS"},
		{"keep", 0, 0, NULL, NULL},
	};
	unsigned args = 0;
	uint32_t u;
	uint64_t ns;

	while (cf_directive(c)) {
		unsigned before = c->errs->n_errors;
		check_outcome(cf_arg_u32(c, "N", 1, 10, &u), c->errs, before);
		before = c->errs->n_errors;
		check_outcome(cf_arg_duration(c, "DURATION", 1, 1000000000, &ns), c->errs, before);
		before = c->errs->n_errors;
		check_outcome(cf_no_more_args(c), c->errs, before);
		before = c->errs->n_errors;
		check_outcome(cf_options(c, defs, ARRAY_LEN(defs), &args), c->errs, before);
	}
}

/* Braces of a directive that parsed without errors are balanced. */
static void check_braces(const struct cf_directive *d)
{
	unsigned depth = 0;

	FUZZ_CHECK(d->n > 0);
	for (size_t i = 0; i < d->n; i++) {
		FUZZ_CHECK(d->tokens[i].text && d->tokens[i].file && d->tokens[i].line);
		depth += d->tokens[i].brace == '{';
		FUZZ_CHECK(d->tokens[i].brace != '}' || depth);
		depth -= d->tokens[i].brace == '}';
	}
	FUZZ_CHECK(!depth);
}

static void walk_block(struct arena *a, const struct cf_block *b, struct cf_errors *errs, bool sound)
{
	struct cf_keys zones = {0};
	struct cf_cursor c;

	FUZZ_CHECK(b->n_keys > 0);
	for (size_t i = 0; i < b->n_keys && zones.n < 1000; i++) {
		unsigned before = errs->n_errors;
		check_outcome(cf_key_parse(a, &b->keys[i], errs, &zones), errs, before);
	}
	for (size_t i = 0; i < zones.n; i++)
		FUZZ_CHECK(wire_name_len(zones.v[i].zone) == zones.v[i].zone_len);
	for (size_t i = 0; i < b->n_directives; i++) {
		if (sound)
			check_braces(&b->directives[i]);
	}
	for (size_t i = 0; i < b->n_directives && i < 20; i++) {
		FUZZ_CHECK(!cf_cursor_init(&c, a, b, b->directives[i].tokens[0].text, errs));
		walk_plain(&c, &zones);
		FUZZ_CHECK(!cf_cursor_init(&c, a, b, b->directives[i].tokens[0].text, errs));
		walk_by_table(&c);
	}
}

static void check_errors(const struct cf_errors *errs)
{
	char text[1200];

	for (const struct cf_error *e = errs->first; e; e = e->next) {
		FUZZ_CHECK(cf_error_format(e, text, sizeof(text)) > 0);
		FUZZ_CHECK(e->text && *e->text && !strpbrk(e->text, "\n\r\x1b"));
	}
}

/* ---------------------------------------------------------------- the target */

static int parse(struct arena *a, const char *name, const struct part *p, const struct cf_source *src,
		 struct cf_errors *errs, struct corefile *ret)
{
	unsigned before = errs->n_errors;
	int r = corefile_parse(a, name, p->text, p->len, src, errs, ret);

	check_outcome(r, errs, before);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const directives[] = {"log",     "cache", "forward", "hosts",
						 "rewrite", "tls",   "acl",     "whoami"};
	struct world w = {0};
	struct cf_source src = {.env = env, .read = read_file, .glob = glob_files, .arg = &w};
	struct corefile cf, extra;
	struct cf_errors errs;
	struct arena a;

	if (size > INPUT_MAX)
		return 0;
	arena_init(&a, NULL, 0, NULL);
	cf_errors_init(&errs, &a);
	char *text = arena_alloc(&a, size + 1); /* arena_strndup would stop at a NUL byte */
	FUZZ_CHECK(text);
	memcpy(text, data, size);
	text[size] = 0;
	cut(&w, text, size);
	src.max_tokens = TOKENS_MAX;
	if (size % 2) {
		src.directives = directives;
		src.n_directives = ARRAY_LEN(directives);
	}
	int r = parse(&a, "Corefile", &w.parts[0], &src, &errs, &cf);
	const struct part *x = find(&w, 'x', "");
	if (x && parse(&a, "extra", x, &src, &errs, &extra) == 0) {
		unsigned before = errs.n_errors;
		check_outcome(corefile_merge(&a, &cf, &extra, &errs), &errs, before);
	}
	portable_check(&cf, &errs);
	for (size_t i = 0; i < cf.n_blocks && i < 50; i++)
		walk_block(&a, &cf.blocks[i], &errs, r == 0);
	check_errors(&errs);
	arena_fini(&a);
	return 0;
}
