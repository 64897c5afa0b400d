// SPDX-License-Identifier: Apache-2.0
#include "net/proxy_sessions.h"

#include "base/hash.h"
#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

enum { NONE = 0 }; /* no session: they count from 1 */

/* Ring of use: the head is place 0, next is the one used longest ago. */
struct session {
	uint32_t next, prev;
	uint32_t chain; /* in its bucket */
	struct net_addr from, client;
	uint64_t used_ns;
};

struct proxy_sessions {
	struct hash_key key;
	uint32_t max, n, mask;
	uint64_t life_ns;
	uint32_t *buckets;
	struct session *v; /* max + 1 */
};

struct proxy_sessions *proxy_sessions_new(uint32_t max, uint64_t life_ns, struct rng *rng)
{
	struct proxy_sessions *s = calloc(1, sizeof(*s));
	uint32_t n_buckets = 16;

	if (!s)
		return NULL;
	while (n_buckets < max)
		n_buckets *= 2;
	s->max = max;
	s->mask = n_buckets - 1;
	s->life_ns = life_ns;
	rng_bytes(rng, &s->key, sizeof(s->key));
	s->buckets = calloc(n_buckets, sizeof(*s->buckets));
	s->v = calloc((size_t)max + 1, sizeof(*s->v));
	if (s->buckets && s->v)
		return s;
	proxy_sessions_free(s);
	return NULL;
}

void proxy_sessions_free(struct proxy_sessions *s)
{
	if (!s)
		return;
	free(s->buckets);
	free(s->v);
	free(s);
}

size_t proxy_sessions_count(const struct proxy_sessions *s)
{
	return s->n;
}

static uint32_t *bucket_of(struct proxy_sessions *s, const struct net_addr *a)
{
	uint8_t text[18];
	size_t n = a->sa.sa_family == AF_INET ? 4 : 16;
	uint16_t at_port = net_addr_port(a);

	memcpy(text, n == 4 ? (const void *)&a->v4.sin_addr : (const void *)&a->v6.sin6_addr, n);
	memcpy(text + n, &at_port, 2);
	return &s->buckets[(uint32_t)hash_bytes(&s->key, text, n + 2) & s->mask];
}

static void ring_out(struct proxy_sessions *s, uint32_t i)
{
	s->v[s->v[i].prev].next = s->v[i].next;
	s->v[s->v[i].next].prev = s->v[i].prev;
}

static void ring_last(struct proxy_sessions *s, uint32_t i)
{
	uint32_t last = s->v[0].prev;

	s->v[i].prev = last;
	s->v[i].next = 0;
	s->v[last].next = i;
	s->v[0].prev = i;
}

static uint32_t find(struct proxy_sessions *s, const struct net_addr *from)
{
	uint32_t i = *bucket_of(s, from);

	while (i != NONE && !net_addr_equal(&s->v[i].from, from))
		i = s->v[i].chain;
	return i;
}

/* A place for one more: an unused one, or that of the session used longest ago. */
static uint32_t place(struct proxy_sessions *s)
{
	uint32_t i, *at;

	if (s->n < s->max)
		return ++s->n;
	i = s->v[0].next;
	for (at = bucket_of(s, &s->v[i].from); *at != i; at = &s->v[*at].chain)
		;
	*at = s->v[i].chain;
	ring_out(s, i);
	return i;
}

void proxy_sessions_set(struct proxy_sessions *s, const struct net_addr *from, const struct net_addr *client,
			uint64_t now_ns)
{
	uint32_t i = find(s, from);
	uint32_t *bucket;

	if (i != NONE) {
		ring_out(s, i);
	} else {
		i = place(s);
		bucket = bucket_of(s, from);
		s->v[i].from = *from;
		s->v[i].chain = *bucket;
		*bucket = i;
	}
	s->v[i].client = *client;
	s->v[i].used_ns = now_ns;
	ring_last(s, i);
}

const struct net_addr *proxy_sessions_find(struct proxy_sessions *s, const struct net_addr *from, uint64_t now_ns)
{
	uint32_t i = find(s, from);

	if (i == NONE || now_ns - s->v[i].used_ns > s->life_ns)
		return NULL;
	s->v[i].used_ns = now_ns;
	ring_out(s, i);
	ring_last(s, i);
	return &s->v[i].client;
}
