// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "doctor/pcap_show.h"
#include "doctor/run.h"

#include <stdio.h>

enum { JSON_VERSION = 1 };

struct json {
	struct text *t;
	bool comma;
};

static void key(struct json *j, const char *name)
{
	text_put(j->t, "%s", j->comma ? "," : "");
	if (name)
		text_put(j->t, "\"%s\":", name);
	j->comma = true;
}

static void open_(struct json *j, const char *name, char bracket)
{
	key(j, name);
	text_put(j->t, "%c", bracket);
	j->comma = false;
}

static void close_(struct json *j, char bracket)
{
	text_put(j->t, "%c", bracket);
	j->comma = true;
}

static void put(struct json *j, const char *name, const char *value)
{
	key(j, name);
	if (value)
		text_json(j->t, value);
	else
		text_put(j->t, "null");
}

static void number(struct json *j, const char *name, uint64_t value)
{
	key(j, name);
	text_put(j->t, "%llu", (unsigned long long)value);
}

static void boolean(struct json *j, const char *name, bool value)
{
	key(j, name);
	text_put(j->t, value ? "true" : "false");
}

/* Milliseconds. */
static void ms(struct json *j, const char *name, int64_t ns)
{
	uint64_t abs = ns < 0 ? (uint64_t)-ns : (uint64_t)ns;

	key(j, name);
	text_put(j->t, "%s%llu.%06llu", ns < 0 ? "-" : "", (unsigned long long)(abs / NS_PER_MS),
		 (unsigned long long)(abs % NS_PER_MS));
}

/* Seconds since 1970. */
static void when(struct json *j, const char *name, int64_t ns)
{
	key(j, name);
	if (ns)
		text_put(j->t, "%lld.%09lld", (long long)(ns / (int64_t)NS_PER_S),
			 (long long)(ns % (int64_t)NS_PER_S));
	else
		text_put(j->t, "null");
}

static void address(struct json *j, const struct capture_end *e)
{
	char text[CAPTURE_END_TEXT_MAX];

	put(j, "address", capture_end_text(e, false, text));
	number(j, "port", e->port);
}

static void rcodes(struct json *j, const uint64_t n[REPORT_RCODES])
{
	char buf[16];

	open_(j, "rcodes", '{');
	for (unsigned i = 0; i < REPORT_RCODES; i++) {
		if (n[i])
			number(j, wire_rcode_text(i, buf), n[i]);
	}
	close_(j, '}');
}

static void verdict(struct json *j, const struct verdict *v)
{
	open_(j, NULL, '{');
	put(j, "verdict", verdict_slug_text(v->slug));
	put(j, "severity", verdict_severity_text(v->severity));
	put(j, "summary", v->summary);
	put(j, "remedy", v->remedy);
	open_(j, "evidence", '[');
	for (unsigned i = 0; i < v->n_evidence; i++)
		put(j, NULL, v->evidence[i].text);
	close_(j, ']');
	close_(j, '}');
}

static void conclusion(struct json *j, const struct pcap_result *p)
{
	static const char *const status[] = {"healthy", "fault", "unknown"};
	const char *lines[2];

	pcap_show_conclusion(p, lines);
	open_(j, "conclusion", '{');
	put(j, "status", status[doctor_exit_status(p->v)]);
	number(j, "exit", (uint64_t)doctor_exit_status(p->v));
	open_(j, "lines", '[');
	put(j, NULL, lines[0]);
	put(j, NULL, lines[1]);
	close_(j, ']');
	close_(j, '}');
	open_(j, "verdicts", '[');
	for (unsigned i = 0; i < p->v->n; i++)
		verdict(j, &p->v->v[i]);
	close_(j, ']');
}

static void file(struct json *j, const struct pcap_result *p, unsigned i)
{
	const struct capture_file *f = &p->files[i];

	open_(j, NULL, '{');
	put(j, "file", p->r->labels[i]);
	number(j, "packets", f->n_packets);
	number(j, "snap_length", f->snap_len);
	when(j, "first", f->first_ns);
	when(j, "last", f->last_ns);
	put(j, "broken", f->broken ? f->error : NULL);
	boolean(j, "clock_known", i == 0 || p->clocks[i].known);
	ms(j, "clock_ahead_ms", p->clocks[i].ahead_ns);
	close_(j, '}');
}

static void server(struct json *j, const struct report *r, const struct report_server *s)
{
	static const struct {
		const char *name;
		unsigned percent;
	} parts[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"max", 100}};
	char text[CAPTURE_END_TEXT_MAX];

	open_(j, NULL, '{');
	address(j, &s->addr);
	boolean(j, "upstream", s->is_upstream);
	boolean(j, "behind", s->is_behind);
	open_(j, "stands_for", '[');
	for (unsigned i = 0; i < s->n_behind; i++)
		put(j, NULL, capture_end_text(&r->servers[s->behind[i]].addr, true, text));
	close_(j, ']');
	number(j, "asked", s->asked);
	number(j, "answered", s->answered);
	number(j, "lost", s->lost);
	number(j, "tcp", s->tcp_asked);
	number(j, "truncated", s->truncated);
	number(j, "fragmented", s->fragmented);
	rcodes(j, s->rcodes);
	open_(j, "latency_ms", '{');
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		ms(j, parts[i].name, report_latency_ns(&s->latency, parts[i].percent));
	close_(j, '}');
	close_(j, '}');
}

static void list(struct json *j, const char *name, const struct report_list *l, const char *good,
		 const char *bad)
{
	char type[16];

	open_(j, name, '[');
	for (unsigned i = 0; i < l->n; i++) {
		open_(j, NULL, '{');
		put(j, "name", l->v[i].name);
		put(j, "type", l->v[i].qtype ? wire_type_text(l->v[i].qtype, type) : NULL);
		open_(j, "server", '{');
		address(j, &l->v[i].server);
		close_(j, '}');
		number(j, "n", l->v[i].n);
		number(j, good, l->v[i].n_good);
		if (bad)
			number(j, bad, l->v[i].n_bad);
		close_(j, '}');
	}
	close_(j, ']');
}

static void names(struct json *j, struct report *r)
{
	const struct report_name *top[REPORT_TOP_NAMES];
	unsigned n = report_top_names(r, top);
	char name[REPORT_NAME_TEXT_MAX];

	open_(j, "top_names", '[');
	for (unsigned i = 0; i < n; i++) {
		open_(j, NULL, '{');
		put(j, "name", report_write_name(top[i]->name, top[i]->len, top[i]->cut, name));
		number(j, "n", top[i]->n);
		close_(j, '}');
	}
	close_(j, ']');
}

static void edns(struct json *j, const struct report *r)
{
	char size[16];

	open_(j, "edns", '{');
	number(j, "none", r->edns_none);
	number(j, "unknown", r->edns_unknown);
	number(j, "other", r->edns_other);
	number(j, "do", r->edns_do);
	open_(j, "sizes", '{');
	for (unsigned i = 0; i < r->n_edns; i++) {
		snprintf(size, sizeof(size), "%u", r->edns[i].size);
		number(j, size, r->edns[i].n);
	}
	close_(j, '}');
	close_(j, '}');
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

	open_(j, "sums", '{');
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		number(j, all[i].name, all[i].n);
	rcodes(j, r->rcodes);
	close_(j, '}');
}

void pcap_show_json(struct text *t, const struct pcap_result *p)
{
	struct json j = {t, false};

	open_(&j, NULL, '{');
	number(&j, "version", JSON_VERSION);
	conclusion(&j, p);
	open_(&j, "captures", '[');
	for (unsigned i = 0; i < p->n_files; i++)
		file(&j, p, i);
	close_(&j, ']');
	open_(&j, "servers", '[');
	for (unsigned i = 0; i < p->r->n_servers; i++)
		server(&j, p->r, &p->r->servers[i]);
	close_(&j, ']');
	list(&j, "truncated", &p->r->truncated_list, "asked_over_tcp", "tcp_failed");
	list(&j, "cname_only", &p->r->cname_list, "with_tc", NULL);
	list(&j, "unanswered", &p->r->lost_list, "answered_when_asked_again", "never_answered");
	list(&j, "search_paths", &p->r->walk_list, "found", NULL);
	names(&j, p->r);
	edns(&j, p->r);
	sums(&j, p);
	close_(&j, '}');
	text_put(t, "\n");
}
