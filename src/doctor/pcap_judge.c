// SPDX-License-Identifier: Apache-2.0
/* Verdicts from what captures showed. */
#include "doctor/pcap_report.h"
#include "doctor/reason.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SURE = REPORT_SURE,
	RATE_ASKED_LEAST = 50,
	RATE_LOST_LEAST = 20,
	LOST_PER_MILLE = 5, /* unanswered questions below that are what networks lose */
};

struct judge {
	struct report *r;
	struct verdict_list *out;
	struct observed_world world; /* for the words of remedies */
	struct observed_server server;
};

static const char *remedy(struct judge *j, enum verdict_slug slug)
{
	struct reason say = {.w = &j->world};

	if (slug == VERDICT_COULD_NOT_TELL)
		return "Capture at the next place too (on the server's side, or the client's) and give both "
		       "files, or run `binnacle doctor NAME`.";
	return reason_remedy(&say, slug, 0);
}

static struct verdict *judge(struct judge *j, enum verdict_slug slug, enum verdict_severity severity,
			     const char *summary)
{
	struct verdict *v;

	if (j->out->n == VERDICTS_MAX)
		return NULL;
	v = &j->out->v[j->out->n++];
	*v = (struct verdict){.slug = slug, .severity = severity, .server = -1, .summary = summary};
	if (severity != SEVERITY_OK)
		v->remedy = remedy(j, slug);
	return v;
}

static void because(struct verdict *v, const char *text)
{
	if (v && v->n_evidence < VERDICT_EVIDENCE_MAX)
		v->evidence[v->n_evidence++] = (struct verdict_evidence){.text = text};
}

/* ---------------------------------------------------------------- findings */

static void judge_finding(struct judge *j, const struct report_finding *f)
{
	enum verdict_slug slug = f->slug;
	enum verdict_severity severity = f->severity;
	struct verdict *v;

	if (severity == SEVERITY_UNKNOWN && f->n >= SURE && slug != VERDICT_COULD_NOT_TELL)
		severity = SEVERITY_FAULT; /* one may be chance, or lost by the capture itself */

	if (slug == VERDICT_TCP_BLOCKED_CLIENT && report_is_server(j->r, &f->client))
		slug = VERDICT_TCP_BLOCKED_UPSTREAM;
	v = judge(j, slug, severity, report_summary(j->r, slug, f));
	for (unsigned i = 0; i < f->n_stories; i++)
		because(v, f->stories[i]);
}

static void judge_findings(struct judge *j)
{
	for (unsigned i = 0; i < j->r->n_findings; i++) {
		if (j->r->findings[i].slug != VERDICT_COULD_NOT_TELL || j->r->findings[i].client.family)
			judge_finding(j, &j->r->findings[i]);
	}
}

static bool judged(const struct judge *j, enum verdict_slug slug)
{
	for (unsigned i = 0; i < j->out->n; i++) {
		if (j->out->v[i].slug == slug)
			return true;
	}
	return false;
}

static const struct report_finding *finding(const struct judge *j, enum verdict_slug slug,
					    const struct capture_end *server)
{
	for (unsigned i = 0; i < j->r->n_findings; i++) {
		if (j->r->findings[i].slug == slug && !j->r->findings[i].client.family &&
		    capture_end_equal(&j->r->findings[i].server, server))
			return &j->r->findings[i];
	}
	return NULL;
}

/* ---------------------------------------------------------------- a server's sums */

static void judge_edns(struct judge *j, const struct report_server *s)
{
	const struct report_finding *f = finding(j, VERDICT_COULD_NOT_TELL, &s->addr);
	struct verdict *v;

	if (s->edns_asked < SURE || s->edns_answered || !s->plain_answered ||
	    s->plain_answered * 2 < s->plain_asked)
		return;
	v = judge(
		j, VERDICT_EDNS_DROPPED, SEVERITY_FAULT,
		report_text(j->r,
			    "%s never answers questions with EDNS (%llu of them), and answers those without",
			    report_end(j->r, &s->addr), (unsigned long long)s->edns_asked));
	because(v,
		report_text(j->r, "with EDNS: %llu asked, none answered; without: %llu asked, %llu answered",
			    (unsigned long long)s->edns_asked, (unsigned long long)s->plain_asked,
			    (unsigned long long)s->plain_answered));
	if (f && f->n_stories)
		because(v, f->stories[0]);
}

static bool is_dead(const struct report_server *s)
{
	return s->answered == 0 && s->lost >= SURE;
}

/* One of several behind an address is silent. */
static void judge_pod(struct judge *j, const struct report_server *front)
{
	unsigned alive = 0;

	for (unsigned i = 0; i < front->n_behind; i++)
		alive += j->r->servers[front->behind[i]].answered > 0;
	for (unsigned i = 0; alive && i < front->n_behind; i++) {
		const struct report_server *s = &j->r->servers[front->behind[i]];
		struct verdict *v;
		if (s->answered || s->lost < 2)
			continue;
		v = judge(j, VERDICT_POD_BAD, SEVERITY_FAULT,
			  report_text(j->r, "of %u servers behind %s, %s answers nothing", front->n_behind,
				      report_end(j->r, &front->addr), report_end(j->r, &s->addr)));
		because(v,
			report_text(j->r, "%s: %llu asked, none answered; of the others behind %s, %u answer",
				    report_end(j->r, &s->addr), (unsigned long long)s->asked,
				    report_end(j->r, &front->addr), alive));
		const struct report_finding *f = finding(j, VERDICT_COULD_NOT_TELL, &front->addr);
		if (f && f->n_stories)
			because(v, f->stories[0]);
	}
}

/* Loss that comes with the rate: much in the busy seconds, next to none in those with half as many questions or fewer. */
static void judge_rate(struct judge *j, const struct report_server *s)
{
	uint64_t low_asked = 0, low_lost = 0;
	struct verdict *v;

	for (unsigned i = 0; i < REPORT_RATE_CLASSES; i++) {
		uint64_t asked = s->rate.classes[i].asked, lost = s->rate.classes[i].lost;
		if (i >= 2) {
			low_asked += s->rate.classes[i - 2].asked;
			low_lost += s->rate.classes[i - 2].lost;
		}
		if (asked < RATE_ASKED_LEAST || lost < RATE_LOST_LEAST || lost * 20 < asked ||
		    low_asked < RATE_ASKED_LEAST || low_lost * 50 > low_asked ||
		    low_lost * asked * 5 > lost * low_asked)
			continue;
		v = judge(j, VERDICT_UPSTREAM_RATE_LIMITED, SEVERITY_FAULT,
			  report_text(
				  j->r, "%s loses questions when many are asked: from about %u a second on",
				  report_end(j->r, &s->addr), (1u << (i / 2)) + (i % 2 ? 1u << (i / 2 - 1) : 0)));
		because(v, report_text(j->r,
				       "in %llu busy second%s %llu of %llu questions were lost; in quieter "
				       "ones %llu of %llu",
				       (unsigned long long)s->rate.classes[i].seconds,
				       s->rate.classes[i].seconds == 1 ? "" : "s", (unsigned long long)lost,
				       (unsigned long long)asked, (unsigned long long)low_lost,
				       (unsigned long long)low_asked));
		return;
	}
}

/* Of two questions at once the later one is lost, single ones are not; nor is it AAAA that is never answered. */
static void judge_pairs(struct judge *j, const struct report_server *s)
{
	struct verdict *v;

	if (s->pairs_half < SURE || (s->pairs_half == s->pairs && !s->aaaa_answered) ||
	    s->pairs_half_later * 5 < s->pairs_half * 4 || s->pairs_lost * 4 > s->pairs_half ||
	    (s->singles && s->singles_lost * s->pairs * 4 > s->pairs_half * s->singles))
		return;
	v = judge(j, VERDICT_PARALLEL_LOST, SEVERITY_FAULT,
		  report_text(j->r, "of A and AAAA asked of %s at once, one is often lost",
			      report_end(j->r, &s->addr)));
	because(v, report_text(j->r,
			       "%llu pairs: one of the two lost in %llu (the later one in %llu), both in "
			       "%llu; single questions: %llu of %llu lost",
			       (unsigned long long)s->pairs, (unsigned long long)s->pairs_half,
			       (unsigned long long)s->pairs_half_later, (unsigned long long)s->pairs_lost,
			       (unsigned long long)s->singles_lost, (unsigned long long)s->singles));
}

/* Refusals and referrals where answers were wanted. */
static void judge_lame(struct judge *j, const struct report_server *s)
{
	uint64_t lame = s->rcodes[RCODE_REFUSED] + s->referrals;
	struct verdict *v;

	if (lame < SURE || lame * 5 < s->answered)
		return;
	v = judge(j, VERDICT_LAME_ANSWERS, SEVERITY_FAULT,
		  report_text(j->r, "%s refuses, or refers to others, what it is asked",
			      report_end(j->r, &s->addr)));
	because(v, report_text(j->r, "of %llu answers %llu are REFUSED and %llu referrals",
			       (unsigned long long)s->answered, (unsigned long long)s->rcodes[RCODE_REFUSED],
			       (unsigned long long)s->referrals));
}

/* ---------------------------------------------------------------- the rest */

static void judge_search(struct judge *j)
{
	const struct report *r = j->r;
	struct verdict *v;

	if (r->walks_done < 1)
		return;
	v = judge(j, VERDICT_SEARCH_AMPLIFICATION, SEVERITY_NOTE,
		  report_text(j->r, "search paths cost %llu questions for %llu name%s that exist%s",
			      (unsigned long long)r->walks_questions, (unsigned long long)r->walks_names,
			      r->walks_names == 1 ? "" : "s", r->walks_names == 1 ? "s" : ""));
	for (unsigned i = 0; i < r->walk_list.n && i < 3; i++)
		because(v, report_text(j->r, "%s: %llu questions", r->walk_list.v[i].name,
				       (unsigned long long)r->walk_list.v[i].n));
}

/* Questions without any answer, which none of the verdicts explains. */
static void judge_silence(struct judge *j, const struct report_server *s)
{
	const struct report_finding *f = finding(j, VERDICT_COULD_NOT_TELL, &s->addr);
	struct verdict *v;

	if (!f || !s->lost || (!is_dead(s) && s->lost * 1000 < s->asked * LOST_PER_MILLE))
		return;
	v = judge(j, VERDICT_COULD_NOT_TELL, SEVERITY_UNKNOWN,
		  report_text(j->r,
			      "%llu of %llu questions to %s stay without an answer, and the captures do not "
			      "show why",
			      (unsigned long long)s->lost, (unsigned long long)s->asked,
			      report_end(j->r, &s->addr)));
	for (unsigned i = 0; i < f->n_stories; i++)
		because(v, f->stories[i]);
}

static void judge_servers(struct judge *j)
{
	for (unsigned i = 0; i < j->r->n_servers; i++) {
		const struct report_server *s = &j->r->servers[i];
		unsigned before = j->out->n;
		if (s->is_behind)
			continue;
		judge_edns(j, s);
		judge_pod(j, s);
		judge_rate(j, s);
		judge_pairs(j, s);
		judge_lame(j, s);
		if (j->out->n == before)
			judge_silence(j, s);
	}
}

static int worse(const void *a, const void *b)
{
	const struct verdict *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	return (int)x->slug - (int)y->slug;
}

static void judge_rest(struct judge *j)
{
	const struct report *r = j->r;

	if (r->unread)
		judge(j, VERDICT_COULD_NOT_TELL, SEVERITY_UNKNOWN, r->unread);
	if (r->questions == 0) {
		judge(j, VERDICT_COULD_NOT_TELL, SEVERITY_UNKNOWN,
		      "there is no DNS question in the captures");
		return;
	}
	if (r->unread || (j->out->n && j->out->v[0].severity > SEVERITY_NOTE))
		return;
	if (r->answered == 0 && !judged(j, VERDICT_COULD_NOT_TELL)) {
		judge(j, VERDICT_COULD_NOT_TELL, SEVERITY_UNKNOWN,
		      "the captures hold no answer to any question in them");
		return;
	}
	judge(j, VERDICT_HEALTHY, SEVERITY_OK,
	      report_text(j->r, "%llu questions, %llu answers, and no sign of a fault",
			  (unsigned long long)r->questions, (unsigned long long)r->answered));
}

int report_judge(struct report *r, struct verdict_list *ret)
{
	struct judge j = {.r = r, .out = ret};

	j.server = (struct observed_server){
		.kind = OBSERVED_GIVEN, .label = "", .software = SOFTWARE_COREDNS, .same_as = -1};
	j.world.arena = &r->arena;
	j.world.servers = &j.server;
	j.world.n_servers = 1;
	ret->n = 0;
	judge_findings(&j);
	judge_servers(&j);
	judge_search(&j);
	qsort(ret->v, ret->n, sizeof(*ret->v), worse);
	judge_rest(&j);
	qsort(ret->v, ret->n, sizeof(*ret->v), worse);
	return r->no_memory && ret->n == 0 ? -ENOMEM : 0;
}
