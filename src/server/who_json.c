// SPDX-License-Identifier: Apache-2.0
#include "server/who_report.h"

#include "base/json.h"
#include "wire/wire.h"

const char *who_transport_text(enum who_transport t)
{
	static const char *const texts[WHO_N_TRANSPORTS] = {"udp", "tcp", "tls", "https", "https3", "grpc", "quic"};

	return texts[t];
}

static void put_count(struct json *j, const char *name, uint64_t n)
{
	if (n)
		json_unsigned(j, name, n);
}

static const char *rcode_name(unsigned i, char buf[16])
{
	return i < WHO_RCODES - 1 ? wire_rcode_text(i, buf) : "other";
}

static void put_counts(struct json *j, const struct who_span *s)
{
	char buf[16];

	json_open(j, "rcodes", '{');
	for (unsigned i = 0; i < WHO_RCODES; i++)
		put_count(j, rcode_name(i, buf), s->rcodes[i]);
	json_close(j, '}');
	json_open(j, "transports", '{');
	for (int i = 0; i < WHO_N_TRANSPORTS; i++)
		put_count(j, who_transport_text(i), s->transports[i]);
	json_close(j, '}');
	json_open(j, "answered_by", '{');
	for (unsigned i = 0; i < s->n_plugins; i++)
		put_count(j, s->plugins[i].name, s->plugins[i].count);
	json_close(j, '}');
}

static void put_delays(struct json *j, const struct who_span *s)
{
	static const struct {
		const char *name;
		double part;
	} parts[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"max", 1}};

	json_open(j, "seconds_to_answer", '{');
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		json_double(j, parts[i].name, who_delay_part_s(s, parts[i].part), 7);
	json_close(j, '}');
}

static void put_item(struct json *j, const char *what, const struct who_item *i)
{
	json_open(j, NULL, '{');
	json_text(j, what, i->text);
	if (i->owner.kind != WHO_OWNER_NONE)
		json_text(j, who_owner_kind_text(i->owner.kind), i->owner.text);
	json_unsigned(j, "at_least", i->at_least);
	json_unsigned(j, "at_most", i->at_most);
	json_unsigned(j, "sampling_error", i->sampling_error);
	json_close(j, '}');
}

static void put_top(struct json *j, const struct who_span *s)
{
	static const struct {
		const char *list, *one;
	} words[WHO_N_KINDS] = {{"clients", "client"}, {"names", "name"}, {"zones", "zone"}};

	for (int k = 0; k < WHO_N_KINDS; k++) {
		const struct who_list *l = &s->top[k];

		json_open(j, words[k].list, '[');
		for (unsigned i = 0; i < l->n; i++)
			put_item(j, words[k].one, &l->items[i]);
		json_close(j, ']');
	}
}

static void put_span(struct json *j, const char *name, const struct who_span *s)
{
	json_open(j, name, '{');
	json_fixed(j, "seconds", s->seconds, 1);
	json_unsigned(j, "asked", s->asked);
	json_unsigned(j, "questions", s->questions);
	json_unsigned(j, "samples", s->samples);
	put_counts(j, s);
	put_delays(j, s);
	put_top(j, s);
	json_close(j, '}');
}

void who_report_json(const struct who_report *r, struct json *j)
{
	json_unsigned(j, "questions", r->questions);
	json_unsigned(j, "workers", r->workers);
	json_unsigned(j, "workers_missing", r->workers_missing);
	put_span(j, "minute", &r->minute);
	put_span(j, "total", &r->total);
}
