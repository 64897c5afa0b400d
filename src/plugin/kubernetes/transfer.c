// SPDX-License-Identifier: Apache-2.0
/* A zone of the cluster given away whole (AXFR), in the peer's order: SOA; NS of each name server and
 * their addresses; services by name, each with all its records.  Hidden namespaces, pods and PTR records
 * are not in it.
 *
 * The services come in steps, a few dozen a step, each read when its turn comes: what changes meanwhile has a later
 * serial than the SOA that went ahead. */
#include "server/transfer.h"

#include "base/err.h"
#include "kube/object.h"
#include "plugin/kubernetes/catalog.h"
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

/* ---------------------------------------------------------------- all of them */

enum { STEP_SERVICES = 64 };

struct names {
	struct k8s_catalog catalog;
	bool sorted;
	const struct k8s_transfer_names *how;
	void *arg;
};

static int step(void *arg, struct transfer *t)
{
	struct names *s = arg;
	const struct kube_name *n;
	int err = 0;

	(void)t;
	if (!s->sorted) {
		err = k8s_catalog_step(&s->catalog);
		s->sorted = err == 0;
		return err < 0 ? err : TRANSFER_MORE;
	}
	for (unsigned i = 0; i < STEP_SERVICES && !err; i++) {
		if (!k8s_catalog_next(&s->catalog, &n))
			return 0;
		if (n)
			err = s->how->put(s->arg, n);
	}
	return err ? err : TRANSFER_MORE;
}

static void end(void *arg)
{
	struct names *s = arg;

	k8s_catalog_fini(&s->catalog);
	s->how->end(s->arg);
	free(s);
}

int k8s_transfer_each_name(struct transfer *t, const struct kube_store *store, bool imports,
			   const struct k8s_transfer_names *how, void *arg)
{
	static const struct transfer_source source = {.step = step, .end = end};
	struct names *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	k8s_catalog_init(&s->catalog, store, imports);
	s->how = how;
	s->arg = arg;
	transfer_from(t, &source, s);
	return 0;
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

static int put_apex(struct out *o)
{
	enum { SERVERS_TYPICAL = 256 };
	struct wire_plain_soa soa = k8s_soa_of(o->k, o->zone);
	const uint8_t *zone = o->zone->key->zone;
	struct arena arena;
	uint8_t *rdata;
	size_t len;
	int err = -ENOMEM;

	arena_init(&arena, NULL, 0, NULL);
	rdata = k8s_soa_rdata(&arena, &soa, zone, &len);
	if (rdata && k8s_seen_init(&o->seen, &arena, SERVERS_TYPICAL))
		err = transfer_rr(o->t, zone, TYPE_SOA, soa.ttl_s, rdata, (uint16_t)len);
	if (!err)
		err = k8s_each_server(o->k, zone, put_ns, o);
	if (!err)
		err = k8s_each_server(o->k, zone, put_ns_address, o);
	arena_fini(&arena);
	return err;
}

static int put_zone(struct out *o)
{
	static const struct k8s_transfer_names services = {put_service, free};
	int err = put_apex(o);

	return err ? err : k8s_transfer_each_name(o->t, o->k->store, o->zone->multicluster, &services, o);
}

int k8s_transfer(const void *state, const uint8_t *zone, struct transfer *t)
{
	const struct kubernetes *k = state;
	const struct k8s_zone *z = NULL;
	struct out *o;
	int err;

	for (size_t i = 0; i < k->set.n_zones; i++) {
		if (wire_name_equal(k->set.zones[i].key->zone, zone))
			z = &k->set.zones[i];
	}
	if (!z)
		return ERR_GONE;
	if (!kube_store_all_synced(k->store))
		return -EAGAIN; /* a part of the zone would replace the whole at a secondary */
	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	*o = (struct out){.k = k, .t = t, .zone = z};
	err = put_zone(o);
	if (err)
		free(o);
	return err;
}
