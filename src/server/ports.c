// SPDX-License-Identifier: Apache-2.0
/* The table of open ports: which a generation needs, opening, handing to workers, retiring. */

#include "base/err.h"
#include "base/log.h"
#include "net/inherited.h"
#include "server/generation.h"
#include "server/runtime_internal.h"
#include "server/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	NONE_GIVEN = -2000, /* no error of ours or of the system */
	FREE_PORTS = 1024, /* from here on anyone may listen */
};

static struct port *find_port(const struct listener *l)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		struct port *p = runtime.ports[i];

		if (p && !p->retiring && p->transport == l->transport && net_addr_equal(&p->at, &l->at))
			return p;
	}
	return NULL;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Drop the parts from `n` on, which no worker has taken. */
static void cut_parts(struct port *p, unsigned n)
{
	for (; p->n_parts > n; p->n_parts--) {
		struct port_worker *pw = p->parts[p->n_parts - 1];

		close_fd(&pw->udp_fd);
		close_fd(&pw->tcp_fd);
		free(pw);
	}
}

static void port_free(struct port *p)
{
	cut_parts(p, 0);
	runtime.ports[p->id] = NULL;
	free(p->parts);
	free(p);
}

static struct port *port_new(const struct listener *l)
{
	struct port *p;
	unsigned id = 0;

	while (id < PORTS_MAX && runtime.ports[id])
		id++;
	if (id == PORTS_MAX)
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->id = id;
	p->at = l->at;
	p->transport = l->transport;
	runtime.ports[id] = p;
	return p;
}

/* Go's words for the failures that people know, by one of its own errors' form. */
static const char *open_error(struct generation *g, const struct listener *l, const char *kind, int err)
{
	const char *hint = "";
	char text[NET_ADDR_TEXT_MAX];

	if (err == -EACCES && net_addr_port(&l->at) < FREE_PORTS)
		hint = "; ports below 1024 take the capability CAP_NET_BIND_SERVICE, which this process lacks (a container: capabilities.add "
		       "NET_BIND_SERVICE; systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE or a socket unit; a file: setcap "
		       "cap_net_bind_service=+ep), or the sysctl net.ipv4.ip_unprivileged_port_start";
	return arena_printf(&g->arena, "listen %s %s: bind: %s%s", kind, net_addr_port_text(&l->at, text), err_text(err), hint);
}

static bool failed(int fd)
{
	return fd < 0 && fd != NONE_GIVEN;
}

/* A socket for the i-th part of a port: one that the process was given, if it was given any of this address and kind, else
 * a new one.  NONE_GIVEN: it was given fewer than there are parts, and this part goes without. */
static int open_udp(const struct net_addr *at, unsigned i)
{
	unsigned n = inherited_count(at, SOCK_DGRAM);

	return !n ? listen_udp(at) : i < n ? inherited_open(at, SOCK_DGRAM, i) : NONE_GIVEN;
}

static int open_tcp(const struct net_addr *at, unsigned i)
{
	unsigned n = inherited_count(at, SOCK_STREAM);

	return !n ? listen_tcp_bound(at) : i < n ? inherited_open(at, SOCK_STREAM, i) : NONE_GIVEN;
}

/* Nobody can connect before the plugins have started and the workers serve (start_part): who waits for TCP to accept
 * finds everything there. */
static int open_sockets(struct generation *g, const struct listener *l, struct port_worker *pw, const char **ret_error)
{
	pw->udp_fd = open_udp(&l->at, pw->index);
	if (failed(pw->udp_fd)) {
		*ret_error = open_error(g, l, "udp", pw->udp_fd);
		return pw->udp_fd;
	}
	pw->tcp_fd = open_tcp(&l->at, pw->index);
	if (failed(pw->tcp_fd)) {
		*ret_error = open_error(g, l, "tcp", pw->tcp_fd);
		return pw->tcp_fd;
	}
	return 0;
}

static struct port_worker *add_part(struct port *p)
{
	struct port_worker *pw = calloc(1, sizeof(*pw));

	if (!pw)
		return NULL;
	pw->port = p;
	pw->w = runtime.workers[p->n_parts % runtime.n_workers];
	pw->fresh = true;
	pw->index = p->n_parts;
	pw->udp_fd = pw->tcp_fd = -1;
	p->parts[p->n_parts++] = pw;
	return pw;
}

/* A fresh port's sockets are opened now, so that what cannot be opened fails the publish.  Those that a port gets
 * additionally are opened by their workers: one that is open is sent packets, which would be lost if the publish
 * failed later. */
static int add_parts(struct generation *g, const struct listener *l, struct port *p, const char **ret_error)
{
	struct port_worker **parts = realloc(p->parts, (p->n_parts + p->n_sockets) * sizeof(*parts));
	int err = 0;

	if (!parts)
		return -ENOMEM;
	p->parts = parts;
	while (p->n_parts < p->n_sockets && !err) {
		struct port_worker *pw = add_part(p);

		if (!pw)
			err = -ENOMEM;
		else if (p->fresh)
			err = open_sockets(g, l, pw, ret_error);
	}
	return err;
}

/* None that was given may go unread: who gave it has its share of the queries sent there. */
static unsigned sockets_of(const struct listener *l)
{
	unsigned n = l->settings.sockets ? l->settings.sockets : runtime.n_workers;
	unsigned udp = inherited_count(&l->at, SOCK_DGRAM), tcp = inherited_count(&l->at, SOCK_STREAM);

	n = udp > n ? udp : n;
	return tcp > n ? tcp : n;
}

static int want(struct generation *g, struct listener *l, const char **ret_error)
{
	struct port *p = find_port(l);

	if (!p) {
		p = port_new(l);
		if (!p) {
			*ret_error = "too many listening addresses";
			return ERR_LIMIT;
		}
		p->fresh = true;
	}
	p->wanted = true;
	p->n_sockets = sockets_of(l);
	l->port_id = p->id;
	return add_parts(g, l, p, ret_error);
}

int ports_open(struct generation *g, const char **ret_error)
{
	g->n_by_port = PORTS_MAX;
	g->by_port = arena_zalloc(&g->arena, PORTS_MAX * sizeof(struct listener *));
	if (!g->by_port) {
		*ret_error = "out of memory";
		return -ENOMEM;
	}
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (runtime.ports[i])
			runtime.ports[i]->wanted = false;
	}
	for (size_t i = 0; i < g->n_listeners; i++) {
		int err = want(g, &g->listeners[i], ret_error);

		if (err) {
			ports_close_fresh();
			return err;
		}
		g->by_port[g->listeners[i].port_id] = &g->listeners[i];
	}
	return 0;
}

/* What this publish has added to a port that stays. */
static void drop_added(struct port *p)
{
	unsigned kept = p->n_parts;

	while (kept && p->parts[kept - 1]->fresh)
		kept--;
	cut_parts(p, kept);
}

void ports_close_fresh(void)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		struct port *p = runtime.ports[i];

		if (p && p->fresh)
			port_free(p);
		else if (p)
			drop_added(p);
	}
}

static void part_gone(void *arg)
{
	struct port_worker *pw = arg;
	struct gen_worker *pinned = pw->pinned;

	pw->net = NULL;
	pw->pinned = NULL;
	__atomic_sub_fetch(&pw->port->n_open, 1, __ATOMIC_RELEASE);
	if (pinned)
		gen_worker_release(pinned);
}

static void report(const struct port_worker *pw, int err)
{
	char text[NET_ADDR_TEXT_MAX];

	log_line(LOG_ERROR, "worker %u cannot serve a socket of %s: %s", pw->w->index,
		 net_addr_port_text(&pw->port->at, text), err_text(err));
}

/* The limits of connections with these settings. */
static struct tcp_limits tcp_limits(const struct listener_settings *s)
{
	struct tcp_limits l = tcp_limits_default;

	if (s->first_ms)
		l.first_ms = s->first_ms;
	if (s->idle_ms)
		l.idle_ms = s->idle_ms;
	if (s->write_ms)
		l.write_ms = s->write_ms;
	if (s->max_tcp_queries)
		l.max_queries = s->max_tcp_queries;
	return l;
}

/* The listener's settings, to a part that serves. */
static int apply(struct port_worker *pw, const struct listener *l)
{
	const struct tcp_limits limits = tcp_limits(&l->settings);
	const struct listener_shed *shed = l->settings.shed;
	size_t i = (size_t)(l - pw->w->gen->gen->listeners);
	int err = net_port_set_proxy(pw->net, l->settings.proxy, pw->w->cells);

	net_port_set_limits(pw->net, &limits);
	if (err)
		return err;
	if (!shed)
		return net_port_set_shed(pw->net, NULL);
	return net_port_set_shed(pw->net, &(struct udp_shed_counters){pw->w->cells, shed->queries[i], shed->responses[i]});
}

static void start_part(struct port_worker *pw, const struct listener *l)
{
	struct worker *w = pw->w;
	struct port *p = pw->port;
	const struct tcp_limits limits = tcp_limits(&l->settings);
	int udp = pw->udp_fd, tcp = pw->tcp_fd;
	int err = 0;

	if (!p->fresh) {
		udp = open_udp(&p->at, pw->index);
		tcp = open_tcp(&p->at, pw->index);
	}
	pw->udp_fd = pw->tcp_fd = -1;
	if (tcp >= 0 && (err = listen_tcp_begin(tcp)))
		report(pw, err); /* somebody else was quicker, between our bind and this; UDP serves */
	err = net_port_start(w->loop, w->tcp, udp < 0 ? -1 : udp, tcp < 0 ? -1 : tcp, &p->at, p->transport, &limits, pw,
			     query_receive, w, &pw->net);
	if (!err)
		__atomic_add_fetch(&p->n_open, 1, __ATOMIC_RELAXED);
	if (!err)
		err = apply(pw, l);
	if (err || failed(udp) || failed(tcp))
		report(pw, err ? err : failed(udp) ? udp : tcp);
}

/* A part of a port that stays: its settings, and whether it has a UDP socket, may have changed. */
static void change_part(struct port_worker *pw, const struct listener *l, bool udp)
{
	int fd, err = apply(pw, l);

	if (udp)
		net_port_keep_udp(pw->net);
	else
		net_port_drop_udp(pw->net);
	if (udp && !net_port_has_udp(pw->net)) {
		fd = open_udp(&pw->port->at, pw->index);
		if (fd == NONE_GIVEN)
			return;
		err = fd < 0 ? fd : net_port_add_udp(pw->net, fd, &pw->port->at);
	}
	if (err)
		report(pw, err);
}

static void retire_part(struct port_worker *pw, struct gen_worker *old)
{
	pw->pinned = old;
	gen_worker_hold(old);
	net_port_retire(pw->net, part_gone, pw);
}

static void take_port(struct worker *w, struct port *p, struct gen_worker *old)
{
	const struct listener *l = p->wanted ? w->gen->gen->by_port[p->id] : NULL;

	for (unsigned i = w->index; i < p->n_parts; i += runtime.n_workers) {
		struct port_worker *pw = p->parts[i];

		if (l && pw->fresh)
			start_part(pw, l);
		else if (l && pw->net)
			change_part(pw, l, i < p->n_sockets);
		else if (!l && pw->net && !pw->pinned)
			retire_part(pw, old);
	}
}

void ports_take(struct worker *w, struct gen_worker *old)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (runtime.ports[i])
			take_port(w, runtime.ports[i], old);
	}
}

void ports_settle(void)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		struct port *p = runtime.ports[i];

		if (!p)
			continue;
		p->fresh = false;
		for (unsigned k = 0; k < p->n_parts; k++)
			p->parts[k]->fresh = false;
		p->retiring |= !p->wanted;
		if (p->retiring && __atomic_load_n(&p->n_open, __ATOMIC_ACQUIRE) == 0)
			port_free(p);
	}
}

void ports_let_go(struct worker *w)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		struct port *p = runtime.ports[i];

		for (unsigned k = w->index; p && k < p->n_parts; k += runtime.n_workers) {
			if (p->parts[k]->net)
				net_port_let_go(p->parts[k]->net);
		}
	}
}

void ports_unwant_all(void)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (runtime.ports[i])
			runtime.ports[i]->wanted = false;
	}
}
