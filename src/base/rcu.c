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

/* Something was given to rcu_free_later: else there is nothing to drain, and no thread for it. */
static atomic_bool used;

struct later {
	struct rcu_head head;
	void (*fn)(void *arg);
	void *arg;
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
	free(l);
}

void rcu_free_later(void (*fn)(void *arg), void *arg)
{
	struct later *l = malloc(sizeof(*l));

	if (!l) {
		rcu_wait();
		fn(arg);
		return;
	}
	l->fn = fn;
	l->arg = arg;
	SEEN_BY_READERS(); /* and by the caller */
	atomic_store_explicit(&used, true, memory_order_relaxed);
	urcu_qsbr_call_rcu(&l->head, run_later);
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

/* One thread calls them all in order, so the last one has been called when this one has. */
void rcu_drain(void)
{
	struct drained d = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};

	if (!atomic_load_explicit(&used, memory_order_relaxed))
		return;
	rcu_free_later(note_drained, &d);
	pthread_mutex_lock(&d.lock);
	while (!d.over)
		pthread_cond_wait(&d.cond, &d.lock);
	pthread_mutex_unlock(&d.lock);
}
