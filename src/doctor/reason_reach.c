// SPDX-License-Identifier: Apache-2.0
/* Who answers at all: the address that clients use, and each of several servers that ought to be alike. */
#include "doctor/reason.h"

enum { SERVICE_TRIES_MAX = 40, LOSS_TRIES = 12, LOSS_TRIES_SURE = 40 };

static struct tries plain_tries(const struct reason *r, int s)
{
	return reason_tries(r, (struct about){.server = s, .type = ANY, .way = WAY_UDP_PLAIN, .bits = 0});
}

static struct tries all_tries(const struct reason *r, int s)
{
	return reason_tries(r, (struct about){.server = s, .type = ANY, .way = ANY, .bits = ANY});
}

/* Members of a kind, by their asked index; how many of them answer, how many are dead. */
struct group {
	unsigned kinds, n, alive, dead, clean;
};

static struct group group_of(const struct reason *r, unsigned kinds)
{
	struct group g = {.kinds = kinds};

	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (!reason_asked(r, s) || !reason_kind(r, s, kinds))
			continue;
		g.n++;
		g.alive += reason_alive(r, s);
		g.dead += reason_dead(r, s);
		g.clean += reason_clean(r, s);
	}
	return g;
}

/* ---------------------------------------------------------------- wishes, for both rules */

/* With one of N servers behind it dead, an address that is spread over them loses 1 of N.  Losing none of 4.6 N is less
 * than one in a hundred. */
static unsigned spread_tries(unsigned n_pods)
{
	return 5 * n_pods < SERVICE_TRIES_MAX ? 5 * n_pods : SERVICE_TRIES_MAX;
}

/* With 2 of 100 lost by chance, 3 of 12 are once in 500 times; 8 of 40 never. */
static void wish_loss(struct reason *r, int s, const uint8_t *name)
{
	struct tries t = reason_tries(
		r, (struct about){.server = s, .name = name, .type = ANY, .way = WAY_UDP_PLAIN, .bits = 0});
	bool many = t.n >= LOSS_TRIES && reason_lost(&t) * 5 >= t.n && reason_lost(&t) < t.n;

	reason_again(r, s, name, 0, WAY_UDP_PLAIN, many ? LOSS_TRIES_SURE : LOSS_TRIES, "was a loss chance?");
}

static void wish_reach(struct reason *r)
{
	struct group pods = group_of(r, KIND_POD);

	for (int s = 0; s < (int)r->w->n_servers; s++) {
		struct tries plain;

		if (!reason_front(r, s))
			continue;
		if (!reason_alive(r, s)) {
			reason_again(r, s, reason_small(r), 0, WAY_UDP_PLAIN, TRIES_SURE,
				     "does this server answer at all?");
			reason_again(r, s, reason_small(r), 0, WAY_TCP, 2, "does this server answer at all?");
			continue;
		}
		plain = plain_tries(r, s);
		if (reason_lost(&plain)) {
			wish_loss(r, s, reason_small(r));
			wish_loss(r, s, r->w->asked);
		}
		if (pods.dead && reason_kind(r, s, KIND_SERVICE | KIND_RESOLVER))
			reason_again(r, s, r->w->asked, 0, WAY_UDP_PLAIN, spread_tries(pods.n),
				     "does a dead pod cost the service's clients answers?");
	}
}

/* ---------------------------------------------------------------- the service's address */

static void show_pods(struct reason *r, struct verdict *v)
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		struct tries t = all_tries(r, s);

		if (reason_asked(r, s) && reason_kind(r, s, KIND_POD) && t.answered)
			reason_because(r, v, &t, "%s, asked directly, answered %u of %u", reason_label(r, s),
				       t.answered, t.n);
	}
}

static void judge_service_dead(struct reason *r, int s, unsigned n_pods)
{
	struct tries t = all_tries(r, s);
	bool must_reach = r->w->in_cluster || reason_kind(r, s, KIND_RESOLVER) || t.refused == t.n;
	struct verdict *v = reason_judge(
		r, VERDICT_SERVICE_ADDRESS_DEAD, must_reach ? SEVERITY_FAULT : SEVERITY_UNKNOWN, s,
		"%s does not answer from here, but the DNS pods behind it do (%u asked directly)",
		reason_label(r, s), n_pods);

	reason_because(r, v, &t,
		       "%s: %u of %u questions over UDP and TCP without an answer (%u silent, %u refused, %u "
		       "unreachable)",
		       reason_label(r, s), reason_lost(&t), t.n, t.silent, t.refused, t.unreachable);
	show_pods(r, v);
}

static void judge_service_lossy(struct reason *r, int s)
{
	struct tries t = plain_tries(r, s);
	struct verdict *v =
		reason_judge(r, VERDICT_SERVICE_ADDRESS_DEAD, SEVERITY_FAULT, s,
			     "%s loses %u of %u questions, but each known DNS pod behind it answers all",
			     reason_label(r, s), reason_lost(&t), t.n);

	reason_because(r, v, &t, "%s: %u of %u plain UDP questions without an answer", reason_label(r, s),
		       reason_lost(&t), t.n);
	show_pods(r, v);
}

static void judge_service(struct reason *r)
{
	struct group pods = group_of(r, KIND_POD);

	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (!reason_front(r, s) || !reason_kind(r, s, KIND_SERVICE | KIND_RESOLVER) ||
		    reason_kind(r, s, KIND_POD))
			continue;
		if (reason_dead(r, s) && pods.alive)
			judge_service_dead(r, s, pods.alive);
		else if (reason_lossy(r, s) && pods.n && pods.clean == pods.n)
			judge_service_lossy(r, s);
	}
}

/* ---------------------------------------------------------------- one of several */

static const char *what(const struct group *g)
{
	return g->kinds == KIND_POD        ? "DNS pods"
	       : g->kinds == KIND_RESOLVER ? "nameservers in resolv.conf"
					   : "servers given";
}

static void show_others(struct reason *r, struct verdict *v, const struct group *g, int but)
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		struct tries t = all_tries(r, s);

		if (s != but && reason_asked(r, s) && reason_kind(r, s, g->kinds) && t.answered)
			reason_because(r, v, &t, "%s answered %u of %u", reason_label(r, s), t.answered, t.n);
	}
}

/* The addresses that spread questions over the pods: what do their clients feel?  True: so often asked without a loss
 * that the pod cannot be among those behind it. */
static bool show_services(struct reason *r, struct verdict *v, const struct group *g)
{
	bool spared = false;

	for (int s = 0; s < (int)r->w->n_servers && g->kinds == KIND_POD; s++) {
		struct tries t = plain_tries(r, s);

		if (!reason_front(r, s) || !reason_kind(r, s, KIND_SERVICE | KIND_RESOLVER) ||
		    reason_kind(r, s, KIND_POD) || !t.n)
			continue;
		reason_because(r, v, &t, "%s lost %u of %u plain UDP questions", reason_label(r, s),
			       reason_lost(&t), t.n);
		spared |= !reason_lost(&t) && t.n * 10 >= g->n * 46;
	}
	return spared;
}

static void judge_member_dead(struct reason *r, const struct group *g, int s)
{
	struct tries t = all_tries(r, s);
	struct verdict *v =
		reason_judge(r, VERDICT_POD_BAD, SEVERITY_FAULT, s, "%u of %u %s %s not answer: %s", g->dead,
			     g->n, what(g), g->dead == 1 ? "does" : "do", reason_label(r, s));

	reason_because(r, v, &t,
		       "%s: %u of %u questions over UDP and TCP without an answer (%u silent, %u refused, %u "
		       "unreachable)",
		       reason_label(r, s), reason_lost(&t), t.n, t.silent, t.refused, t.unreachable);
	show_others(r, v, g, s);
	if (show_services(r, v, g) && v) {
		v->severity = SEVERITY_NOTE;
		v->summary =
			reason_text(r, "%s does not answer from here, but the service's clients lose nothing",
				    reason_label(r, s));
	}
}

static void judge_member_lossy(struct reason *r, const struct group *g, int s)
{
	struct tries t = plain_tries(r, s);
	struct verdict *v = reason_judge(r, VERDICT_POD_BAD, SEVERITY_FAULT, s,
					 "1 of %u %s loses questions: %s", g->n, what(g), reason_label(r, s));

	reason_because(r, v, &t, "%s lost %u of %u plain UDP questions", reason_label(r, s), reason_lost(&t),
		       t.n);
	show_others(r, v, g, s);
}

static bool fails(const struct observation *o)
{
	return o->outcome == OUTCOME_ANSWERED && o->reply.rcode != RCODE_NOERROR &&
	       o->reply.rcode != RCODE_NXDOMAIN;
}

/* All its plain answers about the name are failures, while a server of its kind answers well, be it that there is no such name. */
static int better_than(const struct reason *r, const struct group *g, int s)
{
	struct about a = {
		.server = s, .name = r->w->asked, .type = r->w->type, .way = WAY_UDP_PLAIN, .bits = 0};
	struct tries t = reason_tries(r, a);

	if (!t.answered || t.good || !fails(reason_at(r, reason_last(r, a))))
		return -1;
	for (int other = 0; other < (int)r->w->n_servers; other++) {
		a.server = other;
		if (other == s || !reason_asked(r, other) || !reason_kind(r, other, g->kinds))
			continue;
		if (reason_fullest(r, a) >= 0 && !fails(reason_at(r, reason_fullest(r, a))))
			return reason_fullest(r, a);
	}
	return -1;
}

static void wish_member(struct reason *r, unsigned kinds)
{
	struct group g = group_of(r, kinds);

	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (reason_asked(r, s) && reason_kind(r, s, kinds) && better_than(r, &g, s) >= 0)
			reason_again(r, s, r->w->asked, 0, WAY_UDP_PLAIN, 3, "does it fail again?");
	}
}

static void judge_member_fails(struct reason *r, const struct group *g, int s)
{
	struct about a = {
		.server = s, .name = r->w->asked, .type = r->w->type, .way = WAY_UDP_PLAIN, .bits = 0};
	struct tries t = reason_tries(r, a);
	int better = better_than(r, g, s);
	struct verdict *v;

	if (better < 0 || t.answered < 3)
		return;
	v = reason_judge(r, VERDICT_POD_BAD, SEVERITY_FAULT, s, "1 of %u %s fails where others answer: %s",
			 g->n, what(g), reason_label(r, s));
	reason_because(r, v, &t, "%s answered %s %u times: %s", reason_label(r, s),
		       reason_name(r, r->w->asked), t.answered,
		       reason_told(r, reason_at(r, reason_last(r, a))));
	reason_because_of(r, v, better, "%s: %s", reason_label(r, reason_at(r, better)->server),
			  reason_told(r, reason_at(r, better)));
}

static void judge_group(struct reason *r, unsigned kinds)
{
	struct group g = group_of(r, kinds);

	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (!reason_asked(r, s) || !reason_kind(r, s, kinds) ||
		    reason_judged(r, VERDICT_SERVICE_ADDRESS_DEAD, s) || reason_judged(r, VERDICT_POD_BAD, s))
			continue;
		if (reason_dead(r, s) && g.alive)
			judge_member_dead(r, &g, s);
		else if (reason_lossy(r, s) && g.clean)
			judge_member_lossy(r, &g, s);
		else
			judge_member_fails(r, &g, s);
	}
}

static void wish_pod(struct reason *r)
{
	wish_member(r, KIND_POD);
	wish_member(r, KIND_GIVEN);
}

static void judge_pod(struct reason *r)
{
	judge_group(r, KIND_POD);
	judge_group(r, KIND_GIVEN);
	judge_group(r, KIND_RESOLVER);
}

const struct reason_rule reason_rule_service = {.wish = wish_reach, .judge = judge_service};
const struct reason_rule reason_rule_pod = {.wish = wish_pod, .judge = judge_pod};
