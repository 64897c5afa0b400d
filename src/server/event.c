// SPDX-License-Identifier: Apache-2.0
#include "server/event.h"

#include <pthread.h>
#include <stddef.h>

static struct {
	pthread_mutex_t lock;
	void (*fn)(void *arg, enum event e);
	void *arg;
} listener = {.lock = PTHREAD_MUTEX_INITIALIZER};

void event_on_fire(void (*fn)(void *arg, enum event e), void *arg)
{
	pthread_mutex_lock(&listener.lock);
	listener.fn = fn;
	listener.arg = arg;
	pthread_mutex_unlock(&listener.lock);
}

void event_fire(enum event e)
{
	pthread_mutex_lock(&listener.lock);
	if (listener.fn)
		listener.fn(listener.arg, e);
	pthread_mutex_unlock(&listener.lock);
}
