// SPDX-License-Identifier: Apache-2.0
#include "server/background.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

struct background_task {
	struct background_task *next;
	uint64_t interval_ns, due_ns;
	void (*fn)(void *arg);
	void *arg;
};

/* Everything under `lock`; `changed` wakes the thread, `ended` those who wait for a run's end.  `gate` is held by whoever
 * adds or removes a task, also while the thread is joined: a new one cannot start beside one that ends. */
static struct {
	pthread_mutex_t gate, lock;
	pthread_cond_t changed, ended;
	bool clock_set;
	struct background_task *tasks, *running;
	bool alive;      /* there is a thread */
	pthread_t thread;
} background = {.gate = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};

static struct background_task *next_due(void)
{
	struct background_task *first = background.tasks;

	for (struct background_task *t = first; t; t = t->next) {
		if (t->due_ns < first->due_ns)
			first = t;
	}
	return first;
}

static void sleep_until(uint64_t ns)
{
	const struct timespec at = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};

	(void)pthread_cond_timedwait(&background.changed, &background.lock, &at);
}

static void run(struct background_task *t)
{
	background.running = t;
	pthread_mutex_unlock(&background.lock);
	t->fn(t->arg);
	pthread_mutex_lock(&background.lock);
	background.running = NULL;
	t->due_ns = clock_mono_ns() + t->interval_ns;
	pthread_cond_broadcast(&background.ended);
}

/* Ends with the last task; background_stop joins it. */
static void *background_main(void *arg)
{
	pthread_setname_np(pthread_self(), "background");
	pthread_mutex_lock(&background.lock);
	while (background.tasks) {
		struct background_task *t = next_due();

		if (t->due_ns <= clock_mono_ns())
			run(t);
		else
			sleep_until(t->due_ns);
	}
	pthread_mutex_unlock(&background.lock);
	return NULL;
}

static int start_thread(void)
{
	pthread_condattr_t attr;

	if (!background.clock_set) {
		pthread_condattr_init(&attr);
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		pthread_cond_init(&background.changed, &attr);
		pthread_condattr_destroy(&attr);
		background.clock_set = true;
	}
	return thread_start(&background.thread, background_main, NULL);
}

struct background_task *background_every(uint64_t interval_ms, void (*fn)(void *arg), void *arg)
{
	struct background_task *t = malloc(sizeof(*t));

	if (!t)
		return NULL;
	*t = (struct background_task){NULL, interval_ms * NS_PER_MS, clock_mono_ns() + interval_ms * NS_PER_MS, fn, arg};
	pthread_mutex_lock(&background.gate);
	pthread_mutex_lock(&background.lock);
	t->next = background.tasks;
	background.tasks = t;
	if (!background.alive && start_thread() == 0)
		background.alive = true;
	if (background.alive) {
		pthread_cond_signal(&background.changed);
	} else {
		background.tasks = t->next;
		free(t);
		t = NULL;
	}
	pthread_mutex_unlock(&background.lock);
	pthread_mutex_unlock(&background.gate);
	return t;
}

static void unlink_task(const struct background_task *t)
{
	struct background_task **at = &background.tasks;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
}

void background_stop(struct background_task *t)
{
	bool last;

	if (!t)
		return;
	pthread_mutex_lock(&background.gate);
	pthread_mutex_lock(&background.lock);
	unlink_task(t);
	while (background.running == t)
		pthread_cond_wait(&background.ended, &background.lock);
	last = background.alive && !background.tasks;
	if (last) {
		background.alive = false;
		pthread_cond_signal(&background.changed);
	}
	pthread_mutex_unlock(&background.lock);
	if (last)
		pthread_join(background.thread, NULL);
	pthread_mutex_unlock(&background.gate);
	free(t);
}
