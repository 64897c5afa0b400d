// SPDX-License-Identifier: Apache-2.0
/* prometheus: counts the block's queries and shows all metrics of the process at /metrics. */
#include "plugin/prometheus/prometheus.h"

#include "base/err.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/metrics_process.h"
#include "net/http_server.h"
#include "net/http_web.h"
#include "server/block_series.h"
#include "server/dns_metrics.h"
#include "server/generation.h"
#include "server/query.h"
#include "server/route.h"
#include "server/who_metrics.h"

#include <errno.h>

/* Zones by listeners whose usual series are there from the start; of more, each when it is first counted. */
enum { PREFILL_MAX = 16 };

static const struct metric_desc enabled_desc = {
	.name = "coredns_plugin_enabled",
	.help = "Always 1: the plugin is in the chain of this server and zone.",
	.kind = METRIC_GAUGE,
	.labels = "server,zone,view,name",
};

static int setup(struct setup *s, void *state)
{
	return prometheus_setup(s, state);
}

static void free_state(void *state)
{
	http_web_put(((struct prometheus *)state)->web);
}

/* ---------------------------------------------------------------- counting */

static enum step reply(const void *state, struct query *q, void *scratch)
{
	if (likely(q->zone && q->zone->row))
		dns_metrics_count(q->zone->row, q);
	return STEP_NEXT;
}

static size_t count_zones(const struct generation *g, const struct block *b)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_listeners; i++) {
		for (size_t k = 0; k < g->listeners[i].n_zones; k++)
			n += g->listeners[i].zones[k].block == b;
	}
	return n;
}

static int make_rows(struct generation *g, const struct block *b)
{
	bool prefill = count_zones(g, b) <= PREFILL_MAX;

	for (size_t i = 0; i < g->n_listeners; i++) {
		const struct listener *l = &g->listeners[i];

		for (size_t k = 0; k < l->n_zones; k++) {
			struct zone_entry *z = &l->zones[k];

			if (z->block != b)
				continue;
			z->row = dns_metrics_row(&g->arena, l->text, z->text, block_view(b), b);
			if (!z->row)
				return -ENOMEM;
			if (prefill)
				dns_metrics_prefill(z->row);
		}
	}
	return 0;
}

/* ---------------------------------------------------------------- which plugins */

static double one(void *arg)
{
	return 1;
}

static bool serves_first_key(const struct listener *l, const struct block *b)
{
	for (size_t k = 0; k < l->n_zones; k++) {
		if (l->zones[k].block == b && l->transport == b->keys[0].transport &&
		    net_addr_port(&l->at) == b->keys[0].port)
			return true;
	}
	return false;
}

/* Of the block's first key, as in the peer. */
static void show_plugins(const struct generation *g, struct prometheus *p)
{
	const struct block *b = p->block;

	for (size_t i = 0; b->n_keys && i < g->n_listeners; i++) {
		const struct listener *l = &g->listeners[i];

		if (!serves_first_key(l, b))
			continue;
		for (size_t k = 0; k < b->n_chain; k++) {
			const char *values[] = {l->text, b->keys[0].text, block_view(b),
						b->chain[k].plugin->name};

			metrics_reader(&enabled_desc, values, one, p);
		}
	}
}

/* ---------------------------------------------------------------- serving */

static void answer(void *arg, const struct http_request *r, struct http_reply *ret)
{
	ret->type = "text/plain; version=0.0.4; charset=utf-8";
	ret->compress = true;
	ret->body = metrics_text(&ret->len);
}

/* Without its endpoint the server answers all the same. */
static void serve(struct prometheus *p)
{
	const struct http_route route = {.path = "/metrics", .fn = answer};
	int err;

	if (p->web_file && !p->web) {
		log_line(LOG_ERROR, "plugin/prometheus: %s is missing, metrics are not served", p->web_file);
		return;
	}
	err = http_claim(p->address, &route, p->web, &p->claim);
	if (err)
		log_line(LOG_ERROR, "plugin/prometheus: cannot listen on \"%s\": %s", p->address,
			 err_text(err));
}

static int start(struct generation *gen, void *state)
{
	struct prometheus *p = state;
	int err = make_rows(gen, p->block);

	if (err)
		return err;
	metrics_process_start();
	if (p->runtime)
		metrics_runtime_start();
	if (p->top)
		who_metrics_want(p->top);
	show_plugins(gen, p);
	serve(p);
	return 0;
}

static void stop(void *state)
{
	struct prometheus *p = state;

	metrics_reader_drop(p);
	if (p->top)
		who_metrics_unwant(p->top);
	http_release(p->claim);
}

const struct plugin plugin_prometheus = {
	.name = "prometheus",
	.state_size = sizeof(struct prometheus),
	.libraries = http_server_libraries,
	.setup = setup,
	.free = free_state,
	.start = start,
	.stop = stop,
	.reply = reply,
};
