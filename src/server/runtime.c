// SPDX-License-Identifier: Apache-2.0
/* Workers: making them, running something on each, ending them. */

#include "server/runtime.h"

#include "base/err.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread.h"
#include "net/dns_server.h"
#include "server/generation.h"
#include "server/runtime_internal.h"
#include "server/server_metrics.h"
#include "server/who.h"
#include "server/who_metrics.h"
#include "server/who_report.h"
#include "server/worker.h"
#include "server/worker_metrics.h"
#include "wire/build.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Messages that may wait for a worker: publishes and followers woken by others. */
	WORKER_QUEUE_MAX = 65536,
};

struct runtime runtime;

/* ---------------------------------------------------------------- tasks */

/* Something to do in each worker, and who waits for it. */
struct task {
	struct mpsc_msg msg;
	int (*fn)(struct worker *w, void *arg);
	void *arg;
	struct task_wait *wait;
};

struct task_wait {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned left;
	int err;
};

static void task_run(struct mpsc_msg *m, void *receiver)
{
	struct task *t = container_of(m, struct task, msg);
	int err = t->fn(receiver, t->arg);

	pthread_mutex_lock(&t->wait->lock);
	if (err && !t->wait->err)
		t->wait->err = err;
	t->wait->left--;
	pthread_cond_signal(&t->wait->cond);
	pthread_mutex_unlock(&t->wait->lock);
}

int server_on_all(int (*fn)(struct worker *w, void *arg), void *arg)
{
	struct task_wait wait = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, runtime.n_workers, 0};
	struct task tasks[SERVER_MAX_WORKERS];

	for (unsigned i = 0; i < runtime.n_workers; i++) {
		tasks[i] = (struct task){{NULL, task_run}, fn, arg, &wait};
		/* The queue is full of followers to wake: those go quickly. */
		while (loop_post(runtime.workers[i]->loop, &tasks[i].msg))
			sched_yield();
	}
	pthread_mutex_lock(&wait.lock);
	while (wait.left)
		pthread_cond_wait(&wait.cond, &wait.lock);
	pthread_mutex_unlock(&wait.lock);
	return wait.err;
}

/* ---------------------------------------------------------------- start and end */

static void worker_free(struct worker *w)
{
	if (!w)
		return;
	tcp_table_free(w->tcp);
	query_pool_free(w->queries);
	arena_pool_fini(&w->arenas);
	wire_builder_free(w->builder);
	who_free(w->who);
	loop_free(w->loop);
	free(w);
}

static struct who *who_of_worker(struct worker *w)
{
	uint64_t seed;

	rng_bytes(loop_rng(w->loop), &seed, sizeof(seed));
	w->who_left = 1;
	return who_new(seed, loop_now_ns(w->loop));
}

static struct worker *worker_new(unsigned index, const struct server_options *o)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->index = index;
	w->loop = loop_new(WORKER_QUEUE_MAX);
	w->cells = metrics_cells_new();
	w->builder = wire_builder_new();
	arena_pool_init(&w->arenas, o->limits.worker_bytes, &runtime.in_flight, o->limits.process_bytes);
	if (w->loop) {
		w->queries = query_pool_new(w, &o->limits, &runtime.in_flight);
		w->tcp = tcp_table_new(w->loop, tcp_limits_default.max_conns);
		w->who = who_of_worker(w);
	}
	if (!w->loop || !w->cells || !w->builder || !w->queries || !w->tcp || !w->who) {
		worker_free(w);
		return NULL;
	}
	return w;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	char name[16];

	(void)snprintf(name, sizeof(name), "worker-%u", w->index);
	pthread_setname_np(pthread_self(), name);
	loop_run(w->loop, w);
	return NULL;
}

static double read_in_flight(void *arg)
{
	return (double)__atomic_load_n((const size_t *)arg, __ATOMIC_RELAXED);
}

static void register_gauges(void)
{
	static const struct metric_desc in_flight = {
		"binnacle_inflight_memory_bytes", "Memory of queries that wait for an answer.", METRIC_GAUGE, "", NULL, 0, 0};

	metrics_reader(&in_flight, NULL, read_in_flight, &runtime.in_flight);
}

int server_start(const struct server_options *o)
{
	unsigned n = o->n_workers;

	server_metrics_init();
	register_gauges();
	runtime.starting = o->starting;
	runtime.generation_ended = o->generation_ended;
	if (n > SERVER_MAX_WORKERS)
		n = SERVER_MAX_WORKERS;
	for (unsigned i = 0; i < n; i++) {
		int err = 0;

		runtime.workers[i] = worker_new(i, o);
		if (!runtime.workers[i])
			err = -ENOMEM;
		if (!err)
			err = thread_start(&runtime.threads[i], worker_main, runtime.workers[i]);
		if (err) {
			worker_free(runtime.workers[i]);
			runtime.workers[i] = NULL;
			server_stop(0, NULL, 0);
			return err;
		}
		runtime.n_workers++;
	}
	worker_metrics_start();
	who_report_start();
	who_metrics_start();
	return 0;
}

void server_end_threads(void)
{
	worker_metrics_stop();
	who_report_stop();
	for (unsigned i = 0; i < runtime.n_workers; i++)
		loop_stop(runtime.workers[i]->loop);
	for (unsigned i = 0; i < runtime.n_workers; i++)
		pthread_join(runtime.threads[i], NULL);
	for (unsigned i = 0; i < runtime.n_workers; i++) {
		worker_free(runtime.workers[i]);
		runtime.workers[i] = NULL;
	}
	runtime.n_workers = 0;
	metrics_reader_drop(&runtime.in_flight);
}

struct generation *server_generation(void)
{
	return runtime.current;
}

unsigned server_workers(void)
{
	return runtime.n_workers;
}

struct worker *server_worker(unsigned i)
{
	return runtime.workers[i];
}
