// SPDX-License-Identifier: Apache-2.0
/* The plugin over the store: what its files share.
 *
 *   setup.c     the grammar                       cache.c    the hooks: down and up
 *   give.c      a hit on its way out              keep.c     an answer on its way in
 *   merge.c     leader, followers, waking them    refresh.c  background questions: prefetch, stale
 *   classify.c, lifetime.c   pure: what it is, how long it lives
 *   zones.c     names in zones                    stats.c    the counters
 *
 * Life of a question:
 *
 *   query: cache_find -> hit: give (fresh; stale with a refresh started; stale only if the refresh fails)
 *                     -> leader: down the chain; reply: keep, finish the mark, hand the answer to followers
 *                     -> follower: WAIT until the leader's worker posts the answer (or the deadline)  */
#pragma once

#include "base/metrics.h"
#include "cache/cache.h"
#include "corefile/corefile.h"
#include "plugin/cache/lifetime.h"
#include "server/zone_list.h"
#include "server/query.h"
#include "server/worker.h"

#include <stdbool.h>
#include <stdint.h>

struct block;
struct generation;
struct json;

/* ---------------------------------------------------------------- configuration (frozen) */

struct stale_config {
	uint32_t window_s; /* how long past its TTL an answer is of use; 0: off */
	bool verify;
	uint64_t timeout_ns; /* verify: a client waits no longer; 0: as long as the upstream takes */
	uint32_t ttl_s; /* of stale answers */
	uint64_t recheck_ns; /* pause after a failed refresh */
};

struct cache_settings {
	struct zone_list zones;
	int64_t capacity[CACHE_KINDS];
	struct lifetime_config life;
	uint32_t prefetch; /* hits before a name is worth it; 0: off */
	uint64_t prefetch_window_ns;
	uint32_t prefetch_percent;
	struct stale_config stale;
	bool disabled[CACHE_KINDS];
	struct zone_list disabled_in[CACHE_KINDS];
	bool keep_ttl;
};

/* 0, or ERR_SYNTAX with errors recorded. */
int cache_settings_read(struct setup *s, struct cache_settings *ret) MUST_USE;

/* ---------------------------------------------------------------- counters */

/* One listener's series. */
struct cache_stats {
	metric_id requests, misses, prefetches, drops, stale, merged, lost_wakes;
	metric_id hits[CACHE_KINDS], evictions[CACHE_KINDS];
};

/* What the gauges are read from. */
struct cache_gauge {
	const struct cache *store;
	enum cache_kind kind;
};

struct cache_plugin {
	struct cache_settings set; /* frozen */
	const char *zones_text; /* frozen */
	const struct block *block; /* frozen */
	struct cache *store; /* shared with other generations by adoption; its own locks */
	const struct listener *listeners; /* the generation's; frozen since start */
	size_t n_listeners;
	struct cache_stats *stats; /* by listener; frozen since start */
	struct cache_gauge gauges[CACHE_KINDS];
};

/* show.c */
void cache_show(const void *state, struct json *j);

/* Resolve the series of all listeners that serve the block.  Control.  0 or -ENOMEM. */
int cache_stats_start(struct cache_plugin *p, struct generation *gen) MUST_USE;
void cache_stats_stop(struct cache_plugin *p);
const struct cache_stats *cache_stats_of(const struct cache_plugin *p, const struct query *q);
static inline void cache_count(struct query *q, metric_id id)
{
	metric_inc(q->w->cells, id);
}

/* ---------------------------------------------------------------- one query */

enum cache_role {
	ROLE_NONE, /* not ours */
	ROLE_HIT,
	ROLE_LEADER, /* asks, and others may wait for it */
	ROLE_ASKER, /* asks for itself */
	ROLE_FOLLOWER, /* waits for another's answer */
};

/* What a follower has that waits for a refresh. */
struct cache_query;
struct cache_fallback {
	struct cache_hit stale;
	struct timer timer; /* armed where verification has a time-out */
	struct cache_query *cq;
	struct query *q;
};

/* Scratch of a query. */
struct cache_query {
	const struct cache_plugin *p;
	enum cache_role role;
	bool retried; /* a follower asks once more when its leader failed */
	uint64_t token; /* of a leader's mark */
	struct cache_key key; /* name: the query's own */
	struct cache_fallback *fallback; /* in the query's arena; NULL: none */
};

/* What every worker has of each cache: things that outlive a query. */
struct cache_local {
	struct cache_late *late; /* answers that may still come (keep.c) */
};

struct response_question cache_question(const struct query *q);
/* A key of the query's question. */
struct cache_key cache_key_of(const struct cache_plugin *p, const struct query *q, unsigned bits);
unsigned cache_bits_of(const struct query *q);

/* ---------------------------------------------------------------- give.c */

/* A hit: set the reply, or WAIT for a verification. */
enum step cache_give(struct cache_query *cq, struct query *q, const struct cache_hit *hit);
/* The stale answer as the reply. */
void cache_give_stale(struct cache_query *cq, struct query *q, const struct cache_hit *hit);
/* AD is for those who set AD or DO (RFC 6840 5.7, 5.8). */
void cache_hide_ad(struct query *q);

/* ---------------------------------------------------------------- keep.c */

/* Look at q's reply: set the TTL that it leaves with, and keep it if it may be kept.  What was made of it. */
struct lifetime cache_keep(const struct cache_plugin *p, struct query *q, const struct cache_key *k);
/* Free what was never called (worker_stop). */
void cache_late_drop(struct cache_local *l);

/* ---------------------------------------------------------------- merge.c */

/* The leader's q has its reply (or none) and was kept as `l`: take its mark away and hand the answer to who
 * waits. */
void cache_finish(const struct cache_plugin *p, struct query *q, const struct cache_key *k, uint64_t token,
		  const struct lifetime *l);
/* It could not even be asked: those who wait ask for themselves, or fall back. */
void cache_abandon(const struct cache_plugin *p, struct query *q, const struct cache_key *k, uint64_t token);
/* A follower's time-out for verification. */
void cache_follow_timeout(struct timer *t);

/* Did the query end without an answer that is one? */
bool cache_failed(const struct query *q);

/* ---------------------------------------------------------------- refresh.c */

/* Ask for the key in the background, with q's flags, as leader of `token`'s mark.  False: it could
 * not be asked, and the mark is given up. */
bool cache_refresh(const struct cache_plugin *p, struct query *q, const struct cache_key *k, uint64_t token);
