// SPDX-License-Identifier: Apache-2.0
/* What gets through between here and a server: EDNS, TCP (large datagrams: reason_large.c).
 *
 * Each is judged against a way to the same server that loses nothing: where plain UDP itself loses, nothing is said. */
#include "doctor/reason.h"

/* ---------------------------------------------------------------- EDNS */

/* FORMERR and NOTIMP are how servers of old say that they know no EDNS (RFC 6891 7); BADVERS makes no sense for version 0. */
static unsigned rejections(const struct reason *r, const struct tries *t)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->n_seen; i++) {
		const struct observation *o = reason_at(r, t->seen[i]);
		unsigned rcode = o->outcome == OUTCOME_ANSWERED ? o->reply.rcode : RCODE_NOERROR;

		n += rcode == RCODE_FORMERR || rcode == RCODE_NOTIMP || rcode == RCODE_BADVERS;
	}
	return n;
}

/* An upstream that takes no EDNS: do clients feel it?  A cache hides it for names that it knows. */
static void wish_new_names(struct reason *r)
{
	struct wish w = {.count = 3,
			 .per_second = AGAIN_PER_S,
			 .unique = true,
			 .why = "does EDNS fail for new names?"};

	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (!reason_front(r, s) || !reason_alive(r, s))
			continue;
		w.server = s;
		w.name = reason_outside(r);
		w.tag = TAG_NEW_EDNS;
		w.way = WAY_UDP_512;
		reason_want(r, w);
		w.tag = TAG_NEW_PLAIN;
		w.way = WAY_UDP_PLAIN;
		reason_want(r, w);
	}
}

static void wish_edns(struct reason *r)
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		struct tries small = reason_way(r, s, WAY_UDP_512), cookie = reason_way(r, s, WAY_COOKIE);

		if (!reason_plain_well(r, s))
			continue;
		if (reason_lost(&small) || rejections(r, &small)) {
			reason_again(r, s, reason_small(r), 0, WAY_UDP_512, TRIES_SURE,
				     "is EDNS lost again?");
			reason_again(r, s, reason_small(r), 0, WAY_UDP_PLAIN, TRIES_SURE,
				     "is EDNS lost again?");
			if (!reason_front(r, s) && reason_outside(r))
				wish_new_names(r);
		} else if (reason_lost(&cookie) || rejections(r, &cookie)) {
			reason_again(r, s, reason_small(r), 0, WAY_COOKIE, TRIES_SURE,
				     "are cookies lost again?");
			reason_again(r, s, reason_small(r), 0, WAY_UDP_1232, TRIES_SURE,
				     "are cookies lost again?");
		}
	}
}

/* New names, by one server: those with EDNS all fail, those without do not. */
static bool felt_at(const struct reason *r, int s, struct tries *ret_edns, struct tries *ret_plain)
{
	struct about a = {.server = s, .type = ANY, .way = ANY, .bits = ANY, .tag = TAG_NEW_EDNS};

	*ret_edns = reason_tries(r, a);
	a.tag = TAG_NEW_PLAIN;
	*ret_plain = reason_tries(r, a);
	return ret_edns->n >= 3 && !ret_edns->good && ret_plain->good >= 2;
}

static void show_felt(struct reason *r, struct verdict *v, int up)
{
	struct tries edns, plain;

	for (int s = 0; v && !reason_front(r, up) && s < (int)r->w->n_servers; s++) {
		if (!reason_front(r, s) || !felt_at(r, s, &edns, &plain))
			continue;
		v->severity = SEVERITY_FAULT;
		reason_because(r, v, &edns,
			       "%s about new names: all %u with EDNS fail, %u of %u without are answered",
			       reason_label(r, s), edns.n, plain.good, plain.n);
	}
}

static void judge_way_lost(struct reason *r, int s, enum ask_way way, enum ask_way beside, const char *what)
{
	struct tries t = reason_way(r, s, way), good = reason_way(r, s, beside);
	struct verdict *v;

	if (reason_also(r, VERDICT_EDNS_DROPPED, s, &t))
		return;
	v = reason_judge(r, VERDICT_EDNS_DROPPED, reason_severity(r, s), s,
			 "questions with %s get no answer from %s", what, reason_label(r, s));
	reason_because(r, v, &t, "%s: %u of %u without an answer", observe_way_text(way), reason_lost(&t),
		       t.n);
	reason_because(r, v, &good, "%s: %u of %u answered", observe_way_text(beside), good.answered, good.n);
	show_felt(r, v, s);
}

static void judge_rejected(struct reason *r, int s, const struct tries *t)
{
	struct tries plain = reason_way(r, s, WAY_UDP_PLAIN);
	char rcode[16];
	int last = reason_last(r, (struct about){.server = s, .type = ANY, .way = WAY_UDP_512, .bits = ANY});
	struct verdict *v;

	if (reason_also(r, VERDICT_EDNS_DROPPED, s, t))
		return;
	v = reason_judge(r, VERDICT_EDNS_DROPPED, reason_severity(r, s), s,
			 "%s answers questions with EDNS with %s", reason_label(r, s),
			 wire_rcode_text(reason_at(r, last)->reply.rcode, rcode));
	reason_because(r, v, t, "with EDNS: %u of %u rejected", rejections(r, t), t->n);
	reason_because(r, v, &plain, "without EDNS: %u of %u answered well", plain.good, plain.n);
	show_felt(r, v, s);
}

static void judge_edns_of(struct reason *r, int s)
{
	struct tries small = reason_way(r, s, WAY_UDP_512), usual = reason_way(r, s, WAY_UDP_1232);
	struct tries cookie = reason_way(r, s, WAY_COOKIE), plain = reason_way(r, s, WAY_UDP_PLAIN);

	if (!reason_plain_well(r, s) || plain.n < 3)
		return;
	if (reason_all_lost(&small) && small.n >= TRIES_SURE)
		judge_way_lost(r, s, WAY_UDP_512, WAY_UDP_PLAIN, "EDNS");
	else if (small.n >= TRIES_SURE && rejections(r, &small) == small.n && plain.good == plain.n)
		judge_rejected(r, s, &small);
	else if (reason_all_lost(&cookie) && cookie.n >= TRIES_SURE && usual.n >= TRIES_SURE &&
		 !reason_lost(&usual))
		judge_way_lost(r, s, WAY_COOKIE, WAY_UDP_1232, "a cookie");
}

/* Upstreams first: what goes wrong there is felt at every server before them for the names that they forward.  What those
 * answer by themselves, the control name, is then a matter of their own. */
static void judge_edns(struct reason *r)
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (reason_asked(r, s) && !reason_front(r, s))
			judge_edns_of(r, s);
	}
	if (reason_judged(r, VERDICT_EDNS_DROPPED, ANY) && !r->w->control)
		return;
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (reason_front(r, s))
			judge_edns_of(r, s);
	}
}

const struct reason_rule reason_rule_edns = {.wish = wish_edns, .judge = judge_edns};

/* ---------------------------------------------------------------- TCP from here */

/* Tries that never got a connection; one that was there and stayed silent is another matter. */
static struct tries unconnected(const struct reason *r, int s)
{
	struct tries t = reason_way(r, s, WAY_TCP), none = {0};

	for (unsigned i = 0; i < t.n_seen; i++) {
		const struct observation *o = reason_at(r, t.seen[i]);

		if (o->connected_ns || o->outcome == OUTCOME_ANSWERED)
			return none;
	}
	return t;
}

static void wish_tcp_client(struct reason *r)
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		struct tries t = unconnected(r, s);

		if (reason_front(r, s) && reason_plain_well(r, s) && reason_all_lost(&t)) {
			reason_again(r, s, r->w->asked, 0, WAY_TCP, TRIES_SURE, "does TCP fail again?");
			reason_again(r, s, r->w->asked, 0, WAY_UDP_PLAIN, TRIES_SURE, "does TCP fail again?");
		}
	}
}

static void judge_tcp_client(struct reason *r)
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		struct tries t = unconnected(r, s), udp = reason_way(r, s, WAY_UDP_PLAIN);
		struct verdict *v;

		if (!reason_front(r, s) || !reason_plain_well(r, s) || t.n < TRIES_SURE ||
		    !reason_all_lost(&t))
			continue;
		if (reason_also(r, VERDICT_TCP_BLOCKED_CLIENT, s, &t))
			continue;
		v = reason_judge(r, VERDICT_TCP_BLOCKED_CLIENT, SEVERITY_FAULT, s,
				 "TCP to %s is %s, UDP is answered", reason_label(r, s),
				 t.refused == t.n ? "refused" : "blocked");
		reason_because(r, v, &t,
			       "TCP: no connection in %u tries (%u silent, %u refused, %u unreachable)", t.n,
			       t.silent, t.refused, t.unreachable);
		reason_because(r, v, &udp, "plain UDP: %u of %u answered", udp.answered, udp.n);
	}
}

const struct reason_rule reason_rule_tcp_client = {.wish = wish_tcp_client, .judge = judge_tcp_client};
