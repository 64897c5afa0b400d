// SPDX-License-Identifier: Apache-2.0
#include "server/lifecycle.h"

#include <pthread.h>
#include <stddef.h>

static bool stopping; /* atomic */

/* Rule: the lock. */
static struct {
	pthread_mutex_t lock;
	bool failed;
	void (*fn)(void *arg);
	void *arg;
} failure = {.lock = PTHREAD_MUTEX_INITIALIZER};

bool lifecycle_stopping(void)
{
	return __atomic_load_n(&stopping, __ATOMIC_ACQUIRE);
}

void lifecycle_stop(void)
{
	__atomic_store_n(&stopping, true, __ATOMIC_RELEASE);
}

void lifecycle_fail(void)
{
	pthread_mutex_lock(&failure.lock);
	failure.failed = true;
	if (failure.fn)
		failure.fn(failure.arg);
	pthread_mutex_unlock(&failure.lock);
}

void lifecycle_on_failure(void (*fn)(void *arg), void *arg)
{
	pthread_mutex_lock(&failure.lock);
	failure.fn = fn;
	failure.arg = arg;
	if (fn && failure.failed)
		fn(arg);
	pthread_mutex_unlock(&failure.lock);
}
