// SPDX-License-Identifier: Apache-2.0
/* A server block's directives.
 *
 *   directive := name args... [ "{" ... "}" ]
 *
 * A directive ends with its line, or with the `}` of the block that opens on its line.  A `}` stands first on
 * its line.  Where CoreDNS is more lenient than that with a result nobody can have meant, the text is refused;
 * where it refuses what can only mean one thing, it is read, and noted for the portable check. */
#include "corefile/parse.h"

#include <errno.h>
#include <string.h>

struct directives {
	struct cf_directive *v;
	size_t n, cap;
};

/* `text` goes to the portable check: here the file means something else to CoreDNS. */
static void note(struct parser *p, const struct cf_token *t, const char *text)
{
	token_error(&p->differs, t, "%s", text);
}

static bool known(const struct parser *p, const char *name)
{
	const struct cf_source *s = p->src;

	if (!s->directives)
		return true;
	for (size_t i = 0; i < s->n_directives; i++) {
		if (!strcmp(s->directives[i], name))
			return true;
	}
	return false;
}

static void unknown_directive(struct parser *p, const struct cf_token *t, const char *name)
{
	const struct cf_source *src = p->src;
	const char *near = src->directives ? cf_nearest(name, src->directives, src->n_directives) : NULL;
	size_t len = strlen(name);

	if (near)
		token_error(p->errs, t, "unknown directive \"%s\"; did you mean \"%s\"?", name, near);
	else if (t->brace == '{')
		token_error(p->errs, t, "found \"{\", where a directive's name is expected");
	else if (len > 1 && name[len - 1] == '{')
		token_error(p->errs, t, "unknown directive \"%s\"; a blank is missing before \"{\"", name);
	else if (strpbrk(name, ".:"))
		token_error(p->errs, t,
			    "unknown directive \"%s\", where a plugin's name, \"import\" or \"}\" is "
			    "expected (is the \"}\" of the block before missing?)",
			    name);
	else
		token_error(p->errs, t,
			    "unknown directive \"%s\", where a plugin's name, \"import\" or \"}\" is "
			    "expected",
			    name);
}

/* ---------------------------------------------------------------- one directive */

/* State of reading one: its tokens so far and the open braces. */
struct reading {
	struct cf_tokens tokens;
	const struct cf_token *open; /* the outermost open `{` */
	unsigned depth;
};

static void open_brace(struct parser *p, struct reading *r, const struct cf_token *t)
{
	if (cf_line_start(p, t) && r->depth == 0)
		token_error(p->errs, t,
			    "found \"{\" on a line of its own; it must stand on the line of \"%s\"",
			    r->tokens.v[0].text);
	if (r->depth++ == 0)
		r->open = t;
}

static void close_brace(struct parser *p, struct reading *r, const struct cf_token *t)
{
	static const char text[] =
		"found \"}\" behind an option; CoreDNS takes it as an argument there, so it "
		"should stand on a line of its own";

	if (!cf_line_start(p, t) && !(p->prev->brace == '{')) {
		token_warning(p->errs, t, "%s", text);
		note(p, t, text);
	}
	r->depth--;
}

/* CoreDNS compares line numbers to see what stands on one line.  Behind an import of a snippet these can be
 * equal or fall, and what is a new line here is none there. */
static void compare_lines(struct parser *p, const struct reading *r, const struct cf_token *t)
{
	bool peer = cf_line_start_peer(p, t);

	if (peer || p->prev->brace == '{')
		return;
	if (r->depth == 0 || p->prev->line + p->prev->newlines == t->line)
		note(p, t,
		     "to CoreDNS this line is part of the one before, because a snippet was imported between "
		     "them");
}

/* `import` at the beginning of a line within a directive's block. */
static bool import_here(struct parser *p, const struct cf_token *t)
{
	if (!cf_is(t, "import") || !cf_line_start(p, t))
		return false;
	if (!cf_line_start_peer(p, t))
		note(p, t,
		     "CoreDNS does not follow this import: its snippet stands above the line that it is put "
		     "in by");
	cf_import(p);
	return true;
}

/* Whether token `t` ends the directive. */
static bool ends(struct parser *p, struct reading *r, const struct cf_token *t)
{
	if (r->depth || t->brace == '{')
		return false;
	if (cf_line_start(p, t)) {
		if (t->brace != '}')
			compare_lines(p, r, t);
		return true;
	}
	if (t->brace != '}')
		return false;
	/* Read on as if it closed the server block: that is what was meant. */
	token_error(p->errs, t,
		    "found \"}\" behind \"%s\"; the closing brace of a server block must stand on a line "
		    "of its own",
		    r->tokens.v[0].text);
	return true;
}

static void take_token(struct parser *p, struct reading *r, const struct cf_token *t)
{
	bool behind = p->prev->brace == '}' && !cf_line_start(p, t);

	if (behind && t->brace != '}') {
		token_error(p->errs, t, "found \"%s\" behind \"}\", where the line must end", t->text);
		cf_take(p);
		cf_skip_line(p);
		return;
	}
	if (t->brace == '{')
		open_brace(p, r, t);
	else if (t->brace == '}')
		close_brace(p, r, t);
	else if (r->depth && cf_line_start(p, t))
		compare_lines(p, r, t);
	cf_keep(p, &r->tokens, t);
	cf_take(p);
}

/* Read the directive that begins at the next token. */
static void read_directive(struct parser *p, struct directives *to)
{
	struct reading r = {0};
	const struct cf_token *t = cf_peek(p), *name = t;
	struct cf_directive *v;

	cf_keep(p, &r.tokens, t);
	if (p->stopped)
		return;
	bool is_known = !t->brace && known(p, r.tokens.v[0].text);
	if (!is_known)
		unknown_directive(p, t, r.tokens.v[0].text);
	if (t->brace == '{') { /* go on behind what it encloses */
		r.depth = 1;
		r.open = t;
	}
	cf_take(p);
	while ((t = cf_peek(p)) && !ends(p, &r, t)) {
		if (!import_here(p, t))
			take_token(p, &r, t);
	}
	if (p->stopped)
		return;
	if (r.depth)
		token_error(p->errs, r.open, "the \"{\" of \"%s\" has no closing \"}\"", name->text);
	if (!is_known)
		return;
	v = cf_grow(p->a, to->v, to->n, &to->cap, sizeof *v);
	if (!v) {
		cf_stop(p, -ENOMEM);
		return;
	}
	to->v = v;
	to->v[to->n++] = (struct cf_directive){.tokens = r.tokens.v, .n = r.tokens.n};
}

/* ---------------------------------------------------------------- a block */

/* Read directives up to the closing brace, which is taken; false: the file ended first. */
static bool read_directives(struct parser *p, struct directives *to)
{
	const struct cf_token *t;

	while ((t = cf_peek(p))) {
		if (t->brace == '}') {
			cf_take(p);
			return true;
		}
		if (cf_is(t, "import"))
			cf_import(p);
		else
			read_directive(p, to);
	}
	return false;
}

static void add_block(struct parser *p, const struct cf_tokens *keys, const struct directives *d)
{
	struct cf_block *v = cf_grow(p->a, p->blocks, p->n_blocks, &p->cap_blocks, sizeof *v);

	if (!v) {
		cf_stop(p, -ENOMEM);
		return;
	}
	p->blocks = v;
	p->blocks[p->n_blocks++] = (struct cf_block){
		.keys = keys->v,
		.n_keys = keys->n,
		.directives = d->v,
		.n_directives = d->n,
		.file = keys->v[0].file,
		.line = keys->v[0].line,
	};
}

/* The file ended within the braces.  CoreDNS only looks whether its last word is a `}`, which may be that of a
 * directive's block. */
static void unclosed(struct parser *p, const struct cf_token *open)
{
	if (p->prev->brace == '}')
		token_warning(p->errs, open, "the \"{\" of this server block has no closing \"}\"");
	else
		token_error(p->errs, open, "the \"{\" of this server block has no closing \"}\"");
}

void cf_read_block(struct parser *p, const struct cf_tokens *keys)
{
	struct directives d = {0};
	const struct cf_token *open = cf_peek(p);

	if (open && open->brace == '{')
		cf_take(p);
	else
		open = NULL;
	bool closed = read_directives(p, &d);
	if (p->stopped)
		return;
	if (open && !closed)
		unclosed(p, open);
	if (!open && closed)
		token_warning(p->errs, p->prev, "found \"}\", but the server block has no \"{\"");
	if (keys->n)
		add_block(p, keys, &d);
}
