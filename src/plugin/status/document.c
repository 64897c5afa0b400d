// SPDX-License-Identifier: Apache-2.0
/* /status.json.  Each name and text in it is escaped by text_json, whatever bytes it has. */
#include "base/clock.h"
#include "base/text.h"
#include "plugin/status/status.h"
#include "server/failures.h"
#include "server/reloads.h"
#include "server/show.h"
#include "server/who_report.h"
#include "server/worker_metrics.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <sys/socket.h>

enum { FAILURES_SHOWN = 40 };

static void member(struct text *t, const char *name, const char *value)
{
	text_put(t, ",\"%s\":", name);
	text_json(t, value);
}

static void show_failure(const struct failure_seen *f, struct text *t)
{
	char name[WIRE_NAME_TEXT_MAX], buf[16], addr[NET_ADDR_TEXT_MAX];

	wire_name_text(f->name, name);
	text_put(t, "{\"at_ms\":%llu", (unsigned long long)(f->wall_ns / NS_PER_MS));
	member(t, "name", f->type ? name : "");
	member(t, "type", f->type ? wire_type_text(f->type, buf) : "");
	if (f->upstream[0]) {
		member(t, "upstream", f->upstream);
	} else {
		member(t, "client", net_addr_text(&f->client, addr));
		member(t, "rcode", wire_rcode_text(f->rcode, buf));
		member(t, "plugin", f->plugin);
		text_put(t, ",\"ede\":");
		text_put(t, f->ede == EDE_NONE ? "null" : "%d", (int)f->ede);
	}
	member(t, "reason", f->reason);
	text_put(t, "}");
}

static void show_failures(struct text *t)
{
	struct failure_seen *f = calloc(FAILURES_SHOWN, sizeof(*f));
	size_t n = f ? failures_copy(f, FAILURES_SHOWN) : 0;

	text_put(t, "\"failures\":[");
	for (size_t i = 0; i < n; i++) {
		text_put(t, "%s", i ? "," : "");
		show_failure(&f[i], t);
	}
	text_put(t, "]");
	free(f);
}

static void show_reloads(struct text *t)
{
	struct reload_seen r[RELOADS_KEPT];
	size_t n = reloads_copy(r);

	text_put(t, "\"reloads\":[");
	for (size_t i = 0; i < n; i++) {
		text_put(t, "%s{\"at_ms\":%llu,\"ok\":%s,\"generation\":%llu,\"cause\":\"%s\"", i ? "," : "",
			 (unsigned long long)(r[i].wall_ns / NS_PER_MS), r[i].ok ? "true" : "false",
			 (unsigned long long)r[i].generation, r[i].cause);
		member(t, "error", r[i].error);
		text_put(t, "}");
	}
	text_put(t, "]");
}

static void show_who(struct text *t)
{
	struct who_report *r = who_report_take();

	text_put(t, "\"who\":");
	if (r)
		who_report_json(r, t);
	else
		text_put(t, "null");
	who_report_free(r);
}

void status_document(struct text *t)
{
	const struct generation *g;
	struct worker_numbers n;

	worker_metrics_read(&n);
	g = show_hold();
	if (!g) {
		text_put(t, "{\"stopping\":true}");
		return;
	}
	text_put(t, "{");
	status_show_process(g, &n, t);
	text_put(t, ",");
	status_show_listeners(g, t);
	text_put(t, ",");
	status_show_blocks(g, t);
	show_release();
	text_put(t, ",");
	show_who(t);
	text_put(t, ",");
	show_failures(t);
	text_put(t, ",");
	show_reloads(t);
	text_put(t, "}");
}
