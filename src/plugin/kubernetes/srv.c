// SPDX-License-Identifier: Apache-2.0
/* SRV: one record for each port and target, and the targets' addresses along with them.
 *
 * The weight is the peer's: 100 shared among all (address, port) pairs that match, doubles and pseudo
 * ports included, at least 1. */
#include "plugin/kubernetes/kubernetes.h"

#include "wire/name.h"

#include <string.h>

enum { WEIGHT_ALL = 100 };

uint8_t *k8s_srv_target(struct k8s_srv *s, const struct k8s_part *parts, unsigned n, size_t *ret_len)
{
	uint8_t *p = k8s_compose(&s->q->arena, K8S_SRV_FIXED, parts, n, s->zone, ret_len);

	s->out_of_memory |= !p;
	return p;
}

static void add_record(struct k8s_srv *s, const uint8_t *rdata, size_t name_len, uint16_t port)
{
	size_t len = K8S_SRV_FIXED + name_len;
	uint8_t *copy;

	if (s->bytes > WIRE_MSG_MAX ||
	    !k8s_seen_add(&s->records, k8s_seen_key(rdata + K8S_SRV_FIXED, name_len, &port, sizeof(port))))
		return;
	copy = arena_copy(&s->q->arena, rdata, len);
	if (!copy) {
		s->out_of_memory = true;
		return;
	}
	s->bytes += 12 + len; /* and the owner as a pointer, type, class, TTL, length */
	wire_put_u16(copy, 0);
	wire_put_u16(copy + 2, s->weight);
	wire_put_u16(copy + 4, port);
	s->out_of_memory |=
		reply_add(s->q, SECTION_ANSWER, NULL, TYPE_SRV, s->ttl_s, copy, (uint16_t)len) != 0;
}

static void add_address(struct k8s_srv *s, const uint8_t *owner, size_t owner_len, const uint8_t *addr,
			unsigned len)
{
	uint16_t type = len == 4 ? TYPE_A : TYPE_AAAA;

	if (!k8s_seen_add(&s->addresses, k8s_seen_key(owner, owner_len, addr, len)))
		return;
	addr = arena_copy(&s->q->arena, addr, len); /* the store may change before the answer is written */
	s->out_of_memory |= !addr || reply_add(s->q, SECTION_ADDITIONAL, owner, type, s->address_ttl_s, addr,
					       (uint16_t)len) != 0;
}

unsigned k8s_srv_weight(unsigned pairs)
{
	unsigned weight = pairs ? WEIGHT_ALL / pairs : WEIGHT_ALL;

	return weight ? weight : 1;
}

bool k8s_srv_begin(struct k8s_srv *s)
{
	s->weight = k8s_srv_weight(s->pairs);
	reply_begin(s->q, RCODE_NOERROR, true);
	return k8s_seen_init(&s->records, &s->q->arena, s->pairs) &&
	       k8s_seen_init(&s->addresses, &s->q->arena, s->pairs);
}

enum k8s_outcome k8s_srv_end(struct k8s_srv *s)
{
	if (s->out_of_memory)
		return K8S_NO_MEMORY;
	return s->q->reply.rr[SECTION_ANSWER] ? K8S_ANSWERED : K8S_NODATA;
}

void k8s_srv_add(struct k8s_srv *s, struct kube_port_iter ports, const uint8_t *rdata, size_t name_len,
		 const uint8_t *addr, unsigned addr_len)
{
	struct kube_port p;
	bool any = false;

	while (!s->out_of_memory && kube_port_next(&ports, &p)) {
		if (p.pseudo || !k8s_port_matches(s->filter, &p))
			continue;
		any = true;
		add_record(s, rdata, name_len, p.port);
	}
	if (any && addr_len)
		add_address(s, rdata + K8S_SRV_FIXED, name_len, addr, addr_len);
}

unsigned k8s_srv_pairs(const struct k8s_name *filter, struct k8s_endpoint_walk w)
{
	const struct kube_slice *slice;
	struct kube_endpoint e;
	unsigned n = 0;

	while ((slice = k8s_walk_slice(&w))) {
		unsigned ports = k8s_ports_matching(filter, kube_slice_ports(slice));

		if (w.all_endpoints)
			n += ports * ((unsigned)slice->n_ip4 + slice->n_ip6);
		else
			while (ports && k8s_walk_endpoint(&w, &e))
				n += ports;
	}
	return n;
}

/* ---------------------------------------------------------------- services */

static struct k8s_srv srv_of(struct k8s_ask *a)
{
	return (struct k8s_srv){
		.q = a->q,
		.filter = &a->name,
		.zone = a->q->question + a->zone_off,
		.ttl_s = a->k->set.ttl_s,
		.address_ttl_s = a->k->set.ttl_s,
	};
}

static enum k8s_outcome cluster_ip(struct k8s_ask *a, const struct kube_name *n,
				   const struct kube_service *svc)
{
	struct k8s_part parts[] = {{n->name, n->name_len}, {n->ns->name, n->ns->name_len}, K8S_PART("svc")};
	unsigned ports = k8s_ports_matching(&a->name, kube_service_ports(svc));
	unsigned pairs = ports * (svc->n_ip4 + svc->n_ip6);
	enum k8s_outcome ret;
	struct k8s_srv s;
	uint8_t *rdata;
	size_t len;

	if (!ports)
		return K8S_NXDOMAIN;
	if (likely(k8s_srv_quick_cluster_ip(a, n, svc, pairs, &ret)))
		return ret;
	s = srv_of(a);
	s.pairs = pairs;
	if (!k8s_srv_begin(&s))
		return K8S_NO_MEMORY;
	rdata = k8s_srv_target(&s, parts, ARRAY_LEN(parts), &len);
	if (!rdata)
		return K8S_NO_MEMORY;
	for (unsigned i = 0; i < svc->n_ip4; i++)
		k8s_srv_add(&s, kube_service_ports(svc), rdata, len, kube_service_ip4(svc) + 4 * i, 4);
	for (unsigned i = 0; i < svc->n_ip6; i++)
		k8s_srv_add(&s, kube_service_ports(svc), rdata, len, kube_service_ip6(svc) + 16 * i, 16);
	return k8s_srv_end(&s);
}

/* What its SRV records lead to, the rdata's fixed part left free in front.  NULL: no memory. */
static uint8_t *endpoint_target(struct k8s_ask *a, const struct kube_slice *slice,
				const struct kube_endpoint *e, size_t *ret_len)
{
	const struct kube_name *svc = slice->name;
	char buf[K8S_DASHED_MAX];
	struct k8s_label host = k8s_host_label(a->k, e, buf);
	struct kube_str cluster = kube_slice_cluster(slice);
	struct k8s_part parts[5] = {{host.s, host.len}};
	unsigned n = 1;

	if (a->zone->multicluster && cluster.len)
		parts[n++] = (struct k8s_part){cluster.s, cluster.len};
	parts[n++] = (struct k8s_part){svc->name, svc->name_len};
	parts[n++] = (struct k8s_part){svc->ns->name, svc->ns->name_len};
	parts[n++] = K8S_PART("svc");
	return k8s_compose(&a->q->arena, K8S_SRV_FIXED, parts, n, a->q->question + a->zone_off, ret_len);
}

static enum k8s_outcome endpoints_many(struct k8s_ask *a, struct k8s_endpoint_walk w, unsigned pairs)
{
	struct k8s_srv s = srv_of(a);
	const struct kube_slice *slice;
	struct kube_endpoint e;
	size_t len;

	s.pairs = pairs;
	if (!k8s_srv_begin(&s))
		return K8S_NO_MEMORY;
	while ((slice = k8s_walk_slice(&w))) {
		while (!s.out_of_memory && s.bytes <= WIRE_MSG_MAX && k8s_walk_endpoint(&w, &e)) {
			uint8_t *rdata = endpoint_target(a, slice, &e, &len);

			s.out_of_memory |= !rdata;
			if (rdata)
				k8s_srv_add(&s, kube_slice_ports(slice), rdata, len, e.addr, e.addr_len);
		}
	}
	return k8s_srv_end(&s);
}

static enum k8s_outcome endpoints(struct k8s_ask *a, const struct kube_name *n)
{
	struct k8s_endpoint_walk w = k8s_endpoints(a->k, &a->name, a->zone->multicluster, n);
	const struct kube_slice *first = w.slice;
	enum k8s_outcome ret;
	unsigned pairs;

	if (likely(k8s_srv_quick_endpoints(a, n, &w, &ret)))
		return ret;
	w.slice = first;
	pairs = k8s_srv_pairs(&a->name, w);
	if (!pairs)
		return k8s_no_endpoints(a);
	return endpoints_many(a, w, pairs);
}

/* Whether the service is there to be seen at all takes more than the service. */
static bool is_plain(const struct k8s_ask *a, const struct kube_service *svc)
{
	return svc->type != KUBE_EXTERNAL_NAME && !a->name.zonal && !a->k->set.ignore_empty &&
	       kube_store_synced(a->store, a->zone->multicluster ? KUBE_IMPORT_SLICE : KUBE_SLICE);
}

static enum k8s_outcome service(struct k8s_ask *a)
{
	const struct kube_service *svc;
	const struct kube_name *n;
	/* All that A can tell as well, A tells: an ExternalName, what is hidden or not known. */
	enum k8s_outcome there;

	if (!k8s_find_service(a, &n, &svc))
		return K8S_NXDOMAIN;
	there = likely(is_plain(a, svc)) ? K8S_NODATA : k8s_addresses(a);
	if (there != K8S_NODATA || svc->type == KUBE_EXTERNAL_NAME)
		return there;
	if (svc->type == KUBE_CLUSTER_IP && !a->name.endpoint.len)
		return cluster_ip(a, n, svc);
	return endpoints(a, n);
}

/* A pod has no ports: "0 100 0" and its own name. */
static enum k8s_outcome pod(struct k8s_ask *a)
{
	const struct k8s_label *l = &a->name.service;
	struct k8s_part parts[] = {{l->s, l->len}, {a->name.ns.s, a->name.ns.len}, K8S_PART("pod")};
	enum k8s_outcome there = k8s_addresses(a);
	struct k8s_srv s = srv_of(a);
	uint8_t *rdata, addr[16];
	unsigned addr_len;
	size_t len;

	if (there != K8S_NODATA)
		return there;
	s.pairs = 1;
	addr_len = k8s_dashed_addr(l->s, l->len, addr);
	if (!addr_len || !k8s_srv_begin(&s))
		return K8S_NO_MEMORY;
	rdata = k8s_srv_target(&s, parts, ARRAY_LEN(parts), &len);
	if (!rdata)
		return K8S_NO_MEMORY;
	add_record(&s, rdata, len, 0);
	add_address(&s, rdata + K8S_SRV_FIXED, len, addr, addr_len);
	return k8s_srv_end(&s);
}

enum k8s_outcome k8s_srv_answer(struct k8s_ask *a)
{
	if (a->zone->reverse || !a->name.service.len)
		return k8s_addresses(a);
	if (a->name.kind == K8S_NAME_SERVICE)
		return service(a);
	return a->name.kind == K8S_NAME_POD ? pod(a) : k8s_addresses(a);
}
