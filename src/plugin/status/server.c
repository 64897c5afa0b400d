// SPDX-License-Identifier: Apache-2.0
/* The process, what it listens on, the server blocks with what their plugins say of themselves. */
#include "base/clock.h"
#include "base/json.h"
#include "base/metrics.h"
#include "plugin/status/status.h"
#include "server/generation.h"
#include "server/lifecycle.h"
#include "server/route.h"
#include "server/runtime.h"
#include "server/server_metrics.h"
#include "server/show.h"
#include "server/worker_metrics.h"

#include <stdio.h>
#include <unistd.h>

/* ---------------------------------------------------------------- process */

static uint64_t resident_bytes(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%*u %llu", &pages) != 1)
		pages = 0;
	(void)fclose(f); /* read only */
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* What has passed the door, of all workers. */
static void show_traffic(const struct worker_numbers *n, struct json *j)
{
	json_open(j, "traffic", '{');
	json_unsigned(j, "udp_queries", n->net.udp_rx);
	json_unsigned(j, "tcp_queries", n->net.tcp_queries);
	json_unsigned(j, "tcp_connections", n->net.tcp_accepted);
	json_unsigned(j, "udp_unsent", n->net.udp_tx_dropped + n->net.udp_tx_errors);
	json_unsigned(j, "queued", n->queued);
	json_unsigned(j, "waiting", n->waiting);
	json_unsigned(j, "tcp_open", n->connections);
	json_unsigned(j, "malformed", metrics_sum(server_metrics.malformed));
	json_unsigned(j, "not_served", metrics_sum(server_metrics.not_routed));
	json_unsigned(j, "cut_answers", metrics_sum(server_metrics.cut_answers));
	json_unsigned(j, "out_of_time", metrics_sum(server_metrics.deadline));
	json_unsigned(j, "shed", metrics_sum(server_metrics.shed));
	json_close(j, '}');
}

void status_show_process(const struct generation *g, const struct worker_numbers *n, struct json *j)
{
	json_text(j, "version", BINNACLE_VERSION);
	json_number(j, "pid", getpid());
	json_unsigned(j, "now_ms", clock_wall_ns() / NS_PER_MS);
	json_unsigned(j, "workers", server_workers());
	json_bool(j, "stopping", lifecycle_stopping());
	json_unsigned(j, "generation", g->number);
	json_open(j, "memory", '{');
	json_unsigned(j, "resident_bytes", resident_bytes());
	json_unsigned(j, "in_flight_bytes", show_in_flight());
	json_close(j, '}');
	show_traffic(n, j);
}

/* ---------------------------------------------------------------- listeners */

/* What comes now is only counted: the document has its bound, and nobody reads so much. */
static bool is_long(const struct json *j)
{
	return j->t->len > STATUS_DOCUMENT_MAX / 4;
}

static void show_listener(const struct listener *l, struct json *j)
{
	size_t n = l->n_zones < STATUS_ZONES_MAX ? l->n_zones : STATUS_ZONES_MAX;

	json_open(j, NULL, '{');
	json_text(j, "server", l->text);
	json_open(j, "zones", '[');
	for (size_t i = 0; i < n; i++)
		json_text(j, NULL, l->zones[i].text);
	json_close(j, ']');
	json_unsigned(j, "more_zones", l->n_zones - n);
	json_close(j, '}');
}

void status_show_listeners(const struct generation *g, struct json *j)
{
	size_t i = 0;

	json_open(j, "listeners", '[');
	for (; i < g->n_listeners && !is_long(j); i++)
		show_listener(&g->listeners[i], j);
	json_close(j, ']');
	json_unsigned(j, "more_listeners", g->n_listeners - i);
}

/* ---------------------------------------------------------------- blocks */

static void show_plugin(const struct instance *in, struct json *j)
{
	json_open(j, NULL, '{');
	json_text(j, "name", in->plugin->name);
	if (in->plugin->show) {
		json_open(j, "state", '{');
		in->plugin->show(in->state, j);
		json_close(j, '}');
	}
	json_close(j, '}');
}

static void show_block(const struct block *b, struct json *j)
{
	size_t n = b->n_keys < STATUS_ZONES_MAX ? b->n_keys : STATUS_ZONES_MAX;

	json_open(j, NULL, '{');
	json_open(j, "keys", '[');
	for (size_t i = 0; i < n; i++)
		json_text(j, NULL, b->keys[i].text);
	json_close(j, ']');
	json_unsigned(j, "more_keys", b->n_keys - n);
	json_text(j, "view", b->view ? b->view : "");
	json_open(j, "plugins", '[');
	for (size_t i = 0; i < b->n_all; i++)
		show_plugin(&b->all[i], j);
	json_close(j, ']');
	json_close(j, '}');
}

void status_show_blocks(const struct generation *g, struct json *j)
{
	size_t i = 0;

	json_open(j, "blocks", '[');
	for (; i < g->n_blocks && i < STATUS_BLOCKS_MAX && !is_long(j); i++)
		show_block(&g->blocks[i], j);
	json_close(j, ']');
	json_unsigned(j, "more_blocks", g->n_blocks - i);
}
