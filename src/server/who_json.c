// SPDX-License-Identifier: Apache-2.0
#include "server/who_report.h"

#include "wire/wire.h"

#include <stdio.h>

const char *who_transport_text(enum who_transport t)
{
	static const char *const texts[WHO_N_TRANSPORTS] = {"udp", "tcp", "tls", "https", "https3", "grpc", "quic"};

	return texts[t];
}

static const char *comma(bool *first)
{
	const char *c = *first ? "" : ", ";

	*first = false;
	return c;
}

static void put_count(struct text *t, bool *first, const char *name, uint64_t n)
{
	if (!n)
		return;
	text_put(t, "%s", comma(first));
	text_json(t, name);
	text_put(t, ": %llu", (unsigned long long)n);
}

static const char *rcode_name(unsigned i, char buf[16])
{
	return i < WHO_RCODES - 1 ? wire_rcode_text(i, buf) : "other";
}

static void put_counts(struct text *t, const struct who_span *s)
{
	char buf[16];
	bool first = true;

	text_put(t, ", \"rcodes\": {");
	for (unsigned i = 0; i < WHO_RCODES; i++)
		put_count(t, &first, rcode_name(i, buf), s->rcodes[i]);
	text_put(t, "}, \"transports\": {");
	first = true;
	for (int i = 0; i < WHO_N_TRANSPORTS; i++)
		put_count(t, &first, who_transport_text(i), s->transports[i]);
	text_put(t, "}, \"answered_by\": {");
	first = true;
	for (unsigned i = 0; i < s->n_plugins; i++)
		put_count(t, &first, s->plugins[i].name, s->plugins[i].count);
	text_put(t, "}");
}

static void put_delays(struct text *t, const struct who_span *s)
{
	static const struct {
		const char *name;
		double part;
	} parts[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"max", 1}};
	bool first = true;

	text_put(t, ", \"seconds_to_answer\": {");
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		text_put(t, "%s\"%s\": %.7g", comma(&first), parts[i].name, who_delay_part_s(s, parts[i].part));
	text_put(t, "}");
}

static void put_item(struct text *t, const char *what, const struct who_item *i)
{
	text_put(t, "{\"%s\": ", what);
	text_json(t, i->text);
	if (i->owner.kind != WHO_OWNER_NONE) {
		text_put(t, ", \"%s\": ", who_owner_kind_text(i->owner.kind));
		text_json(t, i->owner.text);
	}
	text_put(t, ", \"at_least\": %llu, \"at_most\": %llu, \"sampling_error\": %llu}", (unsigned long long)i->at_least,
		 (unsigned long long)i->at_most, (unsigned long long)i->sampling_error);
}

static void put_top(struct text *t, const struct who_span *s)
{
	static const struct {
		const char *list, *one;
	} words[WHO_N_KINDS] = {{"clients", "client"}, {"names", "name"}, {"zones", "zone"}};

	for (int k = 0; k < WHO_N_KINDS; k++) {
		const struct who_list *l = &s->top[k];
		bool first = true;

		text_put(t, ", \"%s\": [", words[k].list);
		for (unsigned i = 0; i < l->n; i++) {
			text_put(t, "%s", comma(&first));
			put_item(t, words[k].one, &l->items[i]);
		}
		text_put(t, "]");
	}
}

static void put_span(struct text *t, const struct who_span *s)
{
	text_put(t, "{\"seconds\": %.1f, \"asked\": %llu, \"questions\": %llu, \"samples\": %llu", s->seconds,
		 (unsigned long long)s->asked, (unsigned long long)s->questions, (unsigned long long)s->samples);
	put_counts(t, s);
	put_delays(t, s);
	put_top(t, s);
	text_put(t, "}");
}

void who_report_json(const struct who_report *r, struct text *t)
{
	text_put(t, "{\"questions\": %llu, \"workers\": %u, \"workers_missing\": %u, \"minute\": ",
		 (unsigned long long)r->questions, r->workers, r->workers_missing);
	put_span(t, &r->minute);
	text_put(t, ", \"total\": ");
	put_span(t, &r->total);
	text_put(t, "}");
}
