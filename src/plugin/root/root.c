// SPDX-License-Identifier: Apache-2.0
/* root: where relative file names of the block's other plugins begin.
 *
 * It is the first in the order of plugins, and one plugin is set up in all blocks before the next: so the others' setups
 * find it, wherever its line stands. */
#include "base/err.h"
#include "corefile/corefile.h"
#include "server/generation.h"

#include <errno.h>
#include <sys/stat.h>

static int read_one(struct setup *s)
{
	const char *path;
	struct stat st;

	if (cf_arg_text(s->in, "PATH", &path) || cf_no_more_args(s->in) || cf_no_block(s->in))
		return ERR_SYNTAX;
	if (stat(path, &st) == -1) {
		if (errno != ENOENT)
			return cf_fail(s->in, "directory \"%.300s\": %s", path, err_text(-errno));
		cf_warning(s->in->errs, cf_here(s->in)->file, cf_here(s->in)->line,
			   "plugin root: Root path does not exist: %s", path);
	} else if (!S_ISDIR(st.st_mode)) {
		cf_warning(s->in->errs, cf_here(s->in)->file, cf_here(s->in)->line,
			   "plugin root: \"%s\" is no directory", path);
	}
	s->block->root = arena_strdup(s->arena, path);
	return s->block->root ? 0 : cf_fail(s->in, "out of memory");
}

static int setup(struct setup *s, void *state)
{
	int r = 0;

	while (cf_directive(s->in)) {
		if (read_one(s))
			r = ERR_SYNTAX;
	}
	return r;
}

const struct plugin plugin_root = {
	.name = "root",
	.setup = setup,
};
