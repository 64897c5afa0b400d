// SPDX-License-Identifier: Apache-2.0
#include "control/admin_verbs.h"

#include "base/log.h"
#include "base/metrics.h"
#include "server/generation.h"
#include "server/runtime.h"
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

/* ---------------------------------------------------------------- the table */

static const struct admin_verb {
	const char *verb;
	void (*serve)(struct admin_request *r);
} verbs[] = {
	{"flush", serve_flush},
};

static const struct admin_verb *find(const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strlen(verbs[i].verb) == len && memcmp(verbs[i].verb, text, len) == 0)
			return &verbs[i];
	}
	return NULL;
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
