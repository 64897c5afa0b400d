// SPDX-License-Identifier: Apache-2.0
#include "server/query_pool.h"

#include "base/hash.h"
#include "server/worker.h"

#include <stdlib.h>
#include <string.h>

enum {
	CHUNK = 16,       /* slots made at a time: 32 KiB */
	N_BUCKETS = 256,
	/* Slots beyond the waiting ones: those that run now (a query, what it sheds, sub-queries). */
	RESERVE = 64,
};

struct bucket {
	struct query *newest;
	uint32_t n;
};

struct query_pool {
	struct worker *w;
	struct query **slots;
	uint32_t n_slots, max_slots;
	struct query *free_list; /* through wait_next */
	uint32_t n_waiting;
	size_t limit;
	size_t *shared_in_use;
	size_t shared_limit;
	struct hash_key key;
	struct bucket buckets[N_BUCKETS];
};

const struct query_limits query_limits_default = {
	.worker_bytes = 8u << 20,
	.process_bytes = 32u << 20,
};

_Static_assert(sizeof(struct query) <= QUERY_SLOT_SIZE - 512, "a slot keeps room for a first arena block");

struct query_pool *query_pool_new(struct worker *w, const struct query_limits *l, size_t *shared_in_use)
{
	struct query_pool *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->w = w;
	p->limit = l->worker_bytes;
	p->shared_in_use = shared_in_use;
	p->shared_limit = l->process_bytes;
	p->max_slots = (uint32_t)(l->worker_bytes / QUERY_SLOT_SIZE) + RESERVE;
	p->slots = calloc(p->max_slots, sizeof(struct query *));
	rng_bytes(loop_rng(w->loop), &p->key, sizeof(p->key));
	if (!p->slots) {
		free(p);
		return NULL;
	}
	return p;
}

void query_pool_free(struct query_pool *p)
{
	if (!p)
		return;
	for (uint32_t i = 0; i < p->n_slots; i += CHUNK)
		free(p->slots[i]);
	free(p->slots);
	free(p);
}

size_t query_pool_waiting(const struct query_pool *p)
{
	return p->n_waiting;
}

uint32_t query_pool_slots(const struct query_pool *p)
{
	return p->n_slots;
}

struct query *query_pool_at(const struct query_pool *p, uint32_t slot)
{
	return p->slots[slot];
}

struct query *query_find(struct worker *w, struct query_handle h)
{
	const struct query_pool *p = w->queries;
	struct query *q = h.slot < p->n_slots ? p->slots[h.slot] : NULL;

	return q && q->serial == h.serial ? q : NULL;
}

static bool grow(struct query_pool *p)
{
	char *chunk;

	if (p->n_slots + CHUNK > p->max_slots)
		return false;
	chunk = aligned_alloc(64, (size_t)CHUNK * QUERY_SLOT_SIZE);
	if (!chunk)
		return false;
	for (uint32_t i = 0; i < CHUNK; i++) {
		struct query *q = (struct query *)(void *)(chunk + (size_t)i * QUERY_SLOT_SIZE);

		q->slot = p->n_slots;
		q->serial = 1;
		q->waiting = false;
		q->wait_next = p->free_list;
		p->free_list = q;
		p->slots[p->n_slots++] = q;
	}
	return true;
}

/* Set what every query starts with.  Not memset: `in`, `question` and `from` are 800 bytes that are
 * written whole anyway. */
static void clear(struct query *q, struct worker *w)
{
	q->w = w;
	q->request = NULL;
	q->request_len = 0;
	q->taps = NULL;
	q->listener = NULL;
	q->block = NULL;
	q->zone = NULL;
	q->udp_cap = QUERY_UDP_CAP;
	q->udp_lowered = false;
	q->fit_subset = false;
	q->timer = (struct timer){0};
	q->reply = (struct reply){.ede = EDE_NONE};
	q->dropped = false;
	q->error = NULL;
	q->answered_by = "";
	q->answered_place = 0;
	q->at = 0;
	q->start = 0;
	q->direction = 1;
	q->waiting = false;
	q->depth = 0;
	q->has_trail = false;
	q->trail = NULL;
	q->parent = NULL;
	q->sub = NULL;
	q->tree_total = 0;
	q->sub_done = NULL;
	q->scratch = NULL;
	q->listed = false;
	q->metadata = NULL;
	q->metadata_zone = METADATA_ZONE_UNKNOWN;
	arena_init(&q->arena, q + 1, QUERY_SLOT_SIZE - sizeof(*q), &w->arenas);
}

struct query *query_pool_take(struct query_pool *p)
{
	struct query *q;

	if (!p->free_list && !grow(p))
		return NULL;
	q = p->free_list;
	p->free_list = q->wait_next;
	clear(q, p->w);
	return q;
}

static void account(struct query_pool *p, int sign)
{
	p->n_waiting = (uint32_t)((int64_t)p->n_waiting + sign);
	if (sign > 0)
		__atomic_add_fetch(p->shared_in_use, QUERY_SLOT_SIZE, __ATOMIC_RELAXED);
	else
		__atomic_sub_fetch(p->shared_in_use, QUERY_SLOT_SIZE, __ATOMIC_RELAXED);
}

static void unlist(struct query_pool *p, struct query *q)
{
	struct bucket *b = &p->buckets[q->bucket];

	if (q->wait_prev)
		q->wait_prev->wait_next = q->wait_next;
	else
		b->newest = q->wait_next;
	if (q->wait_next)
		q->wait_next->wait_prev = q->wait_prev;
	b->n--;
	q->listed = false;
	account(p, -1);
}

void query_pool_put(struct query_pool *p, struct query *q)
{
	if (q->listed)
		unlist(p, q);
	q->serial++;
	q->waiting = false;
	arena_fini(&q->arena);
	q->wait_next = p->free_list;
	p->free_list = q;
}

static uint8_t bucket_of(const struct query_pool *p, const struct query *q)
{
	const struct net_addr *a = net_return_peer(&q->from);

	if (a->sa.sa_family == AF_INET)
		return (uint8_t)hash_bytes(&p->key, &a->v4.sin_addr, sizeof(a->v4.sin_addr));
	return (uint8_t)hash_bytes(&p->key, &a->v6.sin6_addr, sizeof(a->v6.sin6_addr));
}

static bool over_limit(const struct query_pool *p)
{
	size_t mine = ((size_t)p->n_waiting + 1) * QUERY_SLOT_SIZE + p->w->arenas.in_use;
	size_t all = __atomic_load_n(p->shared_in_use, __ATOMIC_RELAXED) + QUERY_SLOT_SIZE;

	return mine > p->limit || all > p->shared_limit;
}

static struct bucket *fullest(struct query_pool *p, uint8_t own)
{
	struct bucket *max = &p->buckets[own]; /* on a draw the newcomer pays */

	for (unsigned i = 0; i < N_BUCKETS; i++) {
		if (p->buckets[i].n > max->n)
			max = &p->buckets[i];
	}
	return max;
}

static void list(struct query_pool *p, struct query *q)
{
	struct bucket *b = &p->buckets[q->bucket];

	q->wait_prev = NULL;
	q->wait_next = b->newest;
	if (b->newest)
		b->newest->wait_prev = q;
	b->newest = q;
	b->n++;
	q->listed = true;
	account(p, 1);
}

/* The newest of a bucket that waits right now (a listed query may be running). */
static struct query *newest_waiting(const struct bucket *b)
{
	struct query *q = b->newest;

	while (q && !q->waiting)
		q = q->wait_next;
	return q;
}

struct query *query_pool_list(struct query_pool *p, struct query *q)
{
	struct query *victim = NULL;

	q->bucket = bucket_of(p, q);
	if (over_limit(p)) {
		struct bucket *b = fullest(p, q->bucket);

		victim = b == &p->buckets[q->bucket] ? q : newest_waiting(b);
		if (!victim || victim == q)
			return q;
	}
	list(p, q);
	return victim;
}
