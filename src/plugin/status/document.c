// SPDX-License-Identifier: Apache-2.0
/* /status.json.  Each name and text in it is escaped by base/json.h, whatever bytes it has. */
#include "base/clock.h"
#include "base/json.h"
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

static void show_client(const struct failure_seen *f, struct json *j)
{
	char buf[16], addr[NET_ADDR_TEXT_MAX];

	json_text(j, "client", net_addr_text(&f->client, addr));
	json_text(j, "rcode", wire_rcode_text(f->rcode, buf));
	json_text(j, "plugin", f->plugin);
	if (f->ede == EDE_NONE)
		json_null(j, "ede");
	else
		json_number(j, "ede", f->ede);
}

static void show_failure(const struct failure_seen *f, struct json *j)
{
	char name[WIRE_NAME_TEXT_MAX], buf[16];

	wire_name_text(f->name, name);
	json_open(j, NULL, '{');
	json_unsigned(j, "at_ms", f->wall_ns / NS_PER_MS);
	json_text(j, "name", f->type ? name : "");
	json_text(j, "type", f->type ? wire_type_text(f->type, buf) : "");
	if (f->upstream[0])
		json_text(j, "upstream", f->upstream);
	else
		show_client(f, j);
	json_text(j, "reason", f->reason);
	json_close(j, '}');
}

static void show_failures(struct json *j)
{
	struct failure_seen *f = calloc(FAILURES_SHOWN, sizeof(*f));
	size_t n = f ? failures_copy(f, FAILURES_SHOWN) : 0;

	json_open(j, "failures", '[');
	for (size_t i = 0; i < n; i++)
		show_failure(&f[i], j);
	json_close(j, ']');
	free(f);
}

static void show_reload(const struct reload_seen *r, struct json *j)
{
	json_open(j, NULL, '{');
	json_unsigned(j, "at_ms", r->wall_ns / NS_PER_MS);
	json_bool(j, "ok", r->ok);
	json_unsigned(j, "generation", r->generation);
	json_text(j, "cause", r->cause);
	json_text(j, "error", r->error);
	json_close(j, '}');
}

static void show_reloads(struct json *j)
{
	struct reload_seen r[RELOADS_KEPT];
	size_t n = reloads_copy(r);

	json_open(j, "reloads", '[');
	for (size_t i = 0; i < n; i++)
		show_reload(&r[i], j);
	json_close(j, ']');
}

static void show_who(struct json *j)
{
	struct who_report *r = who_report_take();

	if (!r) {
		json_null(j, "who");
		return;
	}
	json_open(j, "who", '{');
	who_report_json(r, j);
	json_close(j, '}');
	who_report_free(r);
}

/* False: the server has none any more. */
static bool show_generation(struct json *j)
{
	const struct generation *g;
	struct worker_numbers n;

	worker_metrics_read(&n);
	g = show_hold();
	if (!g)
		return false;
	status_show_process(g, &n, j);
	status_show_listeners(g, j);
	status_show_blocks(g, j);
	show_release();
	return true;
}

void status_document(struct text *t)
{
	struct json j = {.t = t};

	json_open(&j, NULL, '{');
	if (show_generation(&j)) {
		show_who(&j);
		show_failures(&j);
		show_reloads(&j);
	} else {
		json_bool(&j, "stopping", true);
	}
	json_close(&j, '}');
}
