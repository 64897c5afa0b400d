// SPDX-License-Identifier: Apache-2.0
/* PTR: the service of a cluster IP, else every service that has the address as an endpoint. */
#include "base/err.h"
#include "plugin/kubernetes/kubernetes.h"

#include "wire/name.h"
#include "wire/reverse.h"

#include <string.h>

/* Namespaces that `namespaces` or `namespace_labels` hide have no reverse names either.  Without these the
 * Namespace object itself need not be known. */
static bool shown(const struct kubernetes *k, const struct kube_ns *ns)
{
	if (k->set.namespace_labels)
		return ns->exists;
	return k8s_namespace_listed(k, ns->name, ns->name_len);
}

static int add(struct k8s_ask *a, const struct k8s_part *parts, unsigned n, struct k8s_seen *seen)
{
	size_t len;
	uint8_t *name = k8s_compose(&a->q->arena, 0, parts, n, a->k->set.primary->zone, &len);

	if (!name)
		return ERR_LIMIT;
	if (!k8s_seen_add(seen, k8s_seen_key(name, len, name, 1)))
		return 0;
	return reply_add(a->q, SECTION_ANSWER, NULL, TYPE_PTR, a->k->set.ttl_s, name, (uint16_t)len);
}

static int add_service(struct k8s_ask *a, const struct kube_name *n, struct k8s_seen *seen)
{
	struct k8s_part parts[] = {{n->name, n->name_len}, {n->ns->name, n->ns->name_len}, K8S_PART("svc")};

	return add(a, parts, ARRAY_LEN(parts), seen);
}

static int add_endpoint(struct k8s_ask *a, const struct kube_slice *s, const struct kube_endpoint *e,
			struct k8s_seen *seen)
{
	const struct kube_name *n = s->name;
	char buf[K8S_DASHED_MAX];
	struct k8s_label host = k8s_host_label(a->k, e, buf);
	struct k8s_part parts[] = {
		{host.s, host.len},
		{n->name, n->name_len},
		{n->ns->name, n->ns->name_len},
		K8S_PART("svc"),
	};

	return add(a, parts, ARRAY_LEN(parts), seen);
}

static int add_slice(struct k8s_ask *a, const struct kube_slice *s, const uint8_t *addr, unsigned len,
		     struct k8s_seen *seen)
{
	struct kube_endpoint_iter it = kube_slice_endpoints(s);
	struct kube_endpoint e;
	int err = 0;

	while (!err && kube_endpoint_next(&it, &e)) {
		if (e.addr_len == len && !memcmp(e.addr, addr, len))
			err = add_endpoint(a, s, &e, seen);
	}
	return err;
}

static int from_services(struct k8s_ask *a, const uint8_t *addr, unsigned len, struct k8s_seen *seen)
{
	struct kube_addr_iter it = kube_addr_find(a->store, KUBE_BY_CLUSTER_IP, addr, len);
	const struct kube_name *n;

	while ((n = kube_addr_next_name(&it))) {
		if (shown(a->k, n->ns))
			return add_service(a, n, seen);
	}
	return 0;
}

static int from_endpoints(struct k8s_ask *a, const uint8_t *addr, unsigned len, struct k8s_seen *seen)
{
	struct kube_addr_iter it = kube_addr_find(a->store, KUBE_BY_ENDPOINT, addr, len);
	const struct kube_slice *s;
	int err = 0;

	while (!err && (s = kube_addr_next_slice(&it))) {
		/* A slice without a service's name has no name to give. */
		if (s->name && s->name->name_len && shown(a->k, s->name->ns))
			err = add_slice(a, s, addr, len, seen);
	}
	return err;
}

enum k8s_outcome k8s_reverse(struct k8s_ask *a)
{
	enum { NAMES_TYPICAL = 32 };
	struct k8s_seen seen;
	uint8_t addr[16];
	unsigned len = wire_reverse_addr(&a->q->in, addr);
	int err;

	if (!len)
		return k8s_addresses(a); /* whether the name exists */
	if (!k8s_seen_init(&seen, &a->q->arena, NAMES_TYPICAL))
		return K8S_NO_MEMORY;
	reply_begin(a->q, RCODE_NOERROR, true);
	err = from_services(a, addr, len, &seen);
	if (!err && !a->q->reply.rr[SECTION_ANSWER])
		err = from_endpoints(a, addr, len, &seen);
	if (err)
		return K8S_NO_MEMORY;
	return a->q->reply.rr[SECTION_ANSWER] ? K8S_ANSWERED : K8S_NXDOMAIN;
}
