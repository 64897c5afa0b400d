// SPDX-License-Identifier: Apache-2.0
/* The grammar of `hosts`.  Its block holds options and lines of a hosts file side by side. */
#include "base/clock.h"
#include "base/err.h"
#include "corefile/corefile.h"
#include "plugin/hosts/hosts.h"
#include "server/generation.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { TTL_DEFAULT_S = 3600, TTL_MAX_S = 65535, RELOAD_DEFAULT_MS = 5000, RELOAD_MIN_MS = 10 };

/* Lines gathered from the Corefile. */
struct lines {
	char *text;
	size_t len, cap;
};

struct reading {
	struct setup *s;
	struct hosts *h;
	struct lines lines;
};

static void warn(struct setup *s, const char *what, const char *path)
{
	const struct cf_token *t = cf_here(s->in);

	cf_warning(s->in->errs, t->file, t->line, "plugin hosts: %s: %s", what, path);
}

/* Arguments that the peer takes and does not look at. */
static void pass_over(struct setup *s)
{
	const struct cf_token *t;

	while (cf_arg(s->in, &t))
		warn(s, "not looked at", t->text);
}

/* ---------------------------------------------------------------- [FILE [ZONES...]] */

/* A changed file is another configuration: what is cached above was made of it. */
static int note_file(struct setup *s, const char *path, bool given)
{
	struct stat st;

	if (stat(path, &st) == -1) {
		if (errno != ENOENT)
			return cf_fail(s->in, "hosts file \"%.300s\": %s", path, err_text(-errno));
		if (given)
			warn(s, "File does not exist", path);
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		warn(s, "Hosts file is a directory", path);
	s->note_content(s, &st.st_mtim, sizeof(st.st_mtim));
	s->note_content(s, &st.st_size, sizeof(st.st_size));
	s->note_content(s, &st.st_ino, sizeof(st.st_ino));
	return 0;
}

static int own_zones(struct setup *s, struct cf_keys *keys)
{
	keys->v = arena_zalloc(s->arena, (s->block->n_keys + 1) * sizeof(*keys->v));
	if (!keys->v)
		return cf_fail(s->in, "out of memory");
	for (size_t i = 0; i < s->block->n_keys; i++) {
		keys->v[i].zone = s->block->keys[i].zone;
		keys->v[i].zone_len = s->block->keys[i].zone_len;
	}
	keys->n = s->block->n_keys;
	return 0;
}

static int read_args(struct setup *s, struct hosts *h)
{
	const struct cf_token *t;
	bool given = cf_arg(s->in, &t);
	bool zones = cf_args_left(s->in) > 0;

	h->file->path = block_path(s, given ? t->text : "/etc/hosts");
	if (!h->file->path || note_file(s, h->file->path, given))
		return ERR_SYNTAX;
	while (cf_arg(s->in, &t))
		cf_zone_arg(s->arena, t, s->in->errs, &h->zones.keys);
	if (!zones && own_zones(s, &h->zones.keys))
		return ERR_SYNTAX;
	h->file->scope.zones = &h->zones.keys;
	return 0;
}

/* ---------------------------------------------------------------- options */

static int parse_ttl(struct reading *r)
{
	if (cf_arg_u32(r->s->in, "TTL", 1, TTL_MAX_S, &r->h->ttl_s))
		return ERR_SYNTAX;
	pass_over(r->s);
	return 0;
}

static int parse_reload(struct reading *r)
{
	uint64_t ns;

	if (cf_arg_duration(r->s->in, "DURATION", 0, INT64_MAX, &ns) || cf_no_more_args(r->s->in))
		return ERR_SYNTAX;
	r->h->reload_ms = ns / NS_PER_MS;
	if (ns && r->h->reload_ms < RELOAD_MIN_MS)
		r->h->reload_ms = RELOAD_MIN_MS;
	return 0;
}

static int parse_no_reverse(struct reading *r)
{
	r->h->file->scope.reverse = false;
	pass_over(r->s);
	return 0;
}

static int parse_fallthrough(struct reading *r)
{
	const struct cf_token *t;

	r->h->has_fallthrough = true;
	r->h->fallthrough = (struct zone_list){.all = !cf_args_left(r->s->in)};
	while (cf_arg(r->s->in, &t))
		cf_zone_arg(r->s->arena, t, r->s->in->errs, &r->h->fallthrough.keys);
	return 0;
}

static int parse_unsupported(struct reading *r)
{
	r->h->fallthrough_unsupported = true;
	return cf_no_more_args(r->s->in);
}

static const struct {
	const char *name;
	int (*parse)(struct reading *r);
} options[] = {
	{"ttl", parse_ttl},
	{"reload", parse_reload},
	{"no_reverse", parse_no_reverse},
	{"fallthrough", parse_fallthrough},
	{"fallthrough_unsupported", parse_unsupported},
};

/* ---------------------------------------------------------------- lines of hosts */

static int append(struct reading *r, const char *word, char end)
{
	struct lines *l = &r->lines;
	size_t n = strlen(word);

	if (l->len + n + 1 > l->cap) {
		size_t cap = 2 * (l->cap + n + 512);
		char *text = arena_alloc(r->s->arena, cap);

		if (!text)
			return cf_fail(r->s->in, "out of memory");
		if (l->len)
			memcpy(text, l->text, l->len);
		l->text = text;
		l->cap = cap;
	}
	memcpy(l->text + l->len, word, n);
	l->len += n;
	l->text[l->len++] = end;
	return 0;
}

static bool is_address(const char *word)
{
	uint8_t addr[16];
	char text[INET6_ADDRSTRLEN];
	size_t len = strcspn(word, "%");

	if (len >= sizeof(text))
		return false;
	memcpy(text, word, len);
	text[len] = '\0';
	return inet_pton(AF_INET, text, addr) == 1 || inet_pton(AF_INET6, text, addr) == 1;
}

static int parse_line(struct reading *r, const struct cf_token *t)
{
	const char *const *names = (const char *[]){"ttl", "reload", "no_reverse", "fallthrough",
						    "fallthrough_unsupported", "ADDRESS NAME..."};

	if (r->h->has_fallthrough)
		return cf_unknown_option(r->s->in, t, names, 6);
	if (!is_address(t->text))
		warn(r->s, "neither an option nor an address, the line has no effect", t->text);
	for (const struct cf_token *word = t;;) {
		bool more = cf_args_left(r->s->in) > 0;

		if (append(r, word->text, more ? ' ' : '\n'))
			return ERR_SYNTAX;
		if (!more)
			return 0;
		(void)cf_arg(r->s->in, &word); /* there is one */
	}
}

static int parse_option(struct reading *r, const struct cf_token *t)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (strcmp(t->text, options[i].name) == 0)
			return options[i].parse(r) ? ERR_SYNTAX : cf_no_block(r->s->in);
	}
	return parse_line(r, t) ? ERR_SYNTAX : cf_no_block(r->s->in);
}

/* ---------------------------------------------------------------- the whole */

static int finish(struct reading *r)
{
	struct hosts *h = r->h;

	if (h->fallthrough_unsupported && !h->has_fallthrough)
		return cf_fail(r->s->in, "fallthrough_unsupported needs fallthrough in the same block");
	h->inline_table = hosts_table_new(r->lines.text, r->lines.len, &h->file->scope);
	if (!h->inline_table)
		return cf_fail(r->s->in, "out of memory");
	h->file->n_inline = hosts_table_entries(h->inline_table);
	return 0;
}

int hosts_setup(struct setup *s, struct hosts *ret)
{
	struct reading r = {.s = s, .h = ret};
	const struct cf_token *t;
	int err;

	ret->ttl_s = TTL_DEFAULT_S;
	ret->reload_ms = RELOAD_DEFAULT_MS;
	ret->file = arena_zalloc(s->arena, sizeof(*ret->file));
	if (!ret->file)
		return cf_fail(s->in, "out of memory");
	ret->file->scope.reverse = true;
	(void)cf_directive(s->in); /* there is one, or setup were not called */
	err = read_args(s, ret);
	while (cf_option(s->in, &t)) {
		if (parse_option(&r, t))
			err = ERR_SYNTAX;
	}
	if (!err)
		err = finish(&r);
	return cf_directive(s->in) ? cf_fail(s->in, "stands twice in this server block; one is allowed") : err;
}
