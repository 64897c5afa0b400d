// SPDX-License-Identifier: Apache-2.0
/* The admin HTTP server: health, readiness, metrics, profiles.  A handler makes a text of a request.
 *
 *   http_claim("127.0.0.1:9153", {"/metrics", fn, arg}) ... http_release
 *
 * One endpoint (socket, daemon with a thread of its own) an address, shared by all who claim a path on it.
 * Claims outlive nobody but stack: the latest of a path answers; when it goes, the one before does again.
 * The socket closes with the last claim, so a reload, where the next generation claims before the one
 * before releases, refuses and resets no connection.  Handlers run in threads of the daemon, one a
 * connection, while workers and builder are busy.
 *
 * Bounds: HTTP_CONNS_MAX connections an endpoint, more wait in the backlog; a request must be whole 5 s
 * after the connection or the answer before, and an answer must be taken within 5 s of being ready
 * (http_guard.c).  A request's body is read and thrown away, at most HTTP_BODY_MAX of it. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HTTP_CONNS_MAX = 128, HTTP_TIMEOUT_MS = 5000, HTTP_BODY_MAX = 1 << 20 };

struct arena;
struct http_claim;
struct http_guard;
struct library;

/* What a claim needs and loads.  Who names them before can tell which one is missing. */
extern struct library *const http_server_libraries[];
struct http_web;
struct MHD_Connection;

struct http_request {
	const char *method;
	const char *path; /* escapes resolved, without the query */
	struct MHD_Connection *connection;
	struct http_claim *claim; /* whose handler runs */
};
/* The value of `name` in the query part; "" for one without, NULL when it is not there. */
const char *http_argument(const struct http_request *r, const char *name);
/* The value of a header of the request; NULL: it has none. */
const char *http_header(const struct http_request *r, const char *name);
/* Wait, in a handler.  False: the claim goes, finish at once. */
bool http_sleep(const struct http_request *r, uint64_t ns);

/* A body that is made while it is sent, without an end of its own (server-sent events); the head of the maker's struct.  It holds its
 * connection's thread and its claim; a client that does not take what is ready within HTTP_TIMEOUT_MS is closed. */
struct http_stream {
	/* The next bytes into `out`, `cap` at most; waits for them with http_stream_sleep.  0: the end. */
	size_t (*next)(struct http_stream *s, char *out, size_t cap);
	/* It is over, `s` is the maker's to free. */
	void (*end)(struct http_stream *s);
	/* the server's */
	struct http_claim *claim;
	struct http_guard *guard;
	void *place;
};
/* False: the claim goes, end at once. */
bool http_stream_sleep(const struct http_stream *s, uint64_t ns);

struct http_reply {
	unsigned status;
	const char *type; /* static */
	const char *location; /* static, for 302; NULL: none */
	const char *allow; /* static, for 405; NULL: none */
	const char *const *headers; /* static: name, value, name, value ... NULL; may be NULL */
	struct http_stream *stream; /* in place of `body`; NULL: none */
	char *body; /* malloc'ed, the server frees it; NULL: no memory, answers 500 */
	size_t len;
	bool compress; /* gzip, if the client takes it */
	bool download; /* Content-Disposition: attachment */
};
/* Copy a text into the reply. */
void http_reply_text(struct http_reply *r, unsigned status, const char *text);

/* Called in a thread of the server, several at a time.  `ret` is 200, text/plain. */
typedef void (*http_handler)(void *arg, const struct http_request *r, struct http_reply *ret);

struct http_route {
	const char *path; /* "/metrics"; with a slash at its end: all below it too.  Static */
	http_handler fn;
	void *arg; /* is not used any more when http_release returns */
};

/* "HOST:PORT", ":PORT", "[ADDRESS]:PORT"?  Looks nothing up. */
bool http_address_valid(const char *text);

/* Have `route` served at `address`; ":PORT" is every address of both families, of IPv4 alone where [::]
 * cannot be had. `web` (may be NULL; a reference is taken) says how: TLS, users.  The newest claim's
 * counts for the whole endpoint. 0, -errno.  A host name is looked up here, so it may take a while.
 * Thread: control, builder. */
int http_claim(const char *address, const struct http_route *route, struct http_web *web,
	       struct http_claim **ret) MUST_USE;
/* Give it back; its handler is not running any more when this returns.  NULL is left alone.  Same threads. */
void http_release(struct http_claim *c);

/* GET http://HOST:PORT`path` of an address as in http_claim, from this machine; the status, or -errno.
 * `timeout_ms` is for the whole.  Blocks. */
int http_get_status(const char *address, const char *path, unsigned timeout_ms);
