// SPDX-License-Identifier: Apache-2.0
/* What the files of the admin HTTP server share.
 *
 *   http_server.c  endpoints, claims, who answers     http_daemon.c  libmicrohttpd: requests in, replies out
 *   http_listen.c  addresses, sockets                 http_guard.c   time-outs of connections
 *   http_web.c     the web configuration file         http_auth.c    client certificates, users and passwords
 *   http_get.c     asking oneself */
#pragma once

#include "net/addr.h"
#include "net/http_server.h"

struct http_daemon;
struct http_endpoint;
struct http_guard;

/* ---------------------------------------------------------------- http_server.c */

/* Find the handler of r->path and run it; 404 without one. */
void http_dispatch(struct http_endpoint *e, struct http_request *r, struct http_reply *ret);

/* A stream that a handler gave is over: its claim is let go. */
void http_stream_ended(struct http_stream *s);

/* ---------------------------------------------------------------- http_listen.c */

enum { HTTP_CANDIDATES_MAX = 8, HTTP_HOST_MAX = 256 };

/* What an address may be bound to, best first; how many, or -errno. */
int http_resolve(const char *address, struct net_addr out[HTTP_CANDIDATES_MAX]);
/* Listen on the first that can be had.  The descriptor or -errno. */
int http_listen(const struct net_addr *candidates, int n);

/* ---------------------------------------------------------------- http_daemon.c */

/* Serve `e` from a copy of `fd`.  Signals are blocked in all its threads.  0 or -errno. */
int http_daemon_start(int fd, struct http_web *web, struct http_endpoint *e,
		      struct http_daemon **ret) MUST_USE;
/* Accept nothing more, leaving what waits in the queue to whoever has another copy of the socket. */
void http_daemon_quiesce(struct http_daemon *d);
/* End all its connections and threads. */
void http_daemon_stop(struct http_daemon *d);
const struct http_web *http_daemon_web(const struct http_daemon *d);

/* ---------------------------------------------------------------- http_guard.c */

enum http_phase { HTTP_READING, HTTP_HANDLING, HTTP_WRITING };

/* A table of HTTP_CONNS_MAX connections and a thread that shuts down those whose time is over.  NULL: no
 * memory, no thread. */
struct http_guard *http_guard_new(void);
void http_guard_free(struct http_guard *g);
/* A connection has come: its place; NULL: none left. */
void *http_guard_add(struct http_guard *g, int fd);
void http_guard_phase(struct http_guard *g, void *place, enum http_phase phase);
void http_guard_remove(struct http_guard *g, void *place);
