// SPDX-License-Identifier: Apache-2.0
/* Services and endpoints that a name asks for. */
#include "plugin/kubernetes/kubernetes.h"

#include <string.h>
#include <strings.h>

bool k8s_namespace_listed(const struct kubernetes *k, const char *name, size_t len)
{
	const struct k8s_namespace *n = k->set.namespaces;

	if (likely(!n))
		return true;
	for (; n; n = n->next) {
		if (n->len == len && !memcmp(n->name, name, len))
			return true;
	}
	return false;
}

bool k8s_namespace_shown(const struct kubernetes *k, const struct kube_ns *ns)
{
	return ns && ns->exists && k8s_namespace_listed(k, ns->name, ns->name_len);
}

bool k8s_find_service(const struct k8s_ask *a, const struct kube_name **ret_name,
		      const struct kube_service **ret_service)
{
	const struct k8s_name *n = &a->name;
	const char *ns = (const char *)n->ns.s, *name = (const char *)n->service.s;

	*ret_name = a->zone->multicluster ? kube_import_find(a->store, ns, n->ns.len, name, n->service.len)
					  : kube_name_find(a->store, ns, n->ns.len, name, n->service.len);
	if (!*ret_name || !k8s_namespace_shown(a->k, (*ret_name)->ns))
		return false;
	*ret_service = kube_name_service(*ret_name);
	return *ret_service != NULL;
}

/* ---------------------------------------------------------------- ports */

static bool same(struct k8s_label l, const char *text, size_t len)
{
	return l.len == len && !strncasecmp((const char *)l.s, text, len);
}

bool k8s_port_matches(const struct k8s_name *n, const struct kube_port *p)
{
	const char *proto;

	if (likely(!n->port.len && !n->proto.len))
		return true;
	/* What stands for no port at all has no protocol either. */
	proto = p->pseudo && !p->name_len ? "" : kube_proto_text(p->proto);
	if (n->port.len && !same(n->port, p->name, p->name_len))
		return false;
	return !n->proto.len || same(n->proto, proto, strlen(proto));
}

unsigned k8s_count_ports(const struct k8s_name *n, struct kube_port_iter it)
{
	struct kube_port p;
	unsigned count = 0;

	while (kube_port_next(&it, &p))
		count += k8s_port_matches(n, &p);
	return count;
}

/* ---------------------------------------------------------------- endpoints */

struct k8s_label k8s_host_label(const struct kubernetes *k, const struct kube_endpoint *e,
				char buf[K8S_DASHED_MAX])
{
	if (e->hostname.len)
		return (struct k8s_label){(const uint8_t *)e->hostname.s, (uint8_t)e->hostname.len};
	if (k->set.endpoint_pod_names && e->pod.len)
		return (struct k8s_label){(const uint8_t *)e->pod.s, (uint8_t)e->pod.len};
	return (struct k8s_label){(const uint8_t *)buf, (uint8_t)k8s_dashed_text(e->addr, e->addr_len, buf)};
}

/* The host label asked for is this endpoint's.  Dashed ones are compared as addresses first. */
static bool host_matches(const struct k8s_endpoint_walk *w, const struct kube_endpoint *e)
{
	struct k8s_label want = w->name->endpoint, l;
	char buf[K8S_DASHED_MAX];
	bool named = e->hostname.len || (w->k->set.endpoint_pod_names && e->pod.len);

	if (!named && (w->addr_len != e->addr_len || memcmp(w->addr, e->addr, e->addr_len) != 0))
		return false;
	l = k8s_host_label(w->k, e, buf);
	return l.len == want.len && !strncasecmp((const char *)l.s, (const char *)want.s, l.len);
}

/* "b.a" in an object is the labels b and a of a name. */
static bool zone_matches(const struct k8s_name *n, struct kube_str zone)
{
	const uint8_t *p = n->topology, *end = p + n->topology_len;

	if (zone.len + 1u != n->topology_len)
		return false;
	for (const char *z = zone.s; p < end; z++) {
		unsigned len = *p++;

		if (strncasecmp((const char *)p, z, len) != 0)
			return false;
		p += len;
		z += len;
		if (p < end && *z != '.')
			return false;
	}
	return true;
}

bool k8s_endpoint_matching(struct k8s_endpoint_walk *w, struct kube_endpoint *ret)
{
	while (kube_endpoint_next(&w->it, ret)) {
		if (w->name->endpoint.len && !host_matches(w, ret))
			continue;
		if (w->name->zonal && !w->any_zone && !zone_matches(w->name, ret->zone))
			continue;
		return true;
	}
	return false;
}

static bool cluster_matches(const struct k8s_name *n, bool multicluster, const struct kube_slice *s)
{
	struct kube_str c;

	if (!n->cluster.len) /* a ServiceImport's endpoint is named with its cluster */
		return !multicluster || !n->endpoint.len;
	c = kube_slice_cluster(s);
	return same(n->cluster, c.s, c.len);
}

const struct kube_slice *k8s_slice_matching(const struct k8s_endpoint_walk *w, const struct kube_slice *s)
{
	while (s && !cluster_matches(w->name, w->multicluster, s))
		s = kube_slice_next(s);
	return s;
}

static bool anything(struct k8s_endpoint_walk w)
{
	struct kube_endpoint e;

	while (k8s_walk_slice(&w)) {
		if (k8s_walk_endpoint(&w, &e))
			return true;
	}
	return false;
}

/* The host label asked for, as an address. */
static void read_host(struct k8s_endpoint_walk *w)
{
	uint8_t label[WIRE_LABEL_MAX];
	unsigned len = w->name->endpoint.len;

	memcpy(label, w->name->endpoint.s, len);
	if (len > 2 && !memcmp(label + len - 3, "--0", 3))
		len--; /* "1--0" is 1:: with the 0 that a label needs at its end */
	w->addr_len = (uint8_t)k8s_dashed_addr(label, len, w->addr);
}

struct k8s_endpoint_walk k8s_endpoints(const struct kubernetes *k, const struct k8s_name *name,
				       bool multicluster, const struct kube_name *n)
{
	struct k8s_endpoint_walk w;

	w.k = k;
	w.name = name;
	w.slice = kube_name_slices(n);
	w.multicluster = multicluster;
	w.any_zone = false;
	w.addr_len = 0;
	w.all_slices = !multicluster && !name->cluster.len;
	w.all_endpoints = !name->endpoint.len && !name->zonal;
	if (name->endpoint.len)
		read_host(&w);
	if (name->zonal && name->prefer)
		w.any_zone = !anything(w);
	w.all_endpoints |= w.any_zone && !name->endpoint.len;
	return w;
}
