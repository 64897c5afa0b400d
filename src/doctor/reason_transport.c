// SPDX-License-Identifier: Apache-2.0
/* What gets through between here and a server: EDNS, large datagrams, TCP.
 *
 * Each is judged against a way to the same server that loses nothing: where plain UDP itself loses, nothing is said. */
#include "doctor/reason.h"

static struct tries way_tries(const struct reason *r, int s, enum ask_way way)
{
	return reason_tries(r, (struct about){.server = s, .type = ANY, .way = way, .bits = ANY});
}

static bool all_lost(const struct tries *t)
{
	return t->n && reason_lost(t) == t->n;
}

static bool answers_plain(const struct reason *r, int s)
{
	struct tries t = way_tries(r, s, WAY_UDP_PLAIN);

	return reason_asked(r, s) && t.answered && !reason_lost(&t);
}

/* An upstream's trouble from here is a fault when clients feel it; else it may be this place's own way to there. */
static enum verdict_severity severity_of(const struct reason *r, int s)
{
	if (reason_front(r, s))
		return SEVERITY_FAULT;
	for (unsigned i = 0; i < r->w->n_seen; i++) {
		const struct observation *o = &r->w->seen[i];
		bool well = o->outcome == OUTCOME_ANSWERED &&
			    (o->reply.rcode == RCODE_NOERROR || o->reply.rcode == RCODE_NXDOMAIN);

		if (!well && o->outcome != OUTCOME_NOT_SENT && o->role != NAME_VERSION && !o->pair &&
		    o->tag <= TAG_LATER && reason_front(r, o->server))
			return SEVERITY_FAULT;
	}
	return SEVERITY_NOTE;
}

/* Upstreams first: what goes wrong there is felt at every server before them, and need not be said of those. */
static void judge_each(struct reason *r, enum verdict_slug slug, void (*judge)(struct reason *r, int s))
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (reason_asked(r, s) && !reason_front(r, s))
			judge(r, s);
	}
	if (reason_judged(r, slug, ANY))
		return;
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (reason_front(r, s))
			judge(r, s);
	}
}

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

static void wish_edns(struct reason *r)
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		struct tries small = way_tries(r, s, WAY_UDP_512), cookie = way_tries(r, s, WAY_COOKIE);

		if (!answers_plain(r, s))
			continue;
		if (reason_lost(&small) || rejections(r, &small)) {
			reason_again(r, s, reason_small(r), 0, WAY_UDP_512, TRIES_SURE,
				     "is EDNS lost again?");
			reason_again(r, s, reason_small(r), 0, WAY_UDP_PLAIN, TRIES_SURE,
				     "is EDNS lost again?");
		} else if (reason_lost(&cookie) || rejections(r, &cookie)) {
			reason_again(r, s, reason_small(r), 0, WAY_COOKIE, TRIES_SURE,
				     "are cookies lost again?");
			reason_again(r, s, reason_small(r), 0, WAY_UDP_1232, TRIES_SURE,
				     "are cookies lost again?");
		}
	}
}

static void judge_way_lost(struct reason *r, int s, enum ask_way way, enum ask_way beside, const char *what)
{
	struct tries t = way_tries(r, s, way), good = way_tries(r, s, beside);
	struct verdict *v = reason_judge(r, VERDICT_EDNS_DROPPED, severity_of(r, s), s,
					 "questions with %s get no answer from %s", what, reason_label(r, s));

	reason_because(r, v, &t, "%s: %u of %u without an answer", observe_way_text(way), reason_lost(&t),
		       t.n);
	reason_because(r, v, &good, "%s: %u of %u answered", observe_way_text(beside), good.answered, good.n);
}

static void judge_rejected(struct reason *r, int s, const struct tries *t)
{
	struct tries plain = way_tries(r, s, WAY_UDP_PLAIN);
	char rcode[16];
	int last = reason_last(r, (struct about){.server = s, .type = ANY, .way = WAY_UDP_512, .bits = ANY});
	struct verdict *v = reason_judge(r, VERDICT_EDNS_DROPPED, severity_of(r, s), s,
					 "%s answers questions with EDNS with %s", reason_label(r, s),
					 wire_rcode_text(reason_at(r, last)->reply.rcode, rcode));

	reason_because(r, v, t, "with EDNS: %u of %u rejected", rejections(r, t), t->n);
	reason_because(r, v, &plain, "without EDNS: %u of %u answered well", plain.good, plain.n);
}

static void judge_edns_of(struct reason *r, int s)
{
	struct tries small = way_tries(r, s, WAY_UDP_512), usual = way_tries(r, s, WAY_UDP_1232);
	struct tries cookie = way_tries(r, s, WAY_COOKIE), plain = way_tries(r, s, WAY_UDP_PLAIN);

	if (!answers_plain(r, s) || plain.n < 3)
		return;
	if (all_lost(&small) && small.n >= TRIES_SURE)
		judge_way_lost(r, s, WAY_UDP_512, WAY_UDP_PLAIN, "EDNS");
	else if (small.n >= TRIES_SURE && rejections(r, &small) == small.n && plain.good == plain.n)
		judge_rejected(r, s, &small);
	else if (all_lost(&cookie) && cookie.n >= TRIES_SURE && usual.n >= TRIES_SURE && !reason_lost(&usual))
		judge_way_lost(r, s, WAY_COOKIE, WAY_UDP_1232, "a cookie");
}

static void judge_edns(struct reason *r)
{
	judge_each(r, VERDICT_EDNS_DROPPED, judge_edns_of);
}

const struct reason_rule reason_rule_edns = {.wish = wish_edns, .judge = judge_edns};

/* ---------------------------------------------------------------- large datagrams */

/* Bytes of the whole answer: what TCP brought. */
static unsigned whole_size(const struct reason *r, int s)
{
	int i = reason_fullest(
		r, (struct about){
			   .server = s, .name = r->w->asked, .type = r->w->type, .way = WAY_TCP, .bits = 0});

	return i < 0 ? 0 : reason_at(r, i)->reply.size;
}

/* The largest UDP answer that came from there. */
static int largest(const struct reason *r, int s)
{
	int best = -1;

	for (unsigned i = 0; i < r->w->n_seen; i++) {
		const struct observation *o = &r->w->seen[i];

		if (o->server == s && o->way != WAY_TCP && o->outcome == OUTCOME_ANSWERED &&
		    (best < 0 || o->reply.size > r->w->seen[best].reply.size))
			best = (int)i;
	}
	return best;
}

static struct tries size_tries(const struct reason *r, int s, enum ask_way way)
{
	return reason_tries(
		r,
		(struct about){.server = s, .name = r->w->asked, .type = r->w->type, .way = way, .bits = 0});
}

static struct tries small_tries(const struct reason *r, int s)
{
	return reason_tries(
		r,
		(struct about){
			.server = s, .name = r->w->asked, .type = r->w->type, .way = WAY_UDP_512, .bits = 0});
}

/* The smallest size offered whose answers are all lost, while answers to 512 come. */
static int lost_way(const struct reason *r, int s)
{
	struct tries small = small_tries(r, s);

	if (!answers_plain(r, s) || !small.answered || reason_lost(&small))
		return -1;
	for (enum ask_way way = WAY_UDP_1232; way <= WAY_UDP_4096; way++) {
		struct tries t = size_tries(r, s, way);

		if (all_lost(&t))
			return (int)way;
	}
	return -1;
}

static void wish_large(struct reason *r)
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		int way = lost_way(r, s);

		if (way < 0)
			continue;
		reason_again(r, s, r->w->asked, 0, (enum ask_way)way, TRIES_SURE,
			     "are large answers lost again?");
		reason_again(r, s, r->w->asked, 0, WAY_UDP_512, TRIES_SURE, "are large answers lost again?");
		reason_again(r, s, r->w->asked, 0, WAY_TCP, 2, "how large is the whole answer?");
		if (r->w->control)
			reason_again(r, s, r->w->control, 0, (enum ask_way)way, 2,
				     "do small answers come back to that size?");
	}
}

static void judge_large_way(struct reason *r, int s, enum ask_way way)
{
	struct tries t = size_tries(r, s, way), small = small_tries(r, s), control = {0};
	unsigned whole = whole_size(r, s);
	struct verdict *v;

	if (r->w->control)
		control = reason_tries(
			r, (struct about){
				   .server = s, .name = r->w->control, .type = ANY, .way = way, .bits = 0});
	/* A small answer that is lost to a client that offers more than 512 bytes is no matter of sizes, unless what is dropped
	 * is the question: then that of the control name is lost as well, and nothing is said here. */
	if (t.n < TRIES_SURE || small.n < TRIES_SURE || whole <= 512 || (control.n && !control.answered))
		return;
	v = reason_judge(r, VERDICT_LARGE_UDP_LOST, severity_of(r, s), s,
			 "large UDP answers from %s do not arrive: %u bytes are lost, up to %u came through",
			 reason_label(r, s), whole, reason_at(r, largest(r, s))->reply.size);
	reason_because(r, v, &t, "%s: %u of %u without an answer", observe_way_text(way), reason_lost(&t),
		       t.n);
	reason_because(r, v, &small, "udp-512: %u of %u answered", small.answered, small.n);
	reason_because_of(r, v, largest(r, s), "the largest UDP answer that came has %u bytes",
			  reason_at(r, largest(r, s))->reply.size);
	if (control.answered)
		reason_because(r, v, &control, "%s asked for a small name: %u of %u answered",
			       observe_way_text(way), control.answered, control.n);
	reason_because_of(r, v,
			  reason_fullest(r, (struct about){.server = s,
							   .name = r->w->asked,
							   .type = r->w->type,
							   .way = WAY_TCP,
							   .bits = 0}),
			  "the whole answer has %u bytes over TCP", whole);
}

static void judge_large_of(struct reason *r, int s)
{
	int way = lost_way(r, s);

	if (way >= 0 && !reason_judged(r, VERDICT_EDNS_DROPPED, s))
		judge_large_way(r, s, (enum ask_way)way);
}

static void judge_large(struct reason *r)
{
	judge_each(r, VERDICT_LARGE_UDP_LOST, judge_large_of);
}

const struct reason_rule reason_rule_large = {.wish = wish_large, .judge = judge_large};

/* ---------------------------------------------------------------- TCP from here */

/* Tries that never got a connection; one that was there and stayed silent is another matter. */
static struct tries unconnected(const struct reason *r, int s)
{
	struct tries t = way_tries(r, s, WAY_TCP), none = {0};

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

		if (reason_front(r, s) && answers_plain(r, s) && all_lost(&t)) {
			reason_again(r, s, r->w->asked, 0, WAY_TCP, TRIES_SURE, "does TCP fail again?");
			reason_again(r, s, r->w->asked, 0, WAY_UDP_PLAIN, TRIES_SURE, "does TCP fail again?");
		}
	}
}

static void judge_tcp_client(struct reason *r)
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		struct tries t = unconnected(r, s), udp = way_tries(r, s, WAY_UDP_PLAIN);
		struct verdict *v;

		if (!reason_front(r, s) || !answers_plain(r, s) || t.n < TRIES_SURE || !all_lost(&t))
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
