// SPDX-License-Identifier: Apache-2.0
/* What was seen, in words. */
#include "base/clock.h"
#include "base/text.h"
#include "doctor/pcap_report.h"
#include "wire/name.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_LEN = 1600 };

const char *report_text(struct report *r, const char *fmt, ...)
{
	char line[LINE_MAX_LEN * 8], *kept = NULL;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap); /* what is longer is cut: it is for a person */
	va_end(ap);
	size_t len = strlen(line);
	text_make_printable(line, '\n');
	r->text_used += len + 1;
	if (r->text_used < REPORT_TEXT_MAX)
		kept = arena_strdup(&r->arena, line);
	if (!kept)
		r->no_memory = true;
	return kept ? kept : "";
}

const char *report_write_name(const uint8_t *name, size_t len, bool cut, char out[REPORT_NAME_TEXT_MAX])
{
	uint8_t whole[WIRE_NAME_MAX + 1] = {0};
	size_t at = 0, n;

	if (len == 0) {
		snprintf(out, REPORT_NAME_TEXT_MAX, "%s", cut ? "..." : "?");
		return out;
	}
	memcpy(whole, name, len);
	/* The label that a cut name ends in: as much as there is of it. */
	while (cut && at < len && at + 1 + whole[at] <= len)
		at += 1 + (size_t)whole[at];
	if (cut && at < len)
		whole[at] = (uint8_t)(len - at - 1);
	n = wire_name_text(whole, out);
	if (cut && n)
		snprintf(out + n - 1, REPORT_NAME_TEXT_MAX - (n - 1), "...");
	return out;
}

const char *report_place(struct report *r, const struct capture_place *p)
{
	return report_text(r, "%s #%u", r->labels[p->file], p->packet);
}

/* ---------------------------------------------------------------- an answer */

static const char *sections(const struct exchange *e, char out[64])
{
	const struct exchange_answer *a = e->answer;
	const char *sure = a->answer_known ? "" : "at least ";
	int n = 0;

	if (a->n_cname)
		n = snprintf(out, 64, ", %s%u CNAME", a->answer_known ? "" : sure, a->n_cname);
	if (a->n_address)
		snprintf(out + n, 64 - (size_t)n, ", %s%u address%s", sure, a->n_address,
			 a->n_address == 1 ? "" : "es");
	else if (a->answer_known || exchange_cname_only(e))
		snprintf(out + n, 64 - (size_t)n, ", no address");
	else
		snprintf(out + n, 64 - (size_t)n, " of %u records", a->n_records[1]);
	return out;
}

static const char *details(const struct exchange_answer *a, char out[96])
{
	char pieces[48] = "";

	if (a->n_fragments)
		snprintf(pieces, sizeof(pieces), " in %u fragments%s", a->n_fragments,
			 a->fragment_lost ? ", not all" : "");
	snprintf(out, 96, "%zu bytes%s%s", a->len, pieces,
		 a->read == CAPTURE_BROKEN                     ? ", broken"
		 : a->read == CAPTURE_CUT && !a->fragment_lost ? ", cut by the capture"
							       : "");
	return out;
}

const char *report_told(struct report *r, const struct exchange *e)
{
	char rcode[16], records[64], rest[96];

	if (!e->answer)
		return "no answer";
	return report_text(r, "%s%s%s, %s", wire_rcode_text(exchange_rcode(e), rcode),
			   exchange_truncated(e) ? ", TC" : "", sections(e, records),
			   details(e->answer, rest));
}

/* ---------------------------------------------------------------- a story */

static const char *how(const struct exchange *e, char out[48])
{
	if (e->tcp)
		snprintf(out, 48, "TCP");
	else if (!e->opt_known)
		snprintf(out, 48, "UDP");
	else if (e->has_opt)
		snprintf(out, 48, "UDP, EDNS %u", e->udp_size);
	else
		snprintf(out, 48, "UDP without EDNS");
	return out;
}

static const char *ms(int64_t ns, char out[32])
{
	snprintf(out, 32, "%lld.%03lld ms", (long long)(ns / (int64_t)NS_PER_MS),
		 (long long)(ns / (int64_t)NS_PER_US % 1000));
	return out;
}

/* "client.pcap #3: 10.0.2.2 asks 10.96.0.10 for A www.example.org. (UDP): NOERROR, 1 address, 60 bytes, after 1.2 ms (#4)" */
static const char *one(struct report *r, const struct exchange *e)
{
	char client[CAPTURE_END_TEXT_MAX], server[CAPTURE_END_TEXT_MAX], type[16], transport[48], took[32],
		again[32] = "";
	char name[REPORT_NAME_TEXT_MAX];
	bool usual = e->server.port == 53;
	const char *what, *result;

	if (e->n_sent > 1)
		snprintf(again, sizeof(again), ", sent %u times", e->n_sent);
	what = report_text(
		r, "%s: %s asks %s for %s %s (%s%s)", report_place(r, &e->asked),
		capture_end_text(&e->client, false, client), capture_end_text(&e->server, !usual, server),
		e->question_known ? wire_type_text(e->qtype, type) : "?",
		report_write_name(e->name, e->name_len, e->name_cut, name), how(e, transport), again);
	if (!e->answer)
		return report_text(r, "%s: no answer", what);
	result = report_told(r, e);
	return report_text(r, "%s: %s, after %s (%s)", what, result, ms(exchange_latency_ns(e), took),
			   report_place(r, &e->answer->at));
}

static const char *connection_line(struct report *r, const struct capture_connection *c)
{
	const char *end = c->accepted_ns ? "it was opened"
			  : c->reset_ns  ? "it was refused"
					 : "nobody answered";

	return report_text(r, "%s: a TCP connection is asked for (SYN sent %u time%s): %s",
			   report_place(r, &c->asked), c->n_asked, c->n_asked == 1 ? "" : "s", end);
}

const char *report_story(struct report *r, const struct exchange *e, const struct report_known *k)
{
	const char *s = one(r, e);

	if (e->behind && e->behind != e)
		s = report_text(r, "%s\n  behind that address, %s", s, one(r, e->behind));
	for (unsigned i = 0; i < k->n_caused; i++)
		s = report_text(r, "%s\n  because of it, %s", s, one(r, k->caused[i]));
	if (k->over_tcp)
		s = report_text(r, "%s\n  then, %s", s, one(r, k->over_tcp));
	else if (k->connection)
		s = report_text(r, "%s\n  then, %s", s, connection_line(r, k->connection));
	else if (exchange_truncated(e) && !e->tcp)
		s = report_text(r, "%s\n  and it was never asked again over TCP", s);
	if ((!e->answer || e->answer->fragment_lost) && k->repeated)
		s = report_text(r, "%s\n  asked again, %s", s, one(r, k->repeated));
	return s;
}
