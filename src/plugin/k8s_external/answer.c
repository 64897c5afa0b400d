// SPDX-License-Identifier: Apache-2.0
/* Answers of an external zone. */
#include "plugin/k8s_external/k8s_external.h"

#include "wire/name.h"

#include <string.h>

/* ---------------------------------------------------------------- host names */

uint8_t *external_host_name(struct arena *a, struct kube_str host)
{
	char text[WIRE_NAME_MAX + 1];
	uint8_t name[WIRE_NAME_MAX];
	int len;

	if (host.len == 0 || host.len > WIRE_NAME_MAX)
		return NULL;
	memcpy(text, host.s, host.len);
	text[host.len] = '\0';
	len = wire_name_from_text(text, name);
	return len > 0 ? arena_copy(a, name, (size_t)len) : NULL;
}

static void add_task(struct external_query *eq, const uint8_t *target, uint16_t type)
{
	for (unsigned i = 0; i < eq->n_tasks; i++) {
		if (eq->tasks[i].type == type && wire_name_equal(eq->tasks[i].target, target))
			return;
	}
	if (eq->n_tasks < ARRAY_LEN(eq->tasks))
		eq->tasks[eq->n_tasks++] = (struct external_task){target, type};
}

/* ---------------------------------------------------------------- A, AAAA */

struct gather {
	struct external_ask *a;
	struct k8s_seen seen;
	unsigned size, n;
	uint8_t *v;
};

static bool gather_init(struct gather *g, struct external_ask *a, unsigned most)
{
	*g = (struct gather){.a = a, .size = a->q->in.qtype == TYPE_A ? 4 : 16};
	g->v = arena_alloc(&a->q->arena, (size_t)(most ? most : 1) * g->size);
	return g->v && k8s_seen_init(&g->seen, &a->q->arena, most);
}

static void gather_add(struct gather *g, const uint8_t *addr, unsigned len)
{
	if (len != g->size || !k8s_seen_add(&g->seen, k8s_seen_key(addr, len, addr, 1)))
		return;
	memcpy(g->v + (size_t)g->n++ * g->size, addr, len);
}

static bool gather_endpoints(struct gather *g)
{
	struct external_ask *a = g->a;
	struct k8s_endpoint_walk w = k8s_endpoints(a->e->k, &a->name, false, a->n);
	const struct kube_slice *s;
	struct kube_endpoint e;
	unsigned pairs = k8s_srv_pairs(&a->name, w);

	if (!gather_init(g, a, pairs))
		return false;
	while ((s = k8s_walk_slice(&w))) {
		while (k8s_ports_matching(&a->name, kube_slice_ports(s)) && k8s_walk_endpoint(&w, &e))
			gather_add(g, e.addr, e.addr_len);
	}
	return true;
}

static bool gather_externals(struct gather *g)
{
	struct external_ask *a = g->a;
	struct kube_external_iter it = kube_service_externals(a->svc);
	struct kube_external x;
	uint8_t *host;

	if (!gather_init(g, a, a->svc->n_external))
		return false;
	while (kube_external_next(&it, &x)) {
		if (x.addr_len)
			gather_add(g, x.addr, x.addr_len);
		else if ((host = external_host_name(&a->q->arena, x.host)))
			add_task(a->eq, host, a->q->in.qtype);
	}
	return true;
}

/* In record form, for what follows the addresses. */
static bool give_records(struct gather *g)
{
	reply_begin(g->a->q, RCODE_NOERROR, true);
	for (unsigned i = 0; i < g->n; i++) {
		if (reply_add(g->a->q, SECTION_ANSWER, NULL, g->a->q->in.qtype, g->a->e->ttl_s,
			      g->v + (size_t)i * g->size, (uint16_t)g->size))
			return false;
	}
	return true;
}

enum k8s_outcome external_addresses(struct external_ask *a)
{
	struct gather g = {.a = a};
	bool ok = a->by_endpoints ? gather_endpoints(&g) : gather_externals(&g);

	if (!ok)
		return K8S_NO_MEMORY;
	if (!a->eq->n_tasks)
		return k8s_give_addresses(a->q, a->e->ttl_s, g.v, g.size, g.n);
	return give_records(&g) ? external_chase(a->eq, a->q) : K8S_NO_MEMORY;
}

/* ---------------------------------------------------------------- SRV */

static uint8_t *own_target(struct external_ask *a, struct k8s_srv *s, struct k8s_label host, size_t *ret_len)
{
	struct k8s_part parts[] = {
		{host.s, host.len}, {a->n->name, a->n->name_len}, {a->n->ns->name, a->n->ns->name_len}};
	unsigned skip = host.len ? 0 : 1;

	return k8s_srv_target(s, parts + skip, ARRAY_LEN(parts) - skip, ret_len);
}

static void srv_endpoints(struct external_ask *a, struct k8s_srv *s)
{
	struct k8s_endpoint_walk w = k8s_endpoints(a->e->k, &a->name, false, a->n);
	const struct kube_slice *slice;
	struct kube_endpoint e;
	size_t len;

	while ((slice = k8s_walk_slice(&w))) {
		while (!s->out_of_memory && s->bytes <= WIRE_MSG_MAX && k8s_walk_endpoint(&w, &e)) {
			char buf[K8S_DASHED_MAX];
			uint8_t *rdata = own_target(a, s, k8s_host_label(a->e->k, &e, buf), &len);

			if (rdata)
				k8s_srv_add(s, kube_slice_ports(slice), rdata, len, e.addr, e.addr_len);
		}
	}
}

/* The target is the load balancer's own name; its addresses are asked for. */
static void srv_host(struct external_ask *a, struct k8s_srv *s, struct kube_str host)
{
	uint8_t *name = external_host_name(&a->q->arena, host), *rdata;
	size_t len;

	if (!name)
		return;
	len = wire_name_len(name);
	rdata = arena_alloc(&a->q->arena, K8S_SRV_FIXED + len);
	if (!rdata) {
		s->out_of_memory = true;
		return;
	}
	memcpy(rdata + K8S_SRV_FIXED, name, len);
	k8s_srv_add(s, kube_service_ports(a->svc), rdata, len, NULL, 0);
	add_task(a->eq, name, TYPE_A);
	add_task(a->eq, name, TYPE_AAAA);
}

static void srv_externals(struct external_ask *a, struct k8s_srv *s)
{
	struct kube_external_iter it = kube_service_externals(a->svc);
	struct kube_external x;
	size_t len = 0;
	uint8_t *rdata = own_target(a, s, (struct k8s_label){NULL, 0}, &len);

	while (rdata && kube_external_next(&it, &x)) {
		if (x.addr_len)
			k8s_srv_add(s, kube_service_ports(a->svc), rdata, len, x.addr, x.addr_len);
		else
			srv_host(a, s, x.host);
	}
}

enum k8s_outcome external_srv(struct external_ask *a)
{
	struct k8s_srv s = {
		.q = a->q,
		.filter = &a->name,
		.zone = a->q->question + a->zone_off,
		.ttl_s = a->e->k->set.ttl_s,
		.address_ttl_s = a->e->ttl_s,
	};
	enum k8s_outcome o;

	s.pairs = a->by_endpoints
			  ? k8s_srv_pairs(&a->name, k8s_endpoints(a->e->k, &a->name, false, a->n))
			  : k8s_ports_matching(&a->name, kube_service_ports(a->svc)) * a->svc->n_external;
	if (!k8s_srv_begin(&s))
		return K8S_NO_MEMORY;
	if (a->by_endpoints)
		srv_endpoints(a, &s);
	else
		srv_externals(a, &s);
	o = k8s_srv_end(&s);
	return o == K8S_ANSWERED && a->eq->n_tasks ? external_chase(a->eq, a->q) : o;
}

/* ---------------------------------------------------------------- PTR */

enum k8s_outcome external_ptr(struct external_ask *a, const uint8_t *addr, unsigned len)
{
	const struct kubernetes *k = a->e->k;
	struct kube_addr_iter it = kube_addr_find(k->store, KUBE_BY_EXTERNAL_IP, addr, len);
	const struct kube_name *n;

	reply_begin(a->q, RCODE_NOERROR, true);
	while ((n = kube_addr_next_name(&it))) {
		struct k8s_part parts[] = {{n->name, n->name_len}, {n->ns->name, n->ns->name_len}};
		size_t name_len;
		uint8_t *name;

		if (!k8s_namespace_listed(k, n->ns->name, n->ns->name_len) ||
		    (k->set.namespace_labels && !n->ns->exists))
			continue;
		name = k8s_compose(&a->q->arena, 0, parts, ARRAY_LEN(parts), a->e->keys.v[0].zone, &name_len);
		if (!name ||
		    reply_add(a->q, SECTION_ANSWER, NULL, TYPE_PTR, a->e->ttl_s, name, (uint16_t)name_len))
			return K8S_NO_MEMORY;
	}
	return a->q->reply.rr[SECTION_ANSWER] ? K8S_ANSWERED : K8S_NXDOMAIN;
}
