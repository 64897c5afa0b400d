// SPDX-License-Identifier: Apache-2.0
/* nsid: which of several servers behind one address has answered, to those who ask (RFC 5001). */
#include "base/err.h"
#include "corefile/corefile.h"
#include "server/query.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 512, OPTION_HEAD = 4 };

struct nsid {
	const uint8_t *option; /* wire form, for the OPT; frozen */
	uint16_t len;
};

/* The words of the line with a space between them, or this machine's name. */
static const char *read_text(struct setup *s)
{
	const struct cf_token *t;
	char host[HOST_NAME_MAX + 1] = "localhost";
	const char *text = NULL;

	while (cf_arg(s->in, &t)) {
		text = text ? arena_printf(s->arena, "%s %s", text, t->text) : arena_strdup(s->arena, t->text);
		if (!text)
			return NULL;
	}
	if (text)
		return text;
	(void)gethostname(host, sizeof(host) - 1); /* a longer name is cut, none leaves the default */
	return arena_strdup(s->arena, host);
}

static int setup(struct setup *s, void *state)
{
	struct nsid *n = state;
	const char *text;
	uint8_t *option;
	size_t len;

	(void)cf_directive(s->in); /* there is one, or setup were not called */
	text = read_text(s);
	len = text ? strlen(text) : 0;
	option = arena_alloc(s->arena, OPTION_HEAD + len);
	if (!text || !option)
		return cf_fail(s->in, "out of memory");
	if (len > TEXT_MAX)
		return cf_fail(s->in, "TEXT has %zu bytes, allowed are %d", len, TEXT_MAX);
	wire_put_u16(option, OPTION_NSID);
	wire_put_u16(option + 2, (unsigned)len);
	memcpy(option + OPTION_HEAD, text, len);
	n->option = option;
	n->len = (uint16_t)(OPTION_HEAD + len);
	if (cf_no_block(s->in))
		return ERR_SYNTAX;
	return cf_directive(s->in) ? cf_fail(s->in, "stands twice in this server block; one is allowed") : 0;
}

static enum step reply(const void *state, struct query *q, void *scratch)
{
	const struct nsid *n = state;
	struct reply *r = &q->reply;
	uint8_t *both;
	uint16_t len;

	if (likely(!q->in.options_len) || !wire_option_find(q->in.options, q->in.options_len, OPTION_NSID, &len))
		return STEP_NEXT;
	if (!r->options_len) {
		r->options = n->option;
		r->options_len = n->len;
		return STEP_NEXT;
	}
	both = arena_alloc(&q->arena, (size_t)n->len + r->options_len);
	if (!both) /* an answer without it is still one */
		return STEP_NEXT;
	memcpy(both, n->option, n->len);
	memcpy(both + n->len, r->options, r->options_len);
	r->options = both;
	r->options_len = (uint16_t)(n->len + r->options_len);
	return STEP_NEXT;
}

const struct plugin plugin_nsid = {
	.name = "nsid",
	.state_size = sizeof(struct nsid),
	.setup = setup,
	.reply = reply,
};
