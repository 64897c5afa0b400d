// SPDX-License-Identifier: Apache-2.0
/* A zone of the cluster given away whole (AXFR), in the peer's order: SOA; NS of each name server and
 * their addresses; services by name, each with all its records.  Hidden namespaces, pods and PTR records
 * are not in it. */
#include "server/transfer.h"

#include "base/err.h"
#include "kube/object.h"
#include "plugin/kubernetes/kubernetes.h"
#include "wire/name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct out {
	const struct kubernetes *k;
	const struct k8s_zone *zone;
	struct transfer *t;
	struct k8s_seen seen; /* name servers */
	struct arena arena;
};

static int put(struct out *o, const uint8_t *owner, uint16_t type, const void *rdata, size_t len)
{
	return transfer_rr(o->t, owner, type, o->k->set.ttl_s, rdata, (uint16_t)len);
}

static int put_address(struct out *o, const uint8_t *owner, const uint8_t *addr, unsigned len)
{
	return put(o, owner, len == 4 ? TYPE_A : TYPE_AAAA, addr, len);
}

int k8s_transfer_srv(struct transfer *t, const uint8_t *owner, uint32_t ttl_s, unsigned weight, unsigned port,
		     const uint8_t *target)
{
	uint8_t rdata[K8S_SRV_FIXED + WIRE_NAME_MAX];
	size_t len = wire_name_len(target);

	wire_put_u16(rdata, 0);
	wire_put_u16(rdata + 2, weight);
	wire_put_u16(rdata + 4, port);
	memcpy(rdata + K8S_SRV_FIXED, target, len);
	return transfer_rr(t, owner, TYPE_SRV, ttl_s, rdata, (uint16_t)(K8S_SRV_FIXED + len));
}

/* "_http._tcp" before a service's name; false: the name would be too long. */
static bool port_name(const struct kube_port *p, const uint8_t *service, uint8_t out[WIRE_NAME_MAX])
{
	const char *proto = kube_proto_text(p->proto);
	size_t len = strlen(proto), rest = wire_name_len(service);
	uint8_t *at = out;

	if (p->name_len > WIRE_LABEL_MAX - 1 || p->name_len + len + 4 + rest > WIRE_NAME_MAX)
		return false;
	*at++ = (uint8_t)(p->name_len + 1);
	*at++ = '_';
	memcpy(at, p->name, p->name_len);
	at += p->name_len;
	*at++ = (uint8_t)(len + 1);
	*at++ = '_';
	memcpy(at, proto, len);
	memcpy(at + len, service, rest);
	return true;
}

int k8s_transfer_named_ports(struct transfer *t, struct kube_port_iter it, const uint8_t *service,
			     uint32_t ttl_s, unsigned weight, const uint8_t *target)
{
	uint8_t owner[WIRE_NAME_MAX];
	struct kube_port p;
	int err = 0;

	while (!err && kube_port_next(&it, &p)) {
		if (!p.pseudo && p.name_len && port_name(&p, service, owner))
			err = k8s_transfer_srv(t, owner, ttl_s, weight, p.port, target);
	}
	return err;
}

int k8s_transfer_ports(struct transfer *t, struct kube_port_iter ports, const uint8_t *service,
		       uint32_t ttl_s)
{
	struct kube_port_iter it = ports;
	struct kube_port p;
	int err = 0;

	while (!err && kube_port_next(&it, &p)) {
		if (!p.pseudo)
			err = k8s_transfer_srv(t, service, ttl_s, 100, p.port, service);
	}
	return err ? err : k8s_transfer_named_ports(t, ports, service, ttl_s, 100, service);
}

/* ---------------------------------------------------------------- services */

static int put_cluster_ip(struct out *o, const struct kube_service *svc, const uint8_t *name)
{
	int err = 0;

	for (unsigned i = 0; !err && i < svc->n_ip4; i++)
		err = put_address(o, name, kube_service_ip4(svc) + 4 * i, 4);
	for (unsigned i = 0; !err && i < svc->n_ip6; i++)
		err = put_address(o, name, kube_service_ip6(svc) + 16 * i, 16);
	return err ? err : k8s_transfer_ports(o->t, kube_service_ports(svc), name, o->k->set.ttl_s);
}

static int put_endpoint(struct out *o, const struct kube_slice *s, const struct kube_endpoint *e,
			const uint8_t *name, unsigned weight)
{
	uint8_t host_name[WIRE_NAME_MAX];
	char buf[K8S_DASHED_MAX];
	struct k8s_label host = k8s_host_label(o->k, e, buf);
	int err = put_address(o, name, e->addr, e->addr_len);

	if (err || !k8s_compose_into(host_name, &(struct k8s_part){host.s, host.len}, 1, name))
		return err;
	err = put_address(o, host_name, e->addr, e->addr_len);
	if (err)
		return err;
	return k8s_transfer_named_ports(o->t, kube_slice_ports(s), name, o->k->set.ttl_s, weight, host_name);
}

static int put_headless(struct out *o, const struct kube_name *n, const uint8_t *name)
{
	const struct kube_slice *s = kube_name_slices(n);
	struct kube_endpoint e;
	int err = 0;

	for (; s && !err; s = kube_slice_next(s)) {
		struct kube_endpoint_iter it = kube_slice_endpoints(s);
		unsigned count = (unsigned)s->n_ip4 + s->n_ip6, weight = count ? 100 / count : 100;

		while (!err && kube_endpoint_next(&it, &e))
			err = put_endpoint(o, s, &e, name, weight ? weight : 1);
	}
	return err;
}

static int put_service(void *arg, const struct kube_name *n)
{
	struct out *o = arg;
	struct k8s_part parts[] = {{n->name, n->name_len}, {n->ns->name, n->ns->name_len}, K8S_PART("svc")};
	const struct kube_service *svc = kube_name_service(n);
	uint8_t name[WIRE_NAME_MAX], target[WIRE_NAME_MAX];
	int len;

	if (!svc || !k8s_namespace_shown(o->k, n->ns) ||
	    !k8s_compose_into(name, parts, ARRAY_LEN(parts), o->zone->key->zone))
		return 0;
	if (svc->type == KUBE_CLUSTER_IP)
		return put_cluster_ip(o, svc, name);
	if (svc->type == KUBE_HEADLESS)
		return put_headless(o, n, name);
	len = k8s_external_target(svc, target);
	return len ? put(o, name, TYPE_CNAME, target, (size_t)len) : 0;
}

static int by_name(const void *a, const void *b)
{
	const struct kube_name *const *x = a, *const *y = b;
	size_t len = (*x)->name_len < (*y)->name_len ? (*x)->name_len : (*y)->name_len;
	int c = memcmp((*x)->name, (*y)->name, len);

	return c ? c : (*x)->name_len - (*y)->name_len;
}

int k8s_each_name(const struct kube_store *store, bool imports, struct arena *a,
		  int (*fn)(void *arg, const struct kube_name *n), void *arg)
{
	size_t cap = kube_store_count(store, imports ? KUBE_IMPORT : KUBE_SERVICE) +
		     kube_store_count(store, imports ? KUBE_IMPORT_SLICE : KUBE_SLICE);
	const struct kube_name **v = arena_alloc(a, (cap + 1) * sizeof(*v));
	struct kube_name_iter it = kube_names(store, imports);
	const struct kube_name *name;
	size_t n = 0;
	int err = 0;

	if (!v)
		return -ENOMEM;
	while (n < cap && (name = kube_name_next(&it)))
		v[n++] = name;
	qsort((void *)v, n, sizeof(*v), by_name);
	for (size_t i = 0; i < n && !err; i++)
		err = fn(arg, v[i]);
	return err;
}

/* ---------------------------------------------------------------- the zone itself */

static int put_ns(void *arg, const uint8_t *name, const uint8_t *addr, unsigned len)
{
	struct out *o = arg;

	(void)addr;
	(void)len;
	if (!k8s_seen_add(&o->seen, k8s_seen_key(name, wire_name_len(name), "", 1)))
		return 0;
	return put(o, o->zone->key->zone, TYPE_NS, name, wire_name_len(name));
}

static int put_ns_address(void *arg, const uint8_t *name, const uint8_t *addr, unsigned len)
{
	struct out *o = arg;

	if (!k8s_seen_add(&o->seen, k8s_seen_key(name, wire_name_len(name), addr, len)))
		return 0;
	return transfer_rr(o->t, name, len == 4 ? TYPE_A : TYPE_AAAA, 0, addr, (uint16_t)len);
}

static int put_zone(struct out *o)
{
	enum { SERVERS_TYPICAL = 256 };
	struct wire_plain_soa soa = k8s_soa_of(o->k, o->zone);
	const uint8_t *zone = o->zone->key->zone;
	size_t len;
	uint8_t *rdata = k8s_soa_rdata(&o->arena, &soa, zone, &len);
	int err;

	if (!rdata || !k8s_seen_init(&o->seen, &o->arena, SERVERS_TYPICAL))
		return -ENOMEM;
	err = transfer_rr(o->t, zone, TYPE_SOA, soa.ttl_s, rdata, (uint16_t)len);
	if (!err)
		err = k8s_each_server(o->k, zone, put_ns, o);
	if (!err)
		err = k8s_each_server(o->k, zone, put_ns_address, o);
	return err ? err : k8s_each_name(o->k->store, o->zone->multicluster, &o->arena, put_service, o);
}

int k8s_transfer(const void *state, const uint8_t *zone, struct transfer *t)
{
	const struct kubernetes *k = state;
	struct out o = {.k = k, .t = t};
	int err;

	for (size_t i = 0; i < k->set.n_zones; i++) {
		if (wire_name_equal(k->set.zones[i].key->zone, zone))
			o.zone = &k->set.zones[i];
	}
	if (!o.zone)
		return ERR_GONE;
	if (!kube_store_all_synced(k->store))
		return -EAGAIN; /* a part of the zone would replace the whole at a secondary */
	arena_init(&o.arena, NULL, 0, NULL);
	err = put_zone(&o);
	arena_fini(&o.arena);
	return err;
}
