// SPDX-License-Identifier: Apache-2.0
/* The counters of `cache`, by listener. */
#include "plugin/cache/plugin_cache.h"

#include "server/block_series.h"
#include "server/generation.h"
#include "server/route.h"

#include <errno.h>

static const struct metric_desc entries_desc = {
	.name = "coredns_cache_entries",
	.help = "Entries in the cache.",
	.kind = METRIC_GAUGE,
	.labels = "server,type,zones,view",
};
static const struct metric_desc requests_desc = {
	.name = "coredns_cache_requests_total",
	.help = "Questions looked up in the cache.",
	.labels = "server,zones,view",
};
static const struct metric_desc hits_desc = {
	.name = "coredns_cache_hits_total",
	.help = "Questions answered from the cache, stale answers included.",
	.labels = "server,type,zones,view",
};
static const struct metric_desc misses_desc = {
	.name = "coredns_cache_misses_total",
	.help = "Questions not answered from the cache. Deprecated: requests less hits.",
	.labels = "server,zones,view",
};
static const struct metric_desc prefetch_desc = {
	.name = "coredns_cache_prefetch_total",
	.help = "Questions asked in the background: prefetches and refreshes of stale entries.",
	.labels = "server,zones,view",
};
static const struct metric_desc drops_desc = {
	.name = "coredns_cache_drops_total",
	.help = "Answers that were not to the question and were not cached.",
	.labels = "server,zones,view",
};
static const struct metric_desc stale_desc = {
	.name = "coredns_cache_served_stale_total",
	.help = "Stale answers given.",
	.labels = "server,zones,view",
};
static const struct metric_desc evictions_desc = {
	.name = "coredns_cache_evictions_total",
	.help = "Live entries that went because there was no room.",
	.labels = "server,type,zones,view",
};
static const struct metric_desc bytes_desc = {
	.name = "binnacle_cache_bytes",
	.help = "Memory taken by the cache's entries, bookkeeping included.",
	.kind = METRIC_GAUGE,
	.labels = "server,zones,view",
};
static const struct metric_desc merged_desc = {
	.name = "binnacle_cache_merged_total",
	.help = "Questions that waited for the same question of another client instead of being asked.",
	.labels = "server,zones,view",
};
static const struct metric_desc lost_wakes_desc = {
	.name = "binnacle_cache_lost_wakes_total",
	.help = "Waiting questions whose worker's queue was full when their answer came; they end at their "
		"deadline.",
	.labels = "server,zones,view",
};

static const char *const kind_text[CACHE_KINDS] = {"success", "denial"};

static double read_entries(void *arg)
{
	const struct cache_gauge *g = arg;

	return (double)cache_entries(g->store, g->kind);
}

static double read_bytes(void *arg)
{
	const struct cache_gauge *g = arg;

	return (double)cache_bytes(g->store);
}

static bool serves(const struct listener *l, const struct block *b)
{
	for (size_t i = 0; i < l->n_zones; i++) {
		if (l->zones[i].block == b)
			return true;
	}
	return false;
}

static void resolve(struct cache_plugin *p, const struct listener *l, struct cache_stats *st)
{
	const char *view = block_view(p->block);
	const char *plain[] = {l->text, p->zones_text, view};

	st->requests = metrics_series(&requests_desc, plain);
	st->misses = metrics_series(&misses_desc, plain);
	st->prefetches = metrics_series(&prefetch_desc, plain);
	st->drops = metrics_series(&drops_desc, plain);
	st->stale = metrics_series(&stale_desc, plain);
	st->merged = metrics_series(&merged_desc, plain);
	st->lost_wakes = metrics_series(&lost_wakes_desc, plain);
	metrics_reader(&bytes_desc, plain, read_bytes, &p->gauges[CACHE_SUCCESS]);
	for (int k = 0; k < CACHE_KINDS; k++) {
		const char *typed[] = {l->text, kind_text[k], p->zones_text, view};

		st->hits[k] = metrics_series(&hits_desc, typed);
		st->evictions[k] = metrics_series(&evictions_desc, typed);
		metrics_reader(&entries_desc, typed, read_entries, &p->gauges[k]);
	}
}

int cache_stats_start(struct cache_plugin *p, struct generation *gen)
{
	p->listeners = gen->listeners;
	p->n_listeners = gen->n_listeners;
	p->stats = arena_zalloc(&gen->arena, gen->n_listeners * sizeof(*p->stats) + 1);
	if (!p->stats)
		return -ENOMEM;
	for (int k = 0; k < CACHE_KINDS; k++)
		p->gauges[k] = (struct cache_gauge){p->store, (enum cache_kind)k};
	for (size_t i = 0; i < gen->n_listeners; i++) {
		if (serves(&gen->listeners[i], p->block))
			resolve(p, &gen->listeners[i], &p->stats[i]);
	}
	return 0;
}

void cache_stats_stop(struct cache_plugin *p)
{
	for (int k = 0; k < CACHE_KINDS; k++)
		metrics_reader_drop(&p->gauges[k]);
}

const struct cache_stats *cache_stats_of(const struct cache_plugin *p, const struct query *q)
{
	return &p->stats[q->listener - p->listeners];
}
