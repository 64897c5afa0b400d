// SPDX-License-Identifier: Apache-2.0
/* Dropping what is kept of a name, a subtree, or everything. */
#include "cache/store.h"
#include "wire/name.h"

struct wanted {
	const uint8_t *name; /* NULL: all */
	bool subtree;
};

static bool match(const struct entry *e, const void *arg)
{
	const struct wanted *w = arg;
	const uint8_t *qname = wire_answer_msg(&e->answer) + WIRE_HEADER_LEN;

	if (!w->name)
		return true;
	return w->subtree ? wire_name_in_zone(qname, w->name) : wire_name_equal(qname, w->name);
}

size_t cache_flush(struct cache *c, const uint8_t *name, bool subtree)
{
	const struct wanted wanted = {name, subtree};
	size_t n = 0;

	for (size_t i = 0; i < c->n_shards; i++) {
		struct shard *s = &c->shards[i];
		struct swept w = {0};

		pthread_mutex_lock(&s->lock);
		shard_take_all(s, match, &wanted, &w);
		pthread_mutex_unlock(&s->lock);
		cache_uncount(c, &w);
		entry_free_all(w.garbage);
		n += w.n[CACHE_SUCCESS] + w.n[CACHE_DENIAL];
	}
	return n;
}
