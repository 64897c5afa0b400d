// SPDX-License-Identifier: Apache-2.0
/* Spans as Zipkin (v2) and Datadog (v0.3) take them.  The root is "servedns"; below it each plugin, within the one that it was
 * called from.  Texts are made safe here: names come from packets. */
#include "plugin/trace/trace.h"

#include "base/clock.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <inttypes.h>
#include <string.h>

enum { MNEMONIC_MAX = 16 };

static const char root_name[] = "servedns";

struct span {
	uint64_t id, parent;   /* parent 0: it is the root */
	const char *name;
	uint64_t begin_ns, end_ns; /* wall clock */
	const struct trace_frame *root; /* of the root: what the query was */
};

/* ---------------------------------------------------------------- texts */

static void put_text(FILE *out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p == '"' || *p == '\\')
			(void)fprintf(out, "\\%c", *p);
		else if (*p < 0x20 || *p >= 0x7f)
			(void)fprintf(out, "\\u%04x", *p);
		else
			(void)fputc(*p, out);
	}
}

static void put_tags(FILE *out, const struct trace_frame *f, char separator)
{
	char name[WIRE_NAME_TEXT_MAX], type[MNEMONIC_MAX], rcode[MNEMONIC_MAX], remote[NET_ADDR_TEXT_MAX];

	(void)wire_name_text(f->name, name);
	(void)fprintf(out, "\"coredns.io%cname\":\"", separator);
	put_text(out, name);
	(void)fprintf(out, "\",\"coredns.io%ctype\":\"%s\",\"coredns.io%crcode\":\"%s\",\"coredns.io%cproto\":\"%s\","
			   "\"coredns.io%cremote\":\"%s\"",
		      separator, wire_type_text(f->qtype, type), separator,
		      f->answered ? wire_rcode_text(f->rcode, rcode) : "-", separator, f->stream ? "tcp" : "udp", separator,
		      net_addr_text(&f->remote, remote));
}

/* ---------------------------------------------------------------- the two forms */

static uint64_t at_least(uint64_t v, uint64_t least)
{
	return v > least ? v : least;
}

/* Microseconds; a duration of 0 is not taken. */
static void put_zipkin(FILE *out, const struct trace_config *c, uint64_t trace, const struct span *s)
{
	(void)fprintf(out, "{\"traceId\":\"%016" PRIx64 "\",\"id\":\"%016" PRIx64 "\",", trace, s->id);
	if (s->parent)
		(void)fprintf(out, "\"parentId\":\"%016" PRIx64 "\",", s->parent);
	(void)fprintf(out, "\"name\":\"%s\",\"timestamp\":%" PRIu64 ",\"duration\":%" PRIu64 ",\"localEndpoint\":{\"serviceName\":\"",
		      s->name, s->begin_ns / 1000, at_least((s->end_ns - s->begin_ns) / 1000, 1));
	put_text(out, c->service);
	(void)fputs("\"}", out);
	if (s->root) {
		(void)fputs(",\"tags\":{", out);
		put_tags(out, s->root, '/');
		(void)fputc('}', out);
	}
	(void)fputc('}', out);
}

static void put_datadog(FILE *out, const struct trace_config *c, uint64_t trace, const struct span *s)
{
	(void)fprintf(out, "{\"trace_id\":%" PRIu64 ",\"span_id\":%" PRIu64 ",\"parent_id\":%" PRIu64 ",\"name\":\"%s\","
			   "\"resource\":\"%s\",\"type\":\"dns\",\"start\":%" PRIu64 ",\"duration\":%" PRIu64
			   ",\"error\":%d,\"service\":\"",
		      trace >> 1, s->id >> 1, s->parent >> 1, s->name, s->name, s->begin_ns,
		      at_least(s->end_ns - s->begin_ns, 1), s->root && s->root->rcode == RCODE_SERVFAIL);
	put_text(out, c->service);
	(void)fputs("\"", out);
	if (s->root) {
		(void)fputs(",\"meta\":{", out);
		put_tags(out, s->root, '@');
		(void)fputc('}', out);
		if (c->analytics_rate >= 0)
			(void)fprintf(out, ",\"metrics\":{\"_dd1.sr.eausr\":%g}", c->analytics_rate);
	}
	(void)fputc('}', out);
}

/* ---------------------------------------------------------------- one query */

/* Ids of the spans of one trace differ in a way that nobody has to look up: multiples of an odd number are a permutation. */
static uint64_t span_id(uint64_t trace, int index)
{
	uint64_t id = index < 0 ? trace : trace ^ ((uint64_t)(index + 1) * 0x9e3779b97f4a7c15u);

	return id > 1 ? id : 2; /* halved for Datadog, and never 0 */
}

static uint64_t wall(const struct trace_frame *f, uint64_t mono_ns)
{
	return f->wall_ns - (f->done_ns - mono_ns);
}

unsigned trace_spans_write(const struct trace_config *c, const struct trace_frame *f, FILE *out)
{
	void (*put)(FILE *, const struct trace_config *, uint64_t, const struct span *) =
		c->kind == TRACE_ZIPKIN ? put_zipkin : put_datadog;
	const struct span root = {span_id(f->id, -1), 0, root_name, wall(f, f->arrived_ns), wall(f, f->done_ns), f};

	put(out, c, f->id, &root);
	for (int i = 0; i < f->n; i++) {
		const struct trace_span *t = &f->spans[i];
		const struct span s = {span_id(f->id, i),       span_id(f->id, t->parent), t->plugin,
				       wall(f, t->enter_ns), wall(f, t->leave_ns),      NULL};

		(void)fputc(',', out);
		put(out, c, f->id, &s);
	}
	return f->n + 1u;
}
