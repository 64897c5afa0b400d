// SPDX-License-Identifier: Apache-2.0
/* Reports for people and programs.  Everything that came from packets is escaped. */
#include "base/json.h"
#include "server/query.h"
#include "server/trail_ask.h"
#include "server/trail_record.h"
#include "wire/name.h"

#include <stdio.h>

static const char *const sections[TRAIL_SECTIONS] = {"answer", "authority", "additional"};

/* ---------------------------------------------------------------- words */

static const char *flags_text(const struct trail_report *r, char out[32])
{
	static const struct {
		uint16_t bit;
		const char *text;
	} names[] = {{FLAG_AA, " aa"}, {FLAG_TC, " tc"}, {FLAG_RD, " rd"}, {FLAG_RA, " ra"}, {FLAG_AD, " ad"}, {FLAG_CD, " cd"}};
	uint16_t flags = r->reply_len >= WIRE_HEADER_LEN ? wire_u16(r->reply + 2) : 0;
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (flags & names[i].bit)
			len += (size_t)snprintf(out + len, 32 - len, "%s", names[i].text);
	}
	return out[0] ? out + 1 : out;
}

static const char *verdict(const struct trail_step *s)
{
	if (s->answered)
		return "answered";
	if (s->handed_on)
		return "passed on";
	return s->waited ? "waited" : "gave up";
}

static double ms(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (double)(to_ns - from_ns) / 1e6 : 0;
}

static uint64_t left_at(const struct trail_report *r, const struct trail_step *s)
{
	return s->leave_ns ? s->leave_ns : r->ended_ns;
}

/* ---------------------------------------------------------------- JSON */

static void json_span(struct json *j, const char *name, uint64_t from_ns, uint64_t to_ns)
{
	json_ms(j, name, to_ns > from_ns ? to_ns - from_ns : 0, 3);
}

static void json_notes(const struct trail_report *r, int step, struct json *j)
{
	json_open(j, "notes", '[');
	for (unsigned i = 0; i < r->notes.n; i++) {
		const struct trail_note *n = &r->notes.v[i];

		if (n->step != step)
			continue;
		json_open(j, NULL, '{');
		json_span(j, "at_ms", r->began_ns, n->at_ns);
		json_text(j, "text", r->notes.text + n->text);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_step(const struct trail_report *r, unsigned i, struct json *j)
{
	const struct trail_step *s = &r->trail.steps[i];

	json_open(j, NULL, '{');
	json_text(j, "plugin", s->plugin);
	json_text(j, "verdict", verdict(s));
	json_unsigned(j, "depth", s->depth);
	json_number(j, "parent", s->parent);
	json_span(j, "start_ms", r->began_ns, s->enter_ns);
	json_span(j, "duration_ms", s->enter_ns, left_at(r, s));
	json_notes(r, (int)i, j);
	json_close(j, '}');
}

struct json_records {
	struct json *j;
	int section;
};

static void json_record(void *arg, int section, const char *line)
{
	struct json_records *to = arg;

	if (section == to->section)
		json_text(to->j, NULL, line);
}

static void json_asked(const struct trail_report *r, struct json *j)
{
	char name[WIRE_NAME_TEXT_MAX], type[16], addr[NET_ADDR_TEXT_MAX];

	wire_name_text(r->asked.name, name);
	json_text(j, "name", name);
	json_text(j, "type", wire_type_text(r->asked.type, type));
	json_text(j, "client", net_addr_text(&r->asked.client, addr));
	json_text(j, "server", r->server);
	json_text(j, "zone", r->zone);
}

static void json_result(const struct trail_report *r, struct json *j)
{
	char rcode[16], flags[32];

	json_unsigned(j, "worker", r->worker);
	json_span(j, "duration_ms", r->began_ns, r->ended_ns);
	json_bool(j, "dropped", r->dropped);
	json_text(j, "rcode", wire_rcode_text(r->rcode, rcode));
	json_text(j, "flags", flags_text(r, flags));
	json_bool(j, "truncated", r->cut);
	json_unsigned(j, "size", r->reply_len);
	json_unsigned(j, "whole_size", r->whole_len);
	if (r->ede == EDE_NONE)
		json_null(j, "ede");
	else
		json_number(j, "ede", r->ede);
	json_text(j, "ede_text", r->ede_text);
	json_text(j, "error", r->error);
	json_text(j, "answered_by", r->answered_by);
}

void trail_show_json(const struct trail_report *r, struct text *t)
{
	struct json j = {.t = t};

	json_open(&j, NULL, '{');
	json_asked(r, &j);
	json_result(r, &j);
	json_open(&j, "steps", '[');
	for (unsigned i = 0; i < r->trail.n; i++)
		json_step(r, i, &j);
	json_close(&j, ']');
	for (int s = 0; s < TRAIL_SECTIONS; s++) {
		struct json_records to = {&j, s};

		json_open(&j, sections[s], '[');
		trail_records(r, json_record, &to);
		json_close(&j, ']');
	}
	json_close(&j, '}');
	text_put(t, "\n");
}

/* ---------------------------------------------------------------- lines */

static void text_notes(const struct trail_report *r, int step, int indent, struct text *t)
{
	for (unsigned i = 0; i < r->notes.n; i++) {
		const struct trail_note *n = &r->notes.v[i];

		if (n->step == step)
			text_put(t, "%8.3f %*s%s\n", ms(r->began_ns, n->at_ns), indent, "", r->notes.text + n->text);
	}
}

static void text_steps(const struct trail_report *r, struct text *t)
{
	for (unsigned i = 0; i < r->trail.n; i++) {
		const struct trail_step *s = &r->trail.steps[i];
		int indent = 5 + 2 * s->depth;

		text_put(t, "%8.3f ms %*s%-13s %s", ms(r->began_ns, s->enter_ns), 2 * s->depth, "", s->plugin, verdict(s));
		if (s->waited || s->answered)
			text_put(t, " in %.3f ms", ms(s->enter_ns, left_at(r, s)));
		text_put(t, "\n");
		text_notes(r, (int)i, indent, t);
	}
}

static void text_record(void *arg, int section, const char *line)
{
	text_put(arg, "%s%s: %s\n", section ? "  " : "", sections[section], line);
}

static void text_head(const struct trail_report *r, struct text *t)
{
	char name[WIRE_NAME_TEXT_MAX], type[16], addr[NET_ADDR_TEXT_MAX];

	wire_name_text(r->asked.name, name);
	text_put(t, "%s %s from %s at %s, ", name, wire_type_text(r->asked.type, type), net_addr_text(&r->asked.client, addr),
		 r->server);
	text_put(t, r->zone[0] ? "server block of %s\n" : "which no server block serves%s\n", r->zone);
}

static void text_end(const struct trail_report *r, struct text *t)
{
	char rcode[16], flags[32];

	if (r->dropped) {
		text_put(t, "no answer, after %.3f ms\n", ms(r->began_ns, r->ended_ns));
		return;
	}
	text_put(t, "%s in %.3f ms, flags: %s, %u bytes", wire_rcode_text(r->rcode, rcode), ms(r->began_ns, r->ended_ns),
		 flags_text(r, flags), r->reply_len);
	if (r->cut)
		text_put(t, ", cut from %u with TC", r->whole_len);
	if (r->answered_by[0])
		text_put(t, ", answered by %s", r->answered_by);
	text_put(t, "\n");
	if (r->ede != EDE_NONE)
		text_put(t, "Extended DNS Error %d%s%s\n", (int)r->ede, r->ede_text[0] ? ": " : "", r->ede_text);
	if (r->error[0])
		text_put(t, "error: %s\n", r->error);
}

void trail_show_text(const struct trail_report *r, struct text *t)
{
	text_head(r, t);
	text_steps(r, t);
	text_end(r, t);
	trail_records(r, text_record, t);
}
