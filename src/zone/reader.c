// SPDX-License-Identifier: Apache-2.0
/* Zone files: records and the directives $ORIGIN, $TTL, $INCLUDE and $GENERATE.  RFC 1035 5, RFC 2308 4. */
#include "base/err.h"
#include "wire/name.h"
#include "zone/generate.h"
#include "zone/lex.h"
#include "zone/rr_text.h"
#include "zone/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	INCLUDE_DEPTH_MAX = 7, /* the peer's */
	FILE_MAX = 1 << 30,    /* bytes */
	PATH_MAX_LEN = 4096,
};

/* What goes on from line to line, and into included files. */
struct state {
	struct zone_reader *r;
	struct zone_rr rr;     /* the last record; its owner is the next one's if that has none */
	bool has_owner, has_ttl_before, has_default;
	uint32_t ttl_before_s, default_s;
	unsigned depth;
	uint8_t rdata[ZONE_RDATA_MAX];
};

/* One file being read. */
struct file {
	struct state *st;
	const char *path;
	struct zone_lex lex;
	uint8_t origin[WIRE_NAME_MAX];
};

static int fail(struct file *f, unsigned line, const char *why)
{
	if (!*f->st->r->error)
		snprintf(f->st->r->error, sizeof(f->st->r->error), "%s:%u: %s", f->path, line, why);
	return ERR_SYNTAX;
}

static int read_path(struct state *st, const char *path, const uint8_t *origin);

/* ---------------------------------------------------------------- the text */

static int read_all(FILE *in, char **ret_text, size_t *ret_len)
{
	size_t len = 0, cap = 65536;
	char *text = malloc(cap), *more;

	while (text) {
		len += fread(text + len, 1, cap - len, in);
		if (ferror(in) || len > FILE_MAX)
			break;
		if (len < cap) {
			*ret_text = text;
			*ret_len = len;
			return 0;
		}
		cap *= 2;
		more = realloc(text, cap);
		if (!more)
			break;
		text = more;
	}
	free(text);
	return len > FILE_MAX ? -EFBIG : errno ? -errno : -EIO;
}

int zone_read_text(const char *path, char **ret_text, size_t *ret_len)
{
	FILE *in = fopen(path, "re");
	int err;

	if (!in)
		return -errno;
	errno = 0;
	err = read_all(in, ret_text, ret_len);
	fclose(in);
	return err;
}

/* ---------------------------------------------------------------- records */

static struct zone_context context(const struct file *f)
{
	const struct state *st = f->st;

	return (struct zone_context){
		.origin = f->origin,
		.owner = st->has_owner ? st->rr.owner : NULL,
		.ttl_s = st->has_default ? st->default_s : st->ttl_before_s,
		.has_ttl = st->has_default || st->has_ttl_before,
		.cls = CLASS_IN,
	};
}

static int take(struct file *f, unsigned line)
{
	struct state *st = f->st;
	const char *why;
	int err;

	st->has_owner = true;
	if (st->rr.ttl_given) {
		st->ttl_before_s = st->rr.ttl_s;
		st->has_ttl_before = true;
	}
	err = zone_builder_add(st->r->to, &st->rr, &why);
	return err ? fail(f, line, why) : 0;
}

static int read_record(struct file *f, const struct zone_word *first)
{
	struct zone_context c = context(f);
	uint8_t owner[WIRE_NAME_MAX];

	if (c.owner) { /* the record is read over the one that it takes its owner from */
		memcpy(owner, c.owner, wire_name_len(c.owner));
		c.owner = owner;
	}
	if (zone_rr_read(&f->lex, first, &c, &f->st->rr))
		return fail(f, f->lex.line, f->lex.error ? f->lex.error : "no record");
	return take(f, first->line);
}

/* ---------------------------------------------------------------- directives */

static int end_of_line(struct file *f, unsigned line)
{
	struct zone_word w;
	int n = zone_lex_word(&f->lex, &w);

	if (n < 0)
		return fail(f, line, f->lex.error);
	return n ? fail(f, line, "found more behind the directive") : 0;
}

static int word(struct file *f, unsigned line, const char *what, struct zone_word *ret)
{
	int n = zone_lex_word(&f->lex, ret);

	return n == 1 ? 0 : fail(f, line, n < 0 ? f->lex.error : what);
}

static int read_origin(struct file *f, unsigned line)
{
	uint8_t name[WIRE_NAME_MAX];
	struct zone_word w;
	size_t len;

	if (word(f, line, "expected a name behind $ORIGIN", &w))
		return ERR_SYNTAX;
	len = zone_name_from_text(w.s, w.len, f->origin, name);
	if (!len)
		return fail(f, line, "expected a name behind $ORIGIN");
	memcpy(f->origin, name, len);
	return end_of_line(f, line);
}

static int read_ttl(struct file *f, unsigned line)
{
	struct zone_word w;

	if (word(f, line, "expected a time behind $TTL", &w))
		return ERR_SYNTAX;
	if (!zone_ttl_from_text(w.s, w.len, &f->st->default_s) || f->st->default_s > ZONE_TTL_MAX)
		return fail(f, line, "expected a time such as 3600 or 1h30m behind $TTL");
	f->st->has_default = true;
	return end_of_line(f, line);
}

/* A path is relative to the file that names it. */
static int include_path(const struct file *f, const struct zone_word *w, char out[PATH_MAX_LEN])
{
	const char *slash = strrchr(f->path, '/');
	size_t dir = slash && *w->s != '/' ? (size_t)(slash - f->path) + 1 : 0;

	if (!w->len || dir + w->len >= PATH_MAX_LEN)
		return ERR_LIMIT;
	memcpy(out, f->path, dir);
	memcpy(out + dir, w->s, w->len);
	out[dir + w->len] = '\0';
	return 0;
}

/* $INCLUDE FILE [ORIGIN]: origin and owner are as before behind it. */
static int read_include(struct file *f, unsigned line)
{
	uint8_t origin[WIRE_NAME_MAX];
	char path[PATH_MAX_LEN], why[128];
	struct zone_word w, at;
	int n, err;

	if (word(f, line, "expected a file name behind $INCLUDE", &w))
		return ERR_SYNTAX;
	memcpy(origin, f->origin, wire_name_len(f->origin));
	n = zone_lex_word(&f->lex, &at);
	if (n == 1 && !zone_name_from_text(at.s, at.len, f->origin, origin))
		return fail(f, line, "expected a name as the included file's origin");
	if (n < 0 || (n == 1 && end_of_line(f, line)))
		return fail(f, line, f->lex.error ? f->lex.error : "found more behind $INCLUDE");
	if (f->st->depth >= INCLUDE_DEPTH_MAX)
		return fail(f, line, "files include each other more than 7 deep");
	if (include_path(f, &w, path))
		return fail(f, line, "the file's name is too long");
	err = read_path(f->st, path, origin);
	if (err && err != ERR_SYNTAX) {
		snprintf(why, sizeof(why), "the included file cannot be read: %s", err_text(err));
		return fail(f, line, why);
	}
	return err;
}

static int add_generated(void *arg, const char *text, size_t len)
{
	struct file *f = arg;
	struct zone_context c = context(f);
	const char *why;

	c.owner = NULL;
	if (zone_rr_from_text(text, len, &c, &f->st->rr, &why))
		return fail(f, f->lex.line, why);
	return take(f, f->lex.line);
}

/* What is behind $GENERATE to the end of its line, as it stands. */
static int read_generate(struct file *f, unsigned line)
{
	const char *from = f->lex.at, *to;
	char why[128];
	int err;

	if (zone_lex_skip(&f->lex))
		return fail(f, line, f->lex.error);
	to = f->lex.at;
	err = zone_generate(from, (size_t)(to - from), add_generated, f, why);
	return err == ERR_SYNTAX ? fail(f, line, why) : err;
}

static int read_directive(struct file *f, const struct zone_word *w)
{
	static const struct {
		const char *name;
		int (*read)(struct file *f, unsigned line);
	} directives[] = {
		{"$ORIGIN", read_origin}, {"$TTL", read_ttl}, {"$INCLUDE", read_include}, {"$GENERATE", read_generate}};

	for (size_t i = 0; i < ARRAY_LEN(directives); i++) {
		if (zone_word_is(w, directives[i].name))
			return directives[i].read(f, w->line);
	}
	return fail(f, w->line, "unknown directive; there are $ORIGIN, $TTL, $INCLUDE and $GENERATE");
}

/* ---------------------------------------------------------------- files */

static int read_entries(struct file *f)
{
	struct zone_word w;
	int n;

	while ((n = zone_lex_entry(&f->lex, &w)) == 1) {
		bool directive = !w.quoted && *w.s == '$' && !f->lex.starts_blank;

		if (directive ? read_directive(f, &w) : read_record(f, &w))
			return ERR_SYNTAX;
	}
	return n < 0 ? fail(f, f->lex.line, f->lex.error) : 0;
}

static int read_path(struct state *st, const char *path, const uint8_t *origin)
{
	struct file f = {.st = st, .path = path};
	char *text;
	size_t len;
	int err = st->r->read ? st->r->read(st->r->arg, path, &text, &len) : zone_read_text(path, &text, &len);

	if (err)
		return err;
	memcpy(f.origin, origin, wire_name_len(origin));
	f.lex = zone_lex_over(text, len);
	st->depth++;
	err = read_entries(&f);
	st->depth--;
	free(text);
	return err;
}

int zone_read_file(struct zone_reader *r, const char *path)
{
	struct state *st = calloc(1, sizeof(*st));
	int err;

	r->error[0] = '\0';
	if (!st)
		return -ENOMEM;
	st->r = r;
	st->rr.rdata = st->rdata;
	err = read_path(st, path, r->origin);
	free(st);
	return err;
}
