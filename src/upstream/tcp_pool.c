// SPDX-License-Identifier: Apache-2.0
/* The kept connections towards one upstream, in one worker: which one a question goes to. */

#include "base/err.h"
#include "upstream/tcp_kept.h"

#include <errno.h>

enum { CONNS_MAX = 16 };

static bool usable(const struct tcp_kept *c, const struct attempt *a, uint64_t now)
{
	return !(a->fresh && c->answered) && !upstream_kept_too_old(c, now);
}

/* The one with the fewest waiting, of those that may be used. */
static struct tcp_kept *least_busy(const struct tcp_pool *pool, const struct attempt *a, uint64_t now)
{
	struct tcp_kept *best = NULL;

	for (struct tcp_kept *c = pool->conns; c; c = c->next) {
		if (usable(c, a, now) && (!best || c->live < best->live))
			best = c;
	}
	return best;
}

static int pick(struct upstream_peer *p, const struct attempt *a, struct tcp_kept **ret)
{
	struct tcp_pool *pool = &p->tcp;
	uint64_t *cells = p->w->env.cells;
	struct tcp_kept *c;
	int err;

	if (!pool->depth)
		pool->depth = TCP_PIPELINE_MAX;
	c = least_busy(pool, a, worker_now(p->w));
	if ((!c || c->live >= pool->depth) && pool->n < CONNS_MAX) {
		err = upstream_kept_open(p, ret);
		if (!err)
			metric_inc(cells, p->server->series.pool_misses[1]);
		return err;
	}
	if (!c || c->live == TCP_PIPELINE_MAX)
		return ERR_LIMIT;
	metric_inc(cells, p->server->series.pool_hits[1]);
	*ret = c;
	return 0;
}

/* The low bits of an id are its slot, so that answers find their attempt without a search. */
static void join(struct tcp_kept *c, struct attempt *a)
{
	unsigned id = rng_u16(loop_rng(c->peer->w->env.loop));

	while (c->slot[id % TCP_PIPELINE_MAX])
		id = (id & ~(TCP_PIPELINE_MAX - 1u)) | ((id + 1) % TCP_PIPELINE_MAX);
	a->id = (uint16_t)id;
	a->place = (uint16_t)(id % TCP_PIPELINE_MAX);
	a->conn = c;
	a->leg = LEG_TCP;
	c->slot[a->place] = a;
	if (c->live++ == 0)
		c->active_ns = worker_now(c->peer->w);
	upstream_kept_set_idle(c, false);
}

int upstream_tcp_send(struct upstream_peer *p, struct attempt *a)
{
	struct tcp_kept *c;
	int err = pick(p, a, &c);

	if (err)
		return err;
	a->peer = p;
	a->sent_ns = worker_now(p->w);
	join(c, a);
	err = c->connected ? upstream_kept_write(c, a) : 0;
	if (err)
		upstream_kept_detach(a);
	else
		upstream_kept_arm(c);
	return err;
}

bool upstream_tcp_connected(const struct attempt *a)
{
	return a->conn->connected;
}

bool upstream_tcp_heard(const struct attempt *a)
{
	return a->conn->heard_ns > a->sent_ns;
}

struct net_addr upstream_tcp_local(const struct attempt *a)
{
	return a->conn->connected ? a->conn->local : (struct net_addr){0};
}

void upstream_tcp_move(const struct attempt *from, struct attempt *to)
{
	from->conn->slot[from->place] = to;
}

void upstream_tcp_open_probe(struct upstream_peer *p)
{
	struct tcp_kept *c;

	upstream_pace_probe(p, LEG_TCP);
	if (upstream_kept_open(p, &c))
		upstream_tcp_probe_ended(p->server, worker_now(p->w));
	else
		c->probe = true;
}

void upstream_tcp_make_probe(struct attempt *a)
{
	a->conn->probe = true;
}

void upstream_tcp_fini(struct upstream_peer *p)
{
	while (p->tcp.conns)
		upstream_kept_close(p->tcp.conns);
}

void upstream_tcp_leave(struct attempt *a)
{
	struct tcp_kept *c = a->conn;

	upstream_kept_detach(a);
	upstream_kept_settle(c);
}

void upstream_tcp_leave_silent(struct attempt *a)
{
	struct tcp_kept *c = a->conn;

	upstream_kept_detach(a);
	if (c->connected && !c->busy && !c->gone && c->heard_ns <= a->sent_ns)
		upstream_kept_abort(c, -ETIMEDOUT);
	else
		upstream_kept_settle(c);
}
