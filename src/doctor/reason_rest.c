// SPDX-License-Identifier: Apache-2.0
/* What is left: it is in order, or it could not be told.  Runs after all other rules. */
#include "doctor/reason.h"

#include "wire/name.h"

static bool any_of(const struct reason *r, enum verdict_severity sev)
{
	for (unsigned i = 0; i < r->out->n; i++) {
		if (r->out->v[i].severity == sev)
			return true;
	}
	return false;
}

static struct tries asked_by(const struct reason *r, int s, int way)
{
	return reason_tries(
		r,
		(struct about){.server = s, .name = r->w->asked, .type = r->w->type, .way = way, .bits = 0});
}

/* ---------------------------------------------------------------- what hangs in the air */

static struct verdict *unknown(struct reason *r, int s, const char *summary)
{
	return reason_judge(r, VERDICT_COULD_NOT_TELL, SEVERITY_UNKNOWN, s, "%s", summary);
}

/* Servers of these kinds, and those of them that answered. */
static unsigned n_servers(const struct reason *r, unsigned kinds, bool alive)
{
	unsigned n = 0;

	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (r->w->servers[s].same_as < 0 && reason_kind(r, s, kinds))
			n += !alive || (reason_asked(r, s) && reason_alive(r, s));
	}
	return n;
}

static void show_silent(struct reason *r, struct verdict *v, unsigned kinds)
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		struct tries t =
			reason_tries(r, (struct about){.server = s, .type = ANY, .way = ANY, .bits = ANY});

		if (r->w->servers[s].same_as >= 0 || !reason_kind(r, s, kinds) || !(t.n + t.no_route) ||
		    t.answered)
			continue;
		reason_because(r, v, &t,
			       "%s: none of %u questions was answered (%u silent, %u refused, %u "
			       "unreachable, %u without a route)",
			       reason_label(r, s), t.n + t.no_route, t.silent, t.refused, t.unreachable,
			       t.no_route);
	}
}

/* What clients here ask is the cluster's DNS, whatever pods are not reachable one by one. */
static bool resolver_is_the_clusters(const struct reason *r)
{
	return r->w->in_cluster && n_servers(r, KIND_RESOLVER, true);
}

static void judge_nobody(struct reason *r)
{
	if (!n_servers(r, KIND_FRONT, true)) {
		bool any = n_servers(r, KIND_FRONT, false);

		show_silent(
			r,
			unknown(r, ANY,
				any ? "no DNS server answers from here" : "there is no DNS server to ask"),
			KIND_FRONT);
	} else if (!resolver_is_the_clusters(r) && n_servers(r, KIND_SERVICE | KIND_POD, false) &&
		   !n_servers(r, KIND_SERVICE | KIND_POD, true)) {
		show_silent(r, unknown(r, ANY, "the cluster's DNS servers are not reachable from here"),
			    KIND_SERVICE | KIND_POD);
	}
}

static void judge_loss(struct reason *r, int s)
{
	struct tries t = asked_by(r, s, WAY_UDP_PLAIN);

	if (t.n < 8 || reason_lost(&t) * 5 < t.n)
		return;
	reason_because(r,
		       unknown(r, s,
			       reason_text(r, "%s loses questions, and nothing that was seen tells why",
					   reason_label(r, s))),
		       &t, "plain UDP: %u of %u without an answer", reason_lost(&t), t.n);
}

/* The name fails at a server in some way, and no rule knows why. */
static void judge_unexplained(struct reason *r, int s)
{
	for (int way = 0; way < WAY_N; way++) {
		struct tries t = asked_by(r, s, way);
		struct verdict *v;

		if (t.n < 2 || t.good)
			continue;
		v = unknown(r, s,
			    reason_text(r, "%s fails for %s, and nothing that was seen tells why",
					reason_label(r, s), reason_name(r, r->w->asked)));
		reason_because(r, v, &t, "%s, %u times: %s", observe_way_text((enum ask_way)way), t.n,
			       reason_told(r, reason_at(r, t.seen[t.n_seen - 1])));
		return;
	}
	judge_loss(r, s);
}

/* It never answered, and was asked too seldom to say more. */
static void judge_mute(struct reason *r, int s)
{
	struct tries t = reason_tries(r, (struct about){.server = s, .type = ANY, .way = ANY, .bits = ANY});

	const char *how = reason_dead(r, s) ? "does not answer from here, and nothing that was seen tells why"
					    : "has not answered, and was not asked often enough to be sure";

	for (unsigned i = 0; i < r->out->n; i++) {
		if (r->out->v[i].server == s)
			return;
	}
	if (t.n)
		reason_because(r, unknown(r, s, reason_text(r, "%s %s", reason_label(r, s), how)), &t,
			       "%u questions, %u silent", t.n, t.silent);
}

static bool denies(const struct reason *r, int s)
{
	int i = reason_last(r, (struct about){.server = s,
					      .name = r->w->asked,
					      .type = r->w->type,
					      .way = WAY_UDP_PLAIN,
					      .bits = 0});

	return i >= 0 && reason_at(r, i)->reply.rcode == RCODE_NXDOMAIN;
}

static bool has(const struct reason *r, int s)
{
	int i = reason_fullest(r, (struct about){.server = s,
						 .name = r->w->asked,
						 .type = r->w->type,
						 .way = WAY_UDP_PLAIN,
						 .bits = 0});

	return i >= 0 && observe_positive(reason_at(r, i));
}

/* Servers that ought to be alike say the opposite, and it is no matter of a cache. */
static void judge_disagreement(struct reason *r, unsigned kinds)
{
	int yes = -1, no = -1;
	struct verdict *v;

	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (!reason_asked(r, s) || !reason_kind(r, s, kinds))
			continue;
		yes = has(r, s) ? s : yes;
		no = denies(r, s) ? s : no;
	}
	if (yes < 0 || no < 0 || yes == no || reason_judged(r, VERDICT_NXDOMAIN_CACHED_EARLY, ANY))
		return;
	v = unknown(r, no,
		    reason_text(r, "servers that should be alike disagree about %s",
				reason_name(r, r->w->asked)));
	reason_because_of(r, v,
			  reason_last(r, (struct about){.server = no,
							.name = r->w->asked,
							.type = r->w->type,
							.way = WAY_UDP_PLAIN}),
			  "%s: no such name", reason_label(r, no));
	reason_because_of(r, v,
			  reason_last(r, (struct about){.server = yes,
							.name = r->w->asked,
							.type = r->w->type,
							.way = WAY_UDP_PLAIN}),
			  "%s has it", reason_label(r, yes));
}

/* The API server knows the service, and the cluster's servers deny it, freshly. */
static void judge_unheard_of(struct reason *r)
{
	const struct observed_target *t = &r->w->kube.target;

	if (!t->known || !t->exists || !wire_name_equal(t->name, r->w->asked) || any_of(r, SEVERITY_UNKNOWN))
		return;
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		struct verdict *v;

		if (!reason_front(r, s) || !reason_kind(r, s, KIND_SERVICE | KIND_POD) || !denies(r, s))
			continue;
		v = unknown(r, s,
			    reason_text(r, "%s denies %s, though the API server has that service",
					reason_label(r, s), reason_name(r, r->w->asked)));
		reason_because_of(r, v,
				  reason_last(r, (struct about){.server = s,
								.name = r->w->asked,
								.type = r->w->type,
								.way = WAY_UDP_PLAIN}),
				  "%s: no such name, and not from a cache", reason_label(r, s));
		reason_because_of(r, v, -1, "the API server: service %s/%s exists", t->ns, t->service);
		return;
	}
}

/* ---------------------------------------------------------------- legs that were not seen */

static unsigned n_legs(const struct reason *r)
{
	unsigned n = r->w->kube.n_refused + (r->w->kube.tried && !r->w->kube.reached) +
		     (r->w->corefile.error != NULL);

	for (unsigned s = 0; s < r->w->n_servers; s++)
		n += r->w->servers[s].same_as < 0 && r->w->servers[s].state != SERVER_ASKED;
	return n;
}

static void show_api(struct reason *r, struct verdict *v)
{
	const struct observed_kube *k = &r->w->kube;

	for (unsigned i = 0; i < k->n_refused; i++)
		reason_because_of(r, v, -1, "the API server refuses (403): %s %s%s%s", k->refused[i].verb,
				  k->refused[i].resource, *k->refused[i].ns ? " in namespace " : "",
				  k->refused[i].ns);
	if (k->tried && !k->reached)
		reason_because_of(r, v, -1, "the API server was not reached: %s",
				  k->error ? k->error : "no answer");
	if (r->w->corefile.error)
		reason_because_of(r, v, -1, "Corefile: %s", r->w->corefile.error);
}

/* What could not be looked at stays said, also where the answer does not hang on it. */
static void judge_legs(struct reason *r)
{
	struct verdict *v = NULL;

	for (unsigned i = 0; i < r->out->n && !v; i++) {
		if (r->out->v[i].slug == VERDICT_COULD_NOT_TELL)
			v = &r->out->v[i];
	}
	if (!v)
		v = reason_judge(r, VERDICT_COULD_NOT_TELL, SEVERITY_NOTE, ANY,
				 "%u part%s of the way could not be looked at", n_legs(r),
				 n_legs(r) == 1 ? "" : "s");
	show_api(r, v);
	for (unsigned s = 0; s < r->w->n_servers; s++) {
		const struct observed_server *x = &r->w->servers[s];

		if (x->same_as < 0 && x->state != SERVER_ASKED)
			reason_because_of(r, v, -1, "%s: %s", x->label,
					  x->reason ? x->reason : observe_state_text(x->state));
	}
}

/* ---------------------------------------------------------------- healthy */

static int front_answer(const struct reason *r)
{
	int best = -1;

	for (int s = 0; s < (int)r->w->n_servers; s++) {
		int i = reason_front(r, s) ? reason_fullest(r, (struct about){.server = s,
									      .name = r->w->asked,
									      .type = r->w->type,
									      .way = ANY,
									      .bits = 0})
					   : -1;

		if (i >= 0 &&
		    (best < 0 || reason_at(r, i)->reply.n_wanted > reason_at(r, best)->reply.n_wanted))
			best = i;
	}
	return best;
}

static void judge_healthy(struct reason *r)
{
	int i = front_answer(r);
	const struct observation *o = i < 0 ? NULL : reason_at(r, i);
	unsigned n = n_servers(r, KIND_FRONT, true);
	struct verdict *v;

	if (o && o->reply.n_wanted)
		v = reason_judge(r, VERDICT_HEALTHY, SEVERITY_OK, ANY,
				 "%s has %u %s record%s, and %u server%s give%s them in every way",
				 reason_name(r, r->w->asked), o->reply.n_wanted, reason_type(r, r->w->type),
				 o->reply.n_wanted == 1 ? "" : "s", n, n == 1 ? "" : "s", n == 1 ? "s" : "");
	else
		v = reason_judge(r, VERDICT_HEALTHY, SEVERITY_OK, ANY, "DNS answers as it should: %s %s",
				 reason_name(r, r->w->asked),
				 o && o->reply.rcode == RCODE_NOERROR
					 ? reason_text(r, "has no %s records", reason_type(r, r->w->type))
					 : "does not exist");
	if (i >= 0)
		reason_because_of(r, v, i, "%s: %s", reason_label(r, o->server), reason_told(r, o));
}

static void judge_rest(struct reason *r)
{
	if (!any_of(r, SEVERITY_FAULT)) {
		judge_nobody(r);
		for (int s = 0; s < (int)r->w->n_servers; s++) {
			if (reason_front(r, s) && reason_alive(r, s))
				judge_unexplained(r, s);
			else if (reason_front(r, s) && !any_of(r, SEVERITY_UNKNOWN))
				judge_mute(r, s);
		}
		judge_disagreement(r, KIND_SERVICE | KIND_POD);
		judge_disagreement(r, KIND_GIVEN);
		judge_unheard_of(r);
	}
	if (n_legs(r))
		judge_legs(r);
	if (!any_of(r, SEVERITY_FAULT) && !any_of(r, SEVERITY_UNKNOWN))
		judge_healthy(r);
}

const struct reason_rule reason_rule_rest = {.judge = judge_rest};
