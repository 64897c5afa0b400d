// SPDX-License-Identifier: Apache-2.0
/* Answers that are wrong in themselves: by type, by question, by signature. */
#include "doctor/reason.h"

#include "wire/name.h"

static struct about plain(const struct reason *r, int s, int type)
{
	return (struct about){
		.server = s, .name = r->w->asked, .type = type, .way = WAY_UDP_PLAIN, .bits = 0};
}

/* The first upstream's answer that `same` likes; -1. */
static int upstream_says(const struct reason *r, int type, bool (*same)(const struct observation *o))
{
	int up[UPSTREAMS_MAX];
	const uint8_t *name = reason_outside(r);
	unsigned n = name ? reason_upstreams(r, name, up) : 0;

	for (unsigned u = 0; u < n; u++) {
		int i = reason_last(r, (struct about){.server = up[u],
						      .name = name,
						      .type = type,
						      .way = WAY_UDP_PLAIN,
						      .bits = 0});

		if (i >= 0 && same(reason_at(r, i)))
			return i;
	}
	return -1;
}

static void want_upstreams(struct reason *r, uint16_t type, const char *why)
{
	int up[UPSTREAMS_MAX];
	const uint8_t *name = reason_outside(r);
	unsigned n = name ? reason_upstreams(r, name, up) : 0;

	for (unsigned u = 0; u < n; u++) {
		if (reason_asked(r, up[u]))
			reason_again(r, up[u], name, type, WAY_UDP_PLAIN, 2, why);
	}
}

/* ---------------------------------------------------------------- one family denies the name */

/* Not "no such records" but "no such name", or a failure: a libc then takes the name for absent or gives up. */
static bool not_nodata(const struct observation *o)
{
	return o->reply.rcode != RCODE_NOERROR;
}

/* The name has records of `has` here, and all its answers for `lacks` are wrong, or none comes. */
static bool one_sided(const struct reason *r, int s, uint16_t has, uint16_t lacks)
{
	int good = reason_fullest(r, plain(r, s, has));
	struct tries t = reason_tries(r, plain(r, s, lacks));

	if (good < 0 || !observe_positive(reason_at(r, good)) || !t.n)
		return false;
	for (unsigned i = 0; i < t.n_seen; i++) {
		const struct observation *o = reason_at(r, t.seen[i]);

		if (o->outcome == OUTCOME_ANSWERED && !not_nodata(o))
			return false;
	}
	return t.answered || reason_lost(&t) == t.n;
}

static bool by_address(const struct reason *r)
{
	return r->w->type == TYPE_A || r->w->type == TYPE_AAAA;
}

static void wish_family(struct reason *r, int s, uint16_t has, uint16_t lacks)
{
	static const char why[] = "is the other address family answered wrongly again?";

	if (!one_sided(r, s, has, lacks))
		return;
	reason_again(r, s, r->w->asked, lacks, WAY_UDP_PLAIN, TRIES_SURE, why);
	reason_again(r, s, r->w->asked, has, WAY_UDP_PLAIN, TRIES_SURE, why);
	want_upstreams(r, lacks, why);
}

static void wish_aaaa(struct reason *r)
{
	for (int s = 0; by_address(r) && s < (int)r->w->n_servers; s++) {
		if (!reason_front(r, s) || !reason_alive(r, s))
			continue;
		wish_family(r, s, TYPE_A, TYPE_AAAA);
		wish_family(r, s, TYPE_AAAA, TYPE_A);
	}
}

/* One of another kind. */
static bool fault_stands(const struct reason *r)
{
	for (unsigned i = 0; i < r->out->n; i++) {
		if (r->out->v[i].severity == SEVERITY_FAULT && r->out->v[i].slug != VERDICT_AAAA_WRONG)
			return true;
	}
	return false;
}

static void judge_family(struct reason *r, int s, uint16_t has, uint16_t lacks)
{
	struct tries t = reason_tries(r, plain(r, s, lacks)), g = reason_tries(r, plain(r, s, has));
	int bad = reason_last(r, plain(r, s, lacks)), up = upstream_says(r, lacks, not_nodata);
	char rcode[16];
	struct verdict *v;

	/* Silence for one type counts where the other type loses nothing, and nothing else explains it; a failure, too, may
	 * be of the way to the upstream, while the other type comes from the cache. */
	if (!one_sided(r, s, has, lacks) || t.n < TRIES_SURE || (bad < 0 && (reason_lost(&g) || r->out->n)))
		return;
	if (bad >= 0 && reason_at(r, bad)->reply.rcode == RCODE_SERVFAIL && fault_stands(r))
		return;
	if (reason_also(r, VERDICT_AAAA_WRONG, s, &t))
		return;
	v = reason_judge(r, VERDICT_AAAA_WRONG, SEVERITY_FAULT, s,
			 "%s has %s records, but %s answers %s for it with %s", reason_name(r, r->w->asked),
			 reason_type(r, has), reason_label(r, s), reason_type(r, lacks),
			 bad < 0 ? "silence" : wire_rcode_text(reason_at(r, bad)->reply.rcode, rcode));
	reason_because(r, v, &t, "%s, %u times: %s", reason_type(r, lacks), t.n,
		       bad < 0 ? "no answer" : reason_told(r, reason_at(r, bad)));
	reason_because_of(r, v, reason_fullest(r, plain(r, s, has)), "%s: %s", reason_type(r, has),
			  reason_told(r, reason_at(r, reason_fullest(r, plain(r, s, has)))));
	if (up >= 0)
		reason_because_of(r, v, up, "it comes from %s: %s", reason_label(r, reason_at(r, up)->server),
				  reason_told(r, reason_at(r, up)));
}

static void judge_aaaa(struct reason *r)
{
	for (int s = 0; by_address(r) && s < (int)r->w->n_servers; s++) {
		if (!reason_front(r, s) || !reason_alive(r, s))
			continue;
		judge_family(r, s, TYPE_A, TYPE_AAAA);
		judge_family(r, s, TYPE_AAAA, TYPE_A);
	}
}

const struct reason_rule reason_rule_aaaa = {.wish = wish_aaaa, .judge = judge_aaaa};

/* ---------------------------------------------------------------- lame and wrong */

static bool is_lame(const struct observation *o)
{
	const struct observed_reply *y = &o->reply;

	if (o->outcome != OUTCOME_ANSWERED)
		return false;
	/* A referral to other servers is no answer to somebody who asked for recursion. */
	return y->rcode == RCODE_REFUSED || y->rcode == RCODE_NOTAUTH || y->rcode == RCODE_NOTIMP ||
	       y->rcode == RCODE_FORMERR ||
	       (y->rcode == RCODE_NOERROR && !y->n_answer && y->n_ns &&
		!(y->flags & (FLAG_RA | FLAG_AA | FLAG_TC)));
}

static unsigned count_lame(const struct reason *r, const struct tries *t)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->n_seen; i++)
		n += is_lame(reason_at(r, t->seen[i]));
	return n;
}

static struct tries asked_plain(const struct reason *r, int s)
{
	const uint8_t *name = reason_front(r, s) || !reason_outside(r) ? r->w->asked : reason_outside(r);

	return reason_tries(
		r, (struct about){
			   .server = s, .name = name, .type = r->w->type, .way = WAY_UDP_PLAIN, .bits = 0});
}

static void wish_lame(struct reason *r)
{
	static const char why[] = "does the server answer so again?";

	for (int s = 0; s < (int)r->w->n_servers; s++) {
		struct tries t = asked_plain(r, s);

		if (!reason_asked(r, s) || !(t.wrong + count_lame(r, &t)))
			continue;
		reason_again(r, s, r->w->asked, 0, WAY_UDP_PLAIN, 3, why);
		want_upstreams(r, r->w->type, why);
	}
}

/* Whether a client gets its answer from any server: an upstream that refuses us alone is no fault. */
static bool clients_are_served(const struct reason *r)
{
	bool any = false;

	for (int s = 0; s < (int)r->w->n_servers; s++) {
		struct tries t = asked_plain(r, s);

		if (!reason_front(r, s) || !t.n)
			continue;
		any = true;
		if (t.good != t.n)
			return false;
	}
	return any;
}

static const char *wrong_how(struct reason *r, const struct observation *o)
{
	char from[NET_ADDR_TEXT_MAX];

	switch (o->wrong) {
	case WRONG_ID:
		return "with another id";
	case WRONG_QUESTION:
		return "about another question";
	case WRONG_SOURCE:
		return reason_text(r, "from another address, %s", net_addr_port_text(&o->wrong_from, from));
	case WRONG_GARBLED:
		return "that are no DNS answers";
	case WRONG_NONE:
		break;
	}
	return "that do not count";
}

static void judge_wrong(struct reason *r, int s, const struct tries *t)
{
	const struct observation *last = NULL;
	struct verdict *v;

	for (unsigned i = 0; i < t->n_seen; i++) {
		if (reason_at(r, t->seen[i])->outcome == OUTCOME_WRONG)
			last = reason_at(r, t->seen[i]);
	}
	if (!last)
		return;
	if (reason_also(r, VERDICT_LAME_ANSWERS, s, t))
		return;
	v = reason_judge(r, VERDICT_LAME_ANSWERS, SEVERITY_FAULT, s, "%s sends answers %s",
			 reason_label(r, s), wrong_how(r, last));
	reason_because(r, v, t, "%u of %u plain UDP questions about %s got only answers %s", t->wrong, t->n,
		       reason_name(r, last->name), wrong_how(r, last));
}

static void judge_lame_at(struct reason *r, int s)
{
	struct tries t = asked_plain(r, s);
	unsigned lame = count_lame(r, &t);
	const struct observation *o;
	char rcode[16];
	int up = upstream_says(r, r->w->type, is_lame);
	struct verdict *v;

	if (t.n < 3 || reason_judged(r, VERDICT_POD_BAD, s))
		return;
	if (t.wrong == t.n) {
		judge_wrong(r, s, &t);
		return;
	}
	if (lame != t.answered || lame < 2)
		return;
	if (reason_also(r, VERDICT_LAME_ANSWERS, s, &t))
		return;
	o = reason_at(r, t.seen[t.n_seen - 1]);
	v = reason_judge(r, VERDICT_LAME_ANSWERS, SEVERITY_FAULT, s, "%s does not serve %s: it answers %s",
			 reason_label(r, s), reason_name(r, o->name),
			 o->reply.rcode ? wire_rcode_text(o->reply.rcode, rcode)
					: "with a referral to other servers");
	reason_because(r, v, &t, "%u of %u answers: %s", lame, t.n, reason_told(r, o));
	if (up >= 0 && reason_at(r, up)->server != s)
		reason_because_of(r, v, up, "%s says the same: %s", reason_label(r, reason_at(r, up)->server),
				  reason_told(r, reason_at(r, up)));
}

/* Upstreams first, when clients feel it: the servers before them only say the same, or fail for it. */
static void judge_lame(struct reason *r)
{
	bool served = clients_are_served(r);

	for (unsigned front = 0; front < 2; front++) {
		for (int s = 0; s < (int)r->w->n_servers; s++) {
			if (reason_asked(r, s) && reason_front(r, s) == (front == 1) && (front || !served))
				judge_lame_at(r, s);
		}
	}
}

const struct reason_rule reason_rule_lame = {.wish = wish_lame, .judge = judge_lame};

/* ---------------------------------------------------------------- signatures and clocks */

/* RFC 8914: the validator's own words. */
enum {
	EDE_DNSSEC_BOGUS = 6,
	EDE_SIGNATURE_EXPIRED = 7,
	EDE_SIGNATURE_NOT_YET_VALID = 8,
	EDE_DNSKEY_MISSING = 9,
	EDE_NSEC_MISSING = 12,
	SKEW_S = 300, /* clocks that differ by so much are in order */
};

static bool servfail(const struct observation *o)
{
	return o->outcome == OUTCOME_ANSWERED && o->reply.rcode == RCODE_SERVFAIL;
}

static bool fails_by_itself(const struct reason *r, int s)
{
	int i = reason_last(r, plain(r, s, r->w->type));

	return i >= 0 && servfail(reason_at(r, i));
}

static void wish_dnssec(struct reason *r)
{
	static const char why[] = "does the name resolve when nobody checks signatures?";

	for (int s = 0; s < (int)r->w->n_servers; s++) {
		if (!reason_asked(r, s) || !fails_by_itself(r, s))
			continue;
		reason_again(r, s, r->w->asked, 0, WAY_UDP_PLAIN, 3, why);
		/* DO and CD are parts of most caches' keys: neither is a failure that was kept a moment ago. */
		reason_want(r, (struct wish){.tag = TAG_AGAIN,
					     .server = s,
					     .name = r->w->asked,
					     .way = WAY_UDP_1232,
					     .bits = ASK_DO,
					     .count = 2,
					     .why = why});
		reason_want(r, (struct wish){.tag = TAG_AGAIN,
					     .server = s,
					     .name = r->w->asked,
					     .way = WAY_UDP_1232,
					     .bits = ASK_CD | ASK_DO,
					     .count = 2,
					     .why = why});
	}
}

/* What the signatures say by this machine's clock. */
static const char *times(struct reason *r, const struct observation *o, int ede)
{
	const struct observed_reply *y = &o->reply;

	if (!y->sig_expiration)
		return "its answer carries no signature";
	if (o->wall_s > y->sig_expiration)
		return reason_text(r, "its signature expired %llu hours ago by this machine's clock",
				   (unsigned long long)((o->wall_s - y->sig_expiration) / 3600));
	if (o->wall_s + SKEW_S < y->sig_inception)
		return reason_text(r, "its signature begins in %llu hours by this machine's clock",
				   (unsigned long long)((y->sig_inception - o->wall_s) / 3600));
	if (ede == EDE_SIGNATURE_EXPIRED || ede == EDE_SIGNATURE_NOT_YET_VALID)
		return "its signature is valid by this machine's clock: the server's clock is wrong";
	return "its signature is within its time by this machine's clock: the server's clock is wrong, or "
	       "the signature itself";
}

static void judge_dnssec_at(struct reason *r, int s)
{
	int bare = reason_last(r, (struct about){.server = s,
						 .name = r->w->asked,
						 .type = r->w->type,
						 .way = WAY_UDP_1232,
						 .bits = ASK_DO});
	int cd = reason_fullest(r, (struct about){.server = s,
						  .name = r->w->asked,
						  .type = r->w->type,
						  .way = WAY_UDP_1232,
						  .bits = ASK_CD | ASK_DO});
	struct tries t = reason_tries(r, plain(r, s, r->w->type));
	struct verdict *v;
	int ede;

	/* Every try without CD fails, and with it the records are there: only a validator makes that difference. */
	if (t.n < 3 || t.good || cd < 0 || bare < 0 || !servfail(reason_at(r, bare)) ||
	    !observe_positive(reason_at(r, cd)))
		return;
	ede = reason_at(r, bare)->reply.ede;
	if (reason_also(r, VERDICT_CLOCK_DNSSEC, s, &t))
		return;
	v = reason_judge(r, VERDICT_CLOCK_DNSSEC, SEVERITY_FAULT, s,
			 "%s does not believe the signatures of %s: %s", reason_label(r, s),
			 reason_name(r, r->w->asked), times(r, reason_at(r, cd), ede));
	reason_because(r, v, &t, "%s: SERVFAIL, %u of %u times", reason_label(r, s), t.answered, t.n);
	reason_because_of(r, v, bare, "%s with EDNS: %s", reason_label(r, s),
			  reason_told(r, reason_at(r, bare)));
	reason_because_of(r, v, cd, "with CD (checking disabled): %s", reason_told(r, reason_at(r, cd)));
	if (ede >= EDE_DNSSEC_BOGUS && ede <= EDE_NSEC_MISSING)
		reason_because_of(r, v, bare, "the server's reason: Extended DNS Error %d", ede);
}

static void judge_dnssec(struct reason *r)
{
	/* Upstreams first: what they do not believe, the servers before them cannot give. */
	for (unsigned front = 0; front < 2; front++) {
		for (int s = 0; s < (int)r->w->n_servers; s++) {
			if (reason_asked(r, s) && reason_front(r, s) == (front == 1))
				judge_dnssec_at(r, s);
		}
	}
}

const struct reason_rule reason_rule_dnssec = {.wish = wish_dnssec, .judge = judge_dnssec};
