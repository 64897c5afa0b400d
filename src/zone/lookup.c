// SPDX-License-Identifier: Apache-2.0
/* Question -> answer.  RFC 1034 4.3.2 as RFC 4592, 6672 and 4035 3.1 have it. */
#include "wire/name.h"
#include "zone/internal.h"

#include <errno.h>
#include <string.h>

enum { RCODE_YXDOMAIN = 6, TTL_ANY = 0xffffffff };

struct lookup {
	const struct zone *z;
	struct arena *a;
	struct zone_answer *ret;
	struct zone_part *first[3], **last[3]; /* by section */
	const uint8_t *asked;   /* the question's name */
	const uint8_t *name;    /* that is looked for: another one behind a CNAME */
	size_t len;
	uint16_t type;
	bool dnssec;
	unsigned chain;         /* CNAMEs so far */
	int err;
};

/* ---------------------------------------------------------------- parts */

static void put(struct lookup *l, enum wire_section s, const uint8_t *owner, const struct zone_rrset *set,
		bool required, uint32_t ttl_max_s)
{
	struct zone_part *p = arena_alloc(l->a, sizeof(*p));

	if (!p) {
		l->err = -ENOMEM;
		return;
	}
	*p = (struct zone_part){.section = s, .required = required, .owner = owner, .set = set, .ttl_max_s = ttl_max_s};
	*l->last[s] = p;
	l->last[s] = &p->next;
}

/* A set, and with DO what signs it. */
static void add(struct lookup *l, enum wire_section s, const uint8_t *owner, const struct zone_rrset *set,
		bool required, uint32_t ttl_max_s)
{
	if (!set)
		return;
	put(l, s, owner == l->asked ? NULL : owner, set, required, ttl_max_s);
	if (l->dnssec && set->sigs)
		put(l, s, owner == l->asked ? NULL : owner, set->sigs, required, ttl_max_s);
}

static bool has_nsec(const struct lookup *l, const struct zone_node *n)
{
	for (const struct zone_part *p = l->first[SECTION_AUTHORITY]; p; p = p->next) {
		if (p->set == zone_set(n, TYPE_NSEC))
			return true;
	}
	return false;
}

static void add_nsec(struct lookup *l, const struct zone_node *n)
{
	if (l->dnssec && n && zone_set(n, TYPE_NSEC) && !has_nsec(l, n))
		add(l, SECTION_AUTHORITY, n->name, zone_set(n, TYPE_NSEC), true, TTL_ANY);
}

/* RFC 2308 3: the SOA of a denial lives no longer than its MINIMUM. */
static void add_soa(struct lookup *l)
{
	const struct zone_rrset *soa = zone_set(l->z->apex, TYPE_SOA);

	add(l, SECTION_AUTHORITY, l->z->apex->name, soa, true, wire_u32(soa->rd[0].data + soa->rd[0].len - 4));
}

/* To one who asks for signatures, those of the authority section count as the answer's own: RFC 4035 3.1.1. */
static void add_apex_ns(struct lookup *l)
{
	const struct zone_rrset *ns = zone_set(l->z->apex, TYPE_NS);

	add(l, SECTION_AUTHORITY, l->z->apex->name, ns, l->dnssec && ns && ns->sigs, TTL_ANY);
}

/* ---------------------------------------------------------------- additional addresses */

/* Where the target's name stands in the rdata of a type; -1: it has none. */
static int target_off(uint16_t type)
{
	switch (type) {
	case TYPE_NS:
		return 0;
	case TYPE_MX:
	case TYPE_SVCB:
	case TYPE_HTTPS:
		return 2;
	case TYPE_SRV:
		return 6;
	default:
		return -1;
	}
}

enum { TARGETS_MAX = 32 /* a set with more leaves the rest to be asked for */ };

static void add_addresses(struct lookup *l, const struct zone_node *n, bool required)
{
	add(l, SECTION_ADDITIONAL, n->name, zone_set(n, TYPE_A), required, TTL_ANY);
	add(l, SECTION_ADDITIONAL, n->name, zone_set(n, TYPE_AAAA), required, TTL_ANY);
}

/* The addresses of a set's targets that are in the zone, each once; of a referral those at and below the cut, which nobody
 * else can tell (RFC 1034 4.2.1). */
static void add_targets(struct lookup *l, const struct zone_rrset *set, const struct zone_node *cut)
{
	const struct zone_node *seen[TARGETS_MAX];
	int off = target_off(set->type);
	unsigned n_seen = 0;

	for (uint32_t i = 0; off >= 0 && i < set->n && n_seen < TARGETS_MAX; i++) {
		uint8_t target[WIRE_NAME_MAX];
		size_t len = wire_name_len(set->rd[i].data + off);
		const struct zone_node *n;
		unsigned s = 0;

		wire_name_lower(target, set->rd[i].data + off, len);
		if (cut && !wire_name_in_zone(target, cut->name))
			continue;
		n = zone_find(l->z, target, len);
		while (s < n_seen && seen[s] != n)
			s++;
		if (!n || s < n_seen)
			continue;
		seen[n_seen++] = n;
		add_addresses(l, n, cut != NULL);
	}
}

/* ---------------------------------------------------------------- how it ends */

/* The name is there, the type is not. */
static void no_data(struct lookup *l, const struct zone_node *n)
{
	add_soa(l);
	add_nsec(l, zone_set(n, TYPE_NSEC) ? n : zone_nsec_of(l->z, n->name));
}

static const struct zone_node *wildcard_at(const struct lookup *l, const struct zone_node *encloser, uint8_t *name)
{
	size_t len = encloser->name_len;

	if (len + 2 > WIRE_NAME_MAX)
		return NULL;
	memcpy(name, "\1*", 2);
	memcpy(name + 2, encloser->name, len);
	return zone_find(l->z, name, len + 2);
}

static void no_name(struct lookup *l, const struct zone_node *encloser)
{
	uint8_t wildcard[WIRE_NAME_MAX + 2];

	l->ret->rcode = RCODE_NXDOMAIN;
	l->ret->name_missing = !l->chain;
	add_soa(l);
	add_nsec(l, zone_nsec_of(l->z, l->name));
	(void)wildcard_at(l, encloser, wildcard);
	if (encloser->name_len + 2 <= WIRE_NAME_MAX)
		add_nsec(l, zone_nsec_of(l->z, wildcard));
}

static void refer(struct lookup *l, const struct zone_node *cut)
{
	const struct zone_rrset *ns = zone_set(cut, TYPE_NS), *ds = zone_set(cut, TYPE_DS);

	l->ret->aa = l->chain > 0;
	put(l, SECTION_AUTHORITY, cut->name, ns, true, TTL_ANY); /* not signed: RFC 4035 2.2 */
	if (l->dnssec && ds)
		add(l, SECTION_AUTHORITY, cut->name, ds, true, TTL_ANY);
	else
		add_nsec(l, cut);
	add_targets(l, ns, cut);
}

/* All signatures of a name, which no type of its own holds together. */
static bool add_signatures(struct lookup *l, const struct zone_node *n, const uint8_t *owner)
{
	bool any = false;

	for (const struct zone_rrset *s = n->sets; s; s = s->next) {
		const struct zone_rrset *sigs = s->type == TYPE_RRSIG ? s : s->sigs;

		if (sigs)
			put(l, SECTION_ANSWER, owner, sigs, true, TTL_ANY);
		any |= sigs != NULL;
	}
	return any;
}

/* ---------------------------------------------------------------- the walk */

enum found { FOUND, MISSING, CUT, DNAME_ABOVE };

/* From the apex down: the name's node, the zone cut or DNAME on the way to it, or the closest encloser. */
static enum found walk(const struct lookup *l, const struct zone_node **ret)
{
	uint8_t off[WIRE_LABELS_MAX + 1];
	const struct zone_node *n = l->z->apex;
	size_t count = 0;

	for (size_t o = 0; l->len - o > l->z->origin_len; o += l->name[o] + 1u)
		off[count++] = (uint8_t)o;
	*ret = n;
	while (count--) {
		if (zone_set(n, TYPE_DNAME))
			return DNAME_ABOVE;
		n = zone_find(l->z, l->name + off[count], l->len - off[count]);
		if (!n)
			return MISSING;
		*ret = n;
		if (n->cut && (count || l->type != TYPE_DS))
			return CUT;
	}
	return FOUND;
}

/* The next name of a chain; false: the answer is complete as far as the zone goes. */
static bool go_to(struct lookup *l, const uint8_t *target)
{
	size_t len = wire_name_len(target);
	uint8_t *lower;

	l->chain++;
	if (!wire_name_in_zone(target, l->z->origin)) {
		l->ret->target = target;
		add_apex_ns(l);
		return false;
	}
	lower = arena_alloc(l->a, len);
	if (!lower) {
		l->err = -ENOMEM;
		return false;
	}
	wire_name_lower(lower, target, len);
	l->name = lower;
	l->len = len;
	if (l->chain < ZONE_CHAIN_MAX)
		return true;
	l->ret->loop = true;
	return false;
}

/* At a node, or at the wildcard in whose name it answers (`owner` is the name that is looked for).  True: go on with l->name. */
static bool answer_from(struct lookup *l, const struct zone_node *n, const uint8_t *owner)
{
	const struct zone_rrset *cname = zone_set(n, TYPE_CNAME), *set = zone_set(n, l->type);

	if (cname && l->type != TYPE_CNAME) {
		add(l, SECTION_ANSWER, owner, cname, true, TTL_ANY);
		return go_to(l, cname->rd[0].data);
	}
	if (set) {
		add(l, SECTION_ANSWER, owner, set, true, TTL_ANY);
		if (n != l->z->apex || l->type != TYPE_NS)
			add_apex_ns(l);
		add_targets(l, set, NULL);
	} else if (l->type != TYPE_RRSIG || !add_signatures(l, n, owner == l->asked ? NULL : owner)) {
		l->ret->name_missing = !n->sets && !l->chain;
		no_data(l, n);
	}
	return false;
}

static bool answer_missing(struct lookup *l, const struct zone_node *encloser)
{
	uint8_t name[WIRE_NAME_MAX + 2];
	const struct zone_node *wildcard = wildcard_at(l, encloser, name);
	const uint8_t *looked_for = l->name;
	bool more;

	if (!wildcard) {
		no_name(l, encloser);
		return false;
	}
	l->ret->wildcard = wildcard->name;
	more = answer_from(l, wildcard, looked_for);
	if (l->dnssec) /* RFC 4035 3.1.3.3: there is no such name itself */
		add_nsec(l, zone_nsec_of(l->z, looked_for));
	return more;
}

/* The CNAME that a DNAME stands for.  RFC 6672 3.1 */
static bool answer_dname(struct lookup *l, const struct zone_node *at)
{
	const struct zone_rrset *dname = zone_set(at, TYPE_DNAME);
	size_t prefix = l->len - at->name_len, len = wire_name_len(dname->rd[0].data);
	struct zone_rrset *cname = arena_zalloc(l->a, sizeof(*cname) + sizeof(cname->rd[0]) + prefix + len);
	uint8_t *target;

	add(l, SECTION_ANSWER, at->name, dname, true, TTL_ANY);
	if (prefix + len > WIRE_NAME_MAX) {
		l->ret->rcode = RCODE_YXDOMAIN;
		return false;
	}
	if (!cname) {
		l->err = -ENOMEM;
		return false;
	}
	target = (uint8_t *)&cname->rd[1];
	memcpy(target, l->name, prefix);
	memcpy(target + prefix, dname->rd[0].data, len);
	cname->type = TYPE_CNAME;
	cname->n = 1;
	cname->rd[0] = (struct zone_rd){target, dname->rd[0].ttl_s, (uint16_t)(prefix + len)};
	add(l, SECTION_ANSWER, l->name, cname, true, TTL_ANY);
	if (wire_name_equal(target, l->name)) {
		l->ret->loop = true;
		return false;
	}
	if (l->type != TYPE_CNAME)
		return go_to(l, target);
	add_apex_ns(l);
	return false;
}

/* One name; true: its answer leads to another one, l->name now. */
static bool step(struct lookup *l)
{
	const struct zone_node *n;

	switch (walk(l, &n)) {
	case FOUND:
		return answer_from(l, n, l->name);
	case CUT:
		refer(l, n);
		return false;
	case DNAME_ABOVE:
		return answer_dname(l, n);
	case MISSING:
		break;
	}
	return answer_missing(l, n);
}

int zone_lookup(const struct zone *z, const uint8_t *name, size_t len, uint16_t type, bool dnssec, struct arena *a,
		struct zone_answer *ret)
{
	struct lookup l = {.z = z, .a = a, .ret = ret, .asked = name, .name = name, .len = len, .type = type, .dnssec = dnssec};

	*ret = (struct zone_answer){.rcode = RCODE_NOERROR, .aa = true};
	for (int s = 0; s < 3; s++)
		l.last[s] = &l.first[s];
	while (!l.err && step(&l))
		;
	*l.last[SECTION_ANSWER] = l.first[SECTION_AUTHORITY];
	if (!l.first[SECTION_AUTHORITY])
		l.last[SECTION_AUTHORITY] = l.last[SECTION_ANSWER];
	*l.last[SECTION_AUTHORITY] = l.first[SECTION_ADDITIONAL];
	ret->parts = l.first[SECTION_ANSWER];
	return l.err;
}
