// SPDX-License-Identifier: Apache-2.0
/* File names of the Corefile, put behind the block's `root`. */
#include "corefile/corefile.h"
#include "server/generation.h"

#include <string.h>

/* Without what does not change where it leads: a path is shown in messages and is a label of metrics. */
static const char *without_dot(const char *name)
{
	while (strncmp(name, "./", 2) == 0) {
		name += 2;
		name += strspn(name, "/");
	}
	return name;
}

static size_t without_slash(const char *root)
{
	size_t len = strlen(root);

	while (len > 0 && root[len - 1] == '/')
		len--;
	return len;
}

const char *block_path(struct setup *s, const char *name)
{
	const char *root = s->block->root, *path;

	if (name[0] == '/' || !root)
		path = arena_strdup(s->arena, name);
	else
		path = arena_printf(s->arena, "%.*s/%s", (int)without_slash(root), root, without_dot(name));
	if (path)
		s->note_content(s, path, strlen(path) + 1);
	else
		(void)cf_fail(s->in, "out of memory"); /* NULL says it */
	return path;
}
