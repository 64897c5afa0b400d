// SPDX-License-Identifier: Apache-2.0
#include "cli/convert_tree.h"

#include "base/err.h"
#include "corefile/corefile.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { DEPTH_MAX = 20 };

struct reader {
	struct arena *a;
	struct cf_errors *errs;
	const char *file;
	const char *at, *end;
	unsigned line;
	const char *above; /* comments seen and not yet given to a line */
	struct conv_node *open[DEPTH_MAX]; /* the blocks around; [0] is the root */
	size_t depth;
	bool no_braces; /* the file is one server block without braces */
	bool no_memory;
};

static int fail(struct reader *r, const char *what)
{
	cf_error(r->errs, r->file, r->line, "%s", what);
	return ERR_SYNTAX;
}

/* ---------------------------------------------------------------- lines */

bool conv_is(const struct conv_node *n, const char *name)
{
	return n->words && strcmp(n->words->text, name) == 0;
}

struct conv_word *conv_arg(const struct conv_node *n, size_t i)
{
	struct conv_word *w = n->words ? n->words->next : NULL;

	while (w && i--)
		w = w->next;
	return w;
}

size_t conv_n_args(const struct conv_node *n)
{
	size_t count = 0;

	while (conv_arg(n, count))
		count++;
	return count;
}

struct conv_node *conv_find(const struct conv_node *in, const char *name)
{
	struct conv_node *n = in->first;

	while (n && !conv_is(n, name))
		n = n->next;
	return n;
}

void conv_append(struct conv_node *in, struct conv_node *n)
{
	struct conv_node **at = &in->first;

	while (*at)
		at = &(*at)->next;
	*at = n;
	n->next = NULL;
	in->has_block = true;
}

void conv_remove(struct conv_node *from, const struct conv_node *n)
{
	struct conv_node **at = &from->first;

	while (*at && *at != n)
		at = &(*at)->next;
	if (*at)
		*at = n->next;
	if (!from->first && !from->below)
		from->has_block = false;
}

static bool add_word(struct arena *a, struct conv_node *n, const char *text, size_t len)
{
	struct conv_word **at = &n->words, *w = arena_zalloc(a, sizeof(*w));

	if (!w || !(w->text = arena_strndup(a, text, len)))
		return false;
	while (*at)
		at = &(*at)->next;
	*at = w;
	return true;
}

struct conv_node *conv_new(struct arena *a, const char *words)
{
	struct conv_node *n = arena_zalloc(a, sizeof(*n));

	while (n && *words) {
		size_t len = strcspn(words, " ");

		if (!add_word(a, n, words, len))
			return NULL;
		words += len + (words[len] == ' ');
	}
	return n;
}

/* ---------------------------------------------------------------- reading */

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && *r->at != '\n' && isspace((unsigned char)*r->at))
		r->at++;
}

/* One word as it stands; a quoted one may go over several lines.  NULL: it has no end (recorded). */
static const char *read_word(struct reader *r, size_t *len)
{
	const char *start = r->at;
	unsigned line = r->line;

	if (*r->at != '"') {
		while (r->at < r->end && !isspace((unsigned char)*r->at))
			r->at++;
		*len = (size_t)(r->at - start);
		return start;
	}
	for (r->at++; r->at < r->end && *r->at != '"'; r->at++) {
		r->line += *r->at == '\n';
		if (*r->at == '\\' && r->at + 1 < r->end && (r->at[1] == '"' || r->at[1] == '\\'))
			r->at++;
	}
	if (r->at == r->end) {
		cf_error(r->errs, r->file, line, "a quote is opened here and never closed");
		return NULL;
	}
	r->at++; /* the closing quote */
	*len = (size_t)(r->at - start);
	return start;
}

/* To the end of the line. */
static const char *read_comment(struct reader *r)
{
	const char *start = r->at, *nl = memchr(start, '\n', (size_t)(r->end - start));
	size_t len;

	r->at = nl ? nl : r->end;
	len = (size_t)(r->at - start);
	while (len && isspace((unsigned char)start[len - 1]))
		len--;
	return arena_strndup(r->a, start, len);
}

static void keep_comment(struct reader *r, const char *comment)
{
	if (comment)
		r->above = arena_printf(r->a, "%s%s\n", r->above ? r->above : "", comment);
	if (!r->above)
		r->no_memory = true;
}

/* The words of one line into `n`; *opens: it ends with a brace that opens a block. */
static int read_line(struct reader *r, struct conv_node *n, bool *opens)
{
	*opens = false;
	for (skip_blanks(r); r->at < r->end && *r->at != '\n'; skip_blanks(r)) {
		size_t len;
		const char *text;

		if (*r->at == '#') {
			n->comment = read_comment(r);
			break;
		}
		if (*opens)
			return fail(r, "found words behind \"{\", where the line must end");
		text = read_word(r, &len);
		if (!text)
			return ERR_SYNTAX;
		*opens = len == 1 && *text == '{';
		if (!*opens && !add_word(r->a, n, text, len))
			return -ENOMEM;
		if (len == 1 && *text == '}' && n->words->next)
			return fail(r,
				    "found \"}\" behind other words, where it must have a line of its own");
	}
	return 0;
}

static int close_block(struct reader *r, struct conv_node *n)
{
	struct conv_node *block = r->open[r->depth];

	if (r->depth == (r->no_braces ? 1 : 0))
		return fail(r, "found \"}\", where no block is open");
	block->below = r->above;
	r->above = NULL;
	if (n->comment)
		keep_comment(r, n->comment); /* before what comes next */
	r->depth--;
	return 0;
}

static int open_block(struct reader *r, struct conv_node *n)
{
	if (!n)
		return fail(r, "found \"{\", where a name is expected before it");
	if (r->depth + 1 == DEPTH_MAX)
		return fail(r, "more than 19 blocks within each other");
	n->has_block = true;
	r->open[++r->depth] = n;
	return 0;
}

/* Keys that end with a comma go on in the next line. */
static bool goes_on(const struct conv_node *n)
{
	const struct conv_word *w = n->words;

	while (w && w->next)
		w = w->next;
	return w && *w->text && w->text[strlen(w->text) - 1] == ',';
}

static struct conv_node *last_of(const struct conv_node *in)
{
	struct conv_node *n = in->first;

	while (n && n->next)
		n = n->next;
	return n;
}

/* A line among server blocks that opens none, and is no import, is the keys of a block without braces: it goes up to
 * the end of the file. */
static int without_braces(struct reader *r)
{
	struct conv_node *last = last_of(r->open[0]);

	if (r->depth || !last || last->has_block || conv_is(last, "import"))
		return 0;
	r->no_braces = true;
	return open_block(r, last);
}

static int take_line(struct reader *r)
{
	struct conv_node *n = arena_zalloc(r->a, sizeof(*n)), *in = r->open[r->depth], *last = last_of(in);
	bool opens, more = r->depth == 0 && last && !last->has_block && goes_on(last);
	int err;

	if (!n)
		return -ENOMEM;
	n->line = r->line;
	err = read_line(r, more ? last : n, &opens);
	if (err)
		return err;
	if (more)
		return opens ? open_block(r, last) : 0;
	if (!n->words && !opens) {
		if (n->comment)
			keep_comment(r, n->comment);
		return 0;
	}
	if (!n->words)
		return open_block(r, last && !last->has_block ? last : NULL);
	if (conv_is(n, "}"))
		return close_block(r, n);
	err = without_braces(r);
	if (err)
		return err;
	n->above = r->above;
	r->above = NULL;
	conv_append(r->open[r->depth], n);
	return opens ? open_block(r, n) : 0;
}

/* What no text editor writes, and what would be read otherwise than it looks. */
static int check_bytes(struct reader *r)
{
	for (const char *c = r->at; c < r->end; c++) {
		r->line += *c == '\n';
		if (!*c)
			return fail(r, "found a NUL byte, where only text is allowed");
		if (*c == '\r' && (c + 1 == r->end || c[1] != '\n'))
			return fail(r, "found a carriage return within a line");
	}
	r->line = 1;
	return 0;
}

int conv_read(struct arena *a, const char *file, const char *text, size_t len, struct cf_errors *errs,
	      struct conv_node **ret_root)
{
	struct reader r = {.a = a, .errs = errs, .file = file, .at = text, .end = text + len, .line = 1};
	int err;

	*ret_root = r.open[0] = arena_zalloc(a, sizeof(**ret_root));
	if (!r.open[0])
		return -ENOMEM;
	err = check_bytes(&r);
	while (r.at < r.end && !err) {
		err = take_line(&r);
		if (r.at < r.end && *r.at == '\n') {
			r.at++;
			r.line++;
		}
	}
	if (!err && r.no_memory)
		err = -ENOMEM;
	if (!err)
		err = without_braces(&r);
	if (!err && r.depth > (r.no_braces ? 1 : 0))
		err = fail(&r, "the file ends within a block; expected \"}\"");
	if (!err)
		r.open[r.no_braces ? 1 : 0]->below = r.above;
	return err;
}
