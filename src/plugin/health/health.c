// SPDX-License-Identifier: Apache-2.0
/* health: GET /health answers OK while the process runs, and the process asks itself once a second how
 * long that takes. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/metrics.h"
#include "corefile/corefile.h"
#include "net/http_server.h"
#include "plugin/http_address.h"
#include "server/background.h"
#include "server/generation.h"

#include <errno.h>

enum { CHECK_EVERY_MS = 1000, CHECK_TIMEOUT_MS = 3000, SLOW_MS = 1000, HTTP_OK = 200 };

struct health {
	const char *address; /* frozen */
	struct http_claim *claim; /* control */
	struct background_task *check;
	metric_id duration, failures;
};

static const double buckets[] = {0.00025, 0.0025, 0.025, 0.25, 2.5};
static const struct metric_desc duration_desc = {
	.name = "coredns_health_request_duration_seconds",
	.help = "Time that the request took with which the server looks whether it answers.",
	.kind = METRIC_HISTOGRAM,
	.labels = "",
	.buckets = buckets,
	.n_buckets = ARRAY_LEN(buckets),
	.scale = 1e9,
};
static const struct metric_desc failures_desc = {
	.name = "coredns_health_request_failures_total",
	.help = "Requests to itself that failed.",
	.labels = "",
};

/* ---------------------------------------------------------------- setup */

static int read_lameduck(struct cf_cursor *c, void *gen)
{
	struct generation *g = gen;
	uint64_t ns;

	if (cf_arg_duration(c, "DURATION", 0, INT64_MAX, &ns))
		return ERR_SYNTAX;
	if (ns > g->lameduck_ns) /* the longest of all blocks */
		g->lameduck_ns = ns;
	return 0;
}

static const struct cf_option_def options[] = {
	{"lameduck", 1, 1, read_lameduck, "DURATION"},
};

static int setup(struct setup *s, void *state)
{
	struct health *h = state;
	int r = 0;

	h->address = ":8080";
	while (cf_directive(s->in)) {
		if (http_address_arg(s->in, s->arena, ":8080", &h->address))
			r = ERR_SYNTAX;
		if (cf_options(s->in, options, ARRAY_LEN(options), s->gen))
			r = ERR_SYNTAX;
	}
	return r;
}

/* ---------------------------------------------------------------- serving */

static void answer(void *arg, const struct http_request *r, struct http_reply *ret)
{
	http_reply_text(ret, HTTP_OK, "OK");
}

/* In the thread for background work. */
static void check(void *arg)
{
	const struct health *h = arg;
	uint64_t began_ns = clock_mono_ns(), took_ns;
	int status = http_get_status(h->address, "/health", CHECK_TIMEOUT_MS);

	took_ns = clock_mono_ns() - began_ns;
	if (status != HTTP_OK) {
		metrics_count(h->failures, 1);
		log_line(LOG_WARNING, "plugin/health: Local health request to \"%s\" failed: %s", h->address,
			 status < 0 ? err_text(status) : "it was not answered with 200");
		return;
	}
	metrics_record(h->duration, &duration_desc, took_ns);
	if (took_ns > SLOW_MS * NS_PER_MS)
		log_line(LOG_WARNING,
			 "plugin/health: Local health request to \"%s\" took more than 1s: %.3fs", h->address,
			 (double)took_ns / 1e9);
}

static int start(struct generation *gen, void *state)
{
	const struct http_route route = {.path = "/health", .fn = answer};
	struct health *h = state;
	int err = http_claim(h->address, &route, NULL, &h->claim);

	if (err) {
		log_line(LOG_ERROR, "plugin/health: cannot listen on \"%s\": %s", h->address, err_text(err));
		return err;
	}
	h->duration = metrics_series(&duration_desc, NULL);
	h->failures = metrics_series(&failures_desc, NULL);
	h->check = background_every(CHECK_EVERY_MS, check, h);
	if (h->check)
		return 0;
	http_release(h->claim);
	return -ENOMEM;
}

static void stop(void *state)
{
	struct health *h = state;

	background_stop(h->check);
	http_release(h->claim);
}

const struct plugin plugin_health = {
	.name = "health",
	.state_size = sizeof(struct health),
	.libraries = http_server_libraries,
	.setup = setup,
	.start = start,
	.stop = stop,
};
