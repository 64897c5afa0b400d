// SPDX-License-Identifier: Apache-2.0
/* Lines as JSON objects (RFC 8259), made in the writer thread.  A line is whole or not there: a label that no longer
 * fits is left out, and the rest always fits (a name takes at most 4 x 255 bytes, each of which may need two). */
#include "plugin/log/log.h"

#include "base/clock.h"
#include "server/metadata.h"
#include "wire/name.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct line {
	char *out;
	size_t len, cap;
	bool full;
};

/* ---------------------------------------------------------------- bytes */

static void put(struct line *j, const char *text, size_t len)
{
	if (len > j->cap - j->len) {
		j->full = true;
		return;
	}
	memcpy(j->out + j->len, text, len);
	j->len += len;
}

static PRINTF(2, 3) void putf(struct line *j, const char *fmt, ...)
{
	char buf[128];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	put(j, buf, (size_t)n);
}

/* Bytes of the UTF-8 character at `p` (RFC 3629: shortest form, no surrogates, up to U+10FFFF); 0: it is none. */
static size_t utf8_len(const uint8_t *p, size_t left)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
		   : p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;

	if (n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

/* A string.  What is no UTF-8 becomes U+FFFD. */
static void put_string(struct line *j, const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;

	put(j, "\"", 1);
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_len(p + i, len - i);
		if (!n) {
			put(j, "\\ufffd", 6);
			n = 1;
		} else if (p[i] < ' ' || p[i] == 127) {
			putf(j, "\\u%04x", p[i]);
		} else {
			if (p[i] == '"' || p[i] == '\\')
				put(j, "\\", 1);
			put(j, text + i, n);
		}
	}
	put(j, "\"", 1);
}

static void member(struct line *j, const char *name)
{
	putf(j, "%s\"%s\":", j->out[j->len - 1] == '{' ? "" : ",", name);
}

static void member_text(struct line *j, const char *name, const char *text)
{
	member(j, name);
	put_string(j, text, strlen(text));
}

static void member_number(struct line *j, const char *name, unsigned n)
{
	member(j, name);
	putf(j, "%u", n);
}

/* ---------------------------------------------------------------- the line */

/* RFC 3339, UTC, microseconds. */
static void put_time(struct line *j, uint64_t wall_ns)
{
	time_t s = (time_t)(wall_ns / NS_PER_S);
	struct tm tm;
	char text[32];

	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	member(j, "time");
	putf(j, "\"%s.%06uZ\"", text, (unsigned)(wall_ns % NS_PER_S / NS_PER_US));
}

static void put_client(struct line *j, const struct log_query *r)
{
	char text[NET_ADDR_TEXT_MAX];

	net_addr_text(&r->peer, text);
	member_text(j, "remote", text);
	member_number(j, "port", net_addr_port(&r->peer));
	net_addr_text(&r->local, text);
	member_text(j, "local", text);
	member_text(j, "proto", r->stream ? "tcp" : "udp");
}

static void put_question(struct line *j, const struct log_query *r)
{
	char name[WIRE_NAME_TEXT_MAX], buf[16];

	member_number(j, "id", r->id);
	member_number(j, "opcode", r->opcode);
	wire_name_text(r->name, name);
	member_text(j, "name", name);
	member_text(j, "type", wire_type_text(r->qtype, buf));
	member_text(j, "class", wire_class_text(r->qclass, buf));
	member_number(j, "size", r->request_len);
	member(j, "do");
	putf(j, "%s", r->do_bit ? "true" : "false");
	member_number(j, "bufsize", r->bufsize);
}

static void put_answer(struct line *j, const struct log_query *r)
{
	char buf[16], flags[LOG_FLAGS_TEXT_MAX];

	member(j, "rcode");
	if (r->answered)
		putf(j, "\"%s\"", wire_rcode_text(r->rcode, buf));
	else
		put(j, "null", 4);
	member_text(j, "rflags", r->answered ? log_flags_text(r->flags, flags) : "");
	member_number(j, "rsize", r->answer_len);
	member(j, "duration");
	putf(j, "%" PRIu64 ".%09" PRIu64, (uint64_t)(r->duration_ns / NS_PER_S), (uint64_t)(r->duration_ns % NS_PER_S));
}

/* The values stand behind the name in the record (struct log_query). */
static void put_labels(struct line *j, const struct log_query *r, const uint8_t *p, const uint8_t *end)
{
	size_t n, closing = 2;
	struct metadata_label *const *labels = log_format_labels(r->format, &n);

	if (!n)
		return;
	member(j, "labels");
	put(j, "{", 1);
	j->cap -= closing;
	for (size_t i = 0; i < n && p < end; i++) {
		size_t len = *p++, before = j->len;

		if (!len)
			continue;
		if (j->out[j->len - 1] != '{')
			put(j, ",", 1);
		put_string(j, labels[i]->text, strlen(labels[i]->text));
		put(j, ":", 1);
		put_string(j, (const char *)p, len - 1);
		p += len - 1;
		if (j->full) {
			j->len = before;
			j->full = false;
		}
	}
	j->cap += closing;
	put(j, "}", 1);
}

size_t log_query_json(const void *record, size_t len, char *out, size_t cap)
{
	const uint8_t *bytes = record;
	struct line j = {.out = out, .cap = cap};
	struct log_query r;

	memcpy(&r, record, len < sizeof(r) ? len : sizeof(r)); /* queued records are not aligned for our use */
	put(&j, "{", 1);
	put_time(&j, r.wall_ns);
	member_text(&j, "level", "info");
	member_text(&j, "msg", "query");
	put_client(&j, &r);
	put_question(&j, &r);
	put_answer(&j, &r);
	put_labels(&j, &r, bytes + offsetof(struct log_query, name) + r.name_len, bytes + len);
	put(&j, "}", 1);
	return j.len;
}
