// SPDX-License-Identifier: Apache-2.0
/* The grammar of `log`: log [NAMES...] [FORMAT] { class all|success|denial|error ...; json [LABELS...] } */
#include "base/err.h"
#include "corefile/corefile.h"
#include "plugin/log/log.h"
#include "server/plugin.h"

#include <string.h>

/* One directive while it is read. */
struct reading {
	struct cf_keys names;
	const char *format;
	bool json;
	uint8_t classes;
};

static const char *replace(struct arena *a, const char *text, const char *what, const char *with)
{
	const char *at = text ? strstr(text, what) : NULL;

	if (!at)
		return text;
	return arena_printf(a, "%.*s%s%s", (int)(at - text), text, with, at + strlen(what));
}

/* {common} and {combined} stand for the formats of these names.  A copy: the Corefile's own text goes when it
 * has been read. */
static const char *expand(struct arena *a, const char *text)
{
	text = replace(a, text, "{common}", log_format_common);
	text = replace(a, text, "{combined}", log_format_combined);
	return text ? arena_strdup(a, text) : NULL;
}

/* The last word is a format if it has a brace in it.  The peer always takes a single word for a name, and
 * then logs nothing; nobody can want that. */
static int read_words(struct setup *s, struct reading *r)
{
	const struct cf_token *t;
	size_t left;

	r->format = log_format_common;
	while ((left = cf_args_left(s->in)) && cf_arg(s->in, &t)) {
		if (left > 1 || !strchr(t->text, '{'))
			cf_zone_arg(s->arena, t, s->in->errs, &r->names);
		else
			r->format = expand(s->arena, t->text);
	}
	return r->format ? 0 : cf_fail(s->in, "out of memory");
}

static int read_class(struct cf_cursor *c, void *state)
{
	static const char *const words[] = {"success", "denial", "error", "all"};
	static const uint8_t bits[] = {1 << RESPONSE_SUCCESS, 1 << RESPONSE_DENIAL, 1 << RESPONSE_ERROR,
				       LOG_ALL_CLASSES};
	struct reading *r = state;
	size_t i;

	while (cf_args_left(c)) {
		if (cf_arg_word(c, "class", words, ARRAY_LEN(words), &i))
			return ERR_SYNTAX;
		r->classes |= bits[i];
	}
	return 0;
}

/* A format of the labels alone names what the record has to carry. */
static int read_json(struct cf_cursor *c, void *state)
{
	struct reading *r = state;
	const struct cf_token *t;

	if (!r->json && r->format != log_format_common)
		return cf_fail(c, "a JSON line has fields of its own and no FORMAT");
	if (!r->json)
		r->format = "";
	r->json = true;
	while (cf_arg(c, &t)) {
		if (!strchr(t->text, '/') || strpbrk(t->text, "{}"))
			return cf_fail(c, "\"%.100s\" is no metadata label, as in \"forward/upstream\"", t->text);
		r->format = arena_printf(c->arena, "%s{/%s}", r->format, t->text);
		if (!r->format)
			return cf_fail(c, "out of memory");
	}
	return 0;
}

static const struct cf_option_def options[] = {
	{"class", 1, -1, read_class, "all|success|denial|error ..."},
	{"json", 0, -1, read_json, "LABELS ..."},
};

static struct cf_key root_zone(void)
{
	return (struct cf_key){.zone = (const uint8_t *)"", .zone_len = 1};
}

/* One rule a name, behind those of earlier directives. */
static int add_rules(struct setup *s, struct log_rules *rules, const struct reading *r, bool any_name)
{
	size_t n = any_name ? 1 : r->names.n;
	struct log_rule *v = arena_zalloc(s->arena, (rules->n + n + 1) * sizeof(*v));

	if (!v)
		return cf_fail(s->in, "out of memory");
	if (rules->n)
		memcpy(v, rules->v, rules->n * sizeof(*v));
	for (size_t i = 0; i < n; i++) {
		v[rules->n + i] = (struct log_rule){
			.zone = any_name ? root_zone() : r->names.v[i],
			.format_text = r->format,
			.json = r->json,
			.classes = r->classes ? r->classes : LOG_ALL_CLASSES,
		};
	}
	rules->v = v;
	rules->n += n;
	return 0;
}

static int read_directive(struct setup *s, struct log_rules *rules)
{
	struct reading r = {0};
	size_t words = cf_args_left(s->in);
	int line = read_words(s, &r);
	bool any_name = words == 0 || (words == 1 && r.format != log_format_common);
	int block = cf_options(s->in, options, ARRAY_LEN(options), &r);

	if (line || block)
		return ERR_SYNTAX;
	return add_rules(s, rules, &r, any_name);
}

int log_rules_read(struct setup *s, struct log_rules *ret)
{
	int r = 0;

	while (cf_directive(s->in)) {
		if (read_directive(s, ret))
			r = ERR_SYNTAX;
	}
	return r;
}
