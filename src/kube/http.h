// SPDX-License-Identifier: Apache-2.0
/* HTTP requests to an API server: the only place that knows libcurl (GnuTLS flavour).
 *
 * One multi handle for all requests of the "kube" thread.  Requests to one server share one HTTP/2
 * connection.  A connection on which nothing has arrived for some seconds is asked for a sign of life (an
 * HTTP/2 PING, http_ping.c) and shut down when none comes: its requests end with an error at once, and the
 * next ones make a new connection.
 *
 * Thread: one ("kube"); kube_http_wake: any. */
#pragma once

#include "base/compiler.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kube_http;
struct kube_request;

/* Where to and how.  Strings NULL: not set.  All must live until the request ends. */
struct kube_target {
	const char *server; /* https://host:port, without a slash at the end */
	const char *ca, *cert, *key; /* files in PEM; ca NULL: the system's */
	const char *tls_name; /* the name that the server's certificate must have, instead of the URL's */
	const char *proxy; /* NULL: HTTPS_PROXY and NO_PROXY of the environment */
	const char *user, *password;
	bool insecure; /* any certificate will do */
};

/* What happens to a request, in this order.  None may start or cancel a request. */
struct kube_request_ops {
	/* The response's head: status, media type ("" for none), Retry-After in seconds (0: none). */
	void (*head)(void *arg, int status, const char *type, uint32_t retry_after_s);
	/* A piece of the body.  Not 0: end the request with that code. */
	int (*body)(void *arg, const uint8_t *data, size_t len);
	/* It has ended, and with this call it is gone.  0; a code from `body`; -EIO with a text for
	 * everything that happened to the connection. */
	void (*done)(void *arg, int err, const char *why);
};

/* kube_libraries (kube/client.h) must be loaded.  NULL: no memory. */
struct kube_http *kube_http_new(void);
/* All requests must have ended. */
void kube_http_free(struct kube_http *h);

/* GET server + path.  `headers`: "Name: value" texts up to a NULL.  NULL: no memory. */
struct kube_request *kube_http_get(struct kube_http *h, const struct kube_target *t, const char *path,
				   const char *const *headers, const struct kube_request_ops *ops, void *arg);
/* End it now, without done().  Its connection stays when others use it. */
void kube_http_cancel(struct kube_request *r);
/* The connection that it is on is not to be used any more (rotated certificates): all requests on it end
 * with an error. */
void kube_http_shut(struct kube_request *r);
/* Monotonic time of the last byte that came for it (of its start, before). */
uint64_t kube_http_last_ns(const struct kube_request *r);
/* Its connection answers HTTP/2 pings, so that silence means nothing. */
bool kube_http_pinged(const struct kube_request *r);

/* Wait at most timeout_ms for something to do and do it.  `fds`: more descriptors to wait for (revents are
 * set).  How many bytes of responses came. */
size_t kube_http_turn(struct kube_http *h, int timeout_ms, struct pollfd *fds, size_t n_fds);
void kube_http_wake(struct kube_http *h);

/* Text for a URL's query value, in malloc'ed memory. */
char *kube_http_escape(const char *text);
