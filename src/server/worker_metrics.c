// SPDX-License-Identifier: Apache-2.0
#include "server/worker_metrics.h"

#include "base/metrics.h"
#include "net/dns_server.h"
#include "server/query.h"
#include "server/runtime_internal.h"
#include "server/worker.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum { WAIT_MS = 50 };

/* One worker's numbers. */
struct numbers {
	struct mpsc_msg msg;
	bool asked; /* the message is on its way */
	double queue, waiting, connections, arenas_used, arenas_kept;
	struct net_stats net;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static struct numbers workers[SERVER_MAX_WORKERS]; /* under the lock */
static unsigned n_workers;
static struct net_stats sums; /* of the scrape; written by the hook, read within the scrape */

/* ---------------------------------------------------------------- asking */

/* Word by word: some are counted by the senders of messages. */
static void copy_stats(struct net_stats *to, const struct net_stats *from)
{
	for (size_t i = 0; i < sizeof(*to) / sizeof(uint64_t); i++)
		((uint64_t *)(void *)to)[i] =
			__atomic_load_n((const uint64_t *)(const void *)from + i, __ATOMIC_RELAXED);
}

/* Worker. */
static void answer(struct mpsc_msg *m, void *receiver)
{
	struct numbers *n = container_of(m, struct numbers, msg);
	const struct worker *w = receiver;

	pthread_mutex_lock(&lock);
	n->waiting = (double)query_pool_waiting(w->queries);
	n->connections = tcp_table_count(w->tcp);
	n->arenas_used = (double)w->arenas.in_use;
	n->arenas_kept = (double)w->arenas.kept;
	copy_stats(&n->net, loop_stats(w->loop));
	n->asked = false;
	pthread_cond_broadcast(&answered); /* a scrape and a page may both wait */
	pthread_mutex_unlock(&lock);
}

static bool any_asked(void)
{
	for (unsigned i = 0; i < n_workers; i++) {
		if (workers[i].asked)
			return true;
	}
	return false;
}

static void ask(void)
{
	for (unsigned i = 0; i < n_workers; i++) {
		struct numbers *n = &workers[i];

		n->queue = (double)loop_queue_length(runtime.workers[i]->loop);
		if (n->asked)
			continue;
		n->asked = true;
		if (loop_post(runtime.workers[i]->loop, &n->msg))
			n->asked = false; /* its queue is full, which `queue` shows */
	}
}

static void sum_up(void)
{
	uint64_t *to = (uint64_t *)(void *)&sums;

	for (size_t k = 0; k < sizeof(sums) / sizeof(uint64_t); k++) {
		to[k] = 0;
		for (unsigned i = 0; i < n_workers; i++)
			to[k] += ((const uint64_t *)(const void *)&workers[i].net)[k];
	}
}

static void refresh(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += WAIT_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&lock);
	ask();
	while (any_asked() && pthread_cond_timedwait(&answered, &lock, &until) == 0)
		;
	if (n_workers)
		sum_up();
	pthread_mutex_unlock(&lock);
}

void worker_metrics_read(struct worker_numbers *ret)
{
	*ret = (struct worker_numbers){0};
	refresh();
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < n_workers; i++) {
		ret->queued += (size_t)workers[i].queue;
		ret->waiting += (size_t)workers[i].waiting;
		ret->connections += (size_t)workers[i].connections;
	}
	ret->net = sums;
	pthread_mutex_unlock(&lock);
}

/* ---------------------------------------------------------------- the metrics */

static const struct metric_desc queue_desc = {
	.name = "binnacle_worker_queue_length",
	.help = "Messages of other threads that wait for a worker.",
	.kind = METRIC_GAUGE,
	.labels = "worker",
};
static const struct metric_desc waiting_desc = {
	.name = "binnacle_queries_waiting",
	.help = "Queries that wait for an upstream, another query or a plugin.",
	.kind = METRIC_GAUGE,
	.labels = "worker",
};
static const struct metric_desc connections_desc = {
	.name = "binnacle_tcp_connections",
	.help = "Open connections of clients.",
	.kind = METRIC_GAUGE,
	.labels = "worker",
};
static const struct metric_desc arenas_desc = {
	.name = "binnacle_arena_memory_bytes",
	.help = "Memory of queries beyond their slots: used, kept for the next ones.",
	.kind = METRIC_GAUGE,
	.labels = "worker,state",
};
static const struct metric_desc workers_desc = {
	.name = "binnacle_workers",
	.help = "Threads that answer queries.",
	.kind = METRIC_GAUGE,
	.labels = "",
};
static const struct metric_desc udp_desc = {
	.name = "binnacle_udp_datagrams_total",
	.help = "Datagrams from and to clients: received, sent, cut (too long to read, dropped), buffer_full "
		"(answer "
		"dropped), refused (answer dropped by the kernel).",
	.labels = "what",
};
static const struct metric_desc upstream_desc = {
	.name = "binnacle_upstream_datagrams_total",
	.help = "Datagrams from and to upstreams: received, sent, errors.",
	.labels = "what",
};
static const struct metric_desc tcp_desc = {
	.name = "binnacle_tcp_events_total",
	.help = "Connections of clients: accepted, refused (too many busy ones), evicted (idle, for others), "
		"timeout, "
		"malformed; queries read from them.",
	.labels = "what",
};
static const struct metric_desc full_desc = {
	.name = "binnacle_worker_queue_full_total",
	.help = "Messages that found a worker's queue full.",
	.labels = "",
};

static double read_number(void *arg)
{
	double v;

	pthread_mutex_lock(&lock);
	v = *(const double *)arg;
	pthread_mutex_unlock(&lock);
	return v;
}

static double read_sum(void *arg)
{
	uint64_t v;

	pthread_mutex_lock(&lock);
	v = *(const uint64_t *)arg;
	pthread_mutex_unlock(&lock);
	return (double)v;
}

static double read_workers(void *arg)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = *(const unsigned *)arg;
	pthread_mutex_unlock(&lock);
	return n;
}

static const struct {
	const struct metric_desc *desc;
	const char *label;
	uint64_t *from;
} door[] = {
	{&udp_desc, "received", &sums.udp_rx},       {&udp_desc, "sent", &sums.udp_tx},
	{&udp_desc, "cut", &sums.udp_rx_cut},        {&udp_desc, "buffer_full", &sums.udp_tx_dropped},
	{&udp_desc, "refused", &sums.udp_tx_errors}, {&upstream_desc, "received", &sums.upstream_rx},
	{&upstream_desc, "sent", &sums.upstream_tx}, {&upstream_desc, "errors", &sums.upstream_errors},
	{&tcp_desc, "accepted", &sums.tcp_accepted}, {&tcp_desc, "refused", &sums.tcp_refused},
	{&tcp_desc, "evicted", &sums.tcp_evicted},   {&tcp_desc, "timeout", &sums.tcp_timeouts},
	{&tcp_desc, "malformed", &sums.tcp_bad},     {&tcp_desc, "queries", &sums.tcp_queries},
	{&full_desc, NULL, &sums.post_full},
};

static void show_worker(unsigned i)
{
	struct numbers *n = &workers[i];
	char label[12];
	const char *one[] = {label}, *used[] = {label, "used"}, *kept[] = {label, "kept"};

	(void)snprintf(label, sizeof(label), "%u", i);
	metrics_reader(&queue_desc, one, read_number, &n->queue);
	metrics_reader(&waiting_desc, one, read_number, &n->waiting);
	metrics_reader(&connections_desc, one, read_number, &n->connections);
	metrics_reader(&arenas_desc, used, read_number, &n->arenas_used);
	metrics_reader(&arenas_desc, kept, read_number, &n->arenas_kept);
}

void worker_metrics_start(void)
{
	pthread_mutex_lock(&lock);
	n_workers = runtime.n_workers;
	for (unsigned i = 0; i < n_workers; i++)
		workers[i] = (struct numbers){.msg = {.run = answer}};
	pthread_mutex_unlock(&lock);
	for (unsigned i = 0; i < n_workers; i++)
		show_worker(i);
	for (size_t i = 0; i < ARRAY_LEN(door); i++)
		metrics_reader(door[i].desc, &door[i].label, read_sum, door[i].from);
	metrics_reader(&workers_desc, NULL, read_workers, &n_workers);
	metrics_before_scrape(refresh);
}

void worker_metrics_stop(void)
{
	pthread_mutex_lock(&lock);
	n_workers = 0; /* nobody is asked any more; what was shown last stays */
	pthread_mutex_unlock(&lock);
}
