// SPDX-License-Identifier: Apache-2.0
/* header: flags of questions on their way down and of answers on their way up. */
#include "base/err.h"
#include "corefile/corefile.h"
#include "server/query.h"

#include <strings.h>

/* What all rules of one side come to: the last one that names a flag decides. */
struct flag_rules {
	uint16_t set, clear;
};

/* Frozen after setup. */
struct header {
	struct flag_rules query, response;
	bool given;
};

struct header_query {
	uint16_t flags; /* as the client sent them */
};

static const struct {
	const char *name;
	uint16_t flag;
} flags[] = {{"aa", FLAG_AA}, {"ra", FLAG_RA}, {"rd", FLAG_RD}};

static uint16_t flag_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (strcasecmp(name, flags[i].name) == 0)
			return flags[i].flag;
	}
	return 0;
}

/* set|clear FLAG... */
static int read_rule(struct cf_cursor *c, struct header *h, struct flag_rules *r)
{
	const struct cf_token *t;
	const char *action;
	bool set;

	if (cf_arg_text(c, "set or clear", &action))
		return ERR_SYNTAX;
	set = strcasecmp(action, "set") == 0;
	if (!set && strcasecmp(action, "clear") != 0)
		return cf_fail(c, "found \"%.32s\", expected set or clear", action);
	if (!cf_args_left(c))
		return cf_fail(c, "expected at least one of aa, ra and rd");
	while (cf_arg(c, &t)) {
		uint16_t flag = flag_of(t->text);

		if (!flag)
			return cf_fail(c, "found \"%.32s\", expected aa, ra or rd", t->text);
		r->set = (uint16_t)(set ? r->set | flag : r->set & ~flag);
		r->clear = (uint16_t)(set ? r->clear & ~flag : r->clear | flag);
	}
	h->given = true;
	return cf_no_block(c);
}

static int read_one(struct cf_cursor *c, struct header *h)
{
	static const char *const selectors[] = {"query", "response"};
	const struct cf_token *t;
	int r = cf_no_more_args(c);

	while (cf_option(c, &t)) {
		if (strcasecmp(t->text, "query") == 0)
			r = read_rule(c, h, &h->query) ? ERR_SYNTAX : r;
		else if (strcasecmp(t->text, "response") == 0)
			r = read_rule(c, h, &h->response) ? ERR_SYNTAX : r;
		else
			r = cf_unknown_option(c, t, selectors, ARRAY_LEN(selectors));
	}
	return r;
}

/* The first one with rules counts, as in the peer; the others are read for their mistakes. */
static int setup(struct setup *s, void *state)
{
	struct header *h = state;
	int r = 0;

	while (cf_directive(s->in)) {
		struct header rest = {0};

		if (h->given)
			cf_warning(s->in->errs, cf_here(s->in)->file, cf_here(s->in)->line,
				   "plugin header: stands twice in this server block; the first one counts");
		if (read_one(s->in, h->given ? &rest : h))
			r = ERR_SYNTAX;
	}
	if (!r && !h->given)
		return cf_fail(s->in, "expected at least one rule: query|response set|clear aa|ra|rd...");
	return r;
}

static uint16_t apply(const struct flag_rules *r, uint16_t bits)
{
	return (uint16_t)((bits | r->set) & ~r->clear);
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct header *h = state;
	struct header_query *hq = scratch;

	hq->flags = q->in.flags;
	q->in.flags = apply(&h->query, q->in.flags);
	return STEP_NEXT;
}

/* Nobody has answered: the failure is the server's own, and the peer's rules do not reach it either. */
static bool is_failure(const struct reply *r)
{
	return r->form == REPLY_RECORDS && r->no_store && r->rcode != RCODE_NOERROR && r->rcode != RCODE_NXDOMAIN;
}

/* The client sees its own RD again, unless a rule says otherwise. */
static enum step reply(const void *state, struct query *q, void *scratch)
{
	const struct header *h = state;
	const struct header_query *hq = scratch;
	struct reply *r = &q->reply;

	q->in.flags = hq->flags;
	if (is_failure(r))
		return STEP_NEXT;
	r->flags_set = (uint16_t)((r->flags_set & ~h->response.clear) | h->response.set);
	r->flags_clear = (uint16_t)((r->flags_clear & ~h->response.set) | h->response.clear);
	return STEP_NEXT;
}

const struct plugin plugin_header = {
	.name = "header",
	.state_size = sizeof(struct header),
	.query_size = sizeof(struct header_query),
	.setup = setup,
	.query = query,
	.reply = reply,
	.makes_answers = true,
};
