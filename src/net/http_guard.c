// SPDX-License-Identifier: Apache-2.0
/* Time-outs of connections to the admin HTTP server.  libmicrohttpd's own counts from the last byte, so
 * that a client sending one every few seconds keeps its place for good, and with enough of them /health
 * answers nobody.  Here a request must be whole, and an answer taken, within HTTP_TIMEOUT_MS as a whole; a
 * handler may take as long as it takes. Thread: any, under the guard's lock. */
#include "base/clock.h"
#include "net/http_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { LOOK_EVERY_MS = 500 };

struct place {
	int fd; /* -1: free */
	enum http_phase phase;
	uint64_t since_ns;
};

struct http_guard {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool end;
	struct place places[HTTP_CONNS_MAX];
};

/* Shutting it down wakes the connection's thread, which then closes it. */
static void end_overdue(struct http_guard *g)
{
	uint64_t now = clock_mono_ns();

	for (size_t i = 0; i < HTTP_CONNS_MAX; i++) {
		struct place *p = &g->places[i];

		if (p->fd >= 0 && p->phase != HTTP_HANDLING &&
		    now - p->since_ns > HTTP_TIMEOUT_MS * NS_PER_MS)
			(void)shutdown(p->fd, SHUT_RDWR); /* it may have ended by itself */
	}
}

static void *watch(void *arg)
{
	struct http_guard *g = arg;

	pthread_mutex_lock(&g->lock);
	while (!g->end) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += LOOK_EVERY_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		pthread_cond_timedwait(&g->wake, &g->lock, &until);
		end_overdue(g);
	}
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

struct http_guard *http_guard_new(void)
{
	struct http_guard *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->wake, NULL);
	for (size_t i = 0; i < HTTP_CONNS_MAX; i++)
		g->places[i].fd = -1;
	if (pthread_create(&g->thread, NULL, watch, g)) {
		free(g);
		return NULL;
	}
	pthread_setname_np(g->thread, "http-guard");
	return g;
}

void http_guard_free(struct http_guard *g)
{
	if (!g)
		return;
	pthread_mutex_lock(&g->lock);
	g->end = true;
	pthread_cond_signal(&g->wake);
	pthread_mutex_unlock(&g->lock);
	pthread_join(g->thread, NULL);
	pthread_cond_destroy(&g->wake);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

void *http_guard_add(struct http_guard *g, int fd)
{
	struct place *found = NULL;

	pthread_mutex_lock(&g->lock);
	for (size_t i = 0; i < HTTP_CONNS_MAX && !found; i++) {
		if (g->places[i].fd < 0)
			found = &g->places[i];
	}
	if (found)
		*found = (struct place){.fd = fd, .phase = HTTP_READING, .since_ns = clock_mono_ns()};
	pthread_mutex_unlock(&g->lock);
	return found;
}

void http_guard_phase(struct http_guard *g, void *place, enum http_phase phase)
{
	struct place *p = place;

	if (!p)
		return;
	pthread_mutex_lock(&g->lock);
	p->phase = phase;
	p->since_ns = clock_mono_ns();
	pthread_mutex_unlock(&g->lock);
}

void http_guard_remove(struct http_guard *g, void *place)
{
	struct place *p = place;

	if (!p)
		return;
	pthread_mutex_lock(&g->lock);
	p->fd = -1;
	pthread_mutex_unlock(&g->lock);
}
