// SPDX-License-Identifier: Apache-2.0
#include "plugin/dnstap/dnstap.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "foreign/fstrm.h"
#include "plugin/log/log.h"
#include "server/query.h"
#include "server/worker.h"
#include "wire/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX = sizeof("[INFO] ") - 1, REQUEST_MAX = WIRE_HEADER_LEN + WIRE_NAME_MAX + 4 };

/* One worker's part. */
struct local {
	unsigned n;
	struct frame_ring *rings[];
};

/* A tap on one query, in its arena. */
struct hung {
	struct query_tap tap;
	const struct dnstap_tap *of;
	struct frame_ring *ring;
};

/* The tap is its first member. */
static const struct hung *hung_of(const struct query_tap *t)
{
	return (const struct hung *)(const void *)t;
}

/* ---------------------------------------------------------------- messages */

static uint64_t wall_of(uint64_t mono_ns)
{
	return clock_wall_ns() - (clock_mono_ns() - mono_ns);
}

/* The client's message; once it has gone, its header and question. */
static const uint8_t *request_of(const struct query *q, uint8_t room[REQUEST_MAX], size_t *ret_len)
{
	if (q->request) {
		*ret_len = q->request_len;
		return q->request;
	}
	memset(room, 0, WIRE_HEADER_LEN);
	wire_put_u16(room, q->in.id);
	wire_put_u16(room + 2, q->in.flags);
	wire_put_u16(room + 4, 1);
	memcpy(room + WIRE_HEADER_LEN, q->question, q->in.question_len);
	*ret_len = WIRE_HEADER_LEN + (size_t)q->in.question_len;
	return room;
}

static void put(const struct hung *h, struct query *q, struct dnstap_message *m)
{
	struct log_query_record record;
	char extra[LOG_RECORD_MAX];
	uint8_t *out;

	if (h->of->extra) {
		size_t len = log_query_fill(&record, h->of->extra, q);

		m->extra_len = log_query_format(&record, len, extra, sizeof(extra)) - PREFIX;
		m->extra = extra + PREFIX;
	}
	out = frame_ring_begin(h->ring, dnstap_encoded_max(m, h->of->head_len));
	if (out)
		frame_ring_end(h->ring, dnstap_encode(m, h->of->head, h->of->head_len, out));
}

static struct dnstap_message message(const struct query *q, enum dnstap_type type, bool stream)
{
	return (struct dnstap_message){.type = type, .stream = stream, .query = net_return_peer(&q->from)};
}

static void asked(const struct hung *h, struct query *q)
{
	struct dnstap_message m = message(q, DNSTAP_CLIENT_QUERY, q->from.stream);
	uint8_t room[REQUEST_MAX];

	m.query_ns = wall_of(q->arrived_ns);
	if (h->of->config.full)
		m.query_msg = request_of(q, room, &m.query_len);
	put(h, q, &m);
}

static void sent(const struct query_tap *t, struct query *q, const uint8_t *msg, size_t len)
{
	const struct hung *h = hung_of(t);
	struct dnstap_message m = message(q, DNSTAP_CLIENT_RESPONSE, q->from.stream);

	m.query_ns = wall_of(q->arrived_ns);
	m.response_ns = clock_wall_ns();
	if (h->of->config.full) {
		m.response_msg = msg;
		m.response_len = len;
	}
	put(h, q, &m);
}

/* "192.0.2.1:53", "[2001:db8::1%eth0]:53", as upstream/ writes it. */
static bool address_of(const char *text, struct net_addr *ret)
{
	const char *colon = strrchr(text, ':');
	bool bracket = *text == '[';
	size_t len = colon ? (size_t)(colon - text) - 2 * bracket : 0;
	char host[NET_ADDR_TEXT_MAX];

	if (!colon || len >= sizeof(host))
		return false;
	memcpy(host, text + bracket, len);
	host[len] = '\0';
	return net_addr_parse(host, (uint16_t)strtoul(colon + 1, NULL, 10), ret) == 0;
}

static void exchanged(const struct query_tap *t, struct query *q, const struct tap_exchange *x)
{
	const struct hung *h = hung_of(t);
	struct dnstap_message m = message(q, DNSTAP_FORWARDER_QUERY, x->stream);
	uint8_t room[REQUEST_MAX];
	struct net_addr upstream;

	if (address_of(x->upstream, &upstream))
		m.response = &upstream;
	m.query_ns = wall_of(x->asked_ns);
	if (h->of->config.full)
		m.query_msg = request_of(q, room, &m.query_len);
	put(h, q, &m);
	if (!x->answer)
		return;
	m.type = DNSTAP_FORWARDER_RESPONSE;
	m.query_msg = NULL;
	m.query_len = 0;
	m.response_ns = wall_of(x->answered_ns);
	if (h->of->config.full) {
		m.response_msg = wire_answer_msg(x->answer);
		m.response_len = x->answer->msg_len;
	}
	put(h, q, &m);
}

/* ---------------------------------------------------------------- hooks */

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct dnstap *d = state;
	const struct local *local = worker_local(q, state);

	for (unsigned i = 0; i < d->n; i++) {
		struct hung *h = local->rings[i] ? arena_alloc(&q->arena, sizeof(*h)) : NULL;

		if (!h)
			continue;
		*h = (struct hung){{q->taps, sent, exchanged}, &d->taps[i], local->rings[i]};
		q->taps = &h->tap;
		if (q->kind == QUERY_CLIENT)
			asked(h, q);
	}
	return STEP_NEXT;
}

static void stop(void *state)
{
	struct dnstap *d = state;

	for (unsigned i = 0; i < d->n; i++) {
		dnstap_sender_put(d->taps[i].sender);
		d->taps[i].sender = NULL;
	}
}

static int start(struct generation *gen, void *state)
{
	struct dnstap *d = state;

	for (unsigned i = 0; i < d->n; i++) {
		struct dnstap_tap *t = &d->taps[i];
		const char *why = "out of memory";

		if (t->extra_text)
			t->extra = log_format_get(t->extra_text);
		if (!t->extra_text || t->extra)
			t->sender = dnstap_sender_get(&t->config, &why);
		if (t->sender)
			continue;
		log_line(LOG_ERROR, "plugin/dnstap: %s", why);
		stop(d);
		return -ENOMEM;
	}
	return 0;
}

static int worker_start(struct worker *w, void *state, void **ret)
{
	const struct dnstap *d = state;
	struct local *l = calloc(1, sizeof(*l) + d->n * sizeof(l->rings[0]));

	if (!l)
		return -ENOMEM;
	for (l->n = 0; l->n < d->n; l->n++) {
		l->rings[l->n] = dnstap_sender_ring(d->taps[l->n].sender, w->index);
		if (!l->rings[l->n]) {
			free(l);
			return -ENOMEM;
		}
	}
	*ret = l;
	return 0;
}

static void worker_stop(struct worker *w, void *state, void *local)
{
	free(local);
}

static struct library *const libraries[] = {&libfstrm_library, NULL};

const struct plugin plugin_dnstap = {
	.name = "dnstap",
	.state_size = sizeof(struct dnstap),
	.libraries = libraries,
	.setup = dnstap_setup,
	.start = start,
	.stop = stop,
	.worker_start = worker_start,
	.worker_stop = worker_stop,
	.query = query,
};
