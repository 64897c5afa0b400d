// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"
#include "plugin/autopath/autopath.h"
#include "wire/name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LINE_LEN = 4096 };

static int add_domain(struct setup *s, struct autopath_list *l, const char *word)
{
	uint8_t name[WIRE_NAME_MAX], lower[WIRE_NAME_MAX];
	int len = wire_name_from_text(word, name);

	if (len < 0 || l->n == AUTOPATH_MAX)
		return 0; /* the resolver leaves such ones out too */
	wire_name_lower(lower, name, (size_t)len);
	l->v[l->n] = arena_copy(s->arena, lower, (size_t)len);
	return l->v[l->n++] ? 0 : -ENOMEM;
}

static int read_line(struct setup *s, struct autopath_list *l, char *line)
{
	static const char blanks[] = " \t\r\n";
	char *save, *word = strtok_r(line, blanks, &save);
	int err = 0;

	if (!word || (strcmp(word, "search") != 0 && strcmp(word, "domain") != 0))
		return 0;
	*l = (struct autopath_list){0};
	while (!err && (word = strtok_r(NULL, blanks, &save)))
		err = add_domain(s, l, word);
	return err;
}

int autopath_read_file(struct setup *s, const char *path, struct autopath_list *ret)
{
	char line[LINE_LEN];
	FILE *f = fopen(path, "re");
	int err = 0;

	if (!f)
		return -errno;
	while (!err && fgets(line, sizeof(line), f)) {
		s->note_content(s, line, strlen(line));
		err = read_line(s, ret, line);
	}
	if (!err && ferror(f))
		err = -EIO;
	(void)fclose(f); /* only read */
	return err;
}

/* RESOLV-CONF or @PLUGIN, the last argument. */
static int parse_source(struct setup *s, struct autopath *a, const struct cf_token *t)
{
	const char *path;
	int err;

	if (t->text[0] == '@') {
		a->plugin = arena_strdup(s->arena, t->text + 1);
		if (!a->plugin)
			return cf_fail(s->in, "out of memory");
		if (!strcmp(a->plugin,
			    "kubernetes")) /* its own search path stands behind the cluster's, if it has one */
			(void)autopath_read_file(s, "/etc/resolv.conf", &a->list);
		return 0;
	}
	path = block_path(s, t->text);
	err = path ? autopath_read_file(s, path, &a->list) : -ENOMEM;
	return err ? cf_fail(s->in, "failed to parse \"%.200s\": %s", t->text, err_text(err)) : 0;
}

static int parse_one(struct setup *s, struct autopath *a)
{
	const struct cf_token *t;
	size_t n = cf_args_left(s->in);

	if (!n)
		return cf_fail(s->in, "no resolv-conf specified");
	if (n == 1)
		return k8s_zones_of_block(s, &a->zones) || !cf_arg(s->in, &t) ? ERR_SYNTAX
									      : parse_source(s, a, t);
	while (n-- > 1 && cf_arg(s->in, &t))
		cf_zone_arg(s->arena, t, s->in->errs, &a->zones);
	return cf_arg(s->in, &t) ? parse_source(s, a, t) : ERR_SYNTAX;
}

int autopath_setup(struct setup *s, void *state)
{
	struct autopath *a = state;

	a->block = s->block;
	while (cf_directive(s->in)) {
		if (parse_one(s, a) || cf_no_block(s->in))
			return ERR_SYNTAX;
	}
	return 0;
}
