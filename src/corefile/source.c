// SPDX-License-Identifier: Apache-2.0
/* The real system behind struct cf_source: the process's environment and its file system.
 *
 * Patterns match as Go's filepath.Glob does: `*` and `?` never match "/", but do match a leading dot; a
 * backslash takes the next character literally; names come sorted within each directory. */
#include "corefile/corefile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *system_env(void *arg, const char *name)
{
	return getenv(name);
}

/* ---------------------------------------------------------------- files */

/* Read up to the end; the size that a file states is only a first guess (pipes state none). */
static int read_all(struct arena *a, int fd, size_t guess, const char **ret_text, size_t *ret_len)
{
	size_t cap = guess + 1, len = 0;
	char *text = arena_alloc(a, cap);

	while (text) {
		ssize_t n = read(fd, text + len, cap - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > CF_FILE_MAX)
			return -EFBIG;
		if (len == cap) {
			char *larger = arena_alloc(a, cap * 2);
			if (!larger)
				return -ENOMEM;
			text = memcpy(larger, text, len);
			cap *= 2;
		}
	}
	if (!text)
		return -ENOMEM;
	*ret_text = text;
	*ret_len = len;
	return 0;
}

static int system_read(void *arg, struct arena *a, const char *path, const char **ret_text, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	int r;

	if (fd == -1)
		return -errno;
	if (fstat(fd, &st) == -1)
		r = -errno;
	else if (S_ISDIR(st.st_mode))
		r = -EISDIR;
	else if (st.st_size > CF_FILE_MAX)
		r = -EFBIG;
	else
		r = read_all(a, fd, S_ISREG(st.st_mode) ? (size_t)st.st_size : 4095, ret_text, ret_len);
	close(fd);
	return r;
}

/* ---------------------------------------------------------------- patterns */

struct paths {
	struct arena *a;
	const char **v;
	size_t n, cap;
};

/* Directories can be large; more matches than this are no configuration. */
enum { PATHS_MAX = 100000 };

static int add_path(struct paths *p, const char *dir, const char *name)
{
	if (p->n == PATHS_MAX)
		return -E2BIG;
	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 16;
		const char **v = arena_alloc(p->a, cap * sizeof *v);
		if (!v)
			return -ENOMEM;
		if (p->n)
			memcpy(v, p->v, p->n * sizeof *v);
		p->v = v;
		p->cap = cap;
	}
	p->v[p->n] = arena_printf(p->a, "%s%s", dir, name);
	return p->v[p->n++] ? 0 : -ENOMEM;
}

/* Length of the character at `s`: continuation bytes belong to it. */
static size_t char_len(const char *s)
{
	size_t n = 1;

	while (((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* `pat` up to `end` matches the whole of `s`.  Recursion only at `*`, of which there is one. */
static bool matches(const char *pat, const char *end, const char *s)
{
	for (; pat < end; pat++) {
		if (*pat == '*') {
			for (;; s++) {
				if (matches(pat + 1, end, s))
					return true;
				if (!*s)
					return false;
			}
		}
		if (!*s)
			return false;
		if (*pat == '?') {
			s += char_len(s);
			continue;
		}
		if (*pat == '\\')
			pat++;
		if (*pat != *s++)
			return false;
	}
	return !*s;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int walk(struct paths *found, const char *dir, const char *pattern);

/* Names in `dir` that match the segment [pat, end), sorted, each followed further with `rest`. */
static int walk_dir(struct paths *found, const char *dir, const char *pat, const char *end)
{
	DIR *d = opendir(*dir ? dir : ".");
	struct paths here = {.a = found->a};
	struct dirent *e;
	int r = 0;

	if (!d)
		return 0; /* what cannot be read has no matches, as in Go */
	while (!r && (e = readdir(d))) {
		bool dots = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
		if (!dots && matches(pat, end, e->d_name))
			r = add_path(&here, dir, e->d_name);
	}
	closedir(d);
	if (here.n)
		qsort(here.v, here.n, sizeof *here.v, by_name);
	for (size_t i = 0; !r && i < here.n; i++) {
		if (!*end)
			r = add_path(found, here.v[i], "");
		else
			r = walk(found, here.v[i], end);
	}
	return r;
}

/* Follow `pattern` below `dir`, which is "" or has no final slash where `pattern` begins with one.  Segments
 * without wildcards are only put on; the depth of recursion is the number of segments with one. */
static int walk(struct paths *found, const char *dir, const char *pattern)
{
	size_t n = strlen(dir);
	char *path = arena_alloc(found->a, n + strlen(pattern) + 1);
	const char *seg = pattern;
	struct stat st;

	if (!path)
		return -ENOMEM;
	memcpy(path, dir, n);
	while (*seg) {
		const char *end = seg + strspn(seg, "/");
		end += strcspn(end, "/");
		const char *name = seg + strspn(seg, "/");
		if (memchr(name, '*', (size_t)(end - name)) || memchr(name, '?', (size_t)(end - name))) {
			memcpy(path + n, seg, (size_t)(name - seg));
			path[n + (size_t)(name - seg)] = 0;
			return walk_dir(found, path, name, end);
		}
		for (; seg < end; seg++) {
			if (*seg == '\\')
				seg++;
			path[n++] = *seg;
		}
	}
	path[n] = 0;
	return lstat(path, &st) == -1 ? 0 : add_path(found, path, "");
}

static int system_glob(void *arg, struct arena *a, const char *pattern, const char *const **ret_paths)
{
	struct paths found = {.a = a};
	int r = walk(&found, "", pattern);

	if (r)
		return r;
	*ret_paths = found.v;
	return (int)found.n;
}

const struct cf_source cf_source_system = {.env = system_env, .read = system_read, .glob = system_glob};
