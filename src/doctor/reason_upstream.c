// SPDX-License-Identifier: Apache-2.0
/* Between a server and its upstream, seen from outside: TCP that is blocked there, and questions that come back. */
#include "doctor/reason.h"

#include "wire/name.h"

/* A type that hardly a name has: the answer is small, and says that the upstream was reached over UDP. */
enum { TYPE_SELDOM = TYPE_NAPTR };

static struct about asked(const struct reason *r, int s, int type, int way)
{
	return (struct about){.server = s, .name = r->w->asked, .type = type, .way = way, .bits = 0};
}

/* It got a connection, and then nothing, a failure, or a cut answer. */
static bool fails_over_tcp(const struct observation *o)
{
	if (o->outcome == OUTCOME_ANSWERED)
		return o->reply.rcode == RCODE_SERVFAIL || o->reply.flags & FLAG_TC;
	return o->connected_ns && (o->outcome == OUTCOME_TIMEOUT || o->outcome == OUTCOME_CLOSED);
}

/* All tries of the name over TCP; their number, 0 when one did well. */
static unsigned tcp_failures(const struct reason *r, int s)
{
	struct tries t = reason_tries(r, asked(r, s, r->w->type, WAY_TCP));

	for (unsigned i = 0; i < t.n_seen; i++) {
		const struct observation *o = reason_at(r, t.seen[i]);

		if (o->outcome != OUTCOME_NOT_SENT && !fails_over_tcp(o))
			return 0;
	}
	return t.n;
}

/* The upstream needs TCP for this name: over UDP it cuts the answer; or the server is told to use nothing else. */
static int needs_tcp(const struct reason *r, int up)
{
	const struct about a = {
		.server = up, .name = reason_outside(r), .type = r->w->type, .way = WAY_UDP_PLAIN, .bits = 0};
	int i = reason_last(r, a);

	return i >= 0 && reason_at(r, i)->reply.flags & FLAG_TC ? i : -1;
}

static bool forced_tcp(const struct reason *r)
{
	const struct observed_forward *f = observe_forward_of(r->w, reason_outside(r));

	return f && f->force_tcp;
}

/* A name that upstreams know and whose answer is small. */
static int small_answer(const struct reason *r, int s)
{
	int i = reason_last(r, asked(r, s, TYPE_SELDOM, WAY_UDP_PLAIN));

	if (i < 0)
		return -1;
	return reason_at(r, i)->reply.rcode == RCODE_NOERROR || reason_at(r, i)->reply.rcode == RCODE_NXDOMAIN
		       ? i
		       : -1;
}

static void wish_tcp_upstream(struct reason *r)
{
	int up[UPSTREAMS_MAX];
	unsigned n = reason_outside(r) ? reason_upstreams(r, reason_outside(r), up) : 0;

	for (int s = 0; n && s < (int)r->w->n_servers; s++) {
		if (!reason_front(r, s) || !tcp_failures(r, s))
			continue;
		reason_again(r, s, r->w->asked, 0, WAY_TCP, 3, "does the server fail over TCP again?");
		reason_again(r, s, r->w->asked, TYPE_SELDOM, WAY_UDP_PLAIN, 2,
			     "does the server reach its upstream over UDP?");
		if (r->w->control)
			reason_again(r, s, r->w->control, TYPE_A, WAY_TCP, 1,
				     "does the server answer anything over TCP?");
		for (unsigned u = 0; u < n; u++) {
			if (!reason_asked(r, up[u]))
				continue;
			reason_again(r, up[u], reason_outside(r), 0, WAY_UDP_PLAIN, 1,
				     "does the upstream cut its answer?");
			reason_again(r, up[u], reason_outside(r), 0, WAY_TCP, 2,
				     "does the upstream answer over TCP from here?");
		}
	}
}

static void show_upstream_tcp(struct reason *r, struct verdict *v, int up)
{
	struct tries t = reason_tries(r, (struct about){.server = up,
							.name = reason_outside(r),
							.type = r->w->type,
							.way = WAY_TCP,
							.bits = 0});

	if (t.answered)
		reason_because(r, v, &t,
			       "%s answers TCP from here, %u of %u: it is the server's own way there that is "
			       "blocked",
			       reason_label(r, up), t.answered, t.n);
	else if (t.n)
		reason_because(r, v, &t, "%s does not answer TCP from here either, %u tries",
			       reason_label(r, up), t.n);
}

static void judge_tcp_between(struct reason *r, int s, int up, int cut)
{
	struct tries t = reason_tries(r, asked(r, s, r->w->type, WAY_TCP));
	int small = small_answer(r, s);
	int any = reason_last(r, (struct about){.server = s, .type = ANY, .way = WAY_TCP, .bits = ANY});
	struct verdict *v;

	/* Silence where large answers are lost is no matter of the upstream. */
	if (t.n < 3 || small < 0 || (!t.answered && reason_judged(r, VERDICT_LARGE_UDP_LOST, ANY)) ||
	    reason_also(r, VERDICT_TCP_BLOCKED_UPSTREAM, s, &t))
		return;
	v = reason_judge(
		r, VERDICT_TCP_BLOCKED_UPSTREAM, SEVERITY_FAULT, s,
		"%s cannot ask its upstream %s over TCP: it is asked over TCP well enough, and fails",
		reason_label(r, s), reason_label(r, up));
	reason_because(r, v, &t, "%s over TCP: connected, and %u of %u times %s", reason_label(r, s), t.n,
		       t.n,
		       any >= 0 && !wire_name_equal(reason_at(r, any)->name, r->w->asked)
			       ? "no whole answer"
			       : reason_told(r, reason_at(r, t.seen[t.n_seen - 1])));
	reason_because_of(r, v, small, "%s reaches its upstream over UDP: %s", reason_label(r, s),
			  reason_told(r, reason_at(r, small)));
	if (cut >= 0)
		reason_because_of(r, v, cut, "%s needs TCP for the whole answer: %s", reason_label(r, up),
				  reason_told(r, reason_at(r, cut)));
	else
		reason_because_of(r, v, -1, "the Corefile says force_tcp");
	show_upstream_tcp(r, v, up);
}

static void judge_tcp_upstream(struct reason *r)
{
	int up[UPSTREAMS_MAX];
	unsigned n = reason_outside(r) ? reason_upstreams(r, reason_outside(r), up) : 0;

	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (!reason_front(r, s) || !tcp_failures(r, s))
			continue;
		for (unsigned u = 0; u < n; u++) {
			int cut = needs_tcp(r, up[u]);

			if (cut < 0 && !forced_tcp(r))
				continue;
			judge_tcp_between(r, s, up[u], cut);
			break;
		}
	}
}

const struct reason_rule reason_rule_tcp_upstream = {.wish = wish_tcp_upstream, .judge = judge_tcp_upstream};

/* ---------------------------------------------------------------- loops */

/* An upstream in the Corefile that is the server itself, or the service that it stands behind; -1. */
static int own_address(const struct reason *r, const struct observed_block *b,
		       const struct observed_forward *f)
{
	for (unsigned u = 0; u < f->n_upstreams; u++) {
		const struct observed_server *up = &r->w->servers[f->upstreams[u]];
		int at = observe_asked_server(r->w, f->upstreams[u]);

		if (up->loopback_of_pod && net_addr_port(&up->addr) == b->port)
			return f->upstreams[u];
		if (reason_kind(r, at, KIND_SERVICE | KIND_POD))
			return f->upstreams[u];
	}
	return -1;
}

/* The forward that leads back, for the names that it takes; its upstream, -1. */
static int leads_back(const struct reason *r, const uint8_t **ret_from)
{
	for (unsigned b = 0; b < r->w->corefile.n_blocks; b++) {
		const struct observed_block *block = &r->w->corefile.blocks[b];

		for (unsigned f = 0; f < block->n_forwards; f++) {
			int up = own_address(r, block, &block->forwards[f]);

			if (up < 0)
				continue;
			*ret_from = block->forwards[f].from;
			return up;
		}
	}
	return -1;
}

/* The name to try it with: the one asked for when it goes that way, else the forward's own zone. */
static const uint8_t *loop_probe(const struct reason *r, const uint8_t *from)
{
	const uint8_t *name = reason_outside(r);

	return name && wire_name_in_zone(name, from) ? name : from;
}

static void wish_loop(struct reason *r)
{
	const uint8_t *from;

	if (leads_back(r, &from) < 0)
		return;
	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (reason_front(r, s))
			reason_want(
				r,
				(struct wish){.tag = TAG_AGAIN,
					      .server = s,
					      .name = loop_probe(r, from),
					      .type = TYPE_NS,
					      .way = WAY_UDP_PLAIN,
					      .count = 2,
					      .per_second = AGAIN_PER_S,
					      .why = "does a forward that leads back to the server answer?"});
	}
}

/* The server's forward leads back to it, and what goes that way gets no answer. */
static void judge_leads_back(struct reason *r, int s, int up, const uint8_t *from)
{
	struct tries t = reason_tries(r, (struct about){.server = s,
							.name = loop_probe(r, from),
							.type = ANY,
							.way = WAY_UDP_PLAIN,
							.bits = 0});
	struct verdict *v;

	if (t.n < 2 || t.good)
		return;
	v = reason_judge(r, VERDICT_LOOP, SEVERITY_FAULT, s,
			 "%s forwards %s to itself: the questions go round", reason_label(r, s),
			 reason_name(r, from));
	reason_because_of(r, v, -1, "%s forwards %s to %s",
			  r->w->corefile.where ? r->w->corefile.where : "the Corefile", reason_name(r, from),
			  reason_label(r, up));
	reason_because(r, v, &t, "%s: %u of %u questions that go that way got no answer or a failure",
		       reason_label(r, s), t.n, t.n);
}

/* An upstream that gives the cluster's own names sends questions back to the cluster's servers: where else would it have
 * them from?  -1: this one does not. */
static int gives_own_names(const struct reason *r, int up)
{
	int i;

	if (!r->w->control || !reason_in_cluster(r, r->w->control))
		return -1;
	i = reason_fullest(
		r,
		(struct about){.server = up, .name = r->w->control, .type = TYPE_A, .way = ANY, .bits = 0});
	return i >= 0 && observe_positive(reason_at(r, i)) ? i : -1;
}

/* No answer to the name asked for comes back from there. */
static bool no_good(const struct reason *r, int s, const uint8_t *name)
{
	struct tries t = reason_tries(
		r, (struct about){.server = s, .name = name, .type = ANY, .way = WAY_UDP_PLAIN, .bits = 0});

	return t.n >= 2 && !t.good;
}

static void judge_mutual(struct reason *r)
{
	int up[UPSTREAMS_MAX];
	const uint8_t *name = reason_outside(r);
	unsigned n = name ? reason_upstreams(r, name, up) : 0;

	for (unsigned u = 0; u < n; u++) {
		int own = gives_own_names(r, up[u]);
		struct tries t = reason_tries(
			r,
			(struct about){
				.server = up[u], .name = name, .type = ANY, .way = WAY_UDP_PLAIN, .bits = 0});
		struct verdict *v;

		if (own < 0 || !no_good(r, up[u], name) || reason_judged(r, VERDICT_LOOP, ANY))
			continue;
		v = reason_judge(
			r, VERDICT_LOOP, SEVERITY_FAULT, up[u],
			"%s, to which the cluster's DNS forwards, leads back to it: the questions go round",
			reason_label(r, up[u]));
		reason_because_of(r, v, own, "%s knows the cluster's own %s: %s", reason_label(r, up[u]),
				  reason_name(r, r->w->control), reason_told(r, reason_at(r, own)));
		reason_because(r, v, &t, "%s about %s: %u of %u questions got no answer or a failure",
			       reason_label(r, up[u]), reason_name(r, name), t.n, t.n);
	}
}

static void judge_cname_loop(struct reason *r)
{
	for (unsigned i = 0; i < r->w->n_seen; i++) {
		const struct observation *o = &r->w->seen[i];
		struct verdict *v;

		if (o->outcome != OUTCOME_ANSWERED || !o->reply.cname_loop ||
		    reason_judged(r, VERDICT_LOOP, ANY))
			continue;
		v = reason_judge(r, VERDICT_LOOP, SEVERITY_FAULT, o->server,
				 "the CNAMEs of %s lead back to one of them", reason_name(r, o->name));
		reason_because_of(r, v, (int)i, "%s: %s", reason_label(r, o->server), reason_told(r, o));
	}
}

static void judge_loop(struct reason *r)
{
	const uint8_t *from;
	int up = leads_back(r, &from);

	for (int s = 0; up >= 0 && s < (int)r->w->n_servers; s++) {
		if (reason_front(r, s) && !reason_judged(r, VERDICT_LOOP, ANY))
			judge_leads_back(r, s, up, from);
	}
	judge_mutual(r);
	judge_cname_loop(r);
}

const struct reason_rule reason_rule_loop = {.wish = wish_loop, .judge = judge_loop};
