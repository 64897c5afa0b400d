// SPDX-License-Identifier: Apache-2.0
/* Names: what the search path costs, where an ExternalName leads, and what was denied before it existed. */
#include "doctor/reason.h"

#include "wire/name.h"

/* ---------------------------------------------------------------- the search path */

enum { DENIED_WORTH_SAYING = 2 };

static const char *const libc_text[LIBC_N] = {"glibc", "musl"};

/* Candidates that were denied before the one that was found. */
static unsigned denied_before(const struct resolv_walk *k)
{
	return k->end == WALK_FOUND && k->ends_at > 0 ? (unsigned)k->ends_at : 0;
}

static void show_candidates(struct reason *r, struct verdict *v, const struct resolv_walk *k)
{
	for (int c = 0; c <= k->ends_at; c++) {
		int i = reason_first(
			r,
			(struct about){.server = r->w->resolv.n_servers
							 ? observe_asked_server(r->w, r->w->resolv.servers[0])
							 : ANY,
				       .name = k->names[c],
				       .type = r->w->type,
				       .way = WAY_UDP_PLAIN,
				       .bits = 0});

		if (i >= 0)
			reason_because_of(r, v, i, "%s: %s", reason_name(r, k->names[c]),
					  reason_told(r, reason_at(r, i)));
	}
}

static void judge_search(struct reason *r)
{
	const struct resolv_walk *worst = NULL;
	enum libc which = LIBC_GLIBC;
	struct verdict *v;

	for (enum libc l = 0; l < LIBC_N; l++) {
		const struct resolv_walk *k = &r->w->resolv.walk[l];

		if (denied_before(k) >= DENIED_WORTH_SAYING &&
		    (!worst || k->n_until_asked > worst->n_until_asked)) {
			worst = k;
			which = l;
		}
	}
	if (!worst)
		return;
	v = reason_judge(r, VERDICT_SEARCH_AMPLIFICATION, SEVERITY_NOTE, -1,
			 "the search path makes %u questions of one look-up of %s: %u candidate names are "
			 "denied first",
			 worst->n_until_asked, r->w->asked_text, denied_before(worst));
	reason_because_of(
		r, v, -1,
		"%s, ndots:%u, %u search domains: %u questions (A and AAAA) until the name is found",
		libc_text[which], r->w->resolv.ndots, r->w->resolv.n_search, worst->n_until_asked);
	show_candidates(r, v, worst);
}

const struct reason_rule reason_rule_search = {.judge = judge_search};

/* ---------------------------------------------------------------- ExternalName */

/* The service is an ExternalName: by the API server, or because the answer is a CNAME out of the cluster. */
static const uint8_t *external_target(const struct reason *r)
{
	const struct observed_target *t = &r->w->kube.target;

	if (t->applies && t->external_name && wire_name_equal(t->name, r->w->asked))
		return t->external_name;
	return reason_in_cluster(r, r->w->asked) ? reason_outside(r) : NULL;
}

static struct about target_at(const struct reason *r, int s, int type)
{
	return (struct about){
		.server = s, .name = external_target(r), .type = type, .way = WAY_UDP_PLAIN, .bits = 0};
}

static bool found(const struct reason *r, int s)
{
	int i = reason_fullest(
		r,
		(struct about){.server = s, .name = r->w->asked, .type = r->w->type, .way = ANY, .bits = 0});

	return i >= 0 && reason_at(r, i)->reply.n_wanted;
}

static void wish_external(struct reason *r)
{
	static const char why[] = "does the name that the ExternalName points to exist?";
	const uint8_t *target = external_target(r);
	int up[UPSTREAMS_MAX];
	unsigned n = target ? reason_upstreams(r, target, up) : 0;

	for (int s = 0; target && s < (int)r->w->n_servers; s++) {
		if (!reason_front(r, s) || !reason_alive(r, s) || found(r, s))
			continue;
		reason_again(r, s, target, TYPE_A, WAY_UDP_PLAIN, 1, why);
		reason_again(r, s, target, TYPE_AAAA, WAY_UDP_PLAIN, 1, why);
		for (unsigned u = 0; u < n; u++) {
			if (!reason_asked(r, up[u]))
				continue;
			reason_again(r, up[u], target, TYPE_A, WAY_UDP_PLAIN, 1, why);
			reason_again(r, up[u], target, TYPE_AAAA, WAY_UDP_PLAIN, 1, why);
		}
	}
}

/* Denied, by name or for this type. */
static bool denied(const struct observation *o)
{
	return o->outcome == OUTCOME_ANSWERED && !o->reply.n_wanted && !(o->reply.flags & FLAG_TC) &&
	       (o->reply.rcode == RCODE_NXDOMAIN || o->reply.rcode == RCODE_NOERROR);
}

/* The server says that the target has no address of either family: the answer for A, else -1. */
static int dangles_at(const struct reason *r, int s)
{
	int a = reason_last(r, target_at(r, s, TYPE_A)), aaaa = reason_last(r, target_at(r, s, TYPE_AAAA));

	if (a < 0 || !denied(reason_at(r, a)))
		return -1;
	return reason_at(r, a)->reply.rcode == RCODE_NXDOMAIN || (aaaa >= 0 && denied(reason_at(r, aaaa)))
		       ? a
		       : -1;
}

static void judge_external_at(struct reason *r, int s, const uint8_t *target)
{
	int up[UPSTREAMS_MAX], here = dangles_at(r, s);
	int cname = reason_first(
		r,
		(struct about){.server = s, .name = r->w->asked, .type = r->w->type, .way = ANY, .bits = 0});
	unsigned n = reason_upstreams(r, target, up);
	bool nx = reason_at(r, here)->reply.rcode == RCODE_NXDOMAIN;
	struct verdict *v =
		reason_judge(r, VERDICT_EXTERNALNAME_DANGLING, SEVERITY_FAULT, s,
			     "%s is an ExternalName for %s, which %s", reason_name(r, r->w->asked),
			     reason_name(r, target), nx ? "does not exist" : "has no address");

	if (cname >= 0)
		reason_because_of(r, v, cname, "%s about %s: %s", reason_label(r, s),
				  reason_name(r, r->w->asked), reason_told(r, reason_at(r, cname)));
	reason_because_of(r, v, here, "%s about %s: %s", reason_label(r, s), reason_name(r, target),
			  reason_told(r, reason_at(r, here)));
	for (unsigned u = 0; u < n; u++) {
		int there = reason_last(r, target_at(r, up[u], TYPE_A));

		if (there >= 0)
			reason_because_of(r, v, there, "%s about %s: %s", reason_label(r, up[u]),
					  reason_name(r, target), reason_told(r, reason_at(r, there)));
	}
	if (r->w->kube.target.known && r->w->kube.target.external_name)
		reason_because_of(r, v, -1, "the API server: service %s/%s has externalName %s",
				  r->w->kube.target.ns, r->w->kube.target.service,
				  reason_name(r, r->w->kube.target.external_name));
}

/* Some upstream knows the target after all: then it is not the name that is wrong. */
static bool known_upstream(const struct reason *r, const uint8_t *target)
{
	int up[UPSTREAMS_MAX];
	unsigned n = reason_upstreams(r, target, up);

	for (unsigned u = 0; u < n; u++) {
		int a = reason_fullest(r, target_at(r, up[u], TYPE_A)),
		    aaaa = reason_fullest(r, target_at(r, up[u], TYPE_AAAA));

		if ((a >= 0 && !denied(reason_at(r, a))) ||
		    (aaaa >= 0 && observe_positive(reason_at(r, aaaa))))
			return true;
	}
	return false;
}

static void judge_external(struct reason *r)
{
	const uint8_t *target = external_target(r);

	for (int s = 0; target && s < (int)r->w->n_servers; s++) {
		if (reason_front(r, s) && !found(r, s) && dangles_at(r, s) >= 0 &&
		    !known_upstream(r, target) && !reason_judged(r, VERDICT_EXTERNALNAME_DANGLING, ANY))
			judge_external_at(r, s, target);
	}
}

const struct reason_rule reason_rule_external = {.wish = wish_external, .judge = judge_external};

/* ---------------------------------------------------------------- denied, and kept */

enum { DENIED_LATER_MS = 2100 };

static struct about plain_asked(const struct reason *r, int s)
{
	return (struct about){
		.server = s, .name = r->w->asked, .type = r->w->type, .way = WAY_UDP_PLAIN, .bits = 0};
}

/* Somebody who knows says that it exists: the API server, else a server that has it (its observation in *ret_seen). */
static bool exists(const struct reason *r, int *ret_seen)
{
	const struct observed_target *t = &r->w->kube.target;

	*ret_seen = -1;
	for (int s = 0; s < (int)r->w->n_servers && *ret_seen < 0; s++) {
		int i = !reason_asked(r, s) ? -1
					    : reason_fullest(r, (struct about){.server = s,
									       .name = r->w->asked,
									       .type = r->w->type,
									       .way = ANY,
									       .bits = 0});

		if (i >= 0 && observe_positive(reason_at(r, i)))
			*ret_seen = i;
	}
	return *ret_seen >= 0 || (t->known && t->exists && wire_name_equal(t->name, r->w->asked));
}

/* Its word counts for this name: a resolver outside the cluster rightly denies the cluster's names. */
static bool ought_to_know(const struct reason *r, int s)
{
	return reason_asked(r, s) && (r->w->in_cluster || !reason_in_cluster(r, r->w->asked) ||
				      reason_kind(r, s, KIND_SERVICE | KIND_POD | KIND_GIVEN));
}

static bool denied_name(const struct observation *o)
{
	return denied(o) && o->reply.rcode == RCODE_NXDOMAIN;
}

static void wish_denied(struct reason *r)
{
	int seen;
	bool known = exists(r, &seen);

	for (int s = 0; known && s < (int)r->w->n_servers; s++) {
		int i = ought_to_know(r, s) && reason_front(r, s) ? reason_first(r, plain_asked(r, s)) : -1;

		if (i < 0 || !denied_name(reason_at(r, i)))
			continue;
		reason_want(r, (struct wish){.tag = TAG_LATER,
					     .server = s,
					     .name = r->w->asked,
					     .way = WAY_UDP_PLAIN,
					     .count = 1,
					     .delay_ms = DENIED_LATER_MS,
					     .why = "does the denial come from a cache?"});
		reason_want(r, (struct wish){.tag = TAG_UNIQUE,
					     .server = s,
					     .name = r->w->asked,
					     .way = WAY_UDP_PLAIN,
					     .count = 1,
					     .unique = true,
					     .why = "how long is a new denial kept?"});
	}
}

/* Two denials of which the later has less time to live: it was kept.  Its index, -1. */
static int counted_down(const struct reason *r, int s, int first)
{
	int last = reason_last(r, plain_asked(r, s));

	if (!denied_name(reason_at(r, last)) || !reason_at(r, first)->reply.has_soa ||
	    !reason_at(r, last)->reply.has_soa ||
	    reason_at(r, last)->reply.soa_ttl_s >= reason_at(r, first)->reply.soa_ttl_s)
		return -1;
	return last;
}

/* When it was kept, by this machine's clock: how much of a new denial's time has gone.  0: not known. */
static uint64_t kept_since(const struct reason *r, int s, int first)
{
	int fresh = reason_first(
		r, (struct about){.server = s, .type = ANY, .way = ANY, .bits = ANY, .tag = TAG_UNIQUE});
	uint32_t full, left = reason_at(r, first)->reply.soa_ttl_s;

	if (fresh < 0 || !reason_at(r, fresh)->reply.has_soa)
		return 0;
	full = reason_at(r, fresh)->reply.soa_ttl_s;
	return full >= left ? reason_at(r, first)->wall_s - (full - left) : 0;
}

static void judge_denied_at(struct reason *r, int s, int first, int last, int seen)
{
	const struct observed_target *made = &r->w->kube.target;
	bool known = made->known && made->exists && wire_name_equal(made->name, r->w->asked);
	uint64_t since = kept_since(r, s, first), created = known ? made->created_wall_s : 0;
	uint64_t now = reason_at(r, first)->wall_s;
	struct tries t = reason_tries(r, plain_asked(r, s));
	struct verdict *v;

	/* The clocks of this machine and of the API server need not agree to the second. */
	const char *how = !since || !created    ? "that is out of date"
			  : since > created + 2 ? "made while it did not know of it yet"
						: "from before it existed";

	if (reason_also(r, VERDICT_NXDOMAIN_CACHED_EARLY, s, &t))
		return;
	v = reason_judge(r, VERDICT_NXDOMAIN_CACHED_EARLY, SEVERITY_FAULT, s,
			 "%s keeps a denial of %s %s; it ends in %u s", reason_label(r, s),
			 reason_name(r, r->w->asked), how, reason_at(r, last)->reply.soa_ttl_s);
	reason_because_of(r, v, first, "%s: NXDOMAIN, to be kept %u s", reason_label(r, s),
			  reason_at(r, first)->reply.soa_ttl_s);
	reason_because_of(r, v, last, "%s, later: NXDOMAIN, to be kept %u s: it comes from a cache",
			  reason_label(r, s), reason_at(r, last)->reply.soa_ttl_s);
	if (created)
		reason_because_of(r, v, -1,
				  "the API server: the service was made %llu s before it was asked for",
				  now > created ? (unsigned long long)(now - created) : 0);
	if (since)
		reason_because_of(
			r, v, first,
			"a new denial is kept longer: this one is from %llu s before it was asked for",
			(unsigned long long)(now - since));
	if (seen >= 0)
		reason_because_of(r, v, seen, "%s over %s: %s", reason_label(r, reason_at(r, seen)->server),
				  observe_way_text(reason_at(r, seen)->way),
				  reason_told(r, reason_at(r, seen)));
}

static void judge_denied(struct reason *r)
{
	int seen;
	bool known = exists(r, &seen);

	for (int s = 0; known && s < (int)r->w->n_servers; s++) {
		int first = ought_to_know(r, s) && reason_front(r, s) ? reason_first(r, plain_asked(r, s))
								      : -1,
		    last;

		if (first < 0 || !denied_name(reason_at(r, first)))
			continue;
		last = counted_down(r, s, first);
		if (last >= 0)
			judge_denied_at(r, s, first, last, seen);
	}
}

const struct reason_rule reason_rule_denied = {.wish = wish_denied, .judge = judge_denied};
