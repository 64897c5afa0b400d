// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "plugin/cache/plugin_cache.h"
#include "server/generation.h"

/* What has passed on all listeners of the block. */
struct sums {
	uint64_t requests, hits, stale, prefetches, merged, evictions;
};

static struct sums add_up(const struct cache_plugin *p)
{
	struct sums s = {0};

	for (size_t i = 0; i < p->n_listeners; i++) {
		const struct cache_stats *st = &p->stats[i];

		s.requests += metrics_sum(st->requests);
		s.stale += metrics_sum(st->stale);
		s.prefetches += metrics_sum(st->prefetches);
		s.merged += metrics_sum(st->merged);
		for (int k = 0; k < CACHE_KINDS; k++) {
			s.hits += metrics_sum(st->hits[k]);
			s.evictions += metrics_sum(st->evictions[k]);
		}
	}
	return s;
}

void cache_show(const void *state, struct json *j)
{
	const struct cache_plugin *p = state;
	struct sums s = add_up(p);

	json_text(j, "zones", p->zones_text);
	json_unsigned(j, "entries", cache_entries(p->store, CACHE_SUCCESS));
	json_unsigned(j, "denials", cache_entries(p->store, CACHE_DENIAL));
	json_unsigned(j, "bytes", cache_bytes(p->store));
	json_unsigned(j, "all_caches_bytes", cache_total_bytes());
	json_unsigned(j, "requests", s.requests);
	json_unsigned(j, "hits", s.hits);
	json_unsigned(j, "stale", s.stale);
	json_unsigned(j, "prefetches", s.prefetches);
	json_unsigned(j, "merged", s.merged);
	json_unsigned(j, "evictions", s.evictions);
}
