// SPDX-License-Identifier: Apache-2.0
#include "server/trail_record.h"

#include "base/text.h"
#include "server/trail_ask.h"
#include "wire/name.h"
#include "wire/rdata.h"
#include "wire/wire.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>

enum { RECORD_TEXT_MAX = 1 << 18 };

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

void trail_records(const struct trail_report *r, void (*fn)(void *arg, int section, const char *line), void *arg)
{
	size_t at = WIRE_HEADER_LEN;
	uint8_t *room;
	bool ok = true;

	if (r->reply_len < WIRE_HEADER_LEN || wire_name_skip(r->reply, r->reply_len, &at) < 0)
		return;
	at += 4;
	room = malloc(RDATA_READ_MAX); /* without memory no records are shown */
	for (int s = 0; room && s < TRAIL_SECTIONS; s++) {
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
