// SPDX-License-Identifier: Apache-2.0
/* A { block } of options, read by table. */
#include "corefile/corefile.h"

#include "base/err.h"

#include <string.h>

static const struct cf_option_def *find(const struct cf_option_def *defs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(defs[i].name, name))
			return &defs[i];
	}
	return NULL;
}

static int unknown(struct cf_cursor *c, const struct cf_token *t, const struct cf_option_def *defs, size_t n)
{
	const char **names = arena_alloc(c->arena, (n + 1) * sizeof *names);

	if (!names)
		return cf_fail(c, "unknown option \"%.100s\"", t->text);
	for (size_t i = 0; i < n; i++)
		names[i] = defs[i].name;
	return cf_unknown_option(c, t, names, n);
}

static int check_count(struct cf_cursor *c, const struct cf_option_def *d)
{
	size_t found = cf_args_left(c);
	const char *plural = found == 1 ? "" : "s";

	if (found >= (size_t)d->min_args && (d->max_args < 0 || found <= (size_t)d->max_args))
		return 0;
	if (d->max_args == 0)
		return cf_fail(c, "option \"%s\" takes no argument, found %zu", d->name, found);
	if (d->help && *d->help)
		return cf_fail(c, "option \"%s\" takes %s, found %zu argument%s", d->name, d->help, found,
			       plural);
	if (d->max_args < 0)
		return cf_fail(c, "option \"%s\" takes at least %d argument%s, found %zu", d->name,
			       d->min_args, d->min_args == 1 ? "" : "s", found);
	return cf_fail(c, "option \"%s\" takes %d to %d arguments, found %zu", d->name, d->min_args,
		       d->max_args, found);
}

int cf_options(struct cf_cursor *c, const struct cf_option_def *defs, size_t n, void *state)
{
	unsigned errors_before = c->errs->n_errors; /* cf_option records some of its own */
	const struct cf_token *t;
	int r = 0;

	while (cf_option(c, &t)) {
		const struct cf_option_def *d = find(defs, n, t->text);
		int one;

		if (!d)
			one = unknown(c, t, defs, n);
		else
			one = check_count(c, d);
		if (!one && d && d->parse)
			one = d->parse(c, state);
		if (one)
			r = ERR_SYNTAX;
	}
	return c->errs->n_errors > errors_before ? ERR_SYNTAX : r;
}
