// SPDX-License-Identifier: Apache-2.0
#include "control/admin_verbs.h"

#include "base/log.h"
#include "base/metrics.h"
#include "plugin/status/status.h"
#include "server/generation.h"
#include "server/runtime.h"
#include "server/top.h"
#include "server/trail_ask.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- flush */

static const struct metric_desc flushed_desc = {
	"binnacle_cache_flushed_total", "Answers dropped by flush requests.", METRIC_COUNTER, "", NULL, 0, 0};

static void do_flush(struct admin_request *r, const char *what, const uint8_t *name, bool subtree)
{
	size_t n = generation_flush(server_generation(), name, subtree);

	metrics_count(metrics_series(&flushed_desc, NULL), n);
	log_line(LOG_INFO, "flush: %zu answers dropped, %s (asked by uid %u)", n, what, (unsigned)r->uid);
	text_put(r->reply, "ok %zu", n);
}

static void flush_named(struct admin_request *r, const char *text, bool subtree)
{
	uint8_t name[WIRE_NAME_MAX];
	char shown[WIRE_NAME_TEXT_MAX];
	char what[WIRE_NAME_TEXT_MAX + 32];

	if (wire_name_from_text(text, name) < 0) {
		text_put(r->reply, "error: \"%.100s\" is no domain name", text);
		return;
	}
	wire_name_text(name, shown);
	(void)snprintf(what, sizeof(what), "%s%s", subtree ? "all at and below " : "all of ", shown);
	do_flush(r, what, name, subtree);
}

static void serve_flush(struct admin_request *r)
{
	const char *a = r->args;

	if (strcmp(a, "all") == 0)
		do_flush(r, "everything", NULL, true);
	else if (strncmp(a, "name ", 5) == 0)
		flush_named(r, a + 5, false);
	else if (strncmp(a, "tree ", 5) == 0)
		flush_named(r, a + 5, true);
	else
		text_put(r->reply, "error: expected flush all|name NAME|tree NAME");
}

/* ---------------------------------------------------------------- trace */

/* The next word, "" for "-"; false: there is none, or it is too long. */
static bool take_word(const char **at, char *out, size_t cap)
{
	size_t len = strcspn(*at, " ");

	if (!len || (*at)[len] != ' ' || len >= cap)
		return false;
	memcpy(out, *at, len);
	out[len] = '\0';
	if (strcmp(out, "-") == 0)
		out[0] = '\0';
	*at += len + 1;
	return true;
}

static void follow(struct admin_request *r, const struct trail_question *q, bool json)
{
	const char *why;
	struct trail_report *report = trail_ask(q, &why);

	if (!report) {
		text_put(r->reply, "error: %s", why);
		return;
	}
	text_put(r->reply, "ok %u\n", report->dropped ? RCODE_SERVFAIL : report->rcode);
	if (json)
		trail_show_json(report, r->reply);
	else
		trail_show_text(report, r->reply);
	trail_report_free(report);
}

static void serve_trace(struct admin_request *r)
{
	char form[8], type[32], listener[TRAIL_SERVER_MAX], client[64];
	struct trail_question q;
	const char *at = r->args, *why;

	if (!take_word(&at, form, sizeof(form)) || !take_word(&at, type, sizeof(type)) ||
	    !take_word(&at, listener, sizeof(listener)) || !take_word(&at, client, sizeof(client)))
		text_put(r->reply, "error: expected trace text|json TYPE|- LISTENER|- CLIENT|- NAME");
	else if (trail_question(&q, at, type, listener, client, &why))
		text_put(r->reply, "error: %s", why);
	else
		follow(r, &q, strcmp(form, "json") == 0);
}

/* ---------------------------------------------------------------- top */

static void serve_top(struct admin_request *r)
{
	top_json(r->reply);
}

static void serve_status(struct admin_request *r)
{
	status_document(r->reply);
}

/* ---------------------------------------------------------------- the table */

static const struct admin_verb {
	const char *verb;
	void (*serve)(struct admin_request *r);
	bool waits;
} verbs[] = {
	{"flush", serve_flush, false},
	{"status", serve_status, false},
	{"top", serve_top, false},
	{"trace", serve_trace, true},
};

static const struct admin_verb *find(const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strlen(verbs[i].verb) == len && memcmp(verbs[i].verb, text, len) == 0)
			return &verbs[i];
	}
	return NULL;
}

bool admin_waits(const char *text)
{
	const struct admin_verb *v = find(text, strcspn(text, " "));

	return v && v->waits;
}

void admin_serve(const char *text, uid_t uid, struct text *reply)
{
	size_t len = strcspn(text, " ");
	const struct admin_verb *v = find(text, len);
	struct admin_request r = {.args = text + len + (text[len] == ' '), .uid = uid, .reply = reply};

	if (v) {
		v->serve(&r);
		return;
	}
	text_put(reply, "error: unknown request, expected one of:");
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		text_put(reply, " %s", verbs[i].verb);
}

void admin_verbs_init(void)
{
	(void)metrics_series(&flushed_desc, NULL);
}
