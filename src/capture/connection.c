// SPDX-License-Identifier: Apache-2.0
/* TCP connections to DNS ports: asked for, accepted, reset. */
#include "capture/window.h"

#include <stdlib.h>

static const int64_t COPY_NS = 50 * 1000000; /* TCP repeats a SYN after a second */

static struct capture_connection *find(struct exchange_window *w, const struct capture_end *client,
				       const struct capture_end *server)
{
	struct capture_connection *c = *window_pair_bucket(w, client, server);

	for (unsigned n = 0; c && n < WINDOW_WALK_MAX; c = c->next, n++) {
		if (capture_end_equal(&c->client, client) && capture_end_equal(&c->server, server))
			return c;
	}
	return NULL;
}

static void asked(struct exchange_window *w, const struct capture_connection_event *e)
{
	struct capture_connection *c = find(w, &e->src, &e->dst), **bucket;

	if (c && !c->reset_ns) {
		int64_t apart = e->time_ns - c->last_asked_ns;
		c->files |= 1u << e->file;
		c->n_asked += apart > COPY_NS;
		if (apart > COPY_NS)
			c->last_asked_ns = e->time_ns;
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		w->counts.no_memory++;
		return;
	}
	bucket = window_pair_bucket(w, &e->src, &e->dst);
	*c = (struct capture_connection){
		.client = e->src,
		.server = e->dst,
		.asked = {e->file, e->packet, e->time_ns},
		.n_asked = 1,
		.last_asked_ns = e->time_ns,
		.files = 1u << e->file,
		.older = w->newest_connection,
		.next = *bucket,
	};
	*bucket = c;
	if (w->newest_connection)
		w->newest_connection->newer = c;
	else
		w->oldest_connection = c;
	w->newest_connection = c;
	w->n_connections++;
}

void exchange_window_connection(struct exchange_window *w, const struct capture_connection_event *e)
{
	struct capture_connection *c;

	window_advance(w, e->time_ns);
	switch (e->event) {
	case TCP_ASKED:
		asked(w, e);
		return;
	case TCP_ACCEPTED:
		c = find(w, &e->dst, &e->src);
		if (c && !c->accepted_ns)
			c->accepted_ns = e->time_ns;
		return;
	case TCP_RESET: /* of either side */
		c = find(w, &e->dst, &e->src);
		if (!c)
			c = find(w, &e->src, &e->dst);
		if (c && !c->reset_ns)
			c->reset_ns = e->time_ns;
		return;
	}
}
