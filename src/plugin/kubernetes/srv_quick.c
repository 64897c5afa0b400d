// SPDX-License-Identifier: Apache-2.0
/* SRV answers of a few records, which are nearly all: gathered on the stack, compared one by one and written
 * in wire form at once (wire/plain.h).  What they hold and its order are srv.c's.
 *
 * Each target is an endpoint's label before the service's name, or that name itself; in the usual spelling
 * the question ends in it.  Endpoints are walked once: how many they are shows on the way. */
#include "plugin/kubernetes/kubernetes.h"

#include <string.h>

struct quick {
	struct k8s_ask *a;
	struct wire_plain_srvs wire;
	unsigned pairs; /* taken so far; at most WIRE_PLAIN_SRV_MAX */
	uint8_t service[WIRE_NAME_MAX]; /* its name, if the question has another spelling */
	uint8_t label[WIRE_PLAIN_SRV_MAX][1 + K8S_DASHED_MAX]; /* of endpoints without a name */
};

/* False: the service's name is longer than a name can be. */
static bool begin(struct quick *s, struct k8s_ask *a, const struct kube_name *n)
{
	const struct query *q = a->q;
	size_t off = (size_t)(a->name.service.s - 1 - q->in.qname), len = q->in.qname_len - off;

	s->a = a;
	s->pairs = 0;
	s->wire.n = s->wire.n_addresses = 0;
	s->wire.ttl_s = s->wire.address_ttl_s = a->k->set.ttl_s;
	s->wire.rest = q->question + off;
	if (unlikely(memcmp(q->question + off, q->in.qname + off, len) != 0)) {
		struct k8s_part parts[] = {{n->name, n->name_len}, {n->ns->name, n->ns->name_len}, K8S_PART("svc")};

		len = k8s_compose_into(s->service, parts, ARRAY_LEN(parts), q->question + a->zone_off);
		s->wire.rest = s->service;
	}
	s->wire.rest_len = (uint16_t)len;
	return len != 0;
}

static bool same_target(const struct wire_plain_srv *r, const uint8_t *head, unsigned len)
{
	return r->head_len == len && (r->head == head || !memcmp(r->head, head, len));
}

static inline void add_record(struct wire_plain_srvs *w, const uint8_t *head, unsigned len, uint16_t port)
{
	for (unsigned i = 0; i < w->n; i++) {
		if (w->srv[i].port == port && same_target(&w->srv[i], head, len))
			return;
	}
	w->srv[w->n++] = (struct wire_plain_srv){head, (uint8_t)len, port};
}

static inline void add_address(struct wire_plain_srvs *w, const uint8_t *head, unsigned len, const uint8_t *addr,
			       unsigned addr_len)
{
	unsigned srv = 0;

	while (!same_target(&w->srv[srv], head, len)) /* its records were added before */
		srv++;
	for (unsigned i = 0; i < w->n_addresses; i++) {
		const struct wire_plain_target_address *t = &w->address[i];

		if (t->srv == srv && t->size == addr_len && !memcmp(t->addr, addr, addr_len))
			return;
	}
	w->address[w->n_addresses++] = (struct wire_plain_target_address){addr, (uint8_t)addr_len, (uint8_t)srv};
}

/* `head` and `addr` stay until the end. */
static inline void add(struct quick *s, struct kube_port_iter ports, const uint8_t *head, unsigned len,
		       const uint8_t *addr, unsigned addr_len)
{
	struct kube_port p;
	bool any = false;

	while (kube_port_next(&ports, &p)) {
		if (p.pseudo || !k8s_port_matches(&s->a->name, &p))
			continue;
		any = true;
		add_record(&s->wire, head, len, p.port);
	}
	if (any)
		add_address(&s->wire, head, len, addr, addr_len);
}

static enum k8s_outcome end(struct quick *s)
{
	struct query *q = s->a->q;
	uint16_t flags = (uint16_t)(FLAG_AA | (q->in.flags & FLAG_OPCODE));
	const struct wire_answer *w;

	if (!s->wire.n)
		return K8S_NODATA;
	s->wire.weight = (uint16_t)k8s_srv_weight(s->pairs);
	w = wire_plain_services(&q->arena, q->question, q->in.question_len, flags, &s->wire);
	if (!w)
		return K8S_NO_MEMORY;
	reply_set_wire(q, w);
	return K8S_ANSWERED;
}

bool k8s_srv_quick_cluster_ip(struct k8s_ask *a, const struct kube_name *n, const struct kube_service *svc,
			      unsigned pairs, enum k8s_outcome *ret)
{
	struct kube_port_iter ports = kube_service_ports(svc);
	struct quick s;

	if (unlikely(pairs > WIRE_PLAIN_SRV_MAX || a->q->in.qclass != CLASS_IN))
		return false;
	*ret = K8S_NO_MEMORY;
	if (unlikely(!begin(&s, a, n)))
		return true;
	s.pairs = pairs;
	for (unsigned i = 0; i < svc->n_ip4; i++)
		add(&s, ports, s.wire.rest, 0, kube_service_ip4(svc) + 4 * i, 4);
	for (unsigned i = 0; i < svc->n_ip6; i++)
		add(&s, ports, s.wire.rest, 0, kube_service_ip6(svc) + 16 * i, 16);
	*ret = end(&s);
	return true;
}

/* ---------------------------------------------------------------- endpoints */

/* Host and cluster of a ServiceImport's endpoint.  NULL: no memory, or no label. */
static const uint8_t *two_labels(struct quick *s, const uint8_t *host, unsigned host_len, struct kube_str cluster,
				 unsigned *ret_len)
{
	uint8_t *p;

	*ret_len = host_len + 1 + cluster.len;
	if (cluster.len > WIRE_LABEL_MAX)
		return NULL; /* no API server lets it in */
	p = arena_alloc(&s->a->q->arena, *ret_len);
	if (!p)
		return NULL;
	memcpy(p, host, host_len);
	p[host_len] = (uint8_t)cluster.len;
	memcpy(p + host_len + 1, cluster.s, cluster.len);
	return p;
}

/* The endpoint's host label, with its length before it. */
static inline const uint8_t *host_of(struct quick *s, const struct kube_endpoint *e, unsigned *ret_len)
{
	uint8_t *own = s->label[s->wire.n]; /* free until its first record is added */
	struct kube_str name = e->hostname;

	if (!name.len && s->a->k->set.endpoint_pod_names)
		name = e->pod;
	if (name.len) {
		*ret_len = 1 + name.len;
		return (const uint8_t *)name.s - 1;
	}
	own[0] = (uint8_t)k8s_dashed_text(e->addr, e->addr_len, (char *)own + 1);
	*ret_len = 1u + own[0];
	return own;
}

/* False: no memory, or longer than a name can be. */
static inline bool add_endpoint(struct quick *s, const struct kube_slice *slice, const struct kube_endpoint *e)
{
	unsigned len;
	const uint8_t *head = host_of(s, e, &len);

	if (unlikely(s->a->zone->multicluster)) {
		struct kube_str cluster = kube_slice_cluster(slice);

		head = cluster.len ? two_labels(s, head, len, cluster, &len) : head;
	}
	if (unlikely(!head || len + s->wire.rest_len > WIRE_NAME_MAX))
		return false;
	add(s, kube_slice_ports(slice), head, len, e->addr, e->addr_len);
	return true;
}

bool k8s_srv_quick_endpoints(struct k8s_ask *a, const struct kube_name *n, struct k8s_endpoint_walk *w,
			     enum k8s_outcome *ret)
{
	const struct kube_slice *slice;
	struct kube_endpoint e;
	struct quick s;

	if (unlikely(a->q->in.qclass != CLASS_IN))
		return false;
	*ret = K8S_NO_MEMORY;
	if (unlikely(!begin(&s, a, n)))
		return true;
	while ((slice = k8s_walk_slice(w))) {
		unsigned ports = k8s_ports_matching(&a->name, kube_slice_ports(slice));

		while (ports && k8s_walk_endpoint(w, &e)) {
			s.pairs += ports;
			if (unlikely(s.pairs > WIRE_PLAIN_SRV_MAX))
				return false;
			if (unlikely(!add_endpoint(&s, slice, &e)))
				return true;
		}
	}
	*ret = s.pairs ? end(&s) : k8s_no_endpoints(a);
	return true;
}
