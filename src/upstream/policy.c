// SPDX-License-Identifier: Apache-2.0
/* In which order an exchange tries its upstreams. */

#include "upstream/exchange.h"

static struct rng *rng_of(const struct upstream_exchange *x)
{
	return loop_rng(x->w->env.loop);
}

static void shuffle(struct upstream_order *o, struct rng *r)
{
	for (unsigned i = o->n; i > 1; i--) {
		unsigned k = rng_below(r, i);
		uint8_t t = o->list[k];

		o->list[k] = o->list[i - 1];
		o->list[i - 1] = t;
	}
}

/* The one whose turn it is, then the others as configured.  The counter moves first, so the first query of all
 * goes to the second upstream, as in CoreDNS. */
static void rotate(struct upstream_order *o, struct upstream_set *s)
{
	unsigned turn = (atomic_fetch_add_explicit(&s->round_robin, 1, memory_order_relaxed) + 1) % o->n;

	for (unsigned i = turn; i > 0; i--)
		o->list[i] = o->list[i - 1];
	o->list[0] = (uint8_t)turn;
}

/* Those that lose real questions go last, in the same order among themselves. */
static bool lossy_last(struct upstream_order *o, const struct upstream_set *s)
{
	uint8_t lossy[UPSTREAM_TARGETS_MAX];
	unsigned n = 0, kept = 0;

	for (unsigned i = 0; i < o->n; i++) {
		if (upstream_lossy(&s->servers[o->list[i]]))
			lossy[n++] = o->list[i];
		else
			o->list[kept++] = o->list[i];
	}
	for (unsigned i = 0; i < n; i++)
		o->list[kept + i] = lossy[i];
	return n > 0;
}

void upstream_order_begin(struct upstream_exchange *x)
{
	struct upstream_order *o = &x->order;
	struct upstream_set *s = x->w->set;

	o->n = (uint8_t)s->n;
	o->at = o->rounds = o->down_seen = 0;
	o->round_began_ns = worker_now(x->w);
	o->list[0] = 0;
	if (s->n == 1)
		return;
	for (unsigned i = 0; i < s->n; i++)
		o->list[i] = (uint8_t)i;
	if (s->c.policy == POLICY_RANDOM)
		shuffle(o, rng_of(x));
	else if (s->c.policy == POLICY_ROUND_ROBIN)
		rotate(o, s);
	x->lossy_seen = lossy_last(o, s);
}

static void next_round(struct upstream_exchange *x)
{
	x->order.at = 0;
	x->order.down_seen = 0;
	x->order.round_began_ns = worker_now(x->w);
	if (x->order.rounds < UINT8_MAX)
		x->order.rounds++;
}

/* Either the checks are wrong or all is lost: ask one at random to find out. */
static struct upstream_peer *all_down(struct upstream_exchange *x)
{
	struct upstream_set *s = x->w->set;

	metric_inc(x->w->env.cells, s->all_down);
	x->last_chance = true;
	if (s->c.failfast)
		return NULL;
	return &x->w->peers[rng_below(rng_of(x), s->n)];
}

struct upstream_peer *upstream_order_next(struct upstream_exchange *x)
{
	struct upstream_order *o = &x->order;

	for (;;) {
		const struct upstream_server *s;

		if (o->at == o->n)
			next_round(x);
		s = &x->w->set->servers[o->list[o->at++]];
		if (!upstream_down(x->w->set, s))
			return &x->w->peers[s->index];
		if (++o->down_seen == o->n)
			return all_down(x);
	}
}

struct upstream_peer *upstream_order_hedge(struct upstream_exchange *x)
{
	struct upstream_order *o = &x->order;

	for (unsigned i = o->at; i < o->n; i++) {
		uint8_t index = o->list[i];
		const struct upstream_server *s = &x->w->set->servers[index];

		if (upstream_down(x->w->set, s) || upstream_lossy(s))
			continue;
		/* It has had its turn; those that were passed over keep theirs. */
		for (; i > o->at; i--)
			o->list[i] = o->list[i - 1];
		o->list[o->at++] = index;
		return &x->w->peers[index];
	}
	return NULL;
}

struct upstream_peer *upstream_order_elsewhere(struct upstream_exchange *x)
{
	uint64_t now = worker_now(x->w);
	struct upstream_peer *unknown = NULL;

	for (unsigned i = 0; i < x->order.n; i++) {
		struct upstream_server *s = &x->w->set->servers[x->order.list[i]];

		if ((x->tcp_mask & server_bit(s)) || upstream_down(x->w->set, s) || upstream_lossy(s) ||
		    !upstream_tcp_usable(s, now))
			continue;
		/* The client's patience is spent on what works, or on news: not on memory alone. */
		if (x->tcp_failed_here || atomic_load_explicit(&s->tcp_works, memory_order_relaxed))
			return &x->w->peers[s->index];
		unknown = unknown ? unknown : &x->w->peers[s->index];
	}
	if (unknown)
		upstream_tcp_probe(unknown);
	return NULL;
}
