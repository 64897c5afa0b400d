// SPDX-License-Identifier: Apache-2.0
/* A query's life: from a message to a slot, through the chain, to the answer and back to the pool. */

#include "server/query.h"

#include "base/clock.h"
#include "base/err.h"
#include "server/dns_metrics.h"
#include "server/failures.h"
#include "server/generation.h"
#include "server/port.h"
#include "server/query_pool.h"
#include "server/route.h"
#include "server/server_metrics.h"
#include "server/trail.h"
#include "server/who.h"
#include "server/worker.h"
#include "wire/name.h"

#include <errno.h>
#include <string.h>

/* What stubs say with EDNS (DNS flag day 2020). */
enum { INSIDE_UDP_SIZE = 1232 };

/* ---------------------------------------------------------------- ends */

static void release(struct query *q)
{
	struct gen_worker *gw = q->gen;

	if (timer_armed(&q->timer))
		timer_disarm(loop_timers(q->w->loop), &q->timer);
	query_pool_put(q->w->queries, q);
	gen_worker_release(gw);
}

static void give_to_parent(struct query *q)
{
	struct query *parent = q->parent;
	bool asked = parent || q->kind == QUERY_BACKGROUND || q->kind == QUERY_CLIENT;

	if (parent)
		parent->sub = NULL;
	if (asked && q->sub_done)
		q->sub_done(parent, q, q->sub_arg);
}

void query_finish(struct query *q)
{
	if (unlikely(q->reply.rcode != RCODE_NOERROR && q->reply.rcode != RCODE_NXDOMAIN) && q->kind == QUERY_CLIENT)
		failures_note_slow(q);
	if (q->sub) /* its answer has nobody left to go to; it runs on for what it fills */
		q->sub->parent = NULL;
	if (likely(q->kind == QUERY_CLIENT && !q->sub_done)) {
		respond(q);
		who_asked(q);
	} else {
		give_to_parent(q);
	}
	release(q);
}

/* A waiting query shall wait no longer: it goes up from where it is. */
static void abort_waiting(struct query *q, int ede, const char *ede_text, const char *error)
{
	query_fail(q, RCODE_SERVFAIL, ede, ede_text, "%s", error);
	query_resume(q, q->direction > 0 ? STEP_DONE : STEP_NEXT);
}

static void deadline_passed(struct timer *t)
{
	struct query *q = container_of(t, struct query, timer);

	metric_inc(q->w->cells, server_metrics.deadline);
	abort_waiting(q, EDE_NETWORK_ERROR, "no answer in time", "deadline exceeded: i/o timeout");
}

void query_abort_all(struct worker *w, const struct gen_worker *gw)
{
	for (uint32_t i = 0; i < query_pool_slots(w->queries); i++) {
		struct query *q = query_pool_at(w->queries, i);

		if (q->waiting && q->gen == gw)
			abort_waiting(q, EDE_NOT_READY, "the configuration was replaced", "query outlived its configuration");
	}
}

/* ---------------------------------------------------------------- waiting */

/* What still points into the packet moves into the arena before the packet goes. */
static bool keep_options(struct query *q)
{
	if (q->listed || !q->in.options_len)
		return true;
	q->in.options = arena_copy(&q->arena, q->in.options, q->in.options_len);
	if (!q->in.options)
		q->in.options_len = 0;
	return q->in.options != NULL;
}

bool query_admit_wait(struct query *q)
{
	struct query *victim;

	if (!keep_options(q)) {
		query_fail(q, RCODE_SERVFAIL, EDE_NETWORK_ERROR, "server is at its memory limit", "out of query memory");
		return false;
	}
	q->request = NULL;
	if (q->listed)
		return true;
	victim = query_pool_list(q->w->queries, q);
	if (victim) {
		metric_inc(q->w->cells, server_metrics.shed);
		if (victim == q) {
			query_fail(q, RCODE_SERVFAIL, EDE_NETWORK_ERROR, "too many queries of this client wait",
				   "too many queries in flight");
			return false;
		}
		abort_waiting(victim, EDE_NETWORK_ERROR, "too many queries of this client wait",
			      "too many queries in flight");
	}
	q->timer.fire = deadline_passed;
	if (timer_arm(loop_timers(q->w->loop), &q->timer, q->deadline_ns)) {
		query_fail(q, RCODE_SERVFAIL, EDE_NETWORK_ERROR, "server is at its memory limit", "out of memory");
		return false;
	}
	return true;
}

/* ---------------------------------------------------------------- beginnings */

static bool start_chain(struct query *q, const struct block *b, int start)
{
	q->block = b;
	q->start = (int16_t)start;
	q->at = q->start;
	q->direction = 1;
	q->scratch = q->question; /* of no size: a place that offsets of 0 may be added to, which NULL is not */
	if (!b->scratch_size)
		return true;
	q->scratch = arena_zalloc(&q->arena, b->scratch_size);
	return q->scratch != NULL;
}

/* The server's own answers: no block, no plugin. */
static void answer_directly(struct query *q, unsigned rcode, int ede, const char *text)
{
	query_fail(q, rcode, ede, text, NULL);
	query_finish(q);
}

/* The same, counted as the listener's: no block was there to count it. */
static void answer_unrouted(struct query *q, unsigned rcode, int ede, const char *text)
{
	query_fail(q, rcode, ede, text, NULL);
	dns_metrics_count(q->listener->dropped, q);
	query_finish(q);
}

static bool class_served(const struct query *q)
{
	return q->in.qclass == CLASS_IN || q->listener->all_classes;
}

/* Does a block with a filter take it?  What was looked at for a block that does not is that block's metadata. */
static bool block_takes(void *arg, const struct zone_entry *z)
{
	const struct instance *in = z->block->filter;
	struct query *q = arg;
	bool yes;

	q->block = z->block;
	yes = in->plugin->takes(in->state, q, q->gen->locals[in->local_index]);
	q->block = NULL;
	q->metadata_zone = METADATA_ZONE_UNKNOWN;
	return yes;
}

/* Find the block and run its chain.  The query may have ended when this returns. */
static void route(struct query *q)
{
	const struct zone_entry *z = NULL;

	if (class_served(q))
		z = route_find(q->listener, &q->in, block_takes, q);
	if (!z || !z->block->n_chain) {
		metric_inc(q->w->cells, server_metrics.not_routed);
		answer_unrouted(q, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE, "no server block serves this name and class");
		return;
	}
	q->zone = z;
	if (!start_chain(q, z->block, 0)) {
		answer_unrouted(q, RCODE_SERVFAIL, EDE_NETWORK_ERROR, "server is at its memory limit");
		return;
	}
	chain_run(q);
}

static struct query *begin(struct worker *w, struct gen_worker *gw, enum query_kind kind)
{
	struct query *q = query_pool_take(w->queries);

	if (!q)
		return NULL;
	q->kind = kind;
	q->began = q->serial;
	q->gen = gw;
	gen_worker_hold(gw);
	q->arrived_ns = loop_now_ns(w->loop);
	q->deadline_ns = q->arrived_ns + QUERY_DEADLINE_MS * NS_PER_MS;
	return q;
}

static void send_error(const uint8_t *msg, enum wire_verdict v, const struct wire_query *in, const struct net_return *ret)
{
	uint8_t *out = net_reply_begin(ret, WIRE_HEADER_LEN + (size_t)(v == WIRE_FORMERR ? in->question_len : 0));

	if (out)
		net_reply_end(ret, wire_query_error(msg, v, in, out));
}

/* Too many at once for even one more slot, which the reserve makes nearly impossible: TCP closes the
 * loop by silence too. */
static void give_up(const struct net_return *ret)
{
	net_reply_none(ret);
}

static void receive_checked(const uint8_t *msg, size_t len, const struct net_return *ret,
			    enum wire_verdict v, struct query *q)
{
	const struct port_worker *pw = ret->listener;

	q->from = *ret;
	q->request_len = (uint16_t)len;
	q->request = msg;
	memcpy(q->question, msg + WIRE_HEADER_LEN, q->in.question_len);
	q->listener = q->gen->gen->by_port[pw->port->id];
	if (v == WIRE_BADVERS)
		answer_directly(q, RCODE_BADVERS, EDE_NONE, NULL);
	else
		route(q);
}

void query_receive(void *arg, const uint8_t *msg, size_t len, const struct net_return *ret)
{
	struct worker *w = arg;
	const struct port_worker *pw = ret->listener;
	struct query *q = begin(w, pw->pinned ? pw->pinned : w->gen, QUERY_CLIENT);
	enum wire_verdict v;

	if (!q) {
		give_up(ret);
		return;
	}
	v = wire_query_read(msg, len, &q->in);
	if (likely(v == WIRE_OK) || v == WIRE_BADVERS) {
		receive_checked(msg, len, ret, v, q);
		return;
	}
	metric_inc(w->cells, server_metrics.malformed);
	if (v == WIRE_DROP)
		net_reply_none(ret);
	else
		send_error(msg, v, &q->in, ret);
	release(q);
}

/* ---------------------------------------------------------------- questions of our own */

static const struct listener *listener_of(const struct generation *g, const char *text)
{
	for (size_t i = 0; i < g->n_listeners; i++) {
		const struct listener *l = &g->listeners[i];

		if (text[0] ? strcmp(l->text, text) == 0 : l->transport == TRANSPORT_DNS)
			return l;
	}
	return NULL;
}

/* As a stub resolver asks over UDP: recursion wanted, EDNS with the usual size. */
static void ask_as_client(struct query *q, const struct query_inside *in)
{
	struct udp_return from = {.peer = in->client, .local = q->listener->at};

	q->in.id = 0;
	q->in.flags = FLAG_RD;
	q->in.has_soa = false;
	q->in.has_opt = true;
	q->in.do_bit = false;
	q->in.edns_version = 0;
	q->in.udp_size = INSIDE_UDP_SIZE;
	q->in.options = NULL;
	q->in.options_len = 0;
	q->from = (struct net_return){.transport = q->listener->transport, .udp = from};
	query_set_question(q, in->name, in->type, CLASS_IN);
	q->request_len = (uint16_t)(WIRE_HEADER_LEN + q->in.question_len);
}

int query_inside(struct worker *w, const struct query_inside *in)
{
	const struct listener *l = w->gen ? listener_of(w->gen->gen, in->listener) : NULL;
	struct query *q = l ? begin(w, w->gen, QUERY_CLIENT) : NULL;

	if (!q)
		return l ? ERR_LIMIT : ERR_GONE;
	q->listener = w->gen->gen->by_port[l->port_id];
	ask_as_client(q, in);
	q->sub_done = in->ended;
	q->sub_arg = in->arg;
	trail_begin_in(q, in->trail);
	route(q);
	return 0;
}

/* ---------------------------------------------------------------- sub-queries */

static void sub_start(struct timer *t)
{
	struct query *q = container_of(t, struct query, timer);
	const struct block *b = q->block;

	if (q->kind == QUERY_SERVER)
		route(q);
	else if (start_chain(q, b, q->start))
		chain_run(q);
	else
		answer_directly(q, RCODE_SERVFAIL, EDE_NETWORK_ERROR, "server is at its memory limit");
}

void query_set_question(struct query *q, const uint8_t *name, uint16_t type, uint16_t cls)
{
	size_t len = wire_name_len(name);
	unsigned n = 0;

	memcpy(q->question, name, len);
	wire_name_lower(q->in.qname, name, len);
	q->in.qname_len = (uint8_t)len;
	for (unsigned off = 0; off < len; off += name[off] + 1u)
		q->in.label_off[n++] = (uint8_t)off;
	q->in.n_labels = (uint8_t)(n - 1);
	q->in.qtype = type;
	q->in.qclass = cls;
	wire_put_u16(q->question + len, type);
	wire_put_u16(q->question + len + 2, q->in.qclass);
	q->in.question_len = (uint16_t)(len + 4);
}

static void inherit(struct query *q, struct query *parent)
{
	q->in.id = 0;
	q->in.flags = (uint16_t)(parent->in.flags & (FLAG_RD | FLAG_CD | FLAG_AD));
	q->in.has_opt = parent->in.has_opt;
	q->in.do_bit = parent->in.do_bit;
	q->in.edns_version = 0;
	q->in.udp_size = parent->in.udp_size;
	q->in.options = NULL;
	q->in.options_len = 0;
	q->from = parent->from;
	q->listener = parent->listener;
	q->udp_cap = parent->udp_cap;
	q->udp_lowered = parent->udp_lowered;
	q->depth = (uint8_t)(parent->depth + 1);
	if (q->kind == QUERY_BACKGROUND)
		return;
	q->deadline_ns = parent->deadline_ns;
	q->parent = parent;
	q->has_trail = parent->has_trail;
}

/* The root of the tree that `parent`'s sub-queries are counted in; NULL: it has ended, nobody waits. */
static struct query *tree_root(struct query *parent)
{
	return parent->depth && parent->kind != QUERY_BACKGROUND ? query_find(parent->w, parent->root) : parent;
}

int query_sub(struct query *parent, enum query_kind kind, const uint8_t *name, uint16_t type,
	      void (*done)(struct query *parent, struct query *sub, void *arg), void *arg)
{
	struct worker *w = parent->w;
	struct query *root = tree_root(parent);
	struct query *q;

	if (!root)
		return ERR_GONE;
	if (parent->depth >= QUERY_DEPTH_MAX || root->tree_total >= QUERY_TREE_MAX)
		return ERR_LIMIT;
	q = begin(w, parent->gen, kind);
	if (!q)
		return ERR_LIMIT;
	inherit(q, parent);
	query_set_question(q, name, type, kind == QUERY_SERVER ? CLASS_IN : parent->in.qclass);
	q->block = parent->block;
	q->start = (int16_t)(parent->at + 1);
	q->sub_done = done;
	q->sub_arg = arg;
	q->root = query_handle(root);
	q->timer.fire = sub_start;
	if (timer_arm(loop_timers(w->loop), &q->timer, loop_now_ns(w->loop))) {
		release(q);
		return -ENOMEM;
	}
	root->tree_total++;
	if (q->parent)
		parent->sub = q;
	metric_inc(w->cells, server_metrics.sub_queries);
	return 0;
}
