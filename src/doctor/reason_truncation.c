// SPDX-License-Identifier: Apache-2.0
/* Answers that were cut: passed on from the upstream, kept as if they were whole, or not marked as cut.
 *
 * A TC bit alone is no fault: 512 bytes are all that a client without EDNS takes, and some servers then send no record at
 * all.  What shows that a server hands on the cut of its upstream is that it does better on the same question when it
 * happens to have the whole answer, or that it cuts what would have fitted. */
#include "doctor/reason.h"

#include "wire/name.h"

enum { ROOM_FOR_OPT = 64, LATER_MS = 2100 };

static struct about asked(const struct reason *r, int s, int way, int bits)
{
	return (struct about){.server = s, .name = r->w->asked, .type = r->w->type, .way = way, .bits = bits};
}

static struct about outside(const struct reason *r, int s, int way)
{
	return (struct about){
		.server = s, .name = reason_outside(r), .type = r->w->type, .way = way, .bits = 0};
}

static bool is_cut(const struct observation *o)
{
	return o->reply.flags & FLAG_TC;
}

/* The plain answer with the fewest records, among those with TC or among those without; -1. */
static int poorest(const struct reason *r, struct about a, bool cut)
{
	int best = -1;

	for (unsigned i = 0; i < r->w->n_seen; i++) {
		const struct observation *o = &r->w->seen[i];

		if (o->server != a.server || o->way != WAY_UDP_PLAIN || o->outcome != OUTCOME_ANSWERED ||
		    o->type != a.type || o->reply.rcode != RCODE_NOERROR || is_cut(o) != cut ||
		    !wire_name_equal(o->name, a.name))
			continue;
		if (best < 0 || o->reply.n_wanted < r->w->seen[best].reply.n_wanted)
			best = (int)i;
	}
	return best;
}

/* A chain and nothing at its end. */
static bool only_cname(const struct observation *o)
{
	return o->outcome == OUTCOME_ANSWERED && o->reply.rcode == RCODE_NOERROR && o->reply.n_cname &&
	       !o->reply.n_wanted;
}

/* ---------------------------------------------------------------- wishes */

static void wish_upstreams(struct reason *r)
{
	static const char why[] = "what does the upstream say itself?";
	const uint8_t *name = reason_outside(r);
	int up[UPSTREAMS_MAX];
	unsigned n = name ? reason_upstreams(r, name, up) : 0;

	for (unsigned i = 0; i < n; i++) {
		if (!reason_asked(r, up[i]))
			continue;
		reason_again(r, up[i], name, 0, WAY_UDP_PLAIN, 2, why);
		reason_again(r, up[i], name, 0, WAY_UDP_1232, 1, why);
		reason_again(r, up[i], name, 0, WAY_UDP_4096, 1, why);
		reason_again(r, up[i], name, 0, WAY_TCP, 2, why);
	}
}

/* An upstream has more over TCP than this server gives over TCP. */
static bool short_of_upstream(const struct reason *r, int s)
{
	int here = reason_fullest(r, asked(r, s, WAY_TCP, 0)), up[UPSTREAMS_MAX];
	unsigned n = reason_outside(r) ? reason_upstreams(r, reason_outside(r), up) : 0;

	for (unsigned u = 0; here >= 0 && u < n; u++) {
		int there = reason_fullest(r, outside(r, up[u], WAY_TCP));

		if (there >= 0 && reason_at(r, there)->reply.n_wanted > reason_at(r, here)->reply.n_wanted)
			return true;
	}
	return false;
}

static void wish_truncation(struct reason *r)
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		int i = reason_front(r, s) ? reason_first(r, asked(r, s, WAY_UDP_PLAIN, 0)) : -1;

		if (i < 0)
			continue;
		wish_upstreams(r);
		if (!is_cut(reason_at(r, i)) && !only_cname(reason_at(r, i)) && !short_of_upstream(r, s))
			continue;
		/* CD is a part of most caches' keys: the same question, without what the cache has by now. */
		reason_want(
			r,
			(struct wish){
				.tag = TAG_AGAIN,
				.server = s,
				.name = r->w->asked,
				.way = WAY_UDP_PLAIN,
				.bits = ASK_CD,
				.count = 1,
				.why = "is the answer cut the same when it does not come from the cache?"});
		reason_want(r, (struct wish){.tag = TAG_LATER,
					     .server = s,
					     .name = r->w->asked,
					     .way = WAY_UDP_PLAIN,
					     .count = 1,
					     .delay_ms = LATER_MS,
					     .why = "is the answer cut the same when the cache has it?"});
	}
}

/* ---------------------------------------------------------------- passed on */

/* An upstream that cuts the answer to as little as `cut` (or less, with more to give); -1. */
static int cut_upstream(const struct reason *r, const struct observation *cut)
{
	int up[UPSTREAMS_MAX];
	unsigned n = reason_outside(r) ? reason_upstreams(r, reason_outside(r), up) : 0;

	for (unsigned u = 0; u < n; u++) {
		int i = poorest(r, outside(r, up[u], WAY_UDP_PLAIN), true);

		if (i >= 0 && cut->reply.n_wanted <= reason_at(r, i)->reply.n_wanted)
			return i;
	}
	return -1;
}

/* The whole answer: from the server itself over TCP, else from an upstream. */
static int whole_answer(const struct reason *r, int s)
{
	int i = reason_fullest(r, asked(r, s, WAY_TCP, 0)), up[UPSTREAMS_MAX];
	unsigned n;

	if (i >= 0 && !is_cut(reason_at(r, i)) && reason_at(r, i)->reply.n_wanted)
		return i;
	n = reason_outside(r) ? reason_upstreams(r, reason_outside(r), up) : 0;
	for (unsigned u = 0; u < n; u++) {
		i = reason_fullest(r, outside(r, up[u], WAY_TCP));
		if (i >= 0 && !is_cut(reason_at(r, i)) && reason_at(r, i)->reply.n_wanted)
			return i;
	}
	return -1;
}

/* A way whose size would have held the whole answer, and which was cut all the same, here and at the upstream. */
static int cut_without_need(const struct reason *r, int s, int up, unsigned whole_size)
{
	for (enum ask_way way = WAY_UDP_1232; way <= WAY_UDP_4096; way++) {
		int here = reason_last(r, asked(r, s, (int)way, 0)),
		    there = reason_last(r, outside(r, up, (int)way));

		if (whole_size + ROOM_FOR_OPT <= (way == WAY_UDP_1232 ? 1232u : 4096u) && here >= 0 &&
		    there >= 0 && is_cut(reason_at(r, here)) && is_cut(reason_at(r, there)))
			return here;
	}
	return -1;
}

static bool hands_on(enum observed_software s)
{
	return s == SOFTWARE_COREDNS || s == SOFTWARE_KUBE_DNS || s == SOFTWARE_DNSMASQ;
}

/* What proves that the cut is the upstream's and not the server's own: an observation, -1 for "its software does that",
 * -2 for nothing. */
static int proof(const struct reason *r, int s, int cut, int up, int whole)
{
	int better = reason_fullest(r, asked(r, s, WAY_UDP_PLAIN, ANY));

	if (reason_at(r, better)->reply.n_wanted > reason_at(r, cut)->reply.n_wanted)
		return better;
	better = cut_without_need(r, s, reason_at(r, up)->server, reason_at(r, whole)->reply.size);
	if (better >= 0)
		return better;
	return hands_on(reason_software(r, s)) ? -1 : -2;
}

static struct verdict *passed_on(struct reason *r, int s, const struct observation *cut,
				 const struct observation *whole, int up)
{
	for (unsigned i = 0; i < r->out->n; i++) {
		if (r->out->v[i].slug == VERDICT_TRUNCATED_PASSED_ON)
			return &r->out->v[i];
	}
	return reason_judge(r, VERDICT_TRUNCATED_PASSED_ON,
			    cut->reply.n_wanted ? SEVERITY_NOTE : SEVERITY_FAULT, s,
			    "%s cuts its answer over UDP and %s passes that on: %u of %u %s records reach a "
			    "client without TCP",
			    reason_label(r, reason_at(r, up)->server), reason_label(r, s),
			    cut->reply.n_wanted, whole->reply.n_wanted, reason_type(r, r->w->type));
}

static void judge_passed_on(struct reason *r, int s)
{
	int cut = poorest(r, asked(r, s, WAY_UDP_PLAIN, 0), true), whole, up, why;
	struct verdict *v;

	if (cut < 0)
		return;
	whole = whole_answer(r, s);
	up = cut_upstream(r, reason_at(r, cut));
	if (whole < 0 || up < 0 || reason_at(r, whole)->reply.n_wanted <= reason_at(r, cut)->reply.n_wanted)
		return;
	why = proof(r, s, cut, up, whole);
	if (why < -1)
		return;
	v = passed_on(r, s, reason_at(r, cut), reason_at(r, whole), up);
	reason_because_of(r, v, cut, "%s over UDP: %s", reason_label(r, s),
			  reason_told(r, reason_at(r, cut)));
	reason_because_of(r, v, up, "%s over UDP: %s", reason_label(r, reason_at(r, up)->server),
			  reason_told(r, reason_at(r, up)));
	reason_because_of(r, v, whole, "%s over TCP: %s", reason_label(r, reason_at(r, whole)->server),
			  reason_told(r, reason_at(r, whole)));
	if (why >= 0)
		reason_because_of(r, v, why, "%s, %s, another time: %s", reason_label(r, s),
				  observe_way_text(reason_at(r, why)->way),
				  reason_told(r, reason_at(r, why)));
}

/* ---------------------------------------------------------------- kept, and not marked */

/* Its answers come from a cache: the same one, later, with less time to live. */
static int aged(const struct reason *r, int s)
{
	int first = reason_first(r, asked(r, s, WAY_UDP_PLAIN, 0)),
	    last = reason_last(r, asked(r, s, WAY_UDP_PLAIN, 0));

	if (first < 0 || reason_at(r, last)->reply.min_ttl_s >= reason_at(r, first)->reply.min_ttl_s ||
	    reason_at(r, first)->reply.min_ttl_s == UINT32_MAX)
		return -1;
	return last;
}

/* An upstream which always has more over TCP, and over UDP just as much as this. */
static int fuller_upstream(const struct reason *r, unsigned n_kept)
{
	int up[UPSTREAMS_MAX];
	unsigned n = reason_outside(r) ? reason_upstreams(r, reason_outside(r), up) : 0;

	for (unsigned u = 0; u < n; u++) {
		int first = reason_first(r, outside(r, up[u], WAY_TCP)),
		    last = reason_last(r, outside(r, up[u], WAY_TCP));
		int udp = reason_first(r, outside(r, up[u], WAY_UDP_PLAIN));

		if (first >= 0 && last != first && udp >= 0 && reason_at(r, udp)->reply.n_wanted == n_kept &&
		    reason_at(r, first)->reply.n_wanted > n_kept &&
		    reason_at(r, first)->reply.n_wanted == reason_at(r, last)->reply.n_wanted)
			return udp;
	}
	return -1;
}

static void judge_cached(struct reason *r, int s)
{
	int tcp = reason_fullest(r, asked(r, s, WAY_TCP, 0)), old = aged(r, s), up, whole;
	struct verdict *v;

	if (tcp < 0 || old < 0 || is_cut(reason_at(r, tcp)) ||
	    reason_at(r, tcp)->reply.rcode != RCODE_NOERROR || !reason_at(r, tcp)->reply.n_answer)
		return;
	up = fuller_upstream(r, reason_at(r, tcp)->reply.n_wanted);
	if (up < 0)
		return;
	whole = reason_first(r, outside(r, reason_at(r, up)->server, WAY_TCP));
	v = reason_judge(
		r, VERDICT_TRUNCATED_CACHED, SEVERITY_FAULT, s,
		"%s keeps a cut answer in its cache and gives it as whole: %u of %u %s records, over TCP too",
		reason_label(r, s), reason_at(r, tcp)->reply.n_wanted, reason_at(r, whole)->reply.n_wanted,
		reason_type(r, r->w->type));
	reason_because_of(r, v, tcp, "%s over TCP: %s", reason_label(r, s),
			  reason_told(r, reason_at(r, tcp)));
	reason_because_of(r, v, old, "its TTL counts down (%u s left): it comes from the cache",
			  reason_at(r, old)->reply.min_ttl_s);
	reason_because_of(r, v, up, "%s over UDP, %s: %s", reason_label(r, reason_at(r, up)->server),
			  is_cut(reason_at(r, up)) ? "marked as cut" : "not marked as cut",
			  reason_told(r, reason_at(r, up)));
	reason_because_of(r, v, whole, "%s over TCP: %s", reason_label(r, reason_at(r, up)->server),
			  reason_told(r, reason_at(r, whole)));
}

static void judge_unmarked(struct reason *r, int s)
{
	int bare = poorest(r, asked(r, s, WAY_UDP_PLAIN, 0), false), up = -1, whole;
	struct verdict *v;

	if (bare < 0 || !only_cname(reason_at(r, bare)) || reason_judged(r, VERDICT_TRUNCATED_CACHED, ANY))
		return;
	whole = whole_answer(r, s);
	up = cut_upstream(r, reason_at(r, bare));
	if (whole < 0)
		return;
	if (reason_also(r, VERDICT_CNAME_ONLY_WITHOUT_TC, s, NULL))
		return;
	v = reason_judge(r, VERDICT_CNAME_ONLY_WITHOUT_TC, SEVERITY_FAULT, s,
			 "%s gives a CNAME without an address and does not mark the answer as cut",
			 reason_label(r, s));
	reason_because_of(r, v, bare, "%s over UDP: %s", reason_label(r, s),
			  reason_told(r, reason_at(r, bare)));
	if (up >= 0)
		reason_because_of(r, v, up, "%s over UDP: %s", reason_label(r, reason_at(r, up)->server),
				  reason_told(r, reason_at(r, up)));
	reason_because_of(r, v, whole, "%s over TCP: %s", reason_label(r, reason_at(r, whole)->server),
			  reason_told(r, reason_at(r, whole)));
}

static void judge_truncation(struct reason *r)
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (!reason_front(r, s) || !reason_alive(r, s))
			continue;
		judge_passed_on(r, s);
		judge_cached(r, s);
		judge_unmarked(r, s);
	}
}

const struct reason_rule reason_rule_truncation = {.wish = wish_truncation, .judge = judge_truncation};
