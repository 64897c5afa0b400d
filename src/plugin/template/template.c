// SPDX-License-Identifier: Apache-2.0
/* template: which template answers. */
#include "plugin/template/template.h"

#include "base/err.h"
#include "server/trail.h"
#include "server/worker.h"
#include "wire/name.h"

#include <errno.h>
#include <stdlib.h>

static int setup(struct setup *s, void *state)
{
	return template_setup(s, state);
}

static void free_patterns(void *state)
{
	struct templates *all = state;

	for (struct template *t = all->first; t; t = t->next) {
		for (struct template_pattern *p = t->patterns; p; p = p->next) {
			pattern_free(p->pattern);
			p->pattern = NULL;
		}
	}
}

static int start(struct generation *gen, void *state)
{
	return template_counters_start(state, gen);
}

static int worker_start(struct worker *w, void *state, void **ret_local)
{
	const struct templates *all = state;
	struct template_local *l = malloc(sizeof(*l)); /* pages that no template needs stay untouched */

	if (!l)
		return -ENOMEM;
	l->match = pattern_match_new(all->groups_max);
	if (!l->match) {
		free(l);
		return -ENOMEM;
	}
	*ret_local = l;
	return 0;
}

static void worker_stop(struct worker *w, void *state, void *local)
{
	struct template_local *l = local;

	pattern_match_free(l->match);
	free(l);
}

/* ---------------------------------------------------------------- choosing */

/* The longest zone that the name is in; NULL: none. */
static struct template_zone *find_zone(const struct template *t, const struct wire_query *in)
{
	struct template_zone *best = NULL;

	for (size_t i = 0; i < t->n_zones; i++) {
		struct template_zone *z = &t->zones[i];

		if ((!best || z->key->zone_len > best->key->zone_len) && zone_key_has(z->key, in))
			best = z;
	}
	return best;
}

/* A question for ANY is one for every template. */
static bool meant(const struct template *t, const struct wire_query *in)
{
	return (t->qclass == in->qclass || t->qclass == CLASS_ANY || in->qclass == CLASS_ANY) &&
	       (t->qtype == in->qtype || t->qtype == TYPE_ANY || in->qtype == TYPE_ANY);
}

/* The first expression that the name matches: 1, 0 or ERR_LIMIT. */
static int match(struct template_data *d, struct pattern_match *m)
{
	for (const struct template_pattern *p = d->t->patterns; p; p = p->next) {
		int r = p->pattern ? pattern_find(p->pattern, m, d->name, d->name_len) : 1;

		if (r) {
			d->pattern = p;
			return r;
		}
	}
	return 0;
}

/* A name that no expression matches: SERVFAIL, unless it may fall through.  The code tells whoever follows a CNAME to
 * here that the name is not served (server/alias.h). */
static enum step not_matched(struct query *q)
{
	return query_fail(q, RCODE_SERVFAIL, EDE_NOT_AUTHORITATIVE, "no template matches this name", NULL);
}

static enum step answer(struct template_data *d, struct template_local *l, struct template_following *f)
{
	struct query *q = d->q;

	if (unlikely(q->has_trail))
		trail_say(q, "matches %.200s", d->pattern->pattern ? d->pattern->text : "by its zone");
	template_count_match(d);
	if (d->t->rcode == RCODE_SERVFAIL)
		return query_fail(q, RCODE_SERVFAIL, d->t->ede == EDE_NONE ? EDE_OTHER : d->t->ede, d->t->ede_text, NULL);
	if (template_render(d, l) != STEP_DONE || q->reply.rcode == RCODE_SERVFAIL)
		return STEP_DONE;
	return template_follow(q, f);
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct templates *all = state;
	char name[WIRE_NAME_TEXT_MAX];
	struct template_local *l = worker_local(q, state);
	struct template_data d = {.q = q, .all = all, .match = l->match, .name = name};

	for (const struct template *t = all->first; t; t = t->next) {
		int r;

		d.t = t;
		d.zone = find_zone(t, &q->in);
		if (!d.zone || !meant(t, &q->in))
			continue;
		if (!d.name_len)
			d.name_len = wire_name_text(q->in.qname, name);
		r = match(&d, l->match);
		if (r == 1)
			return answer(&d, l, scratch);
		if (r < 0)
			return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "an expression takes too long",
					  "plugin/template: expression \"%.100s\" takes too long", d.pattern->text);
		if (!t->falls_through || !zone_list_has(&t->fall, &q->in))
			return not_matched(q);
		if (unlikely(q->has_trail))
			trail_say(q, "no expression matches: falls through");
	}
	return STEP_NEXT;
}

const struct plugin plugin_template = {
	.name = "template",
	.state_size = sizeof(struct templates),
	.query_size = sizeof(struct template_following),
	.setup = setup,
	.free = free_patterns,
	.start = start,
	.worker_start = worker_start,
	.worker_stop = worker_stop,
	.query = query,
	.makes_answers = true,
};
