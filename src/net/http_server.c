// SPDX-License-Identifier: Apache-2.0
/* Endpoints of the admin HTTP server and who has claimed what on them. */
#include "foreign/microhttpd.h"
#include "foreign/zlib.h"
#include "net/http_internal.h"
#include "net/http_web.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct library *const http_server_libraries[] = {&libmicrohttpd_library, &libz_library, NULL};

struct http_claim {
	struct http_claim *next; /* older */
	struct http_endpoint *endpoint;
	struct http_route route;
	struct http_web *web;
	unsigned running; /* handlers */
	bool going;
};

struct http_endpoint {
	struct http_endpoint *next;
	struct net_addr asked;
	int fd;
	struct http_claim *claims; /* newest first */
	struct http_daemon *daemon, *retired; /* retired: finishes its connections, accepts none */
};

/* `changing` is held through a whole claim or release; `lock` over the lists and counts, never while
 * anything waits. */
static pthread_mutex_t changing = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct http_endpoint *endpoints;

/* ---------------------------------------------------------------- requests */

static bool matches(const struct http_route *r, const char *path)
{
	size_t len = strlen(r->path);

	if (len && r->path[len - 1] == '/')
		return strncmp(r->path, path, len) == 0;
	return strcmp(r->path, path) == 0;
}

/* The newest of the longest path.  Lock held. */
static struct http_claim *find_claim(const struct http_endpoint *e, const char *path)
{
	struct http_claim *best = NULL;

	for (struct http_claim *c = e->claims; c; c = c->next) {
		if (matches(&c->route, path) && (!best || strlen(c->route.path) > strlen(best->route.path)))
			best = c;
	}
	return best;
}

static void ran(struct http_claim *c)
{
	pthread_mutex_lock(&lock);
	c->running--;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

void http_dispatch(struct http_endpoint *e, struct http_request *r, struct http_reply *ret)
{
	struct http_claim *c;

	pthread_mutex_lock(&lock);
	c = find_claim(e, r->path);
	if (c)
		c->running++;
	pthread_mutex_unlock(&lock);
	if (!c) {
		http_reply_text(ret, 404, "404 page not found\n");
		return;
	}
	r->claim = c;
	c->route.fn(c->route.arg, r, ret);
	if (ret->stream)
		ret->stream->claim = c; /* runs on */
	else
		ran(c);
}

void http_stream_ended(struct http_stream *s)
{
	struct http_claim *c = s->claim;

	s->end(s);
	ran(c);
}

static bool claim_sleep(const struct http_claim *c, uint64_t ns)
{
	struct timespec until;
	bool going;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(ns / 1000000000);
	until.tv_nsec += (long)(ns % 1000000000);
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&lock);
	while (!c->going && pthread_cond_timedwait(&changed, &lock, &until) != ETIMEDOUT)
		;
	going = c->going;
	pthread_mutex_unlock(&lock);
	return !going;
}

bool http_sleep(const struct http_request *r, uint64_t ns)
{
	return claim_sleep(r->claim, ns);
}

bool http_stream_sleep(const struct http_stream *s, uint64_t ns)
{
	return claim_sleep(s->claim, ns);
}

void http_reply_text(struct http_reply *r, unsigned status, const char *text)
{
	free(r->body);
	r->status = status;
	r->body = strdup(text);
	r->len = r->body ? strlen(text) : 0;
}

/* ---------------------------------------------------------------- endpoints (all with `changing` held) */

static struct http_endpoint *find_endpoint(const struct net_addr *asked)
{
	struct http_endpoint *e = endpoints;

	while (e && !net_addr_equal(&e->asked, asked))
		e = e->next;
	return e;
}

/* Serve as the newest claim wants it.  A changed daemon takes over the socket, with what waits in its
 * queue. */
static int set_daemon(struct http_endpoint *e, struct http_web *web)
{
	struct http_daemon *d;
	int err;

	if (e->daemon && http_web_same(http_daemon_web(e->daemon), web))
		return 0;
	err = http_daemon_start(e->fd, web, e, &d);
	if (err)
		return err;
	if (e->retired)
		http_daemon_stop(e->retired);
	e->retired = e->daemon;
	if (e->retired)
		http_daemon_quiesce(e->retired);
	e->daemon = d;
	return 0;
}

static struct http_endpoint *endpoint_open(const struct net_addr *candidates, int n, int *ret_err)
{
	struct http_endpoint *e = calloc(1, sizeof(*e));

	*ret_err = -ENOMEM;
	if (!e)
		return NULL;
	e->asked = candidates[0];
	e->fd = http_listen(candidates, n);
	if (e->fd < 0) {
		*ret_err = e->fd;
		free(e);
		return NULL;
	}
	e->next = endpoints;
	endpoints = e;
	return e;
}

static void endpoint_close(struct http_endpoint *e)
{
	struct http_endpoint **at = &endpoints;

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	if (e->retired)
		http_daemon_stop(e->retired);
	if (e->daemon)
		http_daemon_stop(e->daemon);
	close(e->fd);
	free(e);
}

/* ---------------------------------------------------------------- claims */

static struct http_claim *claim_new(const struct http_route *route, struct http_web *web)
{
	struct http_claim *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->route = *route;
	c->web = http_web_get(web);
	return c;
}

static void claim_free(struct http_claim *c)
{
	http_web_put(c->web);
	free(c);
}

/* The claim stands before the daemon serves: no request finds a path missing. */
static int put_claim(struct http_claim *c, const struct net_addr *candidates, int n)
{
	struct http_endpoint *e = find_endpoint(&candidates[0]);
	int err = 0;

	if (!e)
		e = endpoint_open(candidates, n, &err);
	if (!e)
		return err;
	c->endpoint = e;
	pthread_mutex_lock(&lock);
	c->next = e->claims;
	e->claims = c;
	pthread_mutex_unlock(&lock);
	err = set_daemon(e, c->web);
	if (!err)
		return 0;
	pthread_mutex_lock(&lock);
	e->claims = c->next; /* nobody claims in between */
	while (c->running)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	if (!e->claims)
		endpoint_close(e);
	return err;
}

int http_claim(const char *address, const struct http_route *route, struct http_web *web,
	       struct http_claim **ret)
{
	struct net_addr candidates[HTTP_CANDIDATES_MAX];
	int n = http_resolve(address, candidates);
	struct http_claim *c;
	const char *why;
	int err;

	if (n < 0)
		return n;
	err = library_load_all(http_server_libraries, &why);
	if (err)
		return err;
	c = claim_new(route, web);
	if (!c)
		return -ENOMEM;
	pthread_mutex_lock(&changing);
	err = put_claim(c, candidates, n);
	pthread_mutex_unlock(&changing);
	if (err)
		claim_free(c);
	else
		*ret = c;
	return err;
}

static void take_claim(struct http_claim *c)
{
	struct http_claim **at = &c->endpoint->claims;

	pthread_mutex_lock(&lock);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->going = true;
	pthread_cond_broadcast(&changed);
	while (c->running)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

void http_release(struct http_claim *c)
{
	struct http_endpoint *e;

	if (!c)
		return;
	pthread_mutex_lock(&changing);
	e = c->endpoint;
	take_claim(c);
	if (!e->claims)
		endpoint_close(e);
	else
		(void)set_daemon(e, e->claims->web); /* where it fails the one that serves goes on */
	pthread_mutex_unlock(&changing);
	claim_free(c);
}
