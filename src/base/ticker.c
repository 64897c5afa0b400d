// SPDX-License-Identifier: Apache-2.0
#include "base/ticker.h"

#include "base/clock.h"
#include "base/thread.h"

#include <time.h>

static void fini(struct ticker *t)
{
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
}

int ticker_start(struct ticker *t, void *(*fn)(void *arg), void *arg)
{
	pthread_condattr_t attr;
	int err;

	t->stop = false;
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->wake, &attr);
	pthread_condattr_destroy(&attr);
	err = thread_start(&t->thread, fn, arg);
	if (err)
		fini(t);
	return err;
}

bool ticker_wait(struct ticker *t, unsigned ms)
{
	uint64_t ns = clock_mono_ns() + ms * NS_PER_MS;
	const struct timespec at = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};
	bool stop;

	pthread_mutex_lock(&t->lock);
	if (!t->stop)
		(void)pthread_cond_timedwait(&t->wake, &t->lock, &at);
	stop = t->stop;
	pthread_mutex_unlock(&t->lock);
	return !stop;
}

void ticker_stop(struct ticker *t)
{
	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	fini(t);
}
