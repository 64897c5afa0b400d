// SPDX-License-Identifier: Apache-2.0
/* chaos: what the server says of itself under the names of class CH that people know from BIND (RFC 4892). */
#include "base/err.h"
#include "corefile/corefile.h"
#include "server/query.h"
#include "server/worker.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { STRING_MAX = 255, AUTHORS_MAX = 100 };

/* TXT rdata of one string. */
struct text {
	const uint8_t *rdata;
	uint16_t len;
};

/* Frozen after setup. */
struct chaos {
	struct text version, host;
	struct text *authors;
	size_t n_authors;
};

static const struct {
	const uint8_t *name;
	enum { VERSION, HOST, AUTHORS } what;
} names[] = {
	{(const uint8_t *)"\7version\4bind", VERSION},   {(const uint8_t *)"\7version\6server", VERSION},
	{(const uint8_t *)"\10hostname\4bind", HOST},    {(const uint8_t *)"\2id\6server", HOST},
	{(const uint8_t *)"\7authors\4bind", AUTHORS},
};

/* ---------------------------------------------------------------- setup */

static int make_text(struct setup *s, const char *from, struct text *ret)
{
	size_t len = strnlen(from, STRING_MAX);
	uint8_t *rdata = arena_alloc(s->arena, 1 + len);

	if (!rdata)
		return cf_fail(s->in, "out of memory");
	rdata[0] = (uint8_t)len;
	memcpy(rdata + 1, from, len);
	*ret = (struct text){rdata, (uint16_t)(1 + len)};
	return 0;
}

static int read_authors(struct setup *s, struct chaos *c)
{
	size_t n = cf_args_left(s->in);
	const struct cf_token *t;

	if (n > AUTHORS_MAX)
		return cf_fail(s->in, "%zu AUTHORS, allowed are %d", n, AUTHORS_MAX);
	c->authors = arena_alloc(s->arena, (n + 1) * sizeof(*c->authors));
	if (!c->authors)
		return cf_fail(s->in, "out of memory");
	if (n == 0)
		return make_text(s, "The Binnacle authors", &c->authors[c->n_authors++]);
	while (cf_arg(s->in, &t)) {
		if (make_text(s, t->text, &c->authors[c->n_authors++]))
			return ERR_SYNTAX;
	}
	return 0;
}

static int read_first(struct setup *s, struct chaos *c)
{
	char host[HOST_NAME_MAX + 1] = "localhost";
	const char *version = "Binnacle-" BINNACLE_VERSION;
	const struct cf_token *t;

	(void)gethostname(host, sizeof(host) - 1); /* a longer name is cut, none leaves the default */
	if (cf_arg(s->in, &t))
		version = t->text;
	if (make_text(s, version, &c->version) || make_text(s, host, &c->host) || read_authors(s, c))
		return ERR_SYNTAX;
	return cf_no_block(s->in);
}

/* The first one counts, as in the peer. */
static int setup(struct setup *s, void *state)
{
	const struct cf_token *t;
	int r = cf_directive(s->in) ? read_first(s, state) : 0;

	while (cf_directive(s->in)) {
		cf_warning(s->in->errs, cf_here(s->in)->file, cf_here(s->in)->line,
			   "plugin chaos: stands twice in this server block; the first one counts");
		while (cf_arg(s->in, &t))
			;
		if (cf_no_block(s->in))
			r = ERR_SYNTAX;
	}
	return r;
}

/* ---------------------------------------------------------------- answers */

/* All of them, from a random one on. */
static int add_authors(const struct chaos *c, struct query *q)
{
	size_t at = rng_u32(loop_rng(q->w->loop)) % c->n_authors;

	for (size_t i = 0; i < c->n_authors; i++, at++) {
		const struct text *a = &c->authors[at % c->n_authors];

		if (reply_add(q, SECTION_ANSWER, NULL, TYPE_TXT, 0, a->rdata, a->len))
			return ERR_LIMIT;
	}
	return 0;
}

static enum step answer(const struct chaos *c, struct query *q, int what)
{
	const struct text *t = what == VERSION ? &c->version : &c->host;

	reply_begin(q, RCODE_NOERROR, false);
	if (what == AUTHORS ? add_authors(c, q) : reply_add(q, SECTION_ANSWER, NULL, TYPE_TXT, 0, t->rdata, t->len))
		return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "server is at its memory limit",
				  "out of query memory");
	return STEP_DONE;
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	if (likely(q->in.qclass != CLASS_CH) || q->in.qtype != TYPE_TXT)
		return STEP_NEXT;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t len = strlen((const char *)names[i].name) + 1;

		if (len == q->in.qname_len && memcmp(names[i].name, q->in.qname, len) == 0)
			return answer(state, q, names[i].what);
	}
	return STEP_NEXT;
}

const struct plugin plugin_chaos = {
	.name = "chaos",
	.state_size = sizeof(struct chaos),
	.setup = setup,
	.query = query,
	.serves_all_classes = true,
	.makes_answers = true,
};
