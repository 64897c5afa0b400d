// SPDX-License-Identifier: Apache-2.0
#include "doctor/pcap_show.h"

#include "base/clock.h"
#include "wire/name.h"

#include <stdio.h>
#include <string.h>

enum { ADDRESS_WIDTH = 26, LIST_SHOWN = 10, CELL_MAX = 24 };

static const int64_t AGREES_NS = (int64_t)NS_PER_MS;

static const char red[] = "\033[31m", green[] = "\033[32m", yellow[] = "\033[33m", bold[] = "\033[1m",
		  plain[] = "\033[0m";

struct page {
	struct text *t;
	const struct pcap_result *p;
	bool colour;
};

static const char *paint(const struct page *g, const char *colour)
{
	return g->colour ? colour : "";
}

static void head(const struct page *g, const char *title)
{
	text_put(g->t, "\n%s%s%s\n", paint(g, bold), title, paint(g, plain));
}

static unsigned long long n_(uint64_t n)
{
	return n;
}

/* ---------------------------------------------------------------- the conclusion and the findings */

static const char *word_of(enum verdict_severity s)
{
	static const char *const words[] = {"healthy", "healthy, with a note", "could not tell",
					    "fault found"};

	return words[s];
}

void pcap_show_conclusion(const struct pcap_result *p, const char *ret_lines[2])
{
	const struct verdict *top = &p->v->v[0];
	unsigned faults = 0;

	for (unsigned i = 0; i < p->v->n; i++)
		faults += p->v->v[i].severity == SEVERITY_FAULT;
	ret_lines[0] = faults > 1 ? report_text(p->r, "%u faults found: %s (%s), and more below", faults,
						top->summary, verdict_slug_text(top->slug))
				  : report_text(p->r, "%s: %s (%s)", word_of(top->severity), top->summary,
						verdict_slug_text(top->slug));
	if (top->remedy)
		ret_lines[1] =
			report_text(p->r, "what to do: %.*s", (int)strcspn(top->remedy, "\n"), top->remedy);
	else
		ret_lines[1] = report_text(p->r, "%u capture%s with %llu packets and %llu DNS messages",
					   p->n_files, p->n_files == 1 ? "" : "s", n_(p->decode->packets),
					   n_(p->decode->messages));
}

static void put_lines(const struct page *g, const char *mark, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		text_put(g->t, "    %s%.*s\n", mark, (int)len, text);
		text += len + (text[len] == '\n');
		mark = "  ";
	}
}

static const char *colour_of(enum verdict_severity s)
{
	return s == SEVERITY_OK ? green : s == SEVERITY_FAULT ? red : yellow;
}

static void put_verdicts(const struct page *g)
{
	head(g, "findings");
	for (unsigned i = 0; i < g->p->v->n; i++) {
		const struct verdict *v = &g->p->v->v[i];
		text_put(g->t, "  %s%s%s: %s\n", paint(g, colour_of(v->severity)), verdict_slug_text(v->slug),
			 paint(g, plain), v->summary);
		for (unsigned k = 0; k < v->n_evidence; k++)
			put_lines(g, "- ", v->evidence[k].text);
		if (v->remedy)
			put_lines(g, "> ", v->remedy);
	}
	if (g->p->r->findings_more)
		text_put(g->t, "  and %llu more signs that found no room\n", n_(g->p->r->findings_more));
}

/* ---------------------------------------------------------------- servers */

static const char *ms(int64_t ns, char out[CELL_MAX])
{
	if (ns < (int64_t)(10 * NS_PER_MS))
		snprintf(out, CELL_MAX, "%lld.%02lldms", (long long)(ns / (int64_t)NS_PER_MS),
			 (long long)(ns / 10000 % 100));
	else
		snprintf(out, CELL_MAX, "%lldms",
			 (long long)((ns + (int64_t)NS_PER_MS / 2) / (int64_t)NS_PER_MS));
	return out;
}

static void put_rcodes(const struct page *g, const uint64_t rcodes[REPORT_RCODES])
{
	char buf[16];
	bool first = true;

	for (unsigned i = 0; i < REPORT_RCODES; i++) {
		if (!rcodes[i])
			continue;
		text_put(g->t, "%s%s %llu", first ? "" : ", ", wire_rcode_text(i, buf), n_(rcodes[i]));
		first = false;
	}
	text_put(g->t, "\n");
}

static const char *role(const struct report_server *s)
{
	if (s->is_behind)
		return "behind";
	if (s->n_behind)
		return "front";
	return s->is_upstream ? "upstream" : "server";
}

static void put_server(const struct page *g, const struct report_server *s)
{
	char addr[CAPTURE_END_TEXT_MAX], p50[CELL_MAX], p90[CELL_MAX], p99[CELL_MAX], max[CELL_MAX];
	const struct report_latency *l = &s->latency;

	text_put(g->t, "  %-*s %-8s %8llu %s%8llu%s %8llu %9s %9s %9s %9s  ", ADDRESS_WIDTH,
		 capture_end_text(&s->addr, s->addr.port != 53, addr), role(s), n_(s->asked),
		 paint(g, s->lost ? red : plain), n_(s->lost), paint(g, plain), n_(s->truncated),
		 ms(report_latency_ns(l, 50), p50), ms(report_latency_ns(l, 90), p90),
		 ms(report_latency_ns(l, 99), p99), ms(l->max_ns, max));
	put_rcodes(g, s->rcodes);
}

static void put_servers(const struct page *g)
{
	const struct report *r = g->p->r;

	head(g, "servers");
	text_put(g->t, "  %-*s %-8s %8s %8s %8s %9s %9s %9s %9s  %s\n", ADDRESS_WIDTH, "", "", "asked",
		 "lost", "cut", "50%", "90%", "99%", "100%", "answers");
	for (unsigned i = 0; i < r->n_servers; i++) {
		put_server(g, &r->servers[i]);
		for (unsigned k = 0; k < r->servers[i].n_behind; k++) {
			char addr[CAPTURE_END_TEXT_MAX];
			const struct capture_end *b = &r->servers[r->servers[i].behind[k]].addr;
			text_put(g->t, "  %*s stands for %s\n", ADDRESS_WIDTH, "",
				 capture_end_text(b, b->port != 53, addr));
		}
	}
	if (r->servers_more)
		text_put(g->t, "  %llu questions to further servers are only in the sums\n",
			 n_(r->servers_more));
}

/* ---------------------------------------------------------------- lists */

static void put_list(const struct page *g, const struct report_list *l, const char *good, const char *bad)
{
	char addr[CAPTURE_END_TEXT_MAX], type[16];
	unsigned shown = l->n < LIST_SHOWN ? l->n : LIST_SHOWN;

	for (unsigned i = 0; i < shown; i++) {
		const struct report_item *m = &l->v[i];
		text_put(g->t, "    %s%s%s at %s: %llu", m->name, m->qtype ? " " : "",
			 m->qtype ? wire_type_text(m->qtype, type) : "",
			 capture_end_text(&m->server, m->server.port != 53, addr), n_(m->n));
		if (good)
			text_put(g->t, ", %llu %s", n_(m->n_good), good);
		if (bad && m->n_bad)
			text_put(g->t, ", %llu %s", n_(m->n_bad), bad);
		text_put(g->t, "\n");
	}
	if (l->n > shown)
		text_put(g->t, "    and %u more names%s\n", l->n - shown, l->more ? ", and others" : "");
}

static void put_truncation(const struct page *g)
{
	const struct report *r = g->p->r;

	if (r->truncated) {
		head(g, "answers with TC");
		text_put(g->t,
			 "  %llu over UDP: %llu asked again over TCP, %llu where TCP failed, %llu not asked "
			 "again; %llu without a known address\n",
			 n_(r->truncated), n_(r->truncated_over_tcp), n_(r->truncated_tcp_failed),
			 n_(r->truncated_alone), n_(r->truncated_empty));
		put_list(g, &r->truncated_list, "asked again over TCP", "where TCP failed");
	}
	if (r->cname_only) {
		head(g, "answers with a CNAME and no address");
		text_put(g->t, "  %llu: %llu of them without TC\n", n_(r->cname_only),
			 n_(r->cname_only_without_tc));
		put_list(g, &r->cname_list, "with TC", NULL);
	}
}

static void put_losses(const struct page *g)
{
	const struct report *r = g->p->r;
	const struct exchange_counts *x = g->p->exchanges;

	if (r->unanswered || r->repeated || r->sent_again || r->at_the_end) {
		head(g, "unanswered and repeated questions");
		text_put(g->t,
			 "  %llu unanswered; %llu of them asked anew, %llu of those then answered; %llu sent "
			 "again as they were\n",
			 n_(r->unanswered), n_(r->repeated), n_(r->repeated_answered), n_(r->sent_again));
		if (r->at_the_end)
			text_put(g->t,
				 "  %llu more in the last 3 s of the captures, where the answer may be "
				 "missing\n",
				 n_(r->at_the_end));
		put_list(g, &r->lost_list, "answered when asked again", "never answered");
	}
	if (r->wrong_id || r->wrong_question || r->wrong_source || x->without_question || x->answered_again ||
	    r->late) {
		head(g, "answers out of place");
		text_put(g->t,
			 "  %llu with a wrong id, %llu with a wrong question, %llu from a wrong address, "
			 "%llu without a question (%llu of them early in a capture), "
			 "%llu second answers, %llu after more than 5 s\n",
			 n_(r->wrong_id), n_(r->wrong_question), n_(r->wrong_source), n_(x->without_question),
			 n_(x->without_question_early), n_(x->answered_again), n_(r->late));
	}
}

static void put_walks(const struct page *g)
{
	const struct report *r = g->p->r;

	if (!r->walks_done)
		return;
	head(g, "search paths");
	text_put(g->t, "  %llu walks: %llu questions for %llu names that exist", n_(r->walks_done),
		 n_(r->walks_questions), n_(r->walks_names));
	if (r->walks_names)
		text_put(g->t, " (%llu.%llu each)", n_(r->walks_questions / r->walks_names),
			 n_(r->walks_questions * 10 / r->walks_names % 10));
	text_put(g->t, "\n");
	put_list(g, &r->walk_list, "found", NULL);
}

/* ---------------------------------------------------------------- sums */

static void put_edns(const struct page *g)
{
	const struct report *r = g->p->r;

	text_put(g->t, "  EDNS: %llu questions without", n_(r->edns_none));
	for (unsigned i = 0; i < r->n_edns; i++)
		text_put(g->t, ", %llu with %u", n_(r->edns[i].n), r->edns[i].size);
	if (r->edns_other)
		text_put(g->t, ", %llu with other sizes", n_(r->edns_other));
	if (r->edns_unknown)
		text_put(g->t, ", %llu not to be seen", n_(r->edns_unknown));
	text_put(g->t, "; DO in %llu\n", n_(r->edns_do));
}

static void put_sums(const struct page *g)
{
	const struct report *r = g->p->r;
	const struct pcap_result *p = g->p;

	head(g, "in all");
	text_put(g->t, "  %llu questions (%llu over TCP), %llu answered: ", n_(r->questions), n_(r->tcp),
		 n_(r->answered));
	put_rcodes(g, r->rcodes);
	put_edns(g);
	if (r->causing)
		text_put(g->t, "  %llu questions led to %llu questions to upstreams\n", n_(r->causing),
			 n_(r->caused));
	if (p->exchanges->copies || p->exchanges->translated)
		text_put(g->t,
			 "  %llu messages were seen more than once, %llu questions with a translated "
			 "address; each counts once\n",
			 n_(p->exchanges->copies), n_(p->exchanges->translated));
	if (p->fragments->fragments)
		text_put(g->t, "  %llu fragments: %llu datagrams whole, %llu not\n",
			 n_(p->fragments->fragments), n_(p->fragments->whole), n_(p->fragments->lost));
	if (p->r->fragments_unseen)
		text_put(g->t,
			 "  of %llu answers only the first fragment is there: `port 53` does not match the "
			 "others; to have them, "
			 "capture 'port 53 or (ip[6:2] & 0x1fff != 0)'\n",
			 n_(p->r->fragments_unseen));
	if (p->tcp->segments)
		text_put(g->t,
			 "  TCP: %llu segments, %llu of them repeated, %llu out of order; %llu streams "
			 "joined in their middle, %llu holes\n",
			 n_(p->tcp->segments), n_(p->tcp->repeated), n_(p->tcp->out_of_order),
			 n_(p->tcp->joined), n_(p->tcp->holes));
}

static void put_names(const struct page *g)
{
	const struct report_name *top[REPORT_TOP_NAMES];
	unsigned n = report_top_names(g->p->r, top);
	char name[REPORT_NAME_TEXT_MAX];

	if (!n)
		return;
	head(g, "most asked names");
	for (unsigned i = 0; i < n; i++)
		text_put(g->t, "  %8llu %s\n", n_(top[i]->n),
			 report_write_name(top[i]->name, top[i]->len, top[i]->cut, name));
	if (g->p->r->names_forgotten)
		text_put(g->t,
			 "  (there are more names than are counted: each may be asked up to %llu times "
			 "more)\n",
			 n_(g->p->r->names_forgotten));
}

/* ---------------------------------------------------------------- captures */

static void put_file(const struct page *g, unsigned i)
{
	const struct capture_file *f = &g->p->files[i];
	const struct capture_clock *c = &g->p->clocks[i];
	char apart[CELL_MAX];

	text_put(g->t, "  %s: %u packets in %lld s", g->p->r->labels[i], f->n_packets,
		 f->n_packets ? (long long)((f->last_ns - f->first_ns) / (int64_t)NS_PER_S) : 0);
	if (f->broken)
		text_put(g->t, "%s; %sit breaks off there: %s%s", paint(g, red),
			 f->n_packets ? "" : "nothing to be read, ", f->error, paint(g, plain));
	if (i && c->known && c->ahead_ns < AGREES_NS && c->ahead_ns > -AGREES_NS)
		text_put(g->t, "; its clock agrees with %s's", g->p->r->labels[0]);
	else if (i && c->known)
		text_put(g->t, "; its clock is %s %s %s's, which is taken off",
			 ms(c->ahead_ns < 0 ? -c->ahead_ns : c->ahead_ns, apart),
			 c->ahead_ns < 0 ? "behind" : "ahead of", g->p->r->labels[0]);
	else if (i)
		text_put(g->t,
			 "; its clock could not be compared: no three messages stand in another file too");
	text_put(g->t, "\n");
}

static void put_limits(const struct page *g)
{
	const struct capture_decode_counts *d = g->p->decode;
	const struct exchange_counts *x = g->p->exchanges;

	if (d->cut)
		text_put(g->t,
			 "  %llu packets were cut by the snap length: of %llu DNS messages not all is known, "
			 "and %llu have not even a header\n",
			 n_(d->cut), n_(d->messages_cut), n_(d->too_short));
	if (d->other_port || d->other_protocol || d->not_ip)
		text_put(g->t, "  %llu packets are not DNS\n",
			 n_(d->other_port + d->other_protocol + d->not_ip));
	if (d->broken || d->not_dns || d->messages_broken)
		text_put(g->t,
			 "  %llu broken packets, %llu that are no DNS message on its port, %llu broken "
			 "messages\n",
			 n_(d->broken), n_(d->not_dns), n_(d->messages_broken));
	if (x->early)
		text_put(g->t,
			 "  %llu questions were judged before 20 s had passed: more were asked in that time "
			 "than memory is kept for\n",
			 n_(x->early));
	if (x->no_memory || g->p->r->no_memory)
		text_put(g->t, "  memory ran out: not everything is counted or told\n");
}

void pcap_show_table(struct text *t, const struct pcap_result *p, bool colour)
{
	const struct page g = {t, p, colour};
	const char *lines[2];

	pcap_show_conclusion(p, lines);
	text_put(t, "%s%s%s%s\n%s\n", paint(&g, bold), paint(&g, colour_of(p->v->v[0].severity)), lines[0],
		 paint(&g, plain), lines[1]);
	put_verdicts(&g);
	put_servers(&g);
	put_truncation(&g);
	put_losses(&g);
	put_walks(&g);
	put_names(&g);
	put_sums(&g);
	head(&g, "captures");
	for (unsigned i = 0; i < p->n_files; i++)
		put_file(&g, i);
	put_limits(&g);
}
