// SPDX-License-Identifier: Apache-2.0
/* Which files a folder has, folders in it included.  Links to files are followed, links to folders below are not. */
#include "plugin/auto/auto.h"

#include "base/err.h"
#include "base/log.h"
#include "server/pattern.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096, FIRST_CAP = 16 };

void auto_list_free(struct auto_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].path);
	free(l->v);
	*l = (struct auto_list){0};
}

static struct auto_found *add(struct auto_list *l)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : FIRST_CAP;
		struct auto_found *v = realloc(l->v, cap * sizeof(*v));

		if (!v)
			return NULL;
		l->v = v;
		l->cap = cap;
	}
	return &l->v[l->n];
}

static int take_file(struct auto_folder *f, struct auto_list *l, const char *path, const char *name)
{
	struct auto_found *found;
	struct stat st;
	int len;

	if (!pattern_matches(f->pattern, f->match, name))
		return 0;
	if (stat(path, &st) || !S_ISREG(st.st_mode)) /* a link to nowhere, a socket, a pipe that would hold us up */
		return 0;
	if (l->n == AUTO_ZONES_MAX) {
		log_line(LOG_WARNING, "plugin/auto: %s: more than %d zone files; the rest is left out", f->path, AUTO_ZONES_MAX);
		return ERR_LIMIT;
	}
	found = add(l);
	if (!found)
		return -ENOMEM;
	len = auto_origin(f, name, found->origin);
	if (len < 0) {
		if (++l->nameless > f->nameless)
			log_line(LOG_WARNING, "plugin/auto: %s: its name makes no zone name; left out", path);
		return 0;
	}
	found->origin_len = (uint8_t)len;
	found->path = strdup(path);
	if (!found->path)
		return -ENOMEM;
	l->n++;
	return 0;
}

/* Names that begin with ".." are those of a Kubernetes volume's inner folders: its files are linked beside them. */
static int wanted(const struct dirent *d)
{
	return strncmp(d->d_name, "..", 2) != 0 && strcmp(d->d_name, ".") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int walk(struct auto_folder *f, struct auto_list *l, const char *path, unsigned depth);

static int take(struct auto_folder *f, struct auto_list *l, const char *folder, const char *name, unsigned depth)
{
	char path[PATH_BYTES];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	if (n < 0 || (size_t)n >= sizeof(path) || lstat(path, &st))
		return 0; /* too long, or gone meanwhile */
	if (!S_ISDIR(st.st_mode))
		return take_file(f, l, path, name);
	if (depth == AUTO_DEPTH_MAX)
		return 0;
	n = walk(f, l, path, depth + 1);
	return n == -ENOMEM || n == ERR_LIMIT ? n : 0; /* a folder that cannot be read has no files */
}

static int walk(struct auto_folder *f, struct auto_list *l, const char *path, unsigned depth)
{
	struct dirent **names;
	int n = scandir(path, &names, wanted, by_bytes), err = 0;

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		if (!err)
			err = take(f, l, path, names[i]->d_name, depth);
		free(names[i]);
	}
	free((void *)names);
	return err;
}

int auto_walk(struct auto_folder *f, struct auto_list *ret)
{
	int err = walk(f, ret, f->path, 0);

	f->nameless = ret->nameless;
	return err == ERR_LIMIT ? 0 : err;
}
