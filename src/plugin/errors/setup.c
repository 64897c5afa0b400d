// SPDX-License-Identifier: Apache-2.0
/* The grammar of `errors`. */
#include "base/err.h"
#include "corefile/corefile.h"
#include "plugin/errors/errors.h"
#include "server/plugin.h"

#include <string.h>

static const char *const levels[] = {"warning", "error", "info", "debug"};
static const enum log_level level_of[] = {LOG_WARNING, LOG_ERROR, LOG_INFO, LOG_DEBUG};

/* Room for one more at the end of the list. */
static struct consolidation *add(struct cf_cursor *c, struct errors *e)
{
	struct consolidation *list = arena_zalloc(c->arena, (e->n_list + 1) * sizeof(*list));

	if (!list)
		return NULL;
	for (size_t i = 0; i < e->n_list; i++) {
		const struct consolidation *from = &e->list[i];

		list[i] = (struct consolidation){.pattern = from->pattern,
						 .text = from->text,
						 .period_ns = from->period_ns,
						 .level = from->level,
						 .show_first = from->show_first};
		memcpy(list[i].period_text, from->period_text, sizeof(from->period_text));
	}
	e->list = list;
	return &list[e->n_list];
}

/* [LEVEL] [show_first] */
static int read_tail(struct cf_cursor *c, struct consolidation *con)
{
	const struct cf_token *t;
	bool level_given = false;

	con->level = LOG_ERROR;
	while (cf_arg(c, &t)) {
		size_t i = 0;

		if (con->show_first)
			return cf_fail(c, "found \"%.32s\", expected nothing behind show_first", t->text);
		if (!strcmp(t->text, "show_first")) {
			con->show_first = true;
			continue;
		}
		while (i < ARRAY_LEN(levels) && strcmp(levels[i], t->text))
			i++;
		if (i == ARRAY_LEN(levels) || level_given)
			return cf_fail(c, "found \"%.32s\", expected %sshow_first", t->text,
				       level_given ? "" : "warning, error, info, debug or ");
		con->level = level_of[i];
		level_given = true;
	}
	return 0;
}

/* DURATION REGEXP [LEVEL] [show_first] */
static int read_consolidate(struct cf_cursor *c, void *state)
{
	struct errors *e = state;
	struct consolidation *con = add(c, e);
	const char *text;
	char why[200];

	if (!con)
		return cf_fail(c, "out of memory");
	if (cf_arg_duration(c, "DURATION", 1, INT64_MAX, &con->period_ns) || cf_arg_text(c, "REGEXP", &text))
		return ERR_SYNTAX;
	con->text = arena_strdup(c->arena, text); /* the Corefile's own text goes when it has been read */
	if (!con->text)
		return cf_fail(c, "out of memory");
	cf_duration_text(con->period_ns, con->period_text);
	if (strlen(con->text) > PATTERN_TEXT_MAX)
		return cf_fail(c, "the expression has %zu characters, allowed are %d", strlen(con->text),
			       PATTERN_TEXT_MAX);
	con->pattern = pattern_new(con->text, why, sizeof(why));
	if (!con->pattern)
		return cf_fail(c, "expression \"%.100s\": %s", con->text, why);
	e->n_list++;
	return read_tail(c, con);
}

static const struct cf_option_def options[] = {
	/* Nothing here panics and goes on, so there is no stack to show. */
	{"stacktrace", 0, 0, NULL, ""},
	{"consolidate", 2, 4, read_consolidate, "DURATION REGEXP [warning|error|info|debug] [show_first]"},
};

int errors_setup(struct setup *s, struct errors *ret)
{
	const struct cf_token *t;
	int line = 0, block;

	if (!cf_directive(s->in))
		return 0;
	if (cf_arg(s->in, &t) && strcmp(t->text, "stdout"))
		line = cf_fail(s->in, "found \"%.100s\", expected \"stdout\" or nothing", t->text);
	if (!line)
		line = cf_no_more_args(s->in);
	block = cf_options(s->in, options, ARRAY_LEN(options), ret);
	if (cf_directive(s->in))
		return cf_fail(s->in, "stands twice in this server block; its options go into one");
	return line || block ? ERR_SYNTAX : 0;
}
