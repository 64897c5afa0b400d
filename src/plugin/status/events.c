// SPDX-License-Identifier: Apache-2.0
/* The document once a second, as server-sent events (HTML Living Standard 9.2), until the client goes or the configuration is
 * replaced: then the browser connects again, to what serves by then. */
#include "base/clock.h"
#include "base/text.h"
#include "net/http_server.h"
#include "plugin/status/status.h"

#include <stdlib.h>
#include <string.h>

enum { EVERY_MS = 1000, RETRY_MS = 500 };

struct events {
	struct http_stream stream;
	struct text piece; /* what is being sent */
	size_t sent;
	bool begun;
};

static unsigned n_open; /* atomic */

/* The next event; false: the end. */
static bool make(struct events *e)
{
	if (e->begun && !http_stream_sleep(&e->stream, EVERY_MS * NS_PER_MS))
		return false;
	e->piece.len = 0;
	e->piece.max = STATUS_DOCUMENT_MAX;
	e->sent = 0;
	if (!e->begun)
		text_put(&e->piece, "retry: %d\n\n", RETRY_MS);
	e->begun = true;
	text_put(&e->piece, "data: ");
	status_document(&e->piece); /* on one line */
	text_put(&e->piece, "\n\n");
	return !e->piece.failed;
}

static size_t next(struct http_stream *s, char *out, size_t cap)
{
	struct events *e = container_of(s, struct events, stream);
	size_t n;

	if (e->sent == e->piece.len && !make(e))
		return 0;
	n = e->piece.len - e->sent < cap ? e->piece.len - e->sent : cap;
	memcpy(out, e->piece.p + e->sent, n);
	e->sent += n;
	return n;
}

static void end(struct http_stream *s)
{
	struct events *e = container_of(s, struct events, stream);

	__atomic_sub_fetch(&n_open, 1, __ATOMIC_RELAXED);
	free(e->piece.p);
	free(e);
}

void status_events(const struct http_request *r, struct http_reply *ret)
{
	struct events *e;

	if (__atomic_add_fetch(&n_open, 1, __ATOMIC_RELAXED) > STATUS_EVENTS_MAX) {
		__atomic_sub_fetch(&n_open, 1, __ATOMIC_RELAXED);
		http_reply_text(ret, 503, "Too many pages are open; /status.json can be fetched.\n");
		return;
	}
	e = calloc(1, sizeof(*e));
	if (!e) {
		__atomic_sub_fetch(&n_open, 1, __ATOMIC_RELAXED);
		http_reply_text(ret, 500, "out of memory\n");
		return;
	}
	e->stream = (struct http_stream){.next = next, .end = end};
	ret->stream = &e->stream;
	ret->type = "text/event-stream";
}
