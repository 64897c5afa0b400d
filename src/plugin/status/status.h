// SPDX-License-Identifier: Apache-2.0
/* status: a page about the running server, on a local address, and the same as JSON.
 *
 *   status.c    the directive, the paths           guard.c     who may ask: Host, Origin, method
 *   document.c  /status.json: all of it            server.c    its parts about the process, ports and blocks
 *   events.c    /status/events: the document every second, as server-sent events
 *   page.html   the page; page.h                                                                              */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct generation;
struct http_claim;
struct http_reply;
struct http_request;
struct json;
struct text;
struct worker_numbers;

enum {
	STATUS_EVENTS_MAX = 8,         /* connections that are told what changes, of the process */
	STATUS_DOCUMENT_MAX = 4 << 20, /* bytes */
	STATUS_BLOCKS_MAX = 128,       /* server blocks that are shown */
	STATUS_ZONES_MAX = 64,         /* zones of a listener or a block */
	STATUS_PATHS = 5,
};

struct status {
	const char *address;           /* frozen */
	struct http_claim *claims[STATUS_PATHS]; /* control */
	bool wants_failures;           /* control */
};

/* guard.c: false: the request is refused, and `ret` says so.  What passes came from a page of ours or no page at all. */
bool status_allowed(const struct status *s, const struct http_request *r, bool changes, struct http_reply *ret);
/* "localhost:9154", "127.0.0.1", "[::1]:80": an address, localhost, or the host of `own` (an http_address). */
bool status_host_allowed(const char *host, const char *own);

/* document.c: the whole, on one line.  Thread: the HTTP server's. */
void status_document(struct text *t);

/* server.c: members of the document. */
void status_show_process(const struct generation *g, const struct worker_numbers *n, struct json *j);
void status_show_listeners(const struct generation *g, struct json *j);
void status_show_blocks(const struct generation *g, struct json *j);

/* events.c */
void status_events(const struct http_request *r, struct http_reply *ret);
