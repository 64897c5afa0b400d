// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <errno.h>

const char *const world_directives[] = {"whoami", "log",   "cache",    "forward",
					"errors", "hosts", "template", NULL};

static const char *find(const struct named_text *t, const char *name)
{
	for (; t && t->name; t++) {
		if (!strcmp(t->name, name))
			return t->text;
	}
	return NULL;
}

static const char *env(void *arg, const char *name)
{
	struct world *w = arg;

	return find(w->env, name);
}

static int read_file(void *arg, struct arena *a, const char *path, const char **ret_text, size_t *ret_len)
{
	struct world *w = arg;
	const char *text = find(w->files, path);

	w->reads++;
	if (!text)
		return -ENOENT;
	*ret_text = text;
	*ret_len = strlen(text);
	return 0;
}

/* All files whose name begins with what stands before the "*". */
static int glob_files(void *arg, struct arena *a, const char *pattern, const char *const **ret_paths)
{
	struct world *w = arg;
	const char **v = arena_alloc(a, 100 * sizeof(*v));
	int n = 0;

	assert_non_null(v);
	for (const struct named_text *t = w->files; t && t->name; t++) {
		if (!strncmp(t->name, pattern, strcspn(pattern, "*")))
			v[n++] = t->name;
	}
	*ret_paths = v;
	return n;
}

void world_init(struct world *w)
{
	*w = (struct world){0};
	arena_init(&w->a, NULL, 0, NULL);
	cf_errors_init(&w->errs, &w->a);
	w->src = (struct cf_source){.env = env, .read = read_file, .glob = glob_files, .arg = w};
	w->src.directives = world_directives;
	while (world_directives[w->src.n_directives])
		w->src.n_directives++;
}

void world_fini(struct world *w)
{
	arena_fini(&w->a);
}

int world_setup(void **state)
{
	struct world *w = malloc(sizeof(*w));

	assert_non_null(w);
	world_init(w);
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	world_fini(*state);
	free(*state);
	return 0;
}

void world_parse(struct world *w, const char *text)
{
	cf_errors_init(&w->errs, &w->a);
	w->result = corefile_parse(&w->a, "Corefile", text, strlen(text), &w->src, &w->errs, &w->cf);
}

static const char *append(struct world *w, const char *s, const char *more)
{
	const char *r = arena_printf(&w->a, "%s%s", s, more);

	assert_non_null(r);
	return r;
}

static const char *show_directive(struct world *w, const struct cf_directive *d)
{
	const char *s = "";

	for (size_t i = 0; i < d->n; i++) {
		if (i)
			s = append(w, s, d->tokens[i].starts_line ? " / " : " ");
		s = append(w, s, *d->tokens[i].text ? d->tokens[i].text : "\"\"");
	}
	return s;
}

const char *world_show(struct world *w, const struct corefile *cf)
{
	const char *s = "";

	for (size_t b = 0; b < cf->n_blocks; b++) {
		const struct cf_block *bl = &cf->blocks[b];

		s = append(w, s, b ? " || " : "");
		for (size_t k = 0; k < bl->n_keys; k++) {
			s = append(w, s, k ? " " : "");
			s = append(w, s, bl->keys[k].text);
		}
		for (size_t d = 0; d < bl->n_directives; d++) {
			s = append(w, s, d ? "; " : ": ");
			s = append(w, s, show_directive(w, &bl->directives[d]));
		}
	}
	return s;
}

const char *world_errors(struct world *w, bool warnings)
{
	char text[1000];
	const char *s = "";

	for (const struct cf_error *e = w->errs.first; e; e = e->next) {
		if (e->warning != warnings)
			continue;
		cf_error_format(e, text, sizeof(text));
		s = append(w, s, *s ? " | " : "");
		s = append(w, s, text);
	}
	return s;
}

void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("not found: %s\n in: %s", part, text);
}
