// SPDX-License-Identifier: Apache-2.0
/* acl: which clients may ask what.
 *
 * It stands above `cache`, so a blocked client gets nothing from there either, and below `autopath` and `rewrite`:
 * the name is the one that will be looked up. */
#include "plugin/acl/acl.h"

#include "server/block_series.h"
#include "server/trail.h"
#include "server/zone_list.h"
#include "wire/name.h"

#include <errno.h>
#include <string.h>

/* How long a client may remember that there is nothing: rules change. */
enum { FILTER_TTL_S = 60 };

static const struct metric_desc counters[ACL_ACTIONS] = {
	[ACL_ALLOW] = {.name = "coredns_acl_allowed_requests_total",
		       .help = "Questions that acl let through.",
		       .labels = "server,view"},
	[ACL_BLOCK] = {.name = "coredns_acl_blocked_requests_total",
		       .help = "Questions that acl refused.",
		       .labels = "server,zone,view"},
	[ACL_FILTER] = {.name = "coredns_acl_filtered_requests_total",
			.help = "Questions that acl answered as if there were no such records.",
			.labels = "server,zone,view"},
	[ACL_DROP] = {.name = "coredns_acl_dropped_requests_total",
		      .help = "Questions that acl gave no answer.",
		      .labels = "server,zone,view"},
};

static int setup(struct setup *s, void *state)
{
	return acl_setup(s, state);
}

static const char *const decisions[ACL_ACTIONS + 1] = {
	[ACL_ALLOW] = "a rule lets this client in",
	[ACL_BLOCK] = "a rule refuses this client",
	[ACL_FILTER] = "a rule gives this client nothing",
	[ACL_DROP] = "a rule ignores this client",
	[ACL_NONE] = "no rule is about this client and type",
};

/* ---------------------------------------------------------------- counters */

static bool has_action(const struct acl_rule *r, enum acl_action action)
{
	for (size_t i = 0; i < r->n_policies; i++) {
		if (r->policies[i].action == action)
			return true;
	}
	return false;
}

static int resolve_zone(struct generation *gen, const struct acl *a, const struct acl_rule *r, struct acl_zone *z)
{
	char text[WIRE_NAME_TEXT_MAX];
	const char *values[] = {NULL, text, block_view(a->block)};

	wire_name_text(z->zone, text);
	for (int action = ACL_BLOCK; action < ACL_ACTIONS; action++) {
		if (!has_action(r, action))
			continue;
		z->series[action] = block_series(gen, a->block, &counters[action], values);
		if (!z->series[action])
			return -ENOMEM;
	}
	return 0;
}

static int start(struct generation *gen, void *state)
{
	struct acl *a = state;
	const char *values[] = {NULL, block_view(a->block)};

	a->allowed = block_series(gen, a->block, &counters[ACL_ALLOW], values);
	if (!a->allowed)
		return -ENOMEM;
	for (struct acl_rule *r = a->rules; r < a->rules + a->n_rules; r++) {
		for (size_t i = 0; i < r->n_zones; i++) {
			if (resolve_zone(gen, a, r, &r->zones[i]))
				return -ENOMEM;
		}
	}
	return 0;
}

/* ---------------------------------------------------------------- one question */

static bool type_matches(const struct acl_policy *p, uint16_t qtype)
{
	for (size_t i = 0; i < p->n_types; i++) {
		if (p->types[i] == qtype)
			return true;
	}
	return p->any_type;
}

static enum acl_action decide(const struct acl_rule *r, const struct query *q)
{
	const struct net_addr *peer = net_return_peer(&q->from);

	for (const struct acl_policy *p = r->policies; p < r->policies + r->n_policies; p++) {
		if (type_matches(p, q->in.qtype) && (p->any_net || acl_nets_has(&p->nets, peer)))
			return p->action;
	}
	return ACL_NONE;
}

static const struct acl_zone *zone_of(const struct acl_rule *r, const struct query *q)
{
	for (const struct acl_zone *z = r->zones; z < r->zones + r->n_zones; z++) {
		if (zone_key_has(&(struct cf_key){.zone = z->zone, .zone_len = z->zone_len}, &q->in))
			return z;
	}
	return NULL;
}

/* "localhost. nobody.invalid. 1 3600 1200 604800 60": there is no zone behind it, only the wish to be remembered
 * as a negative answer (RFC 2308 5). */
static const uint8_t soa[] = "\11localhost\0\6nobody\7invalid\0"
			     "\0\0\0\1" "\0\0\16\20" "\0\0\4\260" "\0\11\72\200" "\0\0\0\74";

static enum step filter(struct query *q, const struct acl_zone *z)
{
	reply_begin(q, RCODE_NOERROR, false);
	q->reply.ede = EDE_FILTERED;
	q->reply.no_store = true;
	/* Without memory the answer goes without it. */
	if (reply_add(q, SECTION_AUTHORITY, z->zone, TYPE_SOA, FILTER_TTL_S, soa, sizeof(soa) - 1) == 0)
		q->reply.rr[SECTION_AUTHORITY]->required = true;
	return STEP_DONE;
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct acl *a = state;
	enum acl_action action = ACL_NONE;
	const struct acl_zone *z = NULL;

	for (const struct acl_rule *r = a->rules; r < a->rules + a->n_rules && action == ACL_NONE; r++) {
		z = zone_of(r, q);
		if (z)
			action = decide(r, q);
	}
	if (unlikely(q->has_trail))
		trail_say(q, "%s", decisions[action]);
	if (action == ACL_ALLOW || action == ACL_NONE) {
		block_count(q, a->allowed);
		return STEP_NEXT;
	}
	block_count(q, z->series[action]);
	if (action == ACL_DROP)
		return query_drop(q);
	if (action == ACL_FILTER)
		return filter(q, z);
	return query_fail(q, RCODE_REFUSED, EDE_BLOCKED, NULL, NULL);
}

const struct plugin plugin_acl = {
	.name = "acl",
	.state_size = sizeof(struct acl),
	.setup = setup,
	.start = start,
	.query = query,
};
