// SPDX-License-Identifier: Apache-2.0
/* Connected UDP sockets towards one upstream, in one worker.
 *
 * A forger must guess the port and the id of a question that waits.  Each query takes a random socket out of a spread
 * of them and a random id on it; sockets have random ports and are replaced after 200 queries or 10 s.  A replaced one
 * is kept until its last attempt ends.  All ids that a socket has used stay known to it: late and doubled
 * answers are told from forged ones, and no id is used twice.                        RFC 5452 9, 10 */

#include "base/err.h"
#include "net/udp.h"
#include "upstream/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	SOCKET_QUERIES_MAX = 200,
	SOCKET_AGE_S = 10,
	/* Per process and upstream; each worker has its share. */
	SOCKETS_MAX = 256,
	/* The spread at rest.  A quiet server opens about one socket a query then (some 15 us); at twice the value it
	 * would keep more sockets for no harder a guess than the next 10 s bring anyway. */
	SPREAD_MIN = 32,
	/* Attempts that wait per socket, beyond which the spread grows. */
	LIVE_PER_SOCKET = 8,
	/* Wrong datagrams while an attempt waits, after which it gives UDP up. */
	WRONG_MAX = 8,
	NO_PLACE = UINT16_MAX,
};

struct udp_socket {
	struct upstream_peer *peer;
	struct udp_client *client;
	struct udp_socket *next, **pprev; /* among the retired */
	uint64_t opened_ns;
	uint32_t wrong; /* datagrams that answered nothing that was asked here */
	uint16_t place; /* in the pool, or NO_PLACE: retired */
	uint16_t n, live; /* ids used; attempts that wait */
	bool busy; /* inside a callback: not to be freed */
	uint16_t ids[SOCKET_QUERIES_MAX];
	struct attempt *who[SOCKET_QUERIES_MAX]; /* NULL: has ended */
};

/* ---------------------------------------------------------------- life of a socket */

static void socket_free(struct udp_socket *s)
{
	udp_client_close(s->client);
	*s->pprev = s->next;
	if (s->next)
		s->next->pprev = s->pprev;
	s->peer->udp.n_open--;
	free(s);
}

static void socket_settle(struct udp_socket *s)
{
	if (s->place == NO_PLACE && s->live == 0 && !s->busy)
		socket_free(s);
}

/* Take it out of use.  It may be gone afterwards. */
static void socket_retire(struct udp_socket *s)
{
	struct udp_pool *pool = &s->peer->udp;

	pool->places[s->place] = NULL;
	s->place = NO_PLACE;
	s->next = pool->retired;
	s->pprev = &pool->retired;
	if (s->next)
		s->next->pprev = &s->next;
	pool->retired = s;
	socket_settle(s);
}

static bool socket_old(const struct udp_socket *s, uint64_t now)
{
	return now - s->opened_ns >= SOCKET_AGE_S * NS_PER_S;
}

static void detach(struct attempt *a)
{
	struct udp_socket *s = a->socket;

	s->who[a->place] = NULL;
	s->live--;
	s->peer->udp.live--;
	a->leg = LEG_NONE;
}

void upstream_udp_leave(struct attempt *a)
{
	struct udp_socket *s = a->socket;

	detach(a);
	socket_settle(s);
}

/* ---------------------------------------------------------------- what comes in */

static void fail(struct attempt *a, int err)
{
	struct failure f = {.err = err, .stage = STAGE_READ, .leg = LEG_UDP, .local = upstream_udp_local(a)};

	detach(a);
	a->ops->failed(a, &f);
}

/* End with `err` those that had asked when the callback began and fulfil `wrong_limit` (0: all). */
static void fail_waiting(struct udp_socket *s, int err, uint32_t wrong_limit)
{
	unsigned n = s->n;

	for (unsigned i = 0; i < n && s->live; i++) {
		struct attempt *a = s->who[i];

		if (a && s->wrong - a->wrong_before >= wrong_limit)
			fail(a, err);
	}
}

/* Somebody guesses, or the upstream is confused.  Attempts that have seen enough of it go to TCP, and nothing new
 * is asked from this port. */
static void count_wrong(struct udp_socket *s, const uint8_t *data, size_t len)
{
	s->wrong++;
	upstream_wrong_reply(s->peer->w, s->peer->server, data, len);
	if (s->wrong < WRONG_MAX)
		return;
	if (s->place != NO_PLACE)
		socket_retire(s);
	fail_waiting(s, ERR_MISMATCH, WRONG_MAX);
}

static int find_id(const struct udp_socket *s, uint16_t id)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (s->ids[i] == id)
			return (int)i;
	}
	return -1;
}

static void take_datagram(struct udp_socket *s, const uint8_t *data, size_t len)
{
	int i = len >= WIRE_HEADER_LEN ? find_id(s, wire_u16(data)) : -1;

	if (i >= 0 && !s->who[i])
		return; /* late, or doubled on the way */
	if (i < 0 || !s->who[i]->ops->answer(s->who[i], data, len))
		count_wrong(s, data, len);
}

static void received(void *arg, const uint8_t *data, size_t len)
{
	struct udp_socket *s = arg;

	s->busy = true;
	take_datagram(s, data, len);
	s->busy = false;
	socket_settle(s);
}

/* The kernel does not say whose datagram was refused; the ones after it will be, too. */
static void socket_error(void *arg, int err)
{
	struct udp_socket *s = arg;

	s->busy = true;
	fail_waiting(s, err, 0);
	s->busy = false;
	socket_settle(s);
}

static const struct udp_client_ops client_ops = {.receive = received, .error = socket_error};

/* ---------------------------------------------------------------- choosing */

static void arm_sweep(struct upstream_peer *p)
{
	struct upstream_worker *w = p->w;

	/* Without memory for the timer idle sockets stay open until they are drawn again. */
	if (timer_arm(worker_timers(w), &p->udp.sweep, worker_now(w) + SOCKET_AGE_S * NS_PER_S / 2))
		return;
}

/* Close idle sockets whose time is over. */
static void sweep(struct timer *t)
{
	struct upstream_peer *p = container_of(t, struct upstream_peer, udp.sweep);
	uint64_t now = worker_now(p->w);

	for (unsigned i = 0; i < p->udp.share; i++) {
		struct udp_socket *s = p->udp.places[i];

		if (s && socket_old(s, now))
			socket_retire(s);
	}
	if (p->udp.n_open)
		arm_sweep(p);
}

static int socket_open(struct upstream_peer *p, unsigned place, struct udp_socket **ret)
{
	struct upstream_worker *w = p->w;
	struct udp_socket *s = malloc(sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	memset(s, 0, offsetof(struct udp_socket, ids));
	s->peer = p;
	s->opened_ns = worker_now(w);
	s->place = (uint16_t)place;
	err = udp_client_open(w->env.loop, &p->server->addr, w->set->c.source, &client_ops, s, &s->client);
	if (err) {
		free(s);
		return err;
	}
	p->udp.places[place] = s;
	p->udp.n_open++;
	if (!timer_armed(&p->udp.sweep))
		arm_sweep(p);
	*ret = s;
	return 0;
}

/* The pool's table comes with the first query, when all workers have started and the share is known. */
static int pool_begin(struct upstream_peer *p)
{
	unsigned workers = atomic_load_explicit(&p->w->set->n_workers, memory_order_relaxed);
	unsigned share = SOCKETS_MAX / (workers ? workers : 1);

	share = share ? share : 1;
	p->udp.places = calloc(share, sizeof(struct udp_socket *));
	if (!p->udp.places)
		return -ENOMEM;
	p->udp.share = share;
	p->udp.sweep.fire = sweep;
	return 0;
}

static unsigned spread_of(const struct udp_pool *pool)
{
	unsigned want = pool->live / LIVE_PER_SOCKET;

	if (want < SPREAD_MIN)
		want = SPREAD_MIN;
	return want < pool->share ? want : pool->share;
}

/* The share is used up by sockets that wait for answers: any that has ids left, age or not. */
static struct udp_socket *any_open(const struct udp_pool *pool, unsigned from)
{
	for (unsigned i = 0; i < pool->share; i++) {
		struct udp_socket *s = pool->places[(from + i) % pool->share];

		if (s)
			return s;
	}
	for (struct udp_socket *s = pool->retired; s; s = s->next) {
		if (s->n < SOCKET_QUERIES_MAX && s->wrong < WRONG_MAX)
			return s;
	}
	return NULL;
}

static int pick(struct upstream_peer *p, struct udp_socket **ret)
{
	struct udp_pool *pool = &p->udp;
	const struct server_series *series = &p->server->series;
	unsigned i = rng_below(loop_rng(p->w->env.loop), spread_of(pool));
	int err = ERR_LIMIT;

	if (pool->places[i] && socket_old(pool->places[i], worker_now(p->w)))
		socket_retire(pool->places[i]);
	*ret = pool->places[i];
	if (!*ret && pool->n_open < pool->share) {
		err = socket_open(p, i, ret);
		if (!err) {
			metric_inc(p->w->env.cells, series->pool_misses[0]);
			return 0;
		}
	}
	if (!*ret)
		*ret = any_open(pool, i);
	if (!*ret)
		return err;
	metric_inc(p->w->env.cells, series->pool_hits[0]);
	return 0;
}

static uint16_t fresh_id(const struct udp_socket *s, struct rng *r)
{
	uint16_t id = rng_u16(r);

	while (find_id(s, id) >= 0)
		id = rng_u16(r);
	return id;
}

/* ---------------------------------------------------------------- sending */

int upstream_udp_send(struct upstream_peer *p, struct attempt *a)
{
	struct udp_socket *s = NULL;
	int err = p->udp.share ? 0 : pool_begin(p);

	if (!err)
		err = pick(p, &s);
	if (err)
		return err;
	a->peer = p;
	a->id = fresh_id(s, loop_rng(p->w->env.loop));
	a->sent_ns = worker_now(p->w);
	wire_put_u16(a->frame + 2, a->id);
	err = udp_client_send(s->client, a->frame + 2, a->len);
	if (err)
		return err;
	a->leg = LEG_UDP;
	a->socket = s;
	a->place = s->n;
	a->wrong_before = s->wrong;
	s->ids[s->n] = a->id;
	s->who[s->n++] = a;
	s->live++;
	p->udp.live++;
	if (s->n == SOCKET_QUERIES_MAX && s->place != NO_PLACE)
		socket_retire(s);
	return 0;
}

bool upstream_udp_heard_wrong(const struct attempt *a)
{
	return a->socket->wrong != a->wrong_before;
}

struct net_addr upstream_udp_local(const struct attempt *a)
{
	struct net_addr local = {0};
	const struct net_addr *source = a->peer->w->set->c.source;

	if (source)
		local = *source;
	else if (net_addr_is_loopback(&a->peer->server->addr))
		local = a->peer->server->addr;
	else
		return local;
	net_addr_set_port(&local, udp_client_port(a->socket->client));
	return local;
}

void upstream_udp_move(const struct attempt *from, struct attempt *to)
{
	from->socket->who[from->place] = to;
}

void upstream_udp_fini(struct upstream_peer *p)
{
	struct udp_pool *pool = &p->udp;

	for (unsigned i = 0; i < pool->share; i++) {
		if (pool->places[i])
			socket_retire(pool->places[i]);
	}
	while (pool->retired)
		socket_free(pool->retired);
	timer_disarm(worker_timers(p->w), &pool->sweep);
	free(pool->places);
	*pool = (struct udp_pool){0};
}
