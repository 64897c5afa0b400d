// SPDX-License-Identifier: Apache-2.0
/* Reports for people and programs.  Everything that came from packets is escaped: names by wire_name_text, other bytes as
 * RFC 3597 has it. */
#include "base/text.h"
#include "server/query.h"
#include "server/trail_ask.h"
#include "wire/name.h"
#include "wire/rdata.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_TEXT_MAX = 1 << 18, SECTIONS = 3 };

static const char *const sections[SECTIONS] = {"answer", "authority", "additional"};

/* ---------------------------------------------------------------- records */

static void put_hex(struct text *t, const uint8_t *p, size_t len)
{
	text_put(t, "\\# %zu%s", len, len ? " " : "");
	for (size_t i = 0; i < len; i++)
		text_put(t, "%02x", p[i]);
}

static void put_name(struct text *t, const char *before, const uint8_t *name)
{
	char text[WIRE_NAME_TEXT_MAX];

	wire_name_text(name, text);
	text_put(t, "%s%s", before, text);
}

static void put_strings(struct text *t, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i += 1u + p[i]) {
		text_put(t, "%s\"", i ? " " : "");
		for (size_t k = i + 1; k <= i + p[i] && k < len; k++) {
			if (p[k] == '"' || p[k] == '\\')
				text_put(t, "\\%c", p[k]);
			else if (p[k] < ' ' || p[k] > '~')
				text_put(t, "\\%03u", p[k]);
			else
				text_put(t, "%c", p[k]);
		}
		text_put(t, "\"");
	}
}

static void put_soa(struct text *t, const uint8_t *p)
{
	put_name(t, "", p);
	p += wire_name_len(p);
	put_name(t, " ", p);
	p += wire_name_len(p);
	for (int i = 0; i < 5; i++)
		text_put(t, " %" PRIu32, wire_u32(p + 4 * i));
}

/* Uncompressed and checked. */
static void put_rdata(struct text *t, uint16_t type, const uint8_t *p, size_t len)
{
	char addr[INET6_ADDRSTRLEN];

	switch (type) {
	case TYPE_A:
	case TYPE_AAAA:
		if (len == (type == TYPE_A ? 4 : 16) && inet_ntop(type == TYPE_A ? AF_INET : AF_INET6, p, addr, sizeof(addr)))
			text_put(t, "%s", addr);
		else
			put_hex(t, p, len);
		break;
	case TYPE_CNAME:
	case TYPE_NS:
	case TYPE_PTR:
	case TYPE_DNAME:
		put_name(t, "", p);
		break;
	case TYPE_MX:
		text_put(t, "%u", wire_u16(p));
		put_name(t, " ", p + 2);
		break;
	case TYPE_SRV:
		text_put(t, "%u %u %u", wire_u16(p), wire_u16(p + 2), wire_u16(p + 4));
		put_name(t, " ", p + 6);
		break;
	case TYPE_SOA:
		put_soa(t, p);
		break;
	case TYPE_TXT:
		put_strings(t, p, len);
		break;
	default:
		put_hex(t, p, len);
	}
}

/* The record at `*at`, which is moved behind it: "NAME TTL TYPE RDATA" into `t`, nothing for the OPT. */
static bool put_record(struct text *t, const struct trail_report *r, size_t *at, uint8_t *room)
{
	uint8_t owner[WIRE_NAME_MAX];
	const uint8_t *rdata, *p;
	char type_text[16];
	uint16_t type, rdlen;
	int len;

	if (wire_name_read(r->reply, r->reply_len, at, owner) < 0 || *at + 10 > r->reply_len)
		return false;
	p = r->reply + *at;
	type = wire_u16(p);
	rdlen = wire_u16(p + 8);
	*at += 10;
	if (*at + rdlen > r->reply_len)
		return false;
	len = wire_rdata_read(r->reply, *at, rdlen, type, wire_u16(p + 2), room, &rdata);
	*at += rdlen;
	if (len < 0 || type == TYPE_OPT)
		return len >= 0;
	put_name(t, "", owner);
	text_put(t, " %" PRIu32 " %s ", wire_u32(p + 4), wire_type_text(type, type_text));
	put_rdata(t, type, rdata, (size_t)len);
	return true;
}

/* Call `fn` for each record's line. */
static void each_record(const struct trail_report *r, void (*fn)(void *arg, int section, const char *line), void *arg)
{
	size_t at = WIRE_HEADER_LEN;
	uint8_t *room;
	bool ok = true;

	if (r->reply_len < WIRE_HEADER_LEN || wire_name_skip(r->reply, r->reply_len, &at) < 0)
		return;
	at += 4;
	room = malloc(RDATA_READ_MAX); /* without memory no records are shown */
	for (int s = 0; room && s < SECTIONS; s++) {
		for (unsigned n = wire_u16(r->reply + 6 + 2 * s); n > 0 && ok; n--) {
			struct text line = {.max = RECORD_TEXT_MAX};

			ok = put_record(&line, r, &at, room);
			if (line.len && !line.failed)
				fn(arg, s, line.p);
			free(line.p);
		}
	}
	free(room);
}

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

static void member(struct text *t, const char *name, const char *value)
{
	text_put(t, ",\"%s\":", name);
	text_json(t, value);
}

static void json_notes(const struct trail_report *r, int step, struct text *t)
{
	const char *comma = "";

	text_put(t, ",\"notes\":[");
	for (unsigned i = 0; i < r->notes.n; i++) {
		const struct trail_note *n = &r->notes.v[i];

		if (n->step != step)
			continue;
		text_put(t, "%s{\"at_ms\":%.3f,\"text\":", comma, ms(r->began_ns, n->at_ns));
		text_json(t, r->notes.text + n->text);
		text_put(t, "}");
		comma = ",";
	}
	text_put(t, "]");
}

static void json_steps(const struct trail_report *r, struct text *t)
{
	text_put(t, ",\"steps\":[");
	for (unsigned i = 0; i < r->trail.n; i++) {
		const struct trail_step *s = &r->trail.steps[i];

		text_put(t, "%s{\"plugin\":", i ? "," : "");
		text_json(t, s->plugin);
		member(t, "verdict", verdict(s));
		text_put(t, ",\"depth\":%u,\"parent\":%d,\"start_ms\":%.3f,\"duration_ms\":%.3f", s->depth, s->parent,
			 ms(r->began_ns, s->enter_ns), ms(s->enter_ns, left_at(r, s)));
		json_notes(r, (int)i, t);
		text_put(t, "}");
	}
	text_put(t, "]");
}

struct json_records {
	struct text *t;
	int section, n;
};

static void json_record(void *arg, int section, const char *line)
{
	struct json_records *j = arg;

	if (section != j->section)
		return;
	text_put(j->t, "%s", j->n++ ? "," : "");
	text_json(j->t, line);
}

void trail_show_json(const struct trail_report *r, struct text *t)
{
	char name[WIRE_NAME_TEXT_MAX], buf[32], addr[NET_ADDR_TEXT_MAX];

	wire_name_text(r->asked.name, name);
	text_put(t, "{\"name\":");
	text_json(t, name);
	member(t, "type", wire_type_text(r->asked.type, buf));
	member(t, "client", net_addr_text(&r->asked.client, addr));
	member(t, "server", r->server);
	member(t, "zone", r->zone);
	text_put(t, ",\"worker\":%u,\"duration_ms\":%.3f,\"dropped\":%s", r->worker, ms(r->began_ns, r->ended_ns),
		 r->dropped ? "true" : "false");
	member(t, "rcode", wire_rcode_text(r->rcode, buf));
	member(t, "flags", flags_text(r, buf));
	text_put(t, ",\"truncated\":%s,\"size\":%u,\"whole_size\":%u,\"ede\":", r->cut ? "true" : "false", r->reply_len,
		 r->whole_len);
	text_put(t, r->ede == EDE_NONE ? "null" : "%d", (int)r->ede);
	member(t, "ede_text", r->ede_text);
	member(t, "error", r->error);
	member(t, "answered_by", r->answered_by);
	json_steps(r, t);
	for (int s = 0; s < SECTIONS; s++) {
		struct json_records j = {t, s, 0};

		text_put(t, ",\"%s\":[", sections[s]);
		each_record(r, json_record, &j);
		text_put(t, "]");
	}
	text_put(t, "}\n");
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
	each_record(r, text_record, t);
}
