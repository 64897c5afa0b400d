// SPDX-License-Identifier: Apache-2.0
/* Large datagrams that do not arrive: on the way from a server to here, or from an upstream to the server.
 *
 * The second is told from the first by the cache: what the server has whole arrives here in full size, and the same question
 * with CD and DO, which most caches keep apart, must go upstream and does not come back. */
#include "doctor/reason.h"

static struct tries size_tries(const struct reason *r, int s, enum ask_way way, int bits)
{
	return reason_tries(
		r, (struct about){
			   .server = s, .name = r->w->asked, .type = r->w->type, .way = way, .bits = bits});
}

static struct tries control_tries(const struct reason *r, int s, enum ask_way way)
{
	struct tries none = {0};

	if (!r->w->control)
		return none;
	return reason_tries(
		r, (struct about){.server = s, .name = r->w->control, .type = ANY, .way = way, .bits = 0});
}

/* The whole answer, as TCP brought it; -1. */
static int whole(const struct reason *r, int s)
{
	int i = reason_fullest(
		r, (struct about){
			   .server = s, .name = r->w->asked, .type = r->w->type, .way = WAY_TCP, .bits = 0});

	return i >= 0 && reason_at(r, i)->reply.rcode == RCODE_NOERROR ? i : -1;
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

/* The answer does not fit 512 bytes: one that was asked for with that size is cut. */
static bool is_large(const struct reason *r, int s)
{
	int i = reason_last(
		r,
		(struct about){
			.server = s, .name = r->w->asked, .type = r->w->type, .way = WAY_UDP_512, .bits = 0});

	return i >= 0 && (reason_at(r, i)->reply.flags & FLAG_TC);
}

/* ---------------------------------------------------------------- from the server to here */

/* The smallest size offered whose answers are all lost, while answers to 512 come; -1. */
static int lost_way(const struct reason *r, int s)
{
	struct tries small = size_tries(r, s, WAY_UDP_512, 0);

	if (!reason_plain_well(r, s) || !reason_keeps(&small) || !is_large(r, s))
		return -1;
	for (enum ask_way way = WAY_UDP_1232; way <= WAY_UDP_4096; way++) {
		struct tries t = size_tries(r, s, way, 0);

		if (reason_all_lost(&t))
			return (int)way;
	}
	return -1;
}

static void wish_way(struct reason *r, int s, enum ask_way way)
{
	static const char why[] = "are large answers lost again?";

	reason_again(r, s, r->w->asked, 0, way, TRIES_SURE, why);
	reason_again(r, s, r->w->asked, 0, WAY_UDP_512, TRIES_SURE, why);
	reason_again(r, s, r->w->asked, 0, WAY_TCP, 2, "how large is the whole answer?");
	if (r->w->control)
		reason_again(r, s, r->w->control, 0, way, 2, "do small answers come back to that size?");
}

static void show_way(struct reason *r, struct verdict *v, int s, enum ask_way way)
{
	struct tries t = size_tries(r, s, way, 0), small = size_tries(r, s, WAY_UDP_512, 0);
	struct tries control = control_tries(r, s, way), tcp = size_tries(r, s, WAY_TCP, 0);

	reason_because(r, v, &t, "%s: %u of %u without an answer", observe_way_text(way), reason_lost(&t),
		       t.n);
	reason_because(r, v, &small, "udp-512: %u of %u answered, cut", small.answered, small.n);
	reason_because_of(r, v, largest(r, s), "the largest UDP answer that came has %u bytes",
			  reason_at(r, largest(r, s))->reply.size);
	if (control.answered)
		reason_because(r, v, &control, "%s asked for a small name: %u of %u answered",
			       observe_way_text(way), control.answered, control.n);
	if (whole(r, s) >= 0)
		reason_because_of(r, v, whole(r, s), "TCP brings the whole answer, %u bytes",
				  reason_at(r, whole(r, s))->reply.size);
	else
		reason_because(r, v, &tcp, "TCP does not bring the answer either: %u of %u tries failed",
			       reason_lost(&tcp), tcp.n);
}

static void judge_way(struct reason *r, int s, enum ask_way way)
{
	struct tries t = size_tries(r, s, way, 0), small = size_tries(r, s, WAY_UDP_512, 0);
	struct tries control = control_tries(r, s, way);
	unsigned came = reason_at(r, largest(r, s))->reply.size;
	/* From an upstream to here is not the way that clients' answers take. */
	enum verdict_severity sev = reason_front(r, s) ? SEVERITY_FAULT : SEVERITY_NOTE;
	struct verdict *v;

	/* When the control name is lost as well, it is the question that is dropped, and no matter of size. */
	if (t.n < TRIES_SURE || small.n < TRIES_SURE || (control.n && !control.answered) ||
	    reason_also(r, VERDICT_LARGE_UDP_LOST, s, &t))
		return;
	if (whole(r, s) >= 0)
		v = reason_judge(
			r, VERDICT_LARGE_UDP_LOST, sev, s,
			"large UDP answers from %s do not arrive: %u bytes are lost, up to %u came through",
			reason_label(r, s), reason_at(r, whole(r, s))->reply.size, came);
	else
		v = reason_judge(r, VERDICT_LARGE_UDP_LOST, sev, s,
				 "large UDP answers from %s do not arrive, nor do they over TCP: up to %u "
				 "bytes came through",
				 reason_label(r, s), came);
	show_way(r, v, s, way);
}

/* ---------------------------------------------------------------- from the upstream to the server */

/* It has the answer whole here in this size, and so it arrives; asked anew, nothing comes or a failure. */
static bool lost_behind(const struct reason *r, int s)
{
	struct tries here = size_tries(r, s, WAY_UDP_4096, 0),
		     anew = size_tries(r, s, WAY_UDP_4096, ASK_CD | ASK_DO);
	struct tries small = size_tries(r, s, WAY_UDP_512, ASK_CD | ASK_DO);
	int i = reason_fullest(r, (struct about){.server = s,
						 .name = r->w->asked,
						 .type = r->w->type,
						 .way = WAY_UDP_4096,
						 .bits = 0});

	return here.answered && observe_positive(reason_at(r, i)) && anew.n && !anew.good &&
	       (!small.n || small.good);
}

static void wish_behind(struct reason *r, int s)
{
	static const char why[] = "does a large answer reach the server from its upstream?";
	const struct wish anew = {.tag = TAG_AGAIN,
				  .server = s,
				  .name = r->w->asked,
				  .bits = ASK_CD | ASK_DO,
				  .per_second = AGAIN_PER_S,
				  .why = why};
	struct wish w = anew;

	if (!reason_outside(r) || !is_large(r, s))
		return;
	w.way = WAY_UDP_4096;
	w.count = lost_behind(r, s) ? 3 : 1;
	reason_want(r, w);
	w.way = WAY_UDP_512;
	w.count = 3;
	if (lost_behind(r, s))
		reason_want(r, w);
}

static void judge_behind(struct reason *r, int s)
{
	struct tries here = size_tries(r, s, WAY_UDP_4096, 0),
		     anew = size_tries(r, s, WAY_UDP_4096, ASK_CD | ASK_DO);
	struct tries small = size_tries(r, s, WAY_UDP_512, ASK_CD | ASK_DO);
	struct verdict *v;

	if (!lost_behind(r, s) || anew.n < 3 || small.good < 3 ||
	    reason_also(r, VERDICT_LARGE_UDP_LOST, s, &anew))
		return;
	v = reason_judge(r, VERDICT_LARGE_UDP_LOST, SEVERITY_FAULT, s,
			 "large UDP answers do not reach %s from its upstream", reason_label(r, s));
	reason_because(r, v, &anew, "udp-4096 with CD, which goes upstream: %u of %u without a good answer",
		       anew.n - anew.good, anew.n);
	reason_because(r, v, &small, "udp-512 with CD, which goes upstream too: %u of %u answered",
		       small.good, small.n);
	reason_because(r, v, &here, "udp-4096 out of the cache: %u of %u answered, up to %u bytes",
		       here.answered, here.n, reason_at(r, largest(r, s))->reply.size);
}

/* ---------------------------------------------------------------- both */

static void wish_large(struct reason *r)
{
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		int way = lost_way(r, s);

		if (way >= 0)
			wish_way(r, s, (enum ask_way)way);
		else if (reason_front(r, s))
			wish_behind(r, s);
	}
}

static void judge_large_at(struct reason *r, int s)
{
	int way = lost_way(r, s);

	if (way >= 0 && !reason_judged(r, VERDICT_EDNS_DROPPED, s))
		judge_way(r, s, (enum ask_way)way);
	else if (reason_front(r, s))
		judge_behind(r, s);
}

/* What clients feel first; an upstream that is far away for the same reason is named beside it. */
static void judge_large(struct reason *r)
{
	for (unsigned upstreams = 0; upstreams < 2; upstreams++) {
		for (int s = 0; s < (int)r->w->n_servers; s++) {
			if (reason_asked(r, s) && reason_front(r, s) == (upstreams == 0))
				judge_large_at(r, s);
		}
	}
}

const struct reason_rule reason_rule_large = {.wish = wish_large, .judge = judge_large};
