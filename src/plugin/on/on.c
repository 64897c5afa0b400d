// SPDX-License-Identifier: Apache-2.0
/* on: commands at events of the process; control runs them. */
#include "plugin/on/on.h"

#include "base/err.h"
#include "server/event.h"
#include "server/generation.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum { TOKENS_MAX = 256 };

static int read_event(struct cf_cursor *in, enum event *ret)
{
	static const char *const words[] = {"startup", "shutdown", "certrenew"};
	const struct cf_token *t;

	if (!cf_arg(in, &t))
		return cf_fail(in, "expected EVENT and COMMAND");
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcasecmp(t->text, words[i]) == 0) {
			*ret = (enum event)i;
			return 0;
		}
	}
	return cf_fail(in, "wrong event name or event not supported: \"%.64s\"; expected startup, shutdown or certrenew", t->text);
}

static size_t read_tokens(struct cf_cursor *in, const struct cf_token **ret)
{
	const struct cf_token *t;
	size_t n = 0;

	while (n < TOKENS_MAX && cf_arg(in, &t))
		ret[n++] = t;
	return n;
}

static const char *join(struct arena *a, const char *const *words)
{
	const char *text = "";

	for (size_t i = 0; text && words[i]; i++)
		text = arena_printf(a, "%s%s%s", text, i ? " " : "", words[i]);
	return text;
}

static int append(struct setup *s, const struct event_command *c)
{
	struct event_command *copy = arena_copy(s->arena, c, sizeof(*c));
	struct event_command **at = &s->gen->commands;

	if (!copy || !copy->text)
		return cf_fail(s->in, "out of memory");
	while (*at)
		at = &(*at)->next;
	*at = copy;
	s->gen->commands_by = "on";
	return 0;
}

static int read_directive(struct setup *s)
{
	const struct cf_token *tokens[TOKENS_MAX];
	struct event_command c = {.wait = true};
	size_t n;
	int words;

	if (read_event(s->in, &c.event))
		return ERR_SYNTAX;
	n = read_tokens(s->in, tokens);
	if (n && strcmp(tokens[n - 1]->text, "&") == 0) {
		c.wait = false;
		n--;
	}
	if (cf_no_more_args(s->in) || cf_no_block(s->in))
		return ERR_SYNTAX;
	words = on_words(s->arena, tokens, n, &c.argv);
	if (words == -EINVAL)
		return cf_fail(s->in, "a quote in the command is not closed");
	if (words == 0)
		return cf_fail(s->in, "expected a COMMAND behind the event");
	if (words < 0)
		return cf_fail(s->in, "out of memory");
	c.text = join(s->arena, c.argv);
	return append(s, &c);
}

static int setup(struct setup *s, void *state)
{
	int r = 0;

	while (cf_directive(s->in)) {
		if (read_directive(s))
			r = ERR_SYNTAX;
	}
	return r;
}

const struct plugin plugin_on = {
	.name = "on",
	.setup = setup,
};
