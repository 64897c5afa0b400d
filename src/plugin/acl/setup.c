// SPDX-License-Identifier: Apache-2.0
/* The grammar of `acl`. */
#include "base/err.h"
#include "corefile/corefile.h"
#include "plugin/acl/acl.h"
#include "server/generation.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const actions[ACL_ACTIONS] = {"allow", "block", "filter", "drop"};
static const char *const sections[] = {"type", "net"};

/* One `{`line`}` being read. */
struct reading {
	struct setup *s;
	struct acl_policy *policy;
	struct net_cidr *nets;
	size_t n_nets;
};

/* Room for what the line holds at most; the lists of one policy can then just be appended to. */
static int reserve(struct reading *r)
{
	size_t n = cf_args_left(r->s->in) + 1;

	r->policy->types = arena_alloc(r->s->arena, n * sizeof(*r->policy->types));
	r->nets = arena_alloc(r->s->arena, n * sizeof(*r->nets));
	if (!r->policy->types || !r->nets)
		return cf_fail(r->s->in, "out of memory");
	return 0;
}

static int read_type(struct reading *r, const char *text)
{
	int type = wire_type_from_text(text);

	if (strcmp(text, "*") == 0) {
		r->policy->any_type = true;
		return 0;
	}
	if (type < 0)
		return cf_fail(r->s->in, "unknown type \"%.100s\"; expected a mnemonic such as AAAA, or *", text);
	r->policy->types[r->policy->n_types++] = (uint16_t)type;
	return 0;
}

static int read_net(struct reading *r, const char *text)
{
	if (strcmp(text, "*") == 0) {
		r->policy->any_net = true;
		return 0;
	}
	if (net_cidr_parse(text, &r->nets[r->n_nets]))
		return cf_fail(r->s->in, "\"%.100s\" is no network; expected ADDRESS, ADDRESS/BITS or *", text);
	r->n_nets++;
	return 0;
}

static int section_of(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		if (strcasecmp(text, sections[i]) == 0)
			return (int)i;
	}
	return -1;
}

/* [type QTYPE...] [net SOURCE...], in any order and repeatedly. */
static int read_sections(struct reading *r)
{
	const struct cf_token *t;
	int section = -1;
	bool empty = false;

	r->policy->any_type = r->policy->any_net = true;
	while (cf_arg(r->s->in, &t)) {
		int next = section_of(t->text);

		if (next >= 0) {
			if (empty)
				break;
			section = next;
			empty = true;
			*(section == 0 ? &r->policy->any_type : &r->policy->any_net) = false;
			continue;
		}
		if (section < 0)
			return cf_fail(r->s->in, "found \"%.100s\", expected type or net", t->text);
		empty = false;
		if (section == 0 ? read_type(r, t->text) : read_net(r, t->text))
			return ERR_SYNTAX;
	}
	if (empty)
		return cf_fail(r->s->in, "expected %s behind \"%s\"", section ? "SOURCE" : "QTYPE", sections[section]);
	return 0;
}

static int read_policy(struct setup *s, const struct cf_token *t, struct acl_policy *p)
{
	struct reading r = {.s = s, .policy = p};

	for (p->action = 0; p->action < ACL_ACTIONS; p->action++) {
		if (strcasecmp(t->text, actions[p->action]) == 0)
			break;
	}
	if (p->action == ACL_ACTIONS)
		return cf_unknown_option(s->in, t, actions, ARRAY_LEN(actions));
	if (reserve(&r) || read_sections(&r) || cf_no_block(s->in))
		return ERR_SYNTAX;
	p->nets = acl_nets_make(r.nets, r.n_nets);
	return 0;
}

/* ---------------------------------------------------------------- zones */

static int longer_first(const void *a, const void *b)
{
	const struct acl_zone *x = a, *y = b;

	return (int)y->zone_len - x->zone_len;
}

/* Those on the line, or the block's own. */
static int read_zones(struct setup *s, struct acl_rule *r)
{
	bool own = !cf_args_left(s->in);
	struct cf_keys keys = {0};
	const struct cf_token *t;

	while (cf_arg(s->in, &t))
		cf_zone_arg(s->arena, t, s->in->errs, &keys);
	r->n_zones = own ? s->block->n_keys : keys.n;
	r->zones = arena_zalloc(s->arena, (r->n_zones + 1) * sizeof(*r->zones));
	if (!r->zones)
		return cf_fail(s->in, "out of memory");
	for (size_t i = 0; i < r->n_zones; i++) {
		r->zones[i].zone = own ? s->block->keys[i].zone : keys.v[i].zone;
		r->zones[i].zone_len = own ? s->block->keys[i].zone_len : keys.v[i].zone_len;
	}
	if (r->n_zones > 1)
		qsort(r->zones, r->n_zones, sizeof(*r->zones), longer_first);
	return 0;
}

/* ---------------------------------------------------------------- directives */

/* `*v`, which has room for `n`, with room for one more; doubled when n is a power of two. */
static void *grown(struct setup *s, void *v, size_t n, size_t size)
{
	void *more = v;

	if ((n & (n - 1)) == 0) {
		more = arena_zalloc(s->arena, (n ? 2 * n : 1) * size);
		if (more && n)
			memcpy(more, v, n * size);
	}
	if (!more)
		(void)cf_fail(s->in, "out of memory"); /* NULL says it */
	return more;
}

static int read_rule(struct setup *s, struct acl_rule *r)
{
	const struct cf_token *t;
	int err = read_zones(s, r);

	while (!err && cf_option(s->in, &t)) {
		struct acl_policy *all = grown(s, r->policies, r->n_policies, sizeof(*all));

		if (!all)
			return ERR_SYNTAX;
		r->policies = all;
		if (read_policy(s, t, &all[r->n_policies]) == 0)
			r->n_policies++;
		else
			err = ERR_SYNTAX;
	}
	return err;
}

int acl_setup(struct setup *s, struct acl *ret)
{
	int err = 0;

	ret->block = s->block;
	while (cf_directive(s->in)) {
		struct acl_rule *all = grown(s, ret->rules, ret->n_rules, sizeof(*all));

		if (!all)
			return ERR_SYNTAX;
		ret->rules = all;
		if (read_rule(s, &all[ret->n_rules++]))
			err = ERR_SYNTAX;
	}
	return err;
}
