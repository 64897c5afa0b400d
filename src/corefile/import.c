// SPDX-License-Identifier: Apache-2.0
/* `import NAME`: a snippet of that name, else a file, else the files that match a pattern.
 *
 * A relative path starts at the directory of the file that has the import in it.  A pattern may have one `*`
 * and one `?` and no `[...]`, which keeps the number of directories to look at small. */
#include "corefile/parse.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int cf_push(struct parser *p, const struct cf_tokens *body, const void *of)
{
	struct cf_frame *f = p->unused;

	if (f)
		p->unused = f->up;
	else
		f = arena_alloc(p->a, sizeof *f);
	if (!f)
		return -ENOMEM;
	*f = (struct cf_frame){.v = body->v, .n = body->n, .of = of, .up = p->top};
	p->top = f;
	return 0;
}

struct cf_snippet *cf_snippet_find(struct parser *p, const char *name)
{
	for (struct cf_snippet *s = p->snippets; s; s = s->next) {
		if (!strcmp(s->name, name))
			return s;
	}
	return NULL;
}

/* Put in a snippet or file, unless that would not end. */
static void put_in(struct parser *p, const struct cf_token *t, const struct cf_tokens *body, const void *of)
{
	for (const struct cf_frame *f = p->top; f; f = f->up) {
		if (f->of == of && f->at) { /* at 0: a sibling that waits for its turn */
			token_error(p->errs, t,
				    "\"%s\" is imported while it is being imported: that would not end",
				    t->text);
			return;
		}
	}
	if (cf_push(p, body, of))
		cf_stop(p, -ENOMEM);
}

/* ---------------------------------------------------------------- files */

/* The file's tokens, read and kept on first use. */
static struct cf_file *load(struct parser *p, const char *path)
{
	const char *text = "";
	size_t len = 0;
	struct cf_file *f;

	for (f = p->files; f; f = f->next) {
		if (!strcmp(f->path, path))
			return f;
	}
	f = arena_zalloc(p->a, sizeof *f);
	if (!f || !(f->path = arena_strdup(p->a, path))) {
		cf_stop(p, -ENOMEM);
		return NULL;
	}
	f->next = p->files;
	p->files = f;
	f->status = p->src->read ? p->src->read(p->src->arg, p->a, f->path, &text, &len) : -ENOENT;
	if (!f->status)
		cf_lex(p, f->path, text, len, &f->body);
	return f;
}

/* load, or NULL with an error recorded. */
static struct cf_file *open_file(struct parser *p, const struct cf_token *t, const char *path)
{
	struct cf_file *f = load(p, path);

	if (!f || !f->status)
		return f;
	if (f->status == -ENOENT)
		token_error(p->errs, t,
			    "import \"%s\": no snippet of that name is defined above, and there is no such "
			    "file (%s)",
			    t->text, path);
	else if (f->status == -EISDIR)
		token_error(p->errs, t, "import \"%s\" is a directory, where a file is expected", path);
	else
		token_error(p->errs, t, "cannot read \"%s\": %s", path, err_text(f->status));
	return NULL;
}

static void import_file(struct parser *p, const struct cf_token *t, const char *path)
{
	struct cf_file *f = open_file(p, t, path);

	if (f)
		put_in(p, t, &f->body, f);
}

/* ---------------------------------------------------------------- patterns */

static unsigned count(const char *s, char c)
{
	unsigned n = 0;

	for (; (s = strchr(s, c)); s++)
		n++;
	return n;
}

/* 0, or ERR_SYNTAX for a pattern that would take too long or has no meaning. */
static int check_pattern(struct parser *p, const struct cf_token *t, const char *s)
{
	if (count(s, '*') > 1 || count(s, '?') > 1 || (strchr(s, '[') && strchr(s, ']')))
		return token_error(p->errs, t,
				   "pattern \"%s\" has more wildcards than allowed: one \"*\" and one "
				   "\"?\", no \"[...]\"",
				   s);
	for (const char *c = s; *c; c++) {
		if (*c == '[' || (*c == '\\' && !*++c))
			return token_error(p->errs, t, "pattern \"%s\" ends within \"%s\"", s,
					   *c == '[' ? "[...]" : "\\");
	}
	return 0;
}

/* Take "." and "NAME/.." out of a path, by its text alone, as CoreDNS does.  So a file that imports itself by a
 * roundabout way has the same path each time. */
static void clean(char *path)
{
	char *out = path + (*path == '/'), *floor = out;

	for (const char *s = out; *s;) {
		size_t n = strcspn(s, "/");
		const char *next = s + n + strspn(s + n, "/");

		if (n == 2 && s[0] == '.' && s[1] == '.' && out > floor) {
			for (out--; out > floor && out[-1] != '/'; out--)
				;
		} else if (n && !(n == 1 && s[0] == '.')) {
			bool up = n == 2 && s[0] == '.' && s[1] == '.';
			memmove(out, s, n);
			out += n;
			if (s[n])
				*out++ = '/';
			if (up)
				floor = out; /* what goes up from the start cannot be taken back */
		}
		s = next;
	}
	*out = 0;
}

/* `name` seen from the directory of `from`; `escape`: that directory's own wildcard characters stand for
 * themselves in a pattern. */
static const char *beside(struct arena *a, const char *from, const char *name, bool escape)
{
	const char *slash = strrchr(from, '/');
	size_t dir = slash ? (size_t)(slash - from) + 1 : 0, n = 0;

	if (name[0] == '/')
		return name;
	char *out = arena_alloc(a, 2 * dir + strlen(name) + 1);
	if (!out)
		return NULL;
	for (size_t i = 0; i < dir; i++) {
		if (escape && strchr("*?[\\", from[i]))
			out[n++] = '\\';
		out[n++] = from[i];
	}
	strcpy(out + n, name);
	clean(out);
	return out;
}

/* Read them in order, for the order of errors; put them on the stack so that the first comes to lie on top. */
static void import_files(struct parser *p, const struct cf_token *t, const char *const *paths, int n)
{
	struct cf_file **files = arena_alloc(p->a, (size_t)n * sizeof(*files));

	if (!files) {
		cf_stop(p, -ENOMEM);
		return;
	}
	for (int i = 0; i < n && !p->stopped; i++)
		files[i] = open_file(p, t, paths[i]);
	for (int i = n - 1; i >= 0 && !p->stopped; i--) {
		if (files[i])
			put_in(p, t, &files[i]->body, files[i]);
	}
}

static void import_pattern(struct parser *p, const struct cf_token *t, const char *pattern)
{
	const char *const *paths = NULL;
	int n = p->src->glob ? p->src->glob(p->src->arg, p->a, pattern, &paths) : 0;

	if (n < 0)
		token_error(p->errs, t, "cannot look up \"%s\": %s", pattern, err_text(n));
	else if (n == 0 && !strpbrk(pattern, "*?]"))
		token_error(p->errs, t, "import \"%s\": there is no such file", t->text);
	else if (n == 0)
		token_warning(p->errs, t, "no file matches \"%s\"", t->text);
	else
		import_files(p, t, paths, n);
}

static void import_path(struct parser *p, const struct cf_token *t)
{
	bool is_pattern = strpbrk(t->text, "*?[]\\") != NULL;
	const char *path;

	if (++p->n_imports > CF_IMPORTS_MAX) {
		token_error(p->errs, t, "more than %d imports of files; that many are allowed",
			    CF_IMPORTS_MAX);
		cf_stop(p, ERR_LIMIT);
		return;
	}
	if (is_pattern && check_pattern(p, t, t->text))
		return;
	path = beside(p->a, t->file, t->text, is_pattern);
	if (!path)
		cf_stop(p, -ENOMEM);
	else if (is_pattern)
		import_pattern(p, t, path);
	else
		import_file(p, t, path);
}

/* ---------------------------------------------------------------- the directive */

static void import_name(struct parser *p, const struct cf_token *t)
{
	struct cf_snippet *s = cf_snippet_find(p, t->text);

	if (!s) {
		import_path(p, t);
		return;
	}
	if (++p->n_snippets > CF_SNIPPETS_MAX) {
		token_error(p->errs, t, "more than %d imports of snippets; that many are allowed",
			    CF_SNIPPETS_MAX);
		cf_stop(p, ERR_LIMIT);
		return;
	}
	put_in(p, t, &s->body, s);
}

/* The next token if it stands on the line of the import.  Does not leave the frame: what is being imported must
 * stay on the stack, also behind its last token. */
static const struct cf_token *same_line(const struct parser *p)
{
	const struct cf_frame *f = p->top;

	return f->at < f->n && !f->v[f->at].starts_line ? &f->v[f->at] : NULL;
}

void cf_import(struct parser *p)
{
	const struct cf_token *before = p->prev, *at = cf_take(p), *next = same_line(p);
	struct cf_token arg;

	if (p->stopped)
		return;
	if (!next) {
		token_error(p->errs, at, "import is not followed by the name of a snippet or file");
		p->prev = before;
		return;
	}
	arg = *next;
	arg.text = cf_expand(p, next);
	cf_take(p);
	next = same_line(p);
	if (next) {
		token_error(p->errs, next,
			    "found \"%s\" behind the name; import takes one snippet, file or pattern",
			    next->text);
		cf_skip_line(p);
	} else if (!*arg.text)
		token_error(p->errs, &arg, "import has an empty name (an unset variable?)");
	else if (!p->stopped)
		import_name(p, &arg);
	p->prev = before;
	p->after_import = true;
}
