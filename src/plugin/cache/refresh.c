// SPDX-License-Identifier: Apache-2.0
/* Questions asked in the background: the rest of the chain, without a client (prefetch, stale entries). */
#include "plugin/cache/plugin_cache.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* After a failed refresh, however small RECHECK is: an upstream that refuses at once would else be asked
 * as often as clients ask for a stale name. */
enum { PAUSE_MIN_MS = 1000 };

struct refresh {
	const struct cache_plugin *p; /* its generation is held by the background query */
	uint64_t token;
	struct cache_key key;
	uint8_t name[WIRE_NAME_MAX];
};

static void postpone(const struct refresh *r, uint64_t now_ns)
{
	uint64_t pause_ms = r->p->set.stale.recheck_ns / NS_PER_MS;

	cache_postpone(r->p->store, &r->key, now_ns, pause_ms > PAUSE_MIN_MS ? pause_ms : PAUSE_MIN_MS);
}

static void done(struct query *parent, struct query *sub, void *arg)
{
	struct refresh *r = arg;
	struct lifetime l;

	l = cache_keep(r->p, sub, &r->key);
	if (!l.good || sub->reply.cut)
		postpone(r, loop_now_ns(sub->w->loop));
	cache_finish(r->p, sub, &r->key, r->token, &l);
	free(r);
}

bool cache_refresh(const struct cache_plugin *p, struct query *q, const struct cache_key *k, uint64_t token)
{
	struct refresh *r = malloc(sizeof(*r));

	if (r) {
		*r = (struct refresh){.p = p, .token = token, .key = *k};
		memcpy(r->name, k->name, k->name_len);
		r->key.name = r->name;
	}
	if (r && !query_sub(q, QUERY_BACKGROUND, r->name, k->type, done, r)) {
		cache_count(q, cache_stats_of(p, q)->prefetches);
		return true;
	}
	cache_abandon(p, q, k, token);
	free(r);
	return false;
}
