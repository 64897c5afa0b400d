// SPDX-License-Identifier: Apache-2.0
/* An external zone given away whole: SOA, NS and its addresses, then services by name with the addresses
 * that the world reaches them by; with `headless` endpoints too.  Host names of load balancers are CNAMEs
 * where a service has nothing else. */
#include "server/transfer.h"

#include "base/err.h"
#include "plugin/k8s_external/k8s_external.h"
#include "wire/name.h"

#include <errno.h>
#include <stdlib.h>

struct out {
	const struct k8s_external *e;
	const uint8_t *zone;
	struct transfer *t;
	uint8_t ns[WIRE_NAME_MAX];
};

static int put_address(struct out *o, const uint8_t *owner, const uint8_t *addr, unsigned len)
{
	return transfer_rr(o->t, owner, len == 4 ? TYPE_A : TYPE_AAAA, o->e->ttl_s, addr, (uint16_t)len);
}

static int put_ns_address(void *arg, const uint8_t *addr, unsigned len)
{
	struct out *o = arg;

	return put_address(o, o->ns, addr, len);
}

static int put_endpoint(struct out *o, const struct kube_slice *s, const struct kube_endpoint *e,
			const uint8_t *name, unsigned weight)
{
	uint32_t ttl_s = o->e->k->set.ttl_s;
	uint8_t host_name[WIRE_NAME_MAX];
	char buf[K8S_DASHED_MAX];
	struct k8s_label host = k8s_host_label(o->e->k, e, buf);
	int err = put_address(o, name, e->addr, e->addr_len);

	if (err || !k8s_compose_into(host_name, &(struct k8s_part){host.s, host.len}, 1, name))
		return err;
	err = put_address(o, host_name, e->addr, e->addr_len);
	return err ? err
		   : k8s_transfer_named_ports(o->t, kube_slice_ports(s), name, ttl_s, weight, host_name);
}

static int put_headless(struct out *o, const struct kube_name *n, const uint8_t *name)
{
	const struct kube_slice *s = kube_name_slices(n);
	struct kube_endpoint e;
	int err = 0;

	for (; s && !err; s = kube_slice_next(s)) {
		struct kube_endpoint_iter it = kube_slice_endpoints(s);
		unsigned count = (unsigned)s->n_ip4 + s->n_ip6,
			 weight = count && count < 100 ? 100 / count : 1;

		while (!err && kube_endpoint_next(&it, &e))
			err = put_endpoint(o, s, &e, name, weight);
	}
	return err;
}

static int put_alias(struct out *o, struct kube_str host, const uint8_t *name)
{
	struct arena arena;
	uint8_t *target;
	int err = 0;

	arena_init(&arena, NULL, 0, NULL);
	target = external_host_name(&arena, host);
	if (target)
		err = transfer_rr(o->t, name, TYPE_CNAME, o->e->k->set.ttl_s, target, (uint16_t)wire_name_len(target));
	arena_fini(&arena);
	return err;
}

static int put_externals(struct out *o, const struct kube_service *svc, const uint8_t *name)
{
	struct kube_external_iter it = kube_service_externals(svc);
	struct kube_external x;
	bool any = false;
	int err = 0;

	while (!err && kube_external_next(&it, &x)) {
		any |= x.addr_len != 0;
		if (x.addr_len)
			err = put_address(o, name, x.addr, x.addr_len);
	}
	if (err || any)
		return err ? err
			   : k8s_transfer_ports(o->t, kube_service_ports(svc), name, o->e->k->set.ttl_s);
	return put_alias(o, x.host, name);
}

static int put_service(void *arg, const struct kube_name *n)
{
	struct out *o = arg;
	struct k8s_part parts[] = {{n->name, n->name_len}, {n->ns->name, n->ns->name_len}};
	const struct kube_service *svc = kube_name_service(n);
	uint8_t name[WIRE_NAME_MAX];

	if (!svc || !k8s_namespace_shown(o->e->k, n->ns) ||
	    !k8s_compose_into(name, parts, ARRAY_LEN(parts), o->zone))
		return 0;
	if (svc->n_external)
		return put_externals(o, svc, name);
	return o->e->headless && svc->type == KUBE_HEADLESS ? put_headless(o, n, name) : 0;
}

static int put_apex(struct out *o)
{
	struct k8s_part ns[] = {K8S_PART("ns1"), {o->e->apex.s, o->e->apex.len}};
	struct wire_plain_soa soa = external_soa_of(o->e);
	size_t len, ns_len;
	struct arena arena;
	uint8_t *rdata;
	int err = -ENOMEM;

	arena_init(&arena, NULL, 0, NULL);
	rdata = k8s_soa_rdata(&arena, &soa, o->zone, &len);
	if (rdata)
		err = transfer_rr(o->t, o->zone, TYPE_SOA, soa.ttl_s, rdata, (uint16_t)len);
	arena_fini(&arena);
	ns_len = k8s_compose_into(o->ns, ns, ARRAY_LEN(ns), o->zone);
	if (!err && ns_len)
		err = transfer_rr(o->t, o->zone, TYPE_NS, soa.ttl_s, o->ns, (uint16_t)ns_len);
	if (!err && ns_len)
		err = external_each_server(o->e, put_ns_address, o);
	return err;
}

static int put_zone(struct out *o)
{
	static const struct k8s_transfer_names services = {put_service, free};
	int err = put_apex(o);

	return err ? err : k8s_transfer_each_name(o->t, o->e->k->store, false, &services, o);
}

int external_transfer(const void *state, const uint8_t *zone, struct transfer *t)
{
	const struct k8s_external *e = state;
	const uint8_t *own = NULL;
	struct out *o;
	int err;

	for (size_t i = 0; i < e->keys.n; i++) {
		if (wire_name_equal(e->keys.v[i].zone, zone))
			own = e->keys.v[i].zone;
	}
	if (!own)
		return ERR_GONE;
	if (k8s_unsynced(e->k))
		return -EAGAIN; /* a part of the zone would replace the whole at a secondary */
	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	*o = (struct out){.e = e, .t = t, .zone = own};
	err = put_zone(o);
	if (err)
		free(o);
	return err;
}
