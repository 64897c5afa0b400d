// SPDX-License-Identifier: Apache-2.0
#include "base/rcu.h"

#include "base/compiler.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <urcu/urcu-qsbr.h>

/* ThreadSanitizer does not see the grace periods of a library that it did not compile: it is told. */
#if defined(__SANITIZE_THREAD__)
#define RCU_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RCU_TSAN 1
#endif
#endif

#ifdef RCU_TSAN
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
static char grace_period;
#define SEEN_BY_READERS() __tsan_release(&grace_period)
#define AFTER_READERS() __tsan_acquire(&grace_period)
#else
#define SEEN_BY_READERS() ((void)0)
#define AFTER_READERS() ((void)0)
#endif

/* Given to rcu_free_later, and not called yet.  0: there is nothing to drain, and perhaps no thread for it. */
static atomic_size_t pending;

struct later {
	struct rcu_head head;
	void (*fn)(void *arg);
	void *arg;
	size_t counts; /* in `pending`: 1, or 0 for who waits for it to be 0 */
};

void rcu_join(void)
{
	urcu_qsbr_register_thread();
}

void rcu_leave(void)
{
	SEEN_BY_READERS();
	urcu_qsbr_unregister_thread();
}

void rcu_sleep_begin(void)
{
	SEEN_BY_READERS();
	urcu_qsbr_thread_offline();
}

void rcu_sleep_end(void)
{
	urcu_qsbr_thread_online();
}

static void run_later(struct rcu_head *h)
{
	struct later *l = container_of(h, struct later, head);

	AFTER_READERS();
	l->fn(l->arg);
	atomic_fetch_sub(&pending, l->counts);
	free(l);
}

static void give(void (*fn)(void *arg), void *arg, size_t counts)
{
	struct later *l = malloc(sizeof(*l));

	if (!l) {
		rcu_wait();
		fn(arg);
		return;
	}
	l->fn = fn;
	l->arg = arg;
	l->counts = counts;
	SEEN_BY_READERS(); /* and by the caller */
	atomic_fetch_add(&pending, counts);
	urcu_qsbr_call_rcu(&l->head, run_later);
}

void rcu_free_later(void (*fn)(void *arg), void *arg)
{
	give(fn, arg, 1);
}

void rcu_wait(void)
{
	urcu_qsbr_synchronize_rcu();
	AFTER_READERS();
}

struct drained {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool over;
};

static void note_drained(void *arg)
{
	struct drained *d = arg;

	pthread_mutex_lock(&d->lock);
	d->over = true;
	pthread_cond_signal(&d->cond);
	pthread_mutex_unlock(&d->lock);
}

/* One thread calls them all in order, so all that were given before this one have been called when it has. */
static void drain_once(void)
{
	struct drained d = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};

	give(note_drained, &d, 0);
	pthread_mutex_lock(&d.lock);
	while (!d.over)
		pthread_cond_wait(&d.cond, &d.lock);
	pthread_mutex_unlock(&d.lock);
}

/* What is freed may give more (a store its tables): until there is nothing. */
void rcu_drain(void)
{
	while (atomic_load(&pending))
		drain_once();
}
