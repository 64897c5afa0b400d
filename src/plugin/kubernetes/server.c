// SPDX-License-Identifier: Apache-2.0
/* Where this server itself is to be found: SOA and NS of a zone, ns.dns.
 *
 * It is known under the services that have one of its own addresses as an endpoint (whatever namespaces
 * are hidden), by their cluster IPs; where there is none, as ns.dns with its own addresses. */
#include "base/err.h"
#include "plugin/kubernetes/kubernetes.h"
#include "server/generation.h"
#include "wire/name.h"

#include <errno.h>
#include <string.h>

enum { SOA_TTL_MAX = 300, SOA_REFRESH_S = 7200, SOA_RETRY_S = 1800, SOA_EXPIRE_S = 86400 };

static const uint8_t mname[] = "\2ns\3dns", rname[] = "\12hostmaster";

/* ---------------------------------------------------------------- SOA */

struct wire_plain_soa k8s_soa_of(const struct kubernetes *k, const struct k8s_zone *z)
{
	uint32_t serial = kube_store_serial(k->store, KUBE_SERIAL), multi;

	if (z->multicluster) {
		multi = kube_store_serial(k->store, KUBE_SERIAL_MULTI);
		serial = multi > serial ? multi : serial;
	}
	return (struct wire_plain_soa){
		.mname = mname,
		.mname_len = sizeof(mname) - 1,
		.rname = rname,
		.rname_len = sizeof(rname) - 1,
		.ttl_s = k->set.ttl_s < SOA_TTL_MAX ? k->set.ttl_s : SOA_TTL_MAX,
		.serial = serial,
		.refresh_s = SOA_REFRESH_S,
		.retry_s = SOA_RETRY_S,
		.expire_s = SOA_EXPIRE_S,
		.minimum_s = k->set.ttl_s,
	};
}

uint8_t *k8s_soa_rdata(struct arena *a, const struct wire_plain_soa *soa, const uint8_t *zone,
		       size_t *ret_len)
{
	size_t zone_len = wire_name_len(zone);
	uint8_t *rdata = arena_alloc(a, soa->mname_len + soa->rname_len + 2 * zone_len + 20), *p = rdata;

	if (!rdata)
		return NULL;
	memcpy(p, soa->mname, soa->mname_len);
	memcpy(p + soa->mname_len, zone, zone_len);
	p += soa->mname_len + zone_len;
	memcpy(p, soa->rname, soa->rname_len);
	memcpy(p + soa->rname_len, zone, zone_len);
	p += soa->rname_len + zone_len;
	wire_put_u32(p, soa->serial);
	wire_put_u32(p + 4, soa->refresh_s);
	wire_put_u32(p + 8, soa->retry_s);
	wire_put_u32(p + 12, soa->expire_s);
	wire_put_u32(p + 16, soa->minimum_s);
	*ret_len = (size_t)(p + 20 - rdata);
	return rdata;
}

enum k8s_outcome k8s_soa(struct k8s_ask *a)
{
	struct wire_plain_soa soa = k8s_soa_of(a->k, a->zone);
	size_t len;
	uint8_t *rdata;

	if (a->zone_off)
		return k8s_addresses(a);
	rdata = k8s_soa_rdata(&a->q->arena, &soa, a->q->question, &len);
	if (!rdata)
		return K8S_NO_MEMORY;
	reply_begin(a->q, RCODE_NOERROR, true);
	if (reply_add(a->q, SECTION_ANSWER, NULL, TYPE_SOA, soa.ttl_s, rdata, (uint16_t)len))
		return K8S_NO_MEMORY;
	return K8S_ANSWERED;
}

/* ---------------------------------------------------------------- local addresses */

/* Loopback, link-local, any: nobody else can use them. */
unsigned k8s_local_bytes(const struct net_addr *n, const uint8_t **ret)
{
	if (net_addr_is_loopback(n) || net_addr_is_any(n))
		return 0;
	if (n->sa.sa_family == AF_INET) {
		*ret = (const uint8_t *)&n->v4.sin_addr;
		return 4;
	}
	*ret = n->v6.sin6_addr.s6_addr;
	return IN6_IS_ADDR_LINKLOCAL(&n->v6.sin6_addr) ? 0 : 16;
}

int k8s_local_addresses(struct kubernetes *k)
{
	struct net_addr all[K8S_LOCAL_MAX];
	const struct block *b = k->block;
	const uint8_t *bytes;
	int n = 0;

	if (b->n_binds) {
		for (; n < (int)b->n_binds && n < K8S_LOCAL_MAX; n++)
			all[n] = b->binds[n];
	} else {
		n = net_interface_addrs(NULL, all, K8S_LOCAL_MAX);
	}
	if (n < 0)
		return n;
	for (int i = 0; i < n; i++) {
		if (k8s_local_bytes(&all[i], &bytes))
			k->local[k->n_local++] = all[i];
	}
	return 0;
}

/* ---------------------------------------------------------------- the services that lead here */

struct each {
	const struct kubernetes *k;
	const uint8_t *zone;
	k8s_server_fn *fn;
	void *arg;
	bool found;
};

static int give(struct each *e, const struct k8s_part *parts, unsigned n, const uint8_t *addr, unsigned len)
{
	uint8_t name[WIRE_NAME_MAX];

	if (!k8s_compose_into(name, parts, n, e->zone))
		return 0; /* no name of that length; the others will do */
	return e->fn(e->arg, name, addr, len);
}

static int give_cluster_ips(struct each *e, const struct kube_name *n, const struct kube_service *svc)
{
	struct k8s_part parts[] = {{n->name, n->name_len}, {n->ns->name, n->ns->name_len}, K8S_PART("svc")};
	int err = 0;

	for (unsigned i = 0; !err && i < svc->n_ip4; i++)
		err = give(e, parts, ARRAY_LEN(parts), kube_service_ip4(svc) + 4 * i, 4);
	for (unsigned i = 0; !err && i < svc->n_ip6; i++)
		err = give(e, parts, ARRAY_LEN(parts), kube_service_ip6(svc) + 16 * i, 16);
	return err;
}

static int give_endpoints(struct each *e, const struct kube_slice *s)
{
	const struct kube_name *n = s->name;
	struct kube_endpoint_iter it = kube_slice_endpoints(s);
	struct kube_endpoint ep;
	int err = 0;

	while (!err && kube_endpoint_next(&it, &ep)) {
		char buf[K8S_DASHED_MAX];
		struct k8s_label host = k8s_host_label(e->k, &ep, buf);
		struct k8s_part parts[] = {
			{host.s, host.len},
			{n->name, n->name_len},
			{n->ns->name, n->ns->name_len},
			K8S_PART("svc"),
		};

		err = give(e, parts, ARRAY_LEN(parts), ep.addr, ep.addr_len);
	}
	return err;
}

static int by_address(struct each *e, const uint8_t *addr, unsigned len)
{
	struct kube_addr_iter it = kube_addr_find(e->k->store, KUBE_BY_ENDPOINT, addr, len);
	const struct kube_slice *s;
	int err = 0;

	while (!err && (s = kube_addr_next_slice(&it))) {
		const struct kube_service *svc = s->name ? kube_name_service(s->name) : NULL;

		e->found = true;
		if (svc && svc->type == KUBE_HEADLESS)
			err = give_endpoints(e, s);
		else if (svc)
			err = give_cluster_ips(e, s->name, svc);
	}
	return err;
}

int k8s_each_server(const struct kubernetes *k, const uint8_t *zone, k8s_server_fn *fn, void *arg)
{
	struct each e = {.k = k, .zone = zone, .fn = fn, .arg = arg};
	struct k8s_part self[] = {K8S_PART("ns"), K8S_PART("dns")};
	const uint8_t *addr = NULL;
	int err = 0;

	for (unsigned i = 0; !err && i < k->n_local; i++) {
		unsigned len = k8s_local_bytes(&k->local[i], &addr);

		if (len)
			err = by_address(&e, addr, len);
	}
	for (unsigned i = 0; !err && !e.found && i < k->n_local; i++) {
		unsigned len = k8s_local_bytes(&k->local[i], &addr);

		err = give(&e, self, ARRAY_LEN(self), addr, len);
	}
	return err;
}

/* ---------------------------------------------------------------- answers */

enum { SERVERS_TYPICAL = 256 };

struct collect {
	struct k8s_ask *a;
	struct k8s_seen names, pairs;
	unsigned size;
};

static int collect_ns(void *arg, const uint8_t *name, const uint8_t *addr, unsigned len)
{
	struct collect *c = arg;
	struct query *q = c->a->q;
	uint32_t ttl_s = c->a->k->set.ttl_s;
	size_t name_len = wire_name_len(name);
	const uint8_t *copy = arena_copy(&q->arena, name, name_len);
	int err = 0;

	if (!copy)
		return -ENOMEM;
	if (k8s_seen_add(&c->names, k8s_seen_key(name, name_len, name, 1)))
		err = reply_add(q, SECTION_ANSWER, NULL, TYPE_NS, ttl_s, copy, (uint16_t)name_len);
	if (err || !k8s_seen_add(&c->pairs, k8s_seen_key(name, name_len, addr, len)))
		return err;
	addr = arena_copy(&q->arena, addr, len);
	if (!addr)
		return -ENOMEM;
	return reply_add(q, SECTION_ADDITIONAL, copy, len == 4 ? TYPE_A : TYPE_AAAA, ttl_s, addr,
			 (uint16_t)len);
}

static int collect_address(void *arg, const uint8_t *name, const uint8_t *addr, unsigned len)
{
	struct collect *c = arg;
	struct query *q = c->a->q;

	if (len != c->size || !k8s_seen_add(&c->pairs, k8s_seen_key(addr, len, addr, 1)))
		return 0;
	addr = arena_copy(&q->arena, addr, len);
	if (!addr)
		return -ENOMEM;
	return reply_add(q, SECTION_ANSWER, NULL, q->in.qtype, c->a->k->set.ttl_s, addr, (uint16_t)len);
}

static enum k8s_outcome collect(struct k8s_ask *a, k8s_server_fn *fn)
{
	struct collect c = {.a = a,
			    .size = a->q->in.qtype == TYPE_A      ? 4
				    : a->q->in.qtype == TYPE_AAAA ? 16
								  : 0};

	if (!k8s_seen_init(&c.names, &a->q->arena, SERVERS_TYPICAL) ||
	    !k8s_seen_init(&c.pairs, &a->q->arena, SERVERS_TYPICAL))
		return K8S_NO_MEMORY;
	reply_begin(a->q, RCODE_NOERROR, true);
	if (k8s_each_server(a->k, a->q->question + a->zone_off, fn, &c))
		return K8S_NO_MEMORY;
	return a->q->reply.rr[SECTION_ANSWER] ? K8S_ANSWERED : K8S_NODATA;
}

enum k8s_outcome k8s_ns(struct k8s_ask *a)
{
	return a->zone_off ? k8s_addresses(a) : collect(a, collect_ns);
}

enum k8s_outcome k8s_server_addresses(struct k8s_ask *a)
{
	return collect(a, collect_address);
}
