// SPDX-License-Identifier: Apache-2.0
/* A and AAAA; for all other types whether the name exists. */
#include "plugin/kubernetes/kubernetes.h"

#include <string.h>

/* Address bytes that the question's type asks for; 0: another type. */
static unsigned size_wanted(const struct query *q)
{
	return q->in.qtype == TYPE_A ? 4 : q->in.qtype == TYPE_AAAA ? 16 : 0;
}

enum k8s_outcome k8s_give_addresses(struct query *q, uint32_t ttl_s, const uint8_t *addrs, unsigned size,
				    unsigned n)
{
	uint16_t flags = (uint16_t)(FLAG_AA | (q->in.flags & FLAG_OPCODE));
	const struct wire_answer *a;

	if (!n)
		return K8S_NODATA;
	a = wire_plain_addresses(&q->arena, q->question, q->in.question_len, flags, ttl_s, addrs, size, n);
	if (!a)
		return K8S_NO_MEMORY;
	reply_set_wire(q, a);
	/* More than a message holds is no upstream's failure: it goes out, also over a stream. */
	q->reply.cut = false;
	q->reply.no_store = a->truncated;
	return K8S_ANSWERED;
}

static enum k8s_outcome cluster_ip(struct k8s_ask *a, const struct kube_service *svc)
{
	const struct kubernetes *k = a->k;

	if (!k8s_ports_matching(&a->name, kube_service_ports(svc)))
		return K8S_NXDOMAIN;
	switch (size_wanted(a->q)) {
	case 4:
		return k8s_give_addresses(a->q, k->set.ttl_s, kube_service_ip4(svc), 4, svc->n_ip4);
	case 16:
		return k8s_give_addresses(a->q, k->set.ttl_s, kube_service_ip6(svc), 16, svc->n_ip6);
	default:
		return K8S_NODATA;
	}
}

/* ---------------------------------------------------------------- endpoints */

/* Up to so many are compared one by one, which is quicker than a table. */
enum { GATHER_FEW = 16 };

struct gather {
	uint8_t *v;
	unsigned size, n, cap;
	struct k8s_seen seen;
};

static unsigned family_count(const struct kube_slice *s, unsigned size)
{
	return size == 4 ? s->n_ip4 : size == 16 ? s->n_ip6 : 0;
}

static bool is_new(struct gather *g, const uint8_t *addr)
{
	if (g->cap > GATHER_FEW)
		return k8s_seen_add(&g->seen, g->size == 4 ? (uint64_t)1 << 32 | wire_u32(addr)
							   : k8s_seen_key(addr, 8, addr + 8, 8));
	for (unsigned i = 0; i < g->n; i++) {
		if (!memcmp(g->v + i * g->size, addr, g->size))
			return false;
	}
	return true;
}

static void add(struct gather *g, const uint8_t *addr)
{
	if (g->n == g->cap || !is_new(g, addr))
		return;
	memcpy(g->v + (size_t)g->n * g->size, addr, g->size);
	g->n++;
}

/* Room for all that could come, up to one more than a message holds (which marks it as cut). */
static bool gather_init(struct gather *g, struct arena *a, struct k8s_endpoint_walk w, unsigned size)
{
	unsigned total = 0, most = WIRE_MSG_MAX / (12 + (size ? size : 4)) + 1;
	const struct kube_slice *s;

	while ((s = k8s_walk_slice(&w)))
		total += family_count(s, size);
	*g = (struct gather){.size = size, .cap = total < most ? total : most};
	if (!total)
		return true;
	g->v = arena_alloc(a, (size_t)g->cap * size);
	return g->v && (g->cap <= GATHER_FEW || k8s_seen_init(&g->seen, a, g->cap));
}

/* All endpoints of a slice, packed as they are. */
static void add_all(struct gather *g, const struct kube_slice *s)
{
	const uint8_t *addr = g->size == 4 ? kube_slice_ip4(s) : kube_slice_ip6(s);

	for (unsigned i = 0; i < family_count(s, g->size); i++)
		add(g, addr + (size_t)i * g->size);
}

/* True: the slice has a match, of whatever family. */
static bool add_matching(struct gather *g, struct k8s_endpoint_walk *w, const struct kube_slice *s)
{
	struct kube_endpoint e;
	bool found = false;

	if (w->all_endpoints) {
		add_all(g, s);
		return s->n_ip4 || s->n_ip6;
	}
	while (k8s_walk_endpoint(w, &e)) {
		found = true;
		if (e.addr_len == g->size)
			add(g, e.addr);
	}
	return found;
}

static enum k8s_outcome endpoints(struct k8s_ask *a, const struct kube_name *n)
{
	struct k8s_endpoint_walk w = k8s_endpoints(a->k, &a->name, a->zone->multicluster, n);
	const struct kube_slice *s;
	struct gather g;
	bool found = false;

	if (!gather_init(&g, &a->q->arena, w, size_wanted(a->q)))
		return K8S_NO_MEMORY;
	while ((s = k8s_walk_slice(&w))) {
		if (k8s_ports_matching(&a->name, kube_slice_ports(s)))
			found |= add_matching(&g, &w, s);
	}
	if (found)
		return k8s_give_addresses(a->q, a->k->set.ttl_s, g.v, g.size, g.n);
	return a->name.zonal ? K8S_NODATA : K8S_NXDOMAIN;
}

/* ---------------------------------------------------------------- services, pods */

static enum k8s_outcome service(struct k8s_ask *a)
{
	const struct kube_service *svc;
	const struct kube_name *n;

	if (!k8s_find_service(a, &n, &svc))
		return K8S_NXDOMAIN;
	if (svc->type == KUBE_EXTERNAL_NAME)
		return k8s_external_name(a, svc);
	if (a->name.zonal && svc->type != KUBE_HEADLESS)
		return K8S_NXDOMAIN;
	if (svc->type == KUBE_CLUSTER_IP && a->k->set.ignore_empty && !a->zone->multicluster &&
	    !kube_name_has_endpoints(n))
		return K8S_NXDOMAIN;
	if (svc->type == KUBE_CLUSTER_IP && !a->name.endpoint.len)
		return cluster_ip(a, svc);
	/* A part of a service's endpoints would pass for all of them. */
	if (unlikely(!kube_store_synced(a->store, a->zone->multicluster ? KUBE_IMPORT_SLICE : KUBE_SLICE)))
		return K8S_UNKNOWN;
	return endpoints(a, n);
}

static bool pod_is_there(const struct k8s_ask *a, const uint8_t *addr, unsigned len)
{
	struct kube_addr_iter it = kube_addr_find(a->store, KUBE_BY_POD, addr, len);
	const struct kube_pod *p;

	while ((p = kube_addr_next_pod(&it))) {
		if (p->ns->name_len == a->name.ns.len && !memcmp(p->ns->name, a->name.ns.s, a->name.ns.len))
			return true;
	}
	return false;
}

static enum k8s_outcome pod(struct k8s_ask *a)
{
	const struct k8s_label *label = &a->name.service;
	uint8_t *addr = arena_alloc(&a->q->arena, 16);
	unsigned len;

	if (!addr)
		return K8S_NO_MEMORY;
	len = k8s_dashed_addr(label->s, label->len, addr);
	if (!len || (a->k->set.pods == K8S_PODS_VERIFIED && !pod_is_there(a, addr, len)))
		return K8S_NXDOMAIN;
	if (len != size_wanted(a->q))
		return K8S_NODATA;
	return k8s_give_addresses(a->q, a->k->set.ttl_s, addr, len, 1);
}

static enum k8s_outcome below_namespace(struct k8s_ask *a)
{
	const struct k8s_name *n = &a->name;
	bool is_pod = n->kind == K8S_NAME_POD;

	if (is_pod && a->k->set.pods == K8S_PODS_DISABLED)
		return K8S_NXDOMAIN;
	if (!is_pod && n->service.len)
		return service(a);
	if (!k8s_namespace_shown(a->k, kube_namespace_find(a->store, (const char *)n->ns.s, n->ns.len)))
		return K8S_NXDOMAIN;
	return is_pod && n->service.len ? pod(a) : K8S_NODATA;
}

enum k8s_outcome k8s_addresses(struct k8s_ask *a)
{
	if (a->name.kind == K8S_NAME_BARE)
		return K8S_NODATA;
	if (a->name.kind == K8S_NAME_SERVER)
		return k8s_server_addresses(a);
	if (a->name.kind != K8S_NAME_SERVICE && a->name.kind != K8S_NAME_POD)
		return K8S_NXDOMAIN;
	/* Below a reverse zone only addresses have names. */
	return a->zone->reverse ? K8S_NXDOMAIN : below_namespace(a);
}
