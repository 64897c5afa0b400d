// SPDX-License-Identifier: Apache-2.0
#include "base/log_rings.h"

#include <pthread.h>

static struct log_ring rings[LOG_RINGS_MAX];
static atomic_size_t n_rings;
static _Atomic uint64_t lost;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The one thread-local pointer of the project: log_line() has no worker to hang it on. */
static _Thread_local struct log_ring *mine;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_end;

/* The ring keeps its positions, so the next owner simply goes on; the writer need not know. */
static void give_back(void *ring)
{
	struct log_ring *r = ring;

	mine = NULL;
	atomic_store_explicit(&r->taken, false, memory_order_release);
}

static void make_key(void)
{
	/* Without a key rings are not handed back: more of them, nothing worse. */
	(void)pthread_key_create(&at_end, give_back);
}

static struct log_ring *take_used(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool free = false;

		if (atomic_compare_exchange_strong_explicit(&rings[i].taken, &free, true,
							    memory_order_acquire, memory_order_relaxed))
			return &rings[i];
	}
	return NULL;
}

static struct log_ring *take(void)
{
	size_t n = atomic_load_explicit(&n_rings, memory_order_relaxed);
	struct log_ring *r = take_used(n);

	if (r)
		return r;
	if (n == LOG_RINGS_MAX || log_ring_init(&rings[n]) < 0)
		return NULL;
	r = &rings[n];
	atomic_store_explicit(&r->taken, true, memory_order_relaxed);
	atomic_store_explicit(&n_rings, n + 1, memory_order_seq_cst);
	return r;
}

struct log_ring *log_rings_mine(void)
{
	if (likely(mine))
		return mine;
	pthread_once(&once, make_key);
	pthread_mutex_lock(&lock);
	mine = take();
	pthread_mutex_unlock(&lock);
	if (mine)
		(void)pthread_setspecific(at_end, mine);
	else
		log_rings_lost(1);
	return mine;
}

size_t log_rings_count(void)
{
	return atomic_load_explicit(&n_rings, memory_order_seq_cst);
}

struct log_ring *log_rings_at(size_t i)
{
	return &rings[i];
}

uint64_t log_rings_dropped(void)
{
	uint64_t sum = atomic_load_explicit(&lost, memory_order_relaxed);

	for (size_t i = 0; i < log_rings_count(); i++)
		sum += atomic_load_explicit(&rings[i].dropped, memory_order_relaxed);
	return sum;
}

void log_rings_lost(uint64_t n)
{
	atomic_fetch_add_explicit(&lost, n, memory_order_relaxed);
}
