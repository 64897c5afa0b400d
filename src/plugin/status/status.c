// SPDX-License-Identifier: Apache-2.0
/* status: the directive and its paths. */
#include "plugin/status/status.h"

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "corefile/corefile.h"
#include "net/http_server.h"
#include "plugin/http_address.h"
#include "plugin/status/page.h"
#include "server/failures.h"
#include "server/plugin.h"
#include "server/runtime.h"
#include "server/trail_ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const headers[] = {
	"Content-Security-Policy", status_page_policy,
	"X-Content-Type-Options", "nosniff",
	"X-Frame-Options", "DENY",
	"Referrer-Policy", "no-referrer",
	"Cross-Origin-Opener-Policy", "same-origin",
	"Cross-Origin-Resource-Policy", "same-origin",
	"Cache-Control", "no-store",
	NULL,
};

/* ---------------------------------------------------------------- setup */

static int setup(struct setup *s, void *state)
{
	struct status *st = state;

	st->address = "localhost:9154";
	if (!cf_directive(s->in))
		return 0;
	if (http_address_arg(s->in, s->arena, "localhost:9154", &st->address) || cf_no_block(s->in))
		return ERR_SYNTAX;
	return cf_directive(s->in) ? cf_fail(s->in, "stands twice in this server block; expected once") : 0;
}

/* ---------------------------------------------------------------- paths */

static void give(struct http_reply *ret, struct text *t)
{
	if (t->failed) {
		free(t->p);
		http_reply_text(ret, 500, "out of memory\n");
		return;
	}
	ret->type = "application/json";
	ret->body = t->p;
	ret->len = t->len;
	ret->compress = true;
}

static void page(void *arg, const struct http_request *r, struct http_reply *ret)
{
	ret->headers = headers;
	if (!status_allowed(arg, r, false, ret))
		return;
	ret->body = malloc(status_page_len);
	if (!ret->body)
		return; /* 500 */
	memcpy(ret->body, status_page, status_page_len);
	ret->len = status_page_len;
	ret->type = "text/html; charset=utf-8";
	ret->compress = true;
}

static void document(void *arg, const struct http_request *r, struct http_reply *ret)
{
	struct text t = {.max = STATUS_DOCUMENT_MAX};

	ret->headers = headers;
	if (!status_allowed(arg, r, false, ret))
		return;
	status_document(&t);
	text_put(&t, "\n");
	give(ret, &t);
}

static void events(void *arg, const struct http_request *r, struct http_reply *ret)
{
	ret->headers = headers;
	if (status_allowed(arg, r, false, ret))
		status_events(r, ret);
}

static void wrong(struct http_reply *ret, unsigned status, const char *why)
{
	struct text t = {0};
	struct json j = {.t = &t};

	json_open(&j, NULL, '{');
	json_text(&j, "error", why);
	json_close(&j, '}');
	text_put(&t, "\n");
	give(ret, &t);
	ret->status = status;
}

static void trace(void *arg, const struct http_request *r, struct http_reply *ret)
{
	const char *name = http_argument(r, "name"), *why;
	struct trail_question q;
	struct trail_report *report;
	struct text t = {.max = STATUS_DOCUMENT_MAX};

	ret->headers = headers;
	if (!status_allowed(arg, r, true, ret))
		return;
	if (trail_question(&q, name ? name : "", http_argument(r, "type"), http_argument(r, "listener"),
			   http_argument(r, "client"), &why)) {
		wrong(ret, 400, why);
		return;
	}
	report = trail_ask(&q, &why);
	if (!report) {
		wrong(ret, 503, why);
		return;
	}
	trail_show_json(report, &t);
	trail_report_free(report);
	give(ret, &t);
}

static void to_page(void *arg, const struct http_request *r, struct http_reply *ret)
{
	ret->headers = headers;
	if (!status_allowed(arg, r, false, ret))
		return;
	if (strcmp(r->path, "/") == 0) {
		http_reply_text(ret, 302, "The page is at /status.\n");
		ret->location = "/status";
	} else {
		http_reply_text(ret, 404, "404 page not found\n");
	}
}

/* ---------------------------------------------------------------- serving */

static const struct {
	const char *path;
	http_handler fn;
} paths[] = {
	{"/status", page}, {"/status.json", document}, {"/status/events", events}, {"/trace.json", trace}, {"/", to_page},
};
_Static_assert(ARRAY_LEN(paths) == STATUS_PATHS, "a claim for each path");

static void stop(void *state)
{
	struct status *s = state;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		http_release(s->claims[i]);
		s->claims[i] = NULL;
	}
	if (s->wants_failures)
		failures_unwant();
	s->wants_failures = false;
}

static int start(struct generation *gen, void *state)
{
	struct status *s = state;
	int err = failures_want(server_workers());

	s->wants_failures = !err;
	for (size_t i = 0; !err && i < ARRAY_LEN(paths); i++) {
		const struct http_route route = {.path = paths[i].path, .fn = paths[i].fn, .arg = s};

		err = http_claim(s->address, &route, NULL, &s->claims[i]);
	}
	if (!err)
		return 0;
	log_line(LOG_ERROR, "plugin/status: cannot listen on \"%s\": %s", s->address, err_text(err));
	stop(s);
	return err;
}

const struct plugin plugin_status = {
	.name = "status",
	.state_size = sizeof(struct status),
	.libraries = http_server_libraries,
	.setup = setup,
	.start = start,
	.stop = stop,
};
