// SPDX-License-Identifier: Apache-2.0
/* The process, what it listens on, the server blocks with what their plugins say of themselves. */
#include "base/clock.h"
#include "base/metrics.h"
#include "base/text.h"
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
static void show_traffic(const struct worker_numbers *n, struct text *t)
{
	text_put(t, "\"traffic\":{\"udp_queries\":%llu,\"tcp_queries\":%llu,\"tcp_connections\":%llu,\"udp_unsent\":%llu",
		 (unsigned long long)n->net.udp_rx, (unsigned long long)n->net.tcp_queries, (unsigned long long)n->net.tcp_accepted,
		 (unsigned long long)(n->net.udp_tx_dropped + n->net.udp_tx_errors));
	text_put(t, ",\"queued\":%zu,\"waiting\":%zu,\"tcp_open\":%zu", n->queued, n->waiting, n->connections);
	text_put(t, ",\"malformed\":%llu,\"not_served\":%llu,\"cut_answers\":%llu,\"out_of_time\":%llu,\"shed\":%llu}",
		 (unsigned long long)metrics_sum(server_metrics.malformed), (unsigned long long)metrics_sum(server_metrics.not_routed),
		 (unsigned long long)metrics_sum(server_metrics.cut_answers), (unsigned long long)metrics_sum(server_metrics.deadline),
		 (unsigned long long)metrics_sum(server_metrics.shed));
}

void status_show_process(const struct generation *g, const struct worker_numbers *n, struct text *t)
{
	text_put(t, "\"version\":\"" BINNACLE_VERSION "\",\"pid\":%d,\"now_ms\":%llu,\"workers\":%u,\"stopping\":%s", (int)getpid(),
		 (unsigned long long)(clock_wall_ns() / NS_PER_MS), server_workers(), lifecycle_stopping() ? "true" : "false");
	text_put(t, ",\"generation\":%llu,\"memory\":{\"resident_bytes\":%llu,\"in_flight_bytes\":%zu},",
		 (unsigned long long)g->number, (unsigned long long)resident_bytes(), show_in_flight());
	show_traffic(n, t);
}

/* ---------------------------------------------------------------- listeners */

/* What comes now is only counted: the document has its bound, and nobody reads so much. */
static bool is_long(const struct text *t)
{
	return t->len > STATUS_DOCUMENT_MAX / 4;
}

void status_show_listeners(const struct generation *g, struct text *t)
{
	size_t i = 0;

	text_put(t, "\"listeners\":[");
	for (; i < g->n_listeners && !is_long(t); i++) {
		const struct listener *l = &g->listeners[i];
		size_t n = l->n_zones < STATUS_ZONES_MAX ? l->n_zones : STATUS_ZONES_MAX;

		text_put(t, "%s{\"server\":", i ? "," : "");
		text_json(t, l->text);
		text_put(t, ",\"zones\":[");
		for (size_t k = 0; k < n; k++) {
			text_put(t, "%s", k ? "," : "");
			text_json(t, l->zones[k].text);
		}
		text_put(t, "],\"more_zones\":%zu}", l->n_zones - n);
	}
	text_put(t, "],\"more_listeners\":%zu", g->n_listeners - i);
}

/* ---------------------------------------------------------------- blocks */

static void show_plugins(const struct block *b, struct text *t)
{
	text_put(t, "\"plugins\":[");
	for (size_t i = 0; i < b->n_all; i++) {
		const struct instance *in = &b->all[i];

		text_put(t, "%s{\"name\":", i ? "," : "");
		text_json(t, in->plugin->name);
		if (in->plugin->show) {
			text_put(t, ",\"state\":{");
			in->plugin->show(in->state, t);
			text_put(t, "}");
		}
		text_put(t, "}");
	}
	text_put(t, "]");
}

void status_show_blocks(const struct generation *g, struct text *t)
{
	size_t i = 0;

	text_put(t, "\"blocks\":[");
	for (; i < g->n_blocks && i < STATUS_BLOCKS_MAX && !is_long(t); i++) {
		const struct block *b = &g->blocks[i];
		size_t keys = b->n_keys < STATUS_ZONES_MAX ? b->n_keys : STATUS_ZONES_MAX;

		text_put(t, "%s{\"keys\":[", i ? "," : "");
		for (size_t k = 0; k < keys; k++) {
			text_put(t, "%s", k ? "," : "");
			text_json(t, b->keys[k].text);
		}
		text_put(t, "],\"more_keys\":%zu,\"view\":", b->n_keys - keys);
		text_json(t, b->view ? b->view : "");
		text_put(t, ",");
		show_plugins(b, t);
		text_put(t, "}");
	}
	text_put(t, "],\"more_blocks\":%zu", g->n_blocks - i);
}
