// SPDX-License-Identifier: Apache-2.0
#include "cli/convert_migrate.h"

#include "base/err.h"
#include "cli/convert_tree.h"
#include "corefile/corefile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define V(minor, patch) (1000000u + (minor)*1000u + (patch))

struct migration {
	struct arena *a;
	const char *file;
	struct conv_node *root;
	struct cf_errors *errs;
	bool no_memory;
};

/* One step that a version asks for.  Option steps run once for each such option in each such plugin.  What a version
 * took away is taken away whatever version the Corefile claims to be for; what became a default is added only to
 * older ones. */
struct step {
	unsigned version;
	const char *plugin, *option; /* option NULL: the whole */
	const char *status; /* for the report; NULL: the step reports itself */
	void (*act)(struct migration *m, const struct step *s, struct conv_node *in, struct conv_node *n);
	bool (*applies)(const struct conv_node *n); /* NULL: always */
	const char *note;
};

unsigned migrate_version(const char *text)
{
	unsigned minor, patch = 0;
	int end = 0;

	text += *text == 'v';
	if (sscanf(text, "1.%3u%n", &minor, &end) != 1)
		return 0;
	text += end;
	if (*text == '.' && sscanf(text, ".%3u%n", &patch, &end) == 1)
		text += end;
	return *text ? 0 : V(minor, patch);
}

#define report(m, line, ...) cf_warning((m)->errs, (m)->file, (line), __VA_ARGS__)

static const char *version_text(unsigned v, char out[16])
{
	snprintf(out, 16, "1.%u.%u", v / 1000 % 1000, v % 1000);
	return out;
}

static struct conv_node *new_line(struct migration *m, const char *words)
{
	struct conv_node *n = conv_new(m->a, words);

	m->no_memory = m->no_memory || !n;
	return n;
}

/* ---------------------------------------------------------------- options */

static void drop(struct migration *m, const struct step *s, struct conv_node *in, struct conv_node *n)
{
	conv_remove(in, n);
}

static void keep_first(struct migration *m, const struct step *s, struct conv_node *in, struct conv_node *n)
{
	conv_arg(n, 0)->next = NULL;
}

static bool has_several(const struct conv_node *n)
{
	return conv_n_args(n) > 1;
}

static bool has_arg(const struct conv_node *n, const char *word)
{
	for (const struct conv_word *w = conv_arg(n, 0); w; w = w->next) {
		if (strcmp(w->text, word) == 0)
			return true;
	}
	return false;
}

static bool is_https_google(const struct conv_node *n)
{
	return has_arg(n, "https_google");
}

/* `transfer to X...` of kubernetes: the plugin transfer, for the zone that kubernetes names first. */
static void move_transfer(struct migration *m, struct conv_node *block, const struct conv_node *kubernetes,
			  const struct conv_node *option)
{
	const struct conv_word *zone = conv_arg(kubernetes, 0);
	struct conv_node *transfer = new_line(m, "transfer"), *line = new_line(m, "to");

	if (!transfer || !line)
		return;
	transfer->words->next = arena_copy(m->a, zone, sizeof(*zone));
	m->no_memory = m->no_memory || !transfer->words->next;
	if (m->no_memory)
		return;
	transfer->words->next->next = NULL;
	line->words->next = conv_arg(option, 1);
	conv_append(transfer, line);
	conv_append(block, transfer);
}

/* ---------------------------------------------------------------- proxy becomes forward */

/* What forward has for an option of proxy; NULL: nothing. */
static const char *forward_option(const struct conv_node *o)
{
	if (conv_is(o, "policy") && has_arg(o, "least_conn"))
		return "force_tcp";
	if (conv_is(o, "policy") && has_arg(o, "first"))
		return "policy sequential";
	if (conv_is(o, "protocol") && has_arg(o, "force_tcp"))
		return "force_tcp";
	return NULL;
}

static bool forward_keeps(const struct conv_node *o)
{
	static const char *const gone[] = {"fail_timeout", "max_fails", "health_check", "spray", "protocol"};

	for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
		if (conv_is(o, gone[i]))
			return false;
	}
	return true;
}

static void proxy_option(struct migration *m, struct conv_node *proxy, struct conv_node *o)
{
	const char *now = forward_option(o);
	struct conv_node *n = now ? new_line(m, now) : NULL;

	if (n) {
		report(m, o->line, "option \"%s\" of \"proxy\" becomes \"%s\" of \"forward\"", o->words->text,
		       now);
		if (conv_find(proxy, "force_tcp") && conv_is(n, "force_tcp"))
			conv_remove(proxy, o);
		else
			o->words = n->words;
	} else if (!now && !forward_keeps(o)) {
		report(m, o->line, "option \"%s\" of \"proxy\" is dropped: \"forward\" has none like it",
		       o->words->text);
		conv_remove(proxy, o);
	}
}

static void proxy_to_forward(struct migration *m, const struct step *s, struct conv_node *in,
			     struct conv_node *n)
{
	struct conv_node *o = n->first, *next;

	for (; o; o = next) {
		next = o->next;
		proxy_option(m, n, o);
	}
	n->words->text = "forward";
}

/* ---------------------------------------------------------------- defaults that came */

static void add_option(struct migration *m, const struct step *s, struct conv_node *in, struct conv_node *n)
{
	struct conv_node *o = new_line(m, s->note);

	if (o)
		conv_append(n, o);
}

static bool has_no_lameduck(const struct conv_node *n)
{
	return !conv_find(n, "lameduck");
}

static bool has_no_max_concurrent(const struct conv_node *n)
{
	return !conv_find(n, "max_concurrent");
}

/* At the first of the plugins that ask for it. */
static void add_plugin(struct migration *m, const struct step *s, struct conv_node *in, struct conv_node *n)
{
	char version[16];
	struct conv_node *p = conv_find(in, s->note) ? NULL : new_line(m, s->note);

	if (!p)
		return;
	report(m, in->line, "since %s plugin \"%s\" is a default: added", version_text(s->version, version),
	       s->note);
	conv_append(in, p);
}

/* ---------------------------------------------------------------- the steps */

#define OPTION(v, p, o, st, act, when)                                                                       \
	{                                                                                                    \
		v, p, o, st, act, when, NULL                                                                 \
	}

static const struct step steps[] = {
	OPTION(V(1, 4), "proxy", "protocol", "ignored", drop, is_https_google),
	{V(2, 1), "forward", NULL, NULL, add_plugin, NULL, "loop"},
	{V(2, 1), "proxy", NULL, NULL, add_plugin, NULL, "loop"},
	OPTION(V(3, 1), "kubernetes", "endpoint", "reduced to its first address, others have no effect",
	       keep_first, has_several),
	{V(4, 0), "proxy", NULL, "deprecated and later removed; replaced by \"forward\"", proxy_to_forward,
	 NULL, NULL},
	OPTION(V(4, 0), "kubernetes", "upstream", "deprecated and later removed", drop, NULL),
	{V(5, 0), "kubernetes", NULL, NULL, add_plugin, NULL, "ready"},
	OPTION(V(5, 0), "kubernetes", "resyncperiod", "deprecated and later removed", drop, NULL),
	{V(6, 5), "health", NULL, "given \"lameduck 5s\" as a default", add_option, has_no_lameduck,
	 "lameduck 5s"},
	{V(7, 0), "forward", NULL, "given \"max_concurrent 1000\" as a default", add_option,
	 has_no_max_concurrent, "max_concurrent 1000"},
	{V(7, 0), "federation", NULL, "removed", drop, NULL, NULL},
	OPTION(V(8, 0), "kubernetes", "transfer", "removed: the plugin \"transfer\" is added", drop, NULL),
};

static void take_option(struct migration *m, const struct step *s, struct conv_node *block,
			struct conv_node *plugin, struct conv_node *o)
{
	char version[16];

	if (s->applies && !s->applies(o))
		return;
	report(m, o->line, "since %s option \"%s\" of \"%s\" is %s", version_text(s->version, version),
	       s->option, s->plugin, s->status);
	if (strcmp(s->option, "transfer") == 0 && conv_n_args(o) > 1 && conv_arg(plugin, 0))
		move_transfer(m, block, plugin, o);
	s->act(m, s, plugin, o);
}

static void take_options(struct migration *m, const struct step *s, struct conv_node *block,
			 struct conv_node *plugin)
{
	struct conv_node *next;

	for (struct conv_node *o = plugin->first; o; o = next) {
		next = o->next;
		if (conv_is(o, s->option))
			take_option(m, s, block, plugin, o);
	}
}

static void take_plugin(struct migration *m, const struct step *s, struct conv_node *block,
			struct conv_node *plugin)
{
	char version[16];

	if (s->applies && !s->applies(plugin))
		return;
	if (s->status)
		report(m, plugin->line, "since %s plugin \"%s\" is %s", version_text(s->version, version),
		       s->plugin, s->status);
	s->act(m, s, block, plugin);
}

static bool adds(const struct step *s)
{
	return s->act == add_option || s->act == add_plugin;
}

static void take_step(struct migration *m, const struct step *s)
{
	struct conv_node *next;

	for (struct conv_node *block = m->root->first; block; block = block->next) {
		for (struct conv_node *p = block->first; p; p = next) {
			next = p->next;
			if (!conv_is(p, s->plugin))
				continue;
			if (s->option)
				take_options(m, s, block, p);
			else
				take_plugin(m, s, block, p);
		}
	}
}

/* ---------------------------------------------------------------- one forward a block */

/* Since 1.5.0 a block has one forward; what stub domains were becomes a block of its own. */
static bool move_forward(struct migration *m, struct conv_node *block, struct conv_node *f)
{
	static const char *const lines[] = {"loop", "errors", "cache 30"};
	struct conv_node *own = new_line(m, conv_arg(f, 0)->text), *n;

	if (!own)
		return false;
	report(m, f->line, "\"forward %s\" becomes a server block of its own", own->words->text);
	conv_remove(block, f);
	conv_arg(f, 0)->text = ".";
	conv_append(own, f);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		n = new_line(m, lines[i]);
		if (n)
			conv_append(own, n);
	}
	conv_append(m->root, own);
	return true;
}

static bool is_default_block(const struct conv_node *block)
{
	return (conv_is(block, ".") || conv_is(block, ".:53")) && !conv_arg(block, 0);
}

static void split_forwards(struct migration *m)
{
	struct conv_node *next;

	for (struct conv_node *block = m->root->first; block; block = block->next) {
		for (struct conv_node *f = block->first; f; f = next) {
			next = f->next;
			if (!conv_is(f, "forward") || (conv_arg(f, 0) && !strcmp(conv_arg(f, 0)->text, ".")))
				continue;
			if (!conv_arg(f, 0))
				cf_error(m->errs, m->file, f->line,
					 "\"forward\" without a zone and addresses");
			else if (!is_default_block(block))
				cf_error(m->errs, m->file, f->line,
					 "\"forward %s\" can be moved only out of a block that serves \".\" "
					 "or \".:53\" "
					 "alone; make it a server block of its own by hand",
					 conv_arg(f, 0)->text);
			else if (!move_forward(m, block, f))
				return;
		}
	}
}

int migrate(struct arena *a, const char *file, struct conv_node *root, unsigned from, struct cf_errors *errs)
{
	struct migration m = {.a = a, .file = file, .root = root, .errs = errs};
	bool split = from >= V(5, 0);

	for (size_t i = 0; i < ARRAY_LEN(steps) && !m.no_memory; i++) {
		if (!split && steps[i].version > V(5, 0)) {
			split_forwards(&m);
			split = true;
		}
		if (steps[i].version > from || !adds(&steps[i]))
			take_step(&m, &steps[i]);
	}
	if (m.no_memory)
		return -ENOMEM;
	return errs->n_errors ? ERR_SYNTAX : 0;
}
