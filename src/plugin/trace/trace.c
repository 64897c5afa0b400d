// SPDX-License-Identifier: Apache-2.0
#include "plugin/trace/trace.h"

#include "base/clock.h"
#include "base/err.h"
#include "net/http_post.h"
#include "server/metadata.h"
#include "server/query.h"
#include "server/trail.h"
#include "server/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct local {
	struct frame_ring *ring;
	uint32_t count; /* queries since the last one that was traced */
};

static bool is_chosen(const struct trace *t, struct local *l)
{
	if (!t->config.every || ++l->count < t->config.every)
		return false;
	l->count = 0;
	return true;
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	struct local *l = worker_local(q, state);
	struct trail *trail;

	if (q->kind != QUERY_CLIENT || !is_chosen(state, l))
		return STEP_NEXT;
	trail = trail_begin(q);
	if (!trail)
		return STEP_NEXT;
	do {
		rng_bytes(loop_rng(q->w->loop), &trail->id, sizeof(trail->id));
	} while (!trail->id);
	return STEP_NEXT;
}

static void fill(struct trace_frame *f, const struct query *q)
{
	const struct trail *t = q->trail;

	f->id = t->id;
	f->arrived_ns = q->arrived_ns;
	f->done_ns = clock_mono_ns();
	f->wall_ns = clock_wall_ns();
	f->remote = *net_return_peer(&q->from);
	f->qtype = q->in.qtype;
	f->rcode = q->reply.rcode;
	f->stream = q->from.stream;
	f->answered = !q->dropped;
	f->name_len = q->in.qname_len;
	memcpy(f->name, q->in.qname, q->in.qname_len);
	f->n = (uint16_t)t->n;
	for (unsigned i = 0; i < t->n; i++) {
		const struct trail_step *s = &t->steps[i];

		f->spans[i] = (struct trace_span){s->plugin, s->enter_ns, s->leave_ns ? s->leave_ns : f->done_ns, s->parent,
						  s->answered};
	}
}

/* All plugins behind this one have been left. */
static enum step reply(const void *state, struct query *q, void *scratch)
{
	const struct local *l = worker_local(q, state);
	size_t len;
	uint8_t *room;

	if (!q->trail || q->kind != QUERY_CLIENT)
		return STEP_NEXT;
	len = sizeof(struct trace_frame) + q->trail->n * sizeof(struct trace_span);
	room = frame_ring_begin(l->ring, len);
	if (!room)
		return STEP_NEXT;
	fill((struct trace_frame *)(void *)room, q);
	frame_ring_end(l->ring, len);
	return STEP_NEXT;
}

static const char *metadata(const void *state, struct query *q, const struct metadata_label *label)
{
	const struct trace *t = state;
	char text[17];

	if (label != t->id_label || !q->trail)
		return NULL;
	(void)snprintf(text, sizeof(text), "%016" PRIx64, q->trail->id);
	return arena_strndup(&q->arena, text, sizeof(text) - 1);
}

static int start(struct generation *gen, void *state)
{
	struct trace *t = state;

	t->id_label = metadata_label("trace/traceid");
	t->sender = trace_sender_get(&t->config);
	return t->sender ? 0 : -ENOMEM;
}

static void stop(void *state)
{
	struct trace *t = state;

	trace_sender_put(t->sender);
	t->sender = NULL;
}

static int worker_start(struct worker *w, void *state, void **ret)
{
	const struct trace *t = state;
	struct local *l = calloc(1, sizeof(*l));

	if (l)
		l->ring = trace_sender_ring(t->sender, w->index);
	if (!l || !l->ring) {
		free(l);
		return -ENOMEM;
	}
	*ret = l;
	return 0;
}

static void worker_stop(struct worker *w, void *state, void *local)
{
	free(local);
}

const struct plugin plugin_trace = {
	.name = "trace",
	.state_size = sizeof(struct trace),
	.libraries = http_post_libraries,
	.setup = trace_setup,
	.start = start,
	.stop = stop,
	.worker_start = worker_start,
	.worker_stop = worker_stop,
	.query = query,
	.reply = reply,
	.metadata = metadata,
};
