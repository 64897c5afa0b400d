// SPDX-License-Identifier: Apache-2.0
#include "runtime.h"

#include "base/err.h"
#include "base/metrics.h"
#include "base/rcu.h"
#include "cache/cache.h"
#include "corefile/corefile.h"
#include "door.h"
#include "net/dns_server.h"
#include "server/generation.h"
#include "server/runtime_internal.h"
#include "server/server_metrics.h"
#include "server/worker.h"
#include "wire/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	WORKER_QUEUE_MAX = 65536,
	DRAIN_MS = 6000,
	OLD_MAX = 16,
	CANCEL_AFTER_S = 10, /* as src/control does */
};

struct runtime runtime;

static struct {
	struct generation *ended[OLD_MAX];
	unsigned n_ended, n_alive;
	struct {
		struct generation *g;
		uint64_t since_ns;
		bool cancelled;
	} old[OLD_MAX];
	unsigned n_old;
} control;

/* ---------------------------------------------------------------- tasks */

struct task {
	struct mpsc_msg msg;
	int (*fn)(struct worker *w, void *arg);
	void *arg;
	unsigned *left;
	int *err;
};

static void task_run(struct mpsc_msg *m, void *receiver)
{
	struct task *t = container_of(m, struct task, msg);
	int err = t->fn(receiver, t->arg);

	if (err && !*t->err)
		*t->err = err;
	--*t->left;
}

int server_on_all(int (*fn)(struct worker *w, void *arg), void *arg)
{
	struct task tasks[SERVER_MAX_WORKERS];
	unsigned left = runtime.n_workers, first = world_below(left);
	int err = 0;

	for (unsigned i = 0; i < runtime.n_workers; i++) {
		struct worker *w = runtime.workers[(first + i) % runtime.n_workers];

		tasks[i] = (struct task){{NULL, task_run}, fn, arg, &left, &err};
		if (loop_post(w->loop, &tasks[i].msg))
			abort();
	}
	while (left)
		(void)world_step(UINT64_MAX); /* each worker has a message, so there is a next turn */
	return err;
}

/* publish.c waits with it for queries in flight: here the world goes on meanwhile. */
int nanosleep(const struct timespec *t, struct timespec *left)
{
	(void)left;
	world_run_until(world.now_ns + (uint64_t)t->tv_sec * NS_PER_S + (uint64_t)t->tv_nsec);
	return 0;
}

/* ---------------------------------------------------------------- workers */

static struct worker *worker_new(unsigned index, size_t bytes)
{
	const struct query_limits limits = {.worker_bytes = bytes, .process_bytes = 4 * bytes};
	struct worker *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	w->index = index;
	w->loop = loop_new(WORKER_QUEUE_MAX);
	w->loop->receiver = w;
	w->cells = metrics_cells_new();
	w->builder = wire_builder_new();
	arena_pool_init(&w->arenas, limits.worker_bytes, &runtime.in_flight, limits.process_bytes);
	w->queries = query_pool_new(w, &limits, &runtime.in_flight);
	w->tcp = tcp_table_new(w->loop, 64);
	if (!w->cells || !w->builder || !w->queries || !w->tcp)
		abort();
	return w;
}

static void on_ended(struct generation *g)
{
	if (control.n_ended == OLD_MAX)
		abort();
	control.ended[control.n_ended++] = g;
}

void sim_server_start(unsigned n_workers, size_t worker_bytes)
{
	memset(&runtime, 0, sizeof(runtime));
	memset(&control, 0, sizeof(control));
	server_metrics_init();
	runtime.generation_ended = on_ended;
	for (unsigned i = 0; i < n_workers; i++)
		runtime.workers[i] = worker_new(i, worker_bytes);
	runtime.n_workers = n_workers;
}

static void left_over(const char *what, size_t n, unsigned worker)
{
	if (n)
		world_wrong("worker %u: %zu %s", worker, n, what);
}

static void look_for_leaks(struct worker *w)
{
	left_over("bytes of query memory are left", w->arenas.in_use, w->index);
	left_over("queries are left", query_pool_waiting(w->queries), w->index);
	left_over("client connections are left", tcp_table_count(w->tcp), w->index);
	left_over("upstream sockets are left", w->loop->n_udp_clients, w->index);
	left_over("streams are left", w->loop->n_streams, w->index);
	left_over("listening stream sockets are left", w->loop->n_listeners, w->index);
	left_over("listening UDP sockets are left", w->loop->n_udp_servers, w->index);
	left_over("messages are left", atomic_load(&w->loop->core.queue.n), w->index);
}

/* As the real one: once everything has ended. */
void server_end_threads(void)
{
	/* Retired UDP sockets stay for answers, lingering connections for their client. */
	world_run_until(world.now_ns + 7 * NS_PER_S);
	for (unsigned i = 0; i < runtime.n_workers; i++) {
		struct worker *w = runtime.workers[i];

		look_for_leaks(w);
		tcp_table_free(w->tcp);
		query_pool_free(w->queries);
		arena_pool_fini(&w->arenas);
		wire_builder_free(w->builder);
		loop_free(w->loop);
		metrics_cells_put(w->cells);
		free(w);
		runtime.workers[i] = NULL;
	}
	runtime.n_workers = 0;
	rcu_drain();
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

size_t sim_server_in_flight(void)
{
	return runtime.in_flight;
}

void sim_server_at_rest(void)
{
	for (unsigned i = 0; i < runtime.n_workers; i++) {
		const struct worker *w = runtime.workers[i];

		left_over("sockets to upstreams open, and nobody asks", w->loop->n_udp_clients, i);
		left_over("streams open, and nobody asks", w->loop->n_streams, i);
		left_over("queries that wait, and nobody asks", query_pool_waiting(w->queries), i);
	}
	if (control.n_alive != 1)
		world_wrong("%u configurations, and one serves", control.n_alive);
}

/* ---------------------------------------------------------------- generations */

static struct generation *build(const char *text)
{
	const struct generation_options o = {53, "Corefile"};
	struct generation *g = NULL;
	struct cf_errors errs;
	struct corefile cf;
	struct arena a;

	arena_init(&a, NULL, 0, NULL);
	cf_errors_init(&errs, &a);
	if (corefile_parse(&a, "Corefile", text, strlen(text), &cf_source_system, &errs, &cf) == 0 &&
	    generation_build(&cf, &o, &errs, &g))
		g = NULL;
	for (const struct cf_error *e = errs.first; e; e = e->next)
		world_wrong("%s:%u: %s", e->file, e->line, e->text);
	arena_fini(&a);
	return g;
}

void sim_server_publish(const char *corefile)
{
	struct generation *old = runtime.current, *g = build(corefile);
	const char *why;

	if (!g)
		return;
	if (server_publish(g, &why)) {
		world_wrong("a generation cannot serve: %s", why);
		generation_free(g);
		return;
	}
	control.n_alive++;
	if (!old)
		return;
	control.old[control.n_old].g = old;
	control.old[control.n_old].cancelled = false;
	control.old[control.n_old++].since_ns = world.now_ns;
}

static void forget_old(const struct generation *g)
{
	for (unsigned i = 0; i < control.n_old; i++) {
		if (control.old[i].g == g) {
			control.old[i] = control.old[--control.n_old];
			return;
		}
	}
}

void sim_server_flush(const uint8_t *name)
{
	(void)generation_flush(runtime.current, name, false);
}

void sim_server_control(void)
{
	while (control.n_ended) {
		struct generation *g = control.ended[--control.n_ended];

		world_tell("configuration %u ends", (unsigned)g->n_locals);
		forget_old(g);
		generation_retire(g);
		control.n_alive--;
	}
	for (unsigned i = 0; i < control.n_old; i++) {
		if (control.old[i].cancelled ||
		    world.now_ns - control.old[i].since_ns < CANCEL_AFTER_S * NS_PER_S)
			continue;
		control.old[i].cancelled = true;
		server_cancel(control.old[i].g);
	}
}

void sim_server_stop(void)
{
	struct generation *old[OLD_MAX];
	size_t cached;

	for (unsigned i = 0; i < control.n_old; i++)
		old[i] = control.old[i].g;
	server_stop(DRAIN_MS, old, control.n_old);
	sim_server_control();
	cached = cache_total_bytes();
	if (control.n_alive)
		world_wrong("%u configurations never end", control.n_alive);
	if (runtime.in_flight)
		world_wrong("%zu bytes in flight are left", runtime.in_flight);
	if (cached)
		world_wrong("%zu bytes are left in caches", cached);
	if (sim_background_left())
		world_wrong("%u background tasks are left", sim_background_left());
}
