// SPDX-License-Identifier: Apache-2.0
/* SRV: one record for each port and target, and the targets' addresses along with them.
 *
 * The weight is the peer's: 100 shared among all (address, port) pairs that match, doubles and pseudo ports included,
 * at least 1. */
#include "plugin/kubernetes/kubernetes.h"

#include "wire/name.h"

#include <string.h>

enum { SRV_FIXED = 6, WEIGHT_ALL = 100 };

struct srv {
	struct k8s_ask *a;
	const struct kube_name *n;
	unsigned weight, pairs;
	size_t bytes;               /* at least so many the records take; past a message's size no more are added */
	struct k8s_seen records, addresses;
	bool out_of_memory;
};

/* The target's name behind the six fixed bytes; what is in front is filled in for each port. */
static uint8_t *target(struct srv *s, const struct k8s_part *parts, unsigned n, size_t *ret_len)
{
	const uint8_t *zone = s->a->q->question + s->a->zone_off;
	uint8_t *p = k8s_compose(&s->a->q->arena, SRV_FIXED, parts, n, zone, ret_len);

	s->out_of_memory |= !p;
	return p;
}

static void add_record(struct srv *s, const uint8_t *rdata, size_t name_len, uint16_t port)
{
	uint8_t *copy;

	if (s->bytes > WIRE_MSG_MAX || !k8s_seen_add(&s->records, k8s_seen_key(rdata + SRV_FIXED, name_len, &port, sizeof(port))))
		return;
	copy = arena_copy(&s->a->q->arena, rdata, SRV_FIXED + name_len);
	if (!copy) {
		s->out_of_memory = true;
		return;
	}
	s->bytes += 12 + SRV_FIXED + name_len;
	wire_put_u16(copy, 0);
	wire_put_u16(copy + 2, s->weight);
	wire_put_u16(copy + 4, port);
	s->out_of_memory |= reply_add(s->a->q, SECTION_ANSWER, NULL, TYPE_SRV, s->a->k->set.ttl_s, copy,
				      (uint16_t)(SRV_FIXED + name_len)) != 0;
}

static void add_address(struct srv *s, const uint8_t *owner, size_t owner_len, const uint8_t *addr, unsigned len)
{
	if (!k8s_seen_add(&s->addresses, k8s_seen_key(owner, owner_len, addr, len)))
		return;
	addr = arena_copy(&s->a->q->arena, addr, len); /* the store may change before the answer is written */
	s->out_of_memory |= !addr || reply_add(s->a->q, SECTION_ADDITIONAL, owner, len == 4 ? TYPE_A : TYPE_AAAA,
					       s->a->k->set.ttl_s, addr, (uint16_t)len) != 0;
}

static bool begin(struct srv *s)
{
	struct arena *arena = &s->a->q->arena;

	s->weight = s->pairs ? WEIGHT_ALL / s->pairs : WEIGHT_ALL;
	s->weight += s->weight == 0;
	reply_begin(s->a->q, RCODE_NOERROR, true);
	return k8s_seen_init(&s->records, arena, s->pairs) && k8s_seen_init(&s->addresses, arena, s->pairs);
}

static enum k8s_outcome end(struct srv *s)
{
	if (s->out_of_memory)
		return K8S_NO_MEMORY;
	return s->a->q->reply.rr[SECTION_ANSWER] ? K8S_ANSWERED : K8S_NODATA;
}

/* The matching ports of one target at one address. */
static void add_target(struct srv *s, struct kube_port_iter ports, const uint8_t *rdata, size_t name_len,
		       const uint8_t *addr, unsigned addr_len)
{
	struct kube_port p;
	bool any = false;

	while (!s->out_of_memory && kube_port_next(&ports, &p)) {
		if (p.pseudo || !k8s_port_matches(&s->a->name, &p))
			continue;
		any = true;
		add_record(s, rdata, name_len, p.port);
	}
	if (any)
		add_address(s, rdata + SRV_FIXED, name_len, addr, addr_len);
}

static enum k8s_outcome cluster_ip(struct srv *s, const struct kube_service *svc)
{
	struct k8s_part parts[] = {{s->n->name, s->n->name_len}, {s->n->ns->name, s->n->ns->name_len}, K8S_PART("svc")};
	unsigned ports = k8s_ports_matching(&s->a->name, kube_service_ports(svc));
	uint8_t *rdata;
	size_t len;

	if (!ports)
		return K8S_NXDOMAIN;
	s->pairs = ports * (svc->n_ip4 + svc->n_ip6);
	if (!begin(s))
		return K8S_NO_MEMORY;
	rdata = target(s, parts, ARRAY_LEN(parts), &len);
	if (!rdata)
		return K8S_NO_MEMORY;
	for (unsigned i = 0; i < svc->n_ip4; i++)
		add_target(s, kube_service_ports(svc), rdata, len, kube_service_ip4(svc) + 4 * i, 4);
	for (unsigned i = 0; i < svc->n_ip6; i++)
		add_target(s, kube_service_ports(svc), rdata, len, kube_service_ip6(svc) + 16 * i, 16);
	return end(s);
}

/* ---------------------------------------------------------------- endpoints */

static uint8_t *endpoint_target(struct srv *s, const struct kube_slice *slice, const struct kube_endpoint *e,
				size_t *ret_len)
{
	char buf[K8S_DASHED_MAX];
	struct k8s_label host = k8s_host_label(s->a->k, e, buf);
	struct kube_str cluster = kube_slice_cluster(slice);
	struct k8s_part parts[5] = {{host.s, host.len}};
	unsigned n = 1;

	if (s->a->zone->multicluster && cluster.len)
		parts[n++] = (struct k8s_part){cluster.s, cluster.len};
	parts[n++] = (struct k8s_part){s->n->name, s->n->name_len};
	parts[n++] = (struct k8s_part){s->n->ns->name, s->n->ns->name_len};
	parts[n++] = K8S_PART("svc");
	return target(s, parts, n, ret_len);
}

static unsigned count_pairs(const struct k8s_ask *a, struct k8s_endpoint_walk w)
{
	const struct kube_slice *slice;
	struct kube_endpoint e;
	unsigned n = 0;

	while ((slice = k8s_walk_slice(&w))) {
		unsigned ports = k8s_ports_matching(&a->name, kube_slice_ports(slice));

		while (ports && k8s_walk_endpoint(&w, &e))
			n += ports;
	}
	return n;
}

static enum k8s_outcome endpoints(struct srv *s)
{
	struct k8s_endpoint_walk w = k8s_endpoints(s->a->k, &s->a->name, s->n);
	const struct kube_slice *slice;
	struct kube_endpoint e;
	size_t len;

	s->pairs = count_pairs(s->a, w);
	if (!s->pairs)
		return s->a->name.zonal ? K8S_NODATA : K8S_NXDOMAIN;
	if (!begin(s))
		return K8S_NO_MEMORY;
	while ((slice = k8s_walk_slice(&w))) {
		while (!s->out_of_memory && s->bytes <= WIRE_MSG_MAX && k8s_walk_endpoint(&w, &e)) {
			uint8_t *rdata = endpoint_target(s, slice, &e, &len);

			if (rdata)
				add_target(s, kube_slice_ports(slice), rdata, len, e.addr, e.addr_len);
		}
	}
	return end(s);
}

/* ---------------------------------------------------------------- services, pods */

static enum k8s_outcome service(struct k8s_ask *a)
{
	struct srv s = {.a = a};
	const struct kube_service *svc;

	if (!k8s_find_service(a, &s.n, &svc))
		return K8S_NXDOMAIN;
	if (svc->type == KUBE_CLUSTER_IP && !a->name.endpoint.len && !a->name.zonal &&
	    (!a->k->set.ignore_empty || a->zone->multicluster || kube_name_has_endpoints(s.n)))
		return cluster_ip(&s, svc);
	if (svc->type == KUBE_EXTERNAL_NAME || (svc->type == KUBE_CLUSTER_IP && !a->name.endpoint.len) ||
	    !kube_store_synced(a->store, a->zone->multicluster ? KUBE_IMPORT_SLICE : KUBE_SLICE))
		return k8s_addresses(a); /* which tells what becomes of it */
	if (a->k->set.ignore_empty && svc->type == KUBE_CLUSTER_IP && !kube_name_has_endpoints(s.n))
		return K8S_NXDOMAIN;
	return endpoints(&s);
}

/* A pod has no ports: "0 100 0" and its own name. */
static enum k8s_outcome pod(struct k8s_ask *a)
{
	const struct k8s_label *l = &a->name.service;
	struct k8s_part parts[] = {{l->s, l->len}, {a->name.ns.s, a->name.ns.len}, K8S_PART("pod")};
	struct srv s = {.a = a, .pairs = 1};
	uint8_t *rdata, addr[16];
	unsigned addr_len;
	size_t len;
	enum k8s_outcome there = k8s_addresses(a);

	if (there != K8S_NODATA || !l->len)
		return there;
	addr_len = k8s_dashed_addr(l->s, l->len, addr);
	if (!addr_len || !begin(&s))
		return K8S_NO_MEMORY;
	rdata = target(&s, parts, ARRAY_LEN(parts), &len);
	if (!rdata)
		return K8S_NO_MEMORY;
	add_record(&s, rdata, len, 0);
	add_address(&s, rdata + SRV_FIXED, len, addr, addr_len);
	return end(&s);
}

enum k8s_outcome k8s_srv(struct k8s_ask *a)
{
	if (a->zone->reverse || !a->name.service.len)
		return k8s_addresses(a);
	if (a->name.kind == K8S_NAME_SERVICE)
		return service(a);
	return a->name.kind == K8S_NAME_POD ? pod(a) : k8s_addresses(a);
}
