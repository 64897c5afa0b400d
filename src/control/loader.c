// SPDX-License-Identifier: Apache-2.0
#include "control/loader.h"

#include "base/err.h"
#include "server/generation.h"
#include "server/plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STDIN_MAX = 16 << 20 };

/* What CoreDNS serves without any Corefile. */
static const char default_text[] = ".:%s {\n    whoami\n    log\n}\n";

/* Read standard input to its end, once for the process. */
static int read_stdin(struct loader *l)
{
	size_t cap = 0;

	if (l->stdin_text)
		return 0;
	for (;;) {
		char *grown;
		size_t got;

		if (l->stdin_len + 1 >= cap) {
			cap = cap ? cap * 2 : 65536;
			grown = cap > STDIN_MAX ? NULL : realloc(l->stdin_text, cap);
			if (!grown)
				return -EFBIG;
			l->stdin_text = grown;
		}
		got = fread(l->stdin_text + l->stdin_len, 1, cap - 1 - l->stdin_len, stdin);
		l->stdin_len += got;
		if (got == 0)
			return ferror(stdin) ? -EIO : 0;
	}
}

static int use_default(struct loader *l, struct arena *a, const char **ret_text, size_t *ret_len)
{
	l->name = "default";
	*ret_text = arena_printf(a, default_text, l->dns_port);
	if (!*ret_text)
		return -ENOMEM;
	*ret_len = strlen(*ret_text);
	return 0;
}

static bool asked_for_file(const struct loader *l)
{
	return l->conf && strcmp(l->conf, "stdin") != 0;
}

/* -conf, else standard input where that was asked for, else ./Corefile, else the built-in default; but where a
 * Corefile has once been read, one that is gone is an error: it will be back. */
static int find_text(struct loader *l, struct arena *a, const char **ret_text, size_t *ret_len)
{
	int err;

	if (l->conf && strcmp(l->conf, "stdin") == 0 && (l->stdin_text || !isatty(0))) {
		l->name = "stdin";
		err = read_stdin(l);
		*ret_text = l->stdin_text;
		*ret_len = l->stdin_len;
		return err;
	}
	l->name = asked_for_file(l) ? l->conf : "Corefile";
	err = cf_source_system.read(cf_source_system.arg, a, l->name, ret_text, ret_len);
	if (err == -ENOENT && !asked_for_file(l) && !l->has_served)
		return use_default(l, a, ret_text, ret_len);
	return err;
}

/* What a directive may be called: the table's names, or anything while it is only looked at. */
static int name_directives(const struct loader *l, struct arena *a, struct cf_source *src)
{
	const char **names;

	if (l->any_directive)
		return 0;
	names = arena_alloc(a, plugin_table_len * sizeof(*names));
	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < plugin_table_len; i++)
		names[i] = plugin_table[i].name;
	src->directives = names;
	src->n_directives = plugin_table_len;
	return 0;
}

static int parse(const struct loader *l, struct arena *a, const char *name, const char *text, size_t len,
		 struct cf_errors *errs, struct corefile *ret)
{
	struct cf_source src = cf_source_system;
	int err = name_directives(l, a, &src);

	return err ? err : corefile_parse(a, name, text, len, &src, errs, ret);
}

static int merge_extra(struct loader *l, struct arena *a, struct cf_errors *errs, struct corefile *base)
{
	struct corefile extra;
	const char *text;
	size_t len;
	int err = cf_source_system.read(cf_source_system.arg, a, l->extra, &text, &len);

	if (err)
		return cf_error(errs, l->extra, 0, "cannot be read: %s", err_text(err));
	err = parse(l, a, l->extra, text, len, errs, &extra);
	if (err)
		return err;
	return corefile_merge(a, base, &extra, errs);
}

int loader_read(struct loader *l, struct arena *a, struct cf_errors *errs, struct corefile *ret)
{
	const char *text;
	size_t len;
	int err = find_text(l, a, &text, &len);

	*ret = (struct corefile){0};
	if (err)
		return cf_error(errs, l->name, 0, "cannot be read: %s", err_text(err));
	err = parse(l, a, l->name, text, len, errs, ret);
	if (!err && ret->n_blocks == 0) { /* empty, or only comments and snippets */
		if (l->has_served) /* perhaps half written */
			return cf_error(errs, l->name, 0, "has no server block any more");
		err = use_default(l, a, &text, &len);
		if (!err)
			err = parse(l, a, l->name, text, len, errs, ret);
	}
	if (l->extra) {
		int extra_err = merge_extra(l, a, errs, ret);

		err = err ? err : extra_err;
	}
	return err;
}

int loader_look(struct loader *l, struct arena *a, struct cf_errors *errs, struct config_sum *ret)
{
	struct corefile cf;
	int err;

	l->any_directive = true;
	err = loader_read(l, a, errs, &cf);
	l->any_directive = false;
	if (!err)
		config_sum_of(&cf, ret);
	return err;
}

static int port_number(const struct loader *l, struct cf_errors *errs, uint16_t *ret)
{
	int64_t n;

	if (cf_integer(l->dns_port, &n) || n < 0 || n > 65535)
		return cf_error(errs, "-dns.port", 0, "invalid port \"%s\", expected 0 to 65535", l->dns_port);
	*ret = (uint16_t)n;
	return 0;
}

int loader_load(struct loader *l, struct arena *a, struct cf_errors *errs, struct generation **ret)
{
	struct generation_options o = {.conf_name = NULL};
	struct corefile cf;
	int read_err = loader_read(l, a, errs, &cf);
	int err = port_number(l, errs, &o.dns_port);

	o.conf_name = l->name;
	if (!err) /* also after syntax errors: the plugins' own errors are wanted too */
		err = generation_build(&cf, &o, errs, ret);
	if (!read_err) /* behind the plugins: who watches has loaded what makes the sum */
		config_sum_of(&cf, &l->sum);
	if (read_err && !err) {
		generation_free(*ret);
		*ret = NULL;
	}
	return read_err ? read_err : err;
}
