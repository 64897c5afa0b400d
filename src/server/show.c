// SPDX-License-Identifier: Apache-2.0
#include "server/show.h"

#include "server/runtime_internal.h"

#include <pthread.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

struct generation *show_hold(void)
{
	struct generation *g;

	pthread_rwlock_rdlock(&lock);
	g = server_generation();
	if (!g)
		pthread_rwlock_unlock(&lock);
	return g;
}

void show_release(void)
{
	pthread_rwlock_unlock(&lock);
}

void show_change_begin(void)
{
	pthread_rwlock_wrlock(&lock);
}

void show_change_end(void)
{
	pthread_rwlock_unlock(&lock);
}

size_t show_in_flight(void)
{
	return __atomic_load_n(&runtime.in_flight, __ATOMIC_RELAXED);
}
