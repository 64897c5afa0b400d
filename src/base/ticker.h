// SPDX-License-Identifier: Apache-2.0
/* A thread that looks for work every so often until it is told to end: the loop is its own, the waiting and the end are here.
 *
 *   thread:  do { ... } while (ticker_wait(t, 50));  what is left; return NULL
 *   owner:   ticker_start(t, fn, arg) ... ticker_stop(t) */
#pragma once

#include "base/compiler.h"

#include <pthread.h>
#include <stdbool.h>

struct ticker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop; /* under `lock` */
};

/* 0 or -errno; then there is nothing to stop.  Any thread. */
int ticker_start(struct ticker *t, void *(*fn)(void *arg), void *arg) MUST_USE;
/* Sleep; false, at once, when it is to end.  Thread: the ticker's own. */
bool ticker_wait(struct ticker *t, unsigned ms);
/* Tell it to end, and wait until it has.  Thread: the owner. */
void ticker_stop(struct ticker *t);
