// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/json.h"
#include "doctor/pcap_show.h"
#include "doctor/show.h"

#include <stdio.h>

enum { JSON_VERSION = 1 };

/* Seconds since 1970. */
static void when(struct json *j, const char *name, int64_t ns)
{
	json_name(j, name);
	if (ns)
		text_put(j->t, "%lld.%09lld", (long long)(ns / (int64_t)NS_PER_S),
			 (long long)(ns % (int64_t)NS_PER_S));
	else
		text_put(j->t, "null");
}

static void address(struct json *j, const struct capture_end *e)
{
	char text[CAPTURE_END_TEXT_MAX];

	json_text(j, "address", capture_end_text(e, false, text));
	json_unsigned(j, "port", e->port);
}

static void rcodes(struct json *j, const uint64_t n[REPORT_RCODES])
{
	char buf[16];

	json_open(j, "rcodes", '{');
	for (unsigned i = 0; i < REPORT_RCODES; i++) {
		if (n[i])
			json_unsigned(j, wire_rcode_text(i, buf), n[i]);
	}
	json_close(j, '}');
}

static void verdict(struct json *j, const struct verdict *v)
{
	json_open(j, NULL, '{');
	json_text(j, "verdict", verdict_slug_text(v->slug));
	json_text(j, "severity", verdict_severity_text(v->severity));
	json_text(j, "summary", v->summary);
	json_text(j, "remedy", v->remedy);
	json_open(j, "evidence", '[');
	for (unsigned i = 0; i < v->n_evidence; i++)
		json_text(j, NULL, v->evidence[i].text);
	json_close(j, ']');
	json_close(j, '}');
}

static void conclusion(struct json *j, const struct pcap_result *p)
{
	const char *lines[2];

	pcap_show_conclusion(p, lines);
	show_json_conclusion(j, p->v, lines);
	json_open(j, "verdicts", '[');
	for (unsigned i = 0; i < p->v->n; i++)
		verdict(j, &p->v->v[i]);
	json_close(j, ']');
}

static void file(struct json *j, const struct pcap_result *p, unsigned i)
{
	const struct capture_file *f = &p->files[i];

	json_open(j, NULL, '{');
	json_text(j, "file", p->r->labels[i]);
	json_unsigned(j, "packets", f->n_packets);
	json_unsigned(j, "snap_length", f->snap_len);
	when(j, "first", f->first_ns);
	when(j, "last", f->last_ns);
	json_text(j, "broken", f->broken ? f->error : NULL);
	json_bool(j, "clock_known", i == 0 || p->clocks[i].known);
	json_ms(j, "clock_ahead_ms", p->clocks[i].ahead_ns, 6);
	json_close(j, '}');
}

static void server(struct json *j, const struct report *r, const struct report_server *s)
{
	static const struct {
		const char *name;
		unsigned percent;
	} parts[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"max", 100}};
	char text[CAPTURE_END_TEXT_MAX];

	json_open(j, NULL, '{');
	address(j, &s->addr);
	json_bool(j, "upstream", s->is_upstream);
	json_bool(j, "behind", s->is_behind);
	json_open(j, "stands_for", '[');
	for (unsigned i = 0; i < s->n_behind; i++)
		json_text(j, NULL, capture_end_text(&r->servers[s->behind[i]].addr, true, text));
	json_close(j, ']');
	json_unsigned(j, "asked", s->asked);
	json_unsigned(j, "answered", s->answered);
	json_unsigned(j, "lost", s->lost);
	json_unsigned(j, "tcp", s->tcp_asked);
	json_unsigned(j, "truncated", s->truncated);
	json_unsigned(j, "fragmented", s->fragmented);
	rcodes(j, s->rcodes);
	json_open(j, "latency_ms", '{');
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		json_ms(j, parts[i].name, report_latency_ns(&s->latency, parts[i].percent), 6);
	json_close(j, '}');
	json_close(j, '}');
}

static void list(struct json *j, const char *name, const struct report_list *l, const char *good,
		 const char *bad)
{
	char type[16];

	json_open(j, name, '[');
	for (unsigned i = 0; i < l->n; i++) {
		json_open(j, NULL, '{');
		json_text(j, "name", l->v[i].name);
		json_text(j, "type", l->v[i].qtype ? wire_type_text(l->v[i].qtype, type) : NULL);
		json_open(j, "server", '{');
		address(j, &l->v[i].server);
		json_close(j, '}');
		json_unsigned(j, "n", l->v[i].n);
		json_unsigned(j, good, l->v[i].n_good);
		if (bad)
			json_unsigned(j, bad, l->v[i].n_bad);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void names(struct json *j, struct report *r)
{
	const struct report_name *top[REPORT_TOP_NAMES];
	unsigned n = report_top_names(r, top);
	char name[REPORT_NAME_TEXT_MAX];

	json_open(j, "top_names", '[');
	for (unsigned i = 0; i < n; i++) {
		json_open(j, NULL, '{');
		json_text(j, "name", report_write_name(top[i]->name, top[i]->len, top[i]->cut, name));
		json_unsigned(j, "n", top[i]->n);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void edns(struct json *j, const struct report *r)
{
	char size[16];

	json_open(j, "edns", '{');
	json_unsigned(j, "none", r->edns_none);
	json_unsigned(j, "unknown", r->edns_unknown);
	json_unsigned(j, "other", r->edns_other);
	json_unsigned(j, "do", r->edns_do);
	json_open(j, "sizes", '{');
	for (unsigned i = 0; i < r->n_edns; i++) {
		snprintf(size, sizeof(size), "%u", r->edns[i].size);
		json_unsigned(j, size, r->edns[i].n);
	}
	json_close(j, '}');
	json_close(j, '}');
}

static void sums(struct json *j, const struct pcap_result *p)
{
	const struct report *r = p->r;
	const struct {
		const char *name;
		uint64_t n;
	} all[] = {
		{"questions", r->questions},
		{"answered", r->answered},
		{"over_tcp", r->tcp},
		{"unanswered", r->unanswered},
		{"unanswered_at_the_end", r->at_the_end},
		{"asked_again", r->repeated},
		{"asked_again_answered", r->repeated_answered},
		{"sent_again", r->sent_again},
		{"truncated", r->truncated},
		{"truncated_asked_over_tcp", r->truncated_over_tcp},
		{"truncated_tcp_failed", r->truncated_tcp_failed},
		{"truncated_not_asked_again", r->truncated_alone},
		{"truncated_without_address", r->truncated_empty},
		{"cname_only", r->cname_only},
		{"cname_only_without_tc", r->cname_only_without_tc},
		{"wrong_id", r->wrong_id},
		{"wrong_question", r->wrong_question},
		{"wrong_source", r->wrong_source},
		{"late", r->late},
		{"answers_without_question", p->exchanges->without_question},
		{"second_answers", p->exchanges->answered_again},
		{"upstream_questions", r->caused},
		{"questions_with_upstream", r->causing},
		{"search_walks", r->walks_done},
		{"search_questions", r->walks_questions},
		{"search_names_found", r->walks_names},
		{"copies", p->exchanges->copies},
		{"translated", p->exchanges->translated},
		{"judged_early", p->exchanges->early},
		{"packets", p->decode->packets},
		{"packets_cut", p->decode->cut},
		{"packets_broken", p->decode->broken},
		{"messages", p->decode->messages},
		{"messages_cut", p->decode->messages_cut},
		{"messages_broken", p->decode->messages_broken},
		{"fragments", p->fragments->fragments},
		{"fragmented_lost", p->fragments->lost},
		{"fragmented_unseen", r->fragments_unseen},
		{"tcp_segments", p->tcp->segments},
		{"tcp_repeated", p->tcp->repeated},
		{"tcp_out_of_order", p->tcp->out_of_order},
		{"tcp_joined", p->tcp->joined},
		{"tcp_holes", p->tcp->holes},
	};

	json_open(j, "sums", '{');
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		json_unsigned(j, all[i].name, all[i].n);
	rcodes(j, r->rcodes);
	json_close(j, '}');
}

void pcap_show_json(struct text *t, const struct pcap_result *p)
{
	struct json j = {.t = t};

	json_open(&j, NULL, '{');
	json_unsigned(&j, "version", JSON_VERSION);
	conclusion(&j, p);
	json_open(&j, "captures", '[');
	for (unsigned i = 0; i < p->n_files; i++)
		file(&j, p, i);
	json_close(&j, ']');
	json_open(&j, "servers", '[');
	for (unsigned i = 0; i < p->r->n_servers; i++)
		server(&j, p->r, &p->r->servers[i]);
	json_close(&j, ']');
	list(&j, "truncated", &p->r->truncated_list, "asked_over_tcp", "tcp_failed");
	list(&j, "cname_only", &p->r->cname_list, "with_tc", NULL);
	list(&j, "unanswered", &p->r->lost_list, "answered_when_asked_again", "never_answered");
	list(&j, "search_paths", &p->r->walk_list, "found", NULL);
	names(&j, p->r);
	edns(&j, p->r);
	sums(&j, p);
	json_close(&j, '}');
	text_put(t, "\n");
}
