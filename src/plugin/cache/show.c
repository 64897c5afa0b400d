// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
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

void cache_show(const void *state, struct text *t)
{
	const struct cache_plugin *p = state;
	struct sums s = add_up(p);

	text_put(t, "\"zones\":");
	text_json(t, p->zones_text);
	text_put(t, ",\"entries\":%zu,\"denials\":%zu,\"bytes\":%zu,\"all_caches_bytes\":%zu",
		 cache_entries(p->store, CACHE_SUCCESS), cache_entries(p->store, CACHE_DENIAL), cache_bytes(p->store),
		 cache_total_bytes());
	text_put(t, ",\"requests\":%llu,\"hits\":%llu,\"stale\":%llu,\"prefetches\":%llu,\"merged\":%llu,\"evictions\":%llu",
		 (unsigned long long)s.requests, (unsigned long long)s.hits, (unsigned long long)s.stale,
		 (unsigned long long)s.prefetches, (unsigned long long)s.merged, (unsigned long long)s.evictions);
}
