// SPDX-License-Identifier: Apache-2.0
/* pprof: profiles of the process at /debug/pprof/, in the form that `go tool pprof` reads. */
#include "plugin/pprof/pprof.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "corefile/corefile.h"
#include "net/http_server.h"
#include "plugin/http_address.h"
#include "server/generation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Asking all threads more often than this would be measured itself. */
enum { PERIOD_MIN_NS = 10000000, HTTP_FOUND = 302, HTTP_BAD_REQUEST = 400, HTTP_NOT_FOUND = 404 };

static const struct {
	const char *path;
	http_handler fn;
	const char *about;
} pages[] = {
	{"/debug/pprof/profile", pprof_cpu, "CPU time: ?seconds=N, 30 without it"},
	{"/debug/pprof/heap", pprof_heap, "memory by owner; ?debug=1 as text"},
	{"/debug/pprof/threads", pprof_threads, "where each thread is now; ?debug=1 as text"},
	{"/debug/pprof/goroutine", pprof_threads, "the same, under the name that tools ask for"},
	{"/debug/pprof/block", pprof_block,
	 "where threads wait: ?seconds=N, 5 without it; only with `block`"},
};

/* ---------------------------------------------------------------- requests */

unsigned pprof_seconds(const struct http_request *r, unsigned preset, struct http_reply *ret)
{
	const char *text = http_argument(r, "seconds");
	char *end = NULL;
	unsigned long n = text ? strtoul(text, &end, 10) : preset;

	if (text && (end == text || *end))
		n = 0;
	if (n > 0 && n <= PPROF_SECONDS_MAX)
		return (unsigned)n;
	http_reply_text(ret, HTTP_BAD_REQUEST, "seconds: expected a number from 1 to 600\n");
	return 0;
}

unsigned pprof_debug(const struct http_request *r)
{
	const char *text = http_argument(r, "debug");

	return text ? (unsigned)strtoul(text, NULL, 10) : 0;
}

static void index_page(struct http_reply *ret)
{
	char text[2048];
	int n = snprintf(text, sizeof(text),
			 "<html><head><title>/debug/pprof/</title></head><body><table>\n");

	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			      "<tr><td><a href=\"%s\">%s</a></td><td>%s</td></tr>\n", pages[i].path,
			      strrchr(pages[i].path, '/') + 1, pages[i].about);
	(void)snprintf(text + n, sizeof(text) - (size_t)n, "</table></body></html>\n");
	http_reply_text(ret, 200, text);
	ret->type = "text/html; charset=utf-8";
}

static void answer(void *arg, const struct http_request *r, struct http_reply *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		if (strcmp(pages[i].path, r->path) == 0) {
			pages[i].fn(arg, r, ret);
			return;
		}
	}
	if (strcmp(r->path, "/debug/pprof/") == 0)
		index_page(ret);
	else
		http_reply_text(ret, HTTP_NOT_FOUND, "Unknown profile\n");
}

static void redirect(void *arg, const struct http_request *r, struct http_reply *ret)
{
	http_reply_text(ret, HTTP_FOUND, "<a href=\"/debug/pprof/\">Found</a>.\n\n");
	ret->type = "text/html; charset=utf-8";
	ret->location = "/debug/pprof/";
}

/* ---------------------------------------------------------------- setup */

static int read_block(struct cf_cursor *c, void *state)
{
	struct pprof *p = state;
	int64_t ns = 1;

	if (cf_args_left(c) && cf_arg_i64(c, "RATE in nanoseconds", 1, INT64_MAX, &ns))
		return ERR_SYNTAX;
	p->block = true;
	p->block_period_ns = ns > PERIOD_MIN_NS ? (uint64_t)ns : PERIOD_MIN_NS;
	return 0;
}

static const struct cf_option_def options[] = {
	{"block", 0, 1, read_block, "[RATE]"},
};

static int setup(struct setup *s, void *state)
{
	struct pprof *p = state;
	int err;

	p->address = "localhost:6053";
	p->block_period_ns = PERIOD_MIN_NS;
	if (!cf_directive(s->in))
		return 0;
	err = http_address_arg(s->in, s->arena, "localhost:6053", &p->address);
	if (cf_options(s->in, options, ARRAY_LEN(options), p))
		err = ERR_SYNTAX;
	if (cf_directive(s->in))
		err = cf_fail(s->in, "stands twice in this server block; expected once");
	return err;
}

/* ---------------------------------------------------------------- serving */

static int start(struct generation *gen, void *state)
{
	struct pprof *p = state;
	const struct http_route all = {.path = "/debug/pprof/", .fn = answer, .arg = p};
	const struct http_route bare = {.path = "/debug/pprof", .fn = redirect};
	int err = http_claim(p->address, &all, NULL, &p->claim);

	if (!err) {
		err = http_claim(p->address, &bare, NULL, &p->bare);
		if (err)
			http_release(p->claim);
	}
	if (err)
		log_line(LOG_ERROR, "plugin/pprof: cannot listen on \"%s\": %s", p->address, err_text(err));
	return err;
}

static void stop(void *state)
{
	struct pprof *p = state;

	http_release(p->bare);
	http_release(p->claim);
}

const struct plugin plugin_pprof = {
	.name = "pprof",
	.state_size = sizeof(struct pprof),
	.libraries = http_server_libraries,
	.setup = setup,
	.start = start,
	.stop = stop,
};
