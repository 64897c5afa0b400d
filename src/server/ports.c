// SPDX-License-Identifier: Apache-2.0
/* The table of open ports: which a generation needs, opening, handing to workers, retiring. */

#include "base/err.h"
#include "base/log.h"
#include "server/generation.h"
#include "server/runtime_internal.h"
#include "server/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct port *find_port(const struct listener *l)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		struct port *p = runtime.ports[i];

		if (p && !p->retiring && p->transport == l->transport && net_addr_equal(&p->at, &l->at))
			return p;
	}
	return NULL;
}

static void port_free(struct port *p)
{
	for (unsigned i = 0; i < p->n_workers; i++) {
		if (p->udp_fds[i] >= 0)
			close(p->udp_fds[i]);
		if (p->tcp_fds[i] >= 0)
			close(p->tcp_fds[i]);
	}
	runtime.ports[p->id] = NULL;
	free(p->udp_fds);
	free(p->tcp_fds);
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
	p->n_workers = runtime.n_workers;
	p->parts = calloc(p->n_workers, sizeof(*p->parts));
	p->udp_fds = calloc(p->n_workers, sizeof(int));
	p->tcp_fds = calloc(p->n_workers, sizeof(int));
	if (!p->parts || !p->udp_fds || !p->tcp_fds) {
		free(p->parts);
		free(p->udp_fds);
		free(p->tcp_fds);
		free(p);
		return NULL;
	}
	for (unsigned i = 0; i < p->n_workers; i++)
		p->udp_fds[i] = p->tcp_fds[i] = -1;
	runtime.ports[id] = p;
	return p;
}

/* Go's words for the failures that people know, by one of its own errors' form. */
static const char *open_error(struct generation *g, const struct listener *l, const char *kind, int err)
{
	char text[NET_ADDR_TEXT_MAX];

	return arena_printf(&g->arena, "listen %s %s: bind: %s", kind, net_addr_port_text(&l->at, text), err_text(err));
}

static int port_open(struct generation *g, struct listener *l, struct port *p, const char **ret_error)
{
	/* TCP first, as the peer does: who waits for TCP to accept finds UDP open a moment later. */
	for (unsigned i = 0; i < p->n_workers; i++) {
		p->udp_fds[i] = listen_udp(&l->at);
		if (p->udp_fds[i] < 0) {
			*ret_error = open_error(g, l, "udp", p->udp_fds[i]);
			return p->udp_fds[i];
		}
		p->tcp_fds[i] = listen_tcp(&l->at);
		if (p->tcp_fds[i] < 0) {
			*ret_error = open_error(g, l, "tcp", p->tcp_fds[i]);
			return p->tcp_fds[i];
		}
	}
	return 0;
}

static int want(struct generation *g, struct listener *l, const char **ret_error)
{
	struct port *p = find_port(l);
	int err = 0;

	if (!p) {
		p = port_new(l);
		if (!p) {
			*ret_error = "too many listening addresses";
			return ERR_LIMIT;
		}
		p->fresh = true;
		err = port_open(g, l, p, ret_error);
	}
	p->wanted = true;
	l->port_id = p->id;
	return err;
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

void ports_close_fresh(void)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (runtime.ports[i] && runtime.ports[i]->fresh)
			port_free(runtime.ports[i]);
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

static void take(struct worker *w, struct port *p)
{
	struct port_worker *pw = &p->parts[w->index];
	int udp = p->udp_fds[w->index], tcp = p->tcp_fds[w->index];
	int err;

	pw->port = p;
	pw->w = w;
	p->udp_fds[w->index] = p->tcp_fds[w->index] = -1;
	err = net_port_start(w->loop, w->tcp, udp, tcp, &p->at, p->transport, &tcp_limits_default, pw, query_receive, w,
			     &pw->net);
	if (err)
		log_line(LOG_ERROR, "worker %u cannot serve a port: %s", w->index, err_text(err));
	else
		__atomic_add_fetch(&p->n_open, 1, __ATOMIC_RELAXED);
}

void ports_take(struct worker *w, struct gen_worker *old)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		struct port *p = runtime.ports[i];
		struct port_worker *pw = p ? &p->parts[w->index] : NULL;

		if (p && p->fresh && p->wanted) {
			take(w, p);
		} else if (p && !p->wanted && pw->net && !pw->pinned) {
			pw->pinned = old;
			gen_worker_hold(old);
			net_port_retire(pw->net, part_gone, pw);
		}
	}
}

void ports_settle(void)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		struct port *p = runtime.ports[i];

		if (!p)
			continue;
		p->fresh = false;
		p->retiring |= !p->wanted;
		if (p->retiring && __atomic_load_n(&p->n_open, __ATOMIC_ACQUIRE) == 0)
			port_free(p);
	}
}

void ports_unwant_all(void)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (runtime.ports[i])
			runtime.ports[i]->wanted = false;
	}
}
