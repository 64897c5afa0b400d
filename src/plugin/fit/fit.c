// SPDX-License-Identifier: Apache-2.0
/* fit: for clients that never use TCP.  Not CoreDNS's.
 *
 *   fit subset [ZONES...] { net CIDR... }
 *
 * An answer that is too large for such a client over UDP is a whole-record subset without TC, a different one each
 * time, instead of the same with TC: the client's resolver gives up on TC, or asks over TCP where nothing answers. */
#include "base/err.h"
#include "corefile/corefile.h"
#include "net/cidr.h"
#include "server/generation.h"
#include "server/query.h"
#include "server/zone_list.h"

/* One directive.  Frozen after setup. */
struct fit_rule {
	struct fit_rule *next;
	struct zone_list zones;
	struct net_cidr *nets; /* none: every client */
	size_t n_nets;
};

struct fit {
	struct fit_rule *rules; /* in file order; the last first */
};

struct reading {
	struct setup *s;
	struct fit_rule *rule;
};

static int read_nets(struct cf_cursor *c, void *arg)
{
	struct reading *r = arg;
	struct fit_rule *rule = r->rule;
	struct net_cidr *all = arena_alloc(r->s->arena, (rule->n_nets + cf_args_left(c)) * sizeof(*all));
	const struct cf_token *t;

	if (!all)
		return cf_fail(c, "out of memory");
	for (size_t i = 0; i < rule->n_nets; i++)
		all[i] = rule->nets[i];
	rule->nets = all;
	while (cf_arg(c, &t)) {
		if (net_cidr_parse(t->text, &all[rule->n_nets]))
			return cf_fail(c, "\"%s\" is no network; expected ADDRESS/BITS such as 10.0.0.0/8", t->text);
		rule->n_nets++;
	}
	return 0;
}

static int read_one(struct setup *s, struct fit *f)
{
	static const struct cf_option_def options[] = {{"net", 1, -1, read_nets, "CIDR..."}};
	static const char *const modes[] = {"subset"};
	struct fit_rule *rule = arena_zalloc(s->arena, sizeof(*rule));
	struct reading r = {s, rule};
	const struct cf_token *t;
	size_t mode;

	if (!rule)
		return cf_fail(s->in, "out of memory");
	if (cf_arg_word(s->in, "the way answers are fitted", modes, ARRAY_LEN(modes), &mode))
		return ERR_SYNTAX;
	rule->zones.all = !cf_args_left(s->in);
	while (cf_arg(s->in, &t))
		cf_zone_arg(s->arena, t, s->in->errs, &rule->zones.keys);
	rule->next = f->rules;
	f->rules = rule;
	return cf_options(s->in, options, ARRAY_LEN(options), &r);
}

static int setup(struct setup *s, void *state)
{
	int r = 0;

	while (cf_directive(s->in)) {
		if (read_one(s, state))
			r = ERR_SYNTAX;
	}
	return r;
}

static bool from_nets(const struct fit_rule *r, const struct query *q)
{
	const struct net_addr *peer = net_return_peer(&q->from);

	for (size_t i = 0; i < r->n_nets; i++) {
		if (net_cidr_contains(&r->nets[i], peer))
			return true;
	}
	return r->n_nets == 0;
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct fit *f = state;

	for (const struct fit_rule *r = f->rules; r && !q->fit_subset; r = r->next)
		q->fit_subset = zone_list_has(&r->zones, &q->in) && from_nets(r, q);
	return STEP_NEXT;
}

const struct plugin plugin_fit = {
	.name = "fit",
	.state_size = sizeof(struct fit),
	.setup = setup,
	.query = query,
};
