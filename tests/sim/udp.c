// SPDX-License-Identifier: Apache-2.0
/* Datagrams of the simulated door. */
#include "door.h"
#include "site.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { FD_BASE = 1 << 20, QUIET_MS = 50, ANSWER_MS = 5000, SOCKETS_MAX = 256 };

/* ---------------------------------------------------------------- server sockets */

struct udp_server {
	int fd;
	struct loop *loop; /* NULL: bound, not served yet */
	struct net_addr local;
	udp_receive_fn fn;
	void *arg;
	uint32_t serial;
	bool bound; /* in the reuseport group */
	bool reading, open;
	uint64_t last_rx_ns;
	struct timer timer;
	void (*done)(void *arg);
	void *done_arg;
	struct datagram *waiting, **waiting_last; /* before it is served */
};

static struct {
	struct udp_server *v[SOCKETS_MAX];
	unsigned n;
} servers;

void sim_udp_reset(void)
{
	servers.n = 0;
}

/* Arrives at a socket, of either kind. */
struct datagram {
	struct timer timer;
	struct arrival arrival;
	struct datagram *next;
	struct udp_server *server;
	struct udp_client *client;
	struct net_addr from;
	uint16_t port;
	int err;
	void (*arrived)(void *arg);
	void *arg;
	size_t len;
	uint8_t data[];
};

static struct datagram *datagram_new(const uint8_t *data, size_t len)
{
	struct datagram *d = world_alloc(sizeof(*d) + len);

	d->len = len;
	if (len)
		memcpy(d->data, data, len);
	return d;
}

int sim_udp_bind(const struct net_addr *at)
{
	struct udp_server *s = world_alloc(sizeof(*s));

	assert(servers.n < SOCKETS_MAX);
	s->fd = FD_BASE + (int)servers.n;
	s->local = *at;
	s->bound = true;
	s->waiting_last = &s->waiting;
	servers.v[servers.n++] = s;
	return s->fd;
}

int udp_server_start(struct loop *l, int fd, const struct net_addr *local, udp_receive_fn fn, void *arg,
		     struct udp_server **ret)
{
	struct udp_server *s = servers.v[fd - FD_BASE];

	(void)local;
	s->loop = l;
	s->fn = fn;
	s->arg = arg;
	s->open = s->reading = true;
	l->n_udp_servers++;
	while (s->waiting) {
		struct datagram *d = s->waiting;

		s->waiting = d->next;
		loop_arrive(l, &d->arrival);
	}
	*ret = s;
	return 0;
}

static void server_read(struct arrival *a)
{
	struct datagram *d = container_of(a, struct datagram, arrival);
	struct udp_server *s = d->server;
	struct udp_return ret = {.server = s, .peer = d->from, .local = s->local, .serial = s->serial};

	if (!s->reading)
		return;
	s->loop->core.stats.udp_rx++;
	s->last_rx_ns = s->loop->core.now_ns;
	s->fn(s->arg, d->data, d->len, &ret);
}

/* The kernel's choice among the sockets of a port is by a hash of the addresses. */
static struct udp_server *choose(const struct net_addr *from, uint16_t port)
{
	struct udp_server *group[SOCKETS_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < servers.n; i++) {
		if (servers.v[i]->bound && net_addr_port(&servers.v[i]->local) == port)
			group[n++] = servers.v[i];
	}
	return n ? group[(net_addr_port(from) * 2654435761u >> 16) % n] : NULL;
}

static void at_server(struct timer *t)
{
	struct datagram *d = container_of(t, struct datagram, timer);

	d->server = choose(&d->from, d->port);
	d->arrival.run = server_read;
	if (!d->server)
		return;
	if (d->server->loop) {
		loop_arrive(d->server->loop, &d->arrival);
	} else {
		*d->server->waiting_last = d;
		d->server->waiting_last = &d->next;
	}
}

void sim_udp_to_server(const struct net_addr *from, uint16_t port, const uint8_t *data, size_t len,
		       uint64_t delay_ns)
{
	struct datagram *d = datagram_new(data, len);

	d->from = *from;
	d->port = port;
	d->timer.fire = at_server;
	world_after(&d->timer, delay_ns);
}

void udp_server_close(struct udp_server *s)
{
	assert(s->open);
	timer_disarm(&s->loop->core.timers, &s->timer);
	s->open = s->reading = s->bound = false;
	s->serial++;
	s->loop->n_udp_servers--;
}

static void answers_over(struct timer *t)
{
	udp_server_close(container_of(t, struct udp_server, timer));
}

static void look_if_quiet(struct timer *t)
{
	struct udp_server *s = container_of(t, struct udp_server, timer);
	uint64_t quiet_ns = s->last_rx_ns + QUIET_MS * NS_PER_MS;

	if (s->loop->core.now_ns < quiet_ns) {
		if (timer_arm(&s->loop->core.timers, &s->timer, quiet_ns))
			assert(false);
		return;
	}
	s->reading = false;
	s->timer.fire = answers_over;
	if (timer_arm(&s->loop->core.timers, &s->timer, s->loop->core.now_ns + ANSWER_MS * NS_PER_MS))
		assert(false);
	s->done(s->done_arg);
}

/* The simulated kernel has always room: there is nothing to shed. */
int udp_server_set_shed(struct udp_server *s, const struct udp_shed_counters *c)
{
	return 0;
}

void udp_server_retire(struct udp_server *s, void (*done)(void *arg), void *arg)
{
	s->bound = false;
	s->done = done;
	s->done_arg = arg;
	s->timer.fire = look_if_quiet;
	if (timer_arm(&s->loop->core.timers, &s->timer, s->loop->core.now_ns + QUIET_MS * NS_PER_MS))
		assert(false);
}

/* ---------------------------------------------------------------- answers to clients */

uint8_t *udp_reply_begin(const struct udp_return *to, size_t cap)
{
	struct udp_server *s = to->server;

	assert(cap <= UDP_TX_MAX && s->loop->in_turn);
	if (s->serial != to->serial)
		return NULL;
	if (!s->loop->reply)
		s->loop->reply = world_alloc(UDP_TX_MAX);
	return s->loop->reply;
}

static void at_client(struct timer *t)
{
	struct datagram *d = container_of(t, struct datagram, timer);

	client_udp_receive(&d->from, d->data, d->len);
}

void udp_reply_end(const struct udp_return *to, size_t len)
{
	struct datagram *d = datagram_new(to->server->loop->reply, len);

	d->from = to->peer;
	d->timer.fire = at_client;
	world_after(&d->timer, world_between(20 * NS_PER_US, 300 * NS_PER_US));
}

/* ---------------------------------------------------------------- connected sockets */

struct udp_client {
	struct loop *loop;
	struct site *site;
	const struct udp_client_ops *ops;
	void *arg;
	uint16_t port;
	bool closed;
};

int udp_client_open(struct loop *l, const struct net_addr *peer, const struct net_addr *source,
		    const struct udp_client_ops *ops, void *arg, struct udp_client **ret)
{
	struct udp_client *c = world_alloc(sizeof(*c));

	(void)source;
	c->loop = l;
	c->site = site_at(peer);
	c->ops = ops;
	c->arg = arg;
	c->port = (uint16_t)(32768 + rng_below(&l->core.rng, 28232));
	if (!c->site)
		return -ENETUNREACH;
	l->n_udp_clients++;
	*ret = c;
	return 0;
}

static void at_site(struct timer *t)
{
	struct datagram *d = container_of(t, struct datagram, timer);

	site_udp_receive(d->client->site, d->client, d->data, d->len);
}

int udp_client_send(struct udp_client *c, const uint8_t *data, size_t len)
{
	struct datagram *d = datagram_new(data, len);

	assert(!c->closed);
	c->loop->core.stats.upstream_tx++;
	site_paced();
	d->client = c;
	d->timer.fire = at_site;
	world_after(&d->timer, site_delay_ns(c->site));
	return 0;
}

uint16_t udp_client_port(const struct udp_client *c)
{
	return c->port;
}

void udp_client_close(struct udp_client *c)
{
	assert(!c->closed);
	c->closed = true;
	c->loop->n_udp_clients--;
}

static void client_read(struct arrival *a)
{
	struct datagram *d = container_of(a, struct datagram, arrival);
	struct udp_client *c = d->client;

	if (c->closed)
		return;
	if (d->err) {
		c->ops->error(c->arg, d->err);
		return;
	}
	if (d->arrived)
		d->arrived(d->arg);
	c->ops->receive(c->arg, d->data, d->len);
}

static void at_socket(struct timer *t)
{
	struct datagram *d = container_of(t, struct datagram, timer);

	d->arrival.run = client_read;
	if (!d->client->closed)
		loop_arrive(d->client->loop, &d->arrival);
}

static struct datagram *to_socket(struct udp_client *c, const uint8_t *data, size_t len, uint64_t delay_ns)
{
	struct datagram *d = datagram_new(data, len);

	d->client = c;
	d->timer.fire = at_socket;
	world_after(&d->timer, delay_ns);
	return d;
}

void sim_udp_to_socket(struct udp_client *c, const uint8_t *data, size_t len, uint64_t delay_ns,
		       void (*arrived)(void *arg), void *arg)
{
	struct datagram *d = to_socket(c, data, len, delay_ns);

	d->arrived = arrived;
	d->arg = arg;
}

void sim_udp_error(struct udp_client *c, int err, uint64_t delay_ns)
{
	to_socket(c, NULL, 0, delay_ns)->err = err;
}
