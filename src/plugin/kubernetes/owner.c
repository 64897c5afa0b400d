// SPDX-License-Identifier: Apache-2.0
/* Whose address is it, for those who show clients (server/who_owner.h): the pod where the store has its name (`pods verified` with
 * metadata of clients, or `endpoint_pod_names`), else the service that it is an endpoint of, or just the namespace.  An address of
 * several pods (the host's network) is nobody's. */
#include "plugin/kubernetes/kubernetes.h"

#include "base/rcu.h"

#include <stdio.h>
#include <string.h>

/* What has been found so far.  `s` empty: more than one, or not known. */
struct found {
	unsigned n;
	const struct kube_ns *ns;
	struct kube_str pod, service;
	bool other_ns, other_pod, other_service;
};

static bool same(struct kube_str a, struct kube_str b)
{
	return a.len == b.len && (!a.len || memcmp(a.s, b.s, a.len) == 0);
}

static void add(struct found *f, const struct kube_ns *ns, struct kube_str pod, struct kube_str service)
{
	if (f->n++ == 0) {
		f->ns = ns;
		f->pod = pod;
		f->service = service;
		return;
	}
	f->other_ns = f->other_ns || ns != f->ns;
	f->other_pod = f->other_pod || !same(pod, f->pod);
	f->other_service = f->other_service || !same(service, f->service);
}

static void find_pods(const struct kubernetes *k, const uint8_t *addr, size_t len, struct found *f)
{
	struct kube_addr_iter it = kube_addr_find(k->store, KUBE_BY_POD, addr, len);
	const struct kube_pod *p;

	while ((p = kube_addr_next_pod(&it)))
		add(f, p->ns, kube_pod_name(p), (struct kube_str){NULL, 0});
}

static void find_in_slice(const struct kube_slice *s, const uint8_t *addr, size_t len, struct found *f)
{
	struct kube_endpoint_iter it = kube_slice_endpoints(s);
	struct kube_str service = {s->name->name, s->name->name_len};
	struct kube_endpoint e;

	while (kube_endpoint_next(&it, &e)) {
		if (e.addr_len == len && memcmp(e.addr, addr, len) == 0)
			add(f, s->name->ns, e.pod, service);
	}
}

static void find_endpoints(const struct kubernetes *k, const uint8_t *addr, size_t len, struct found *f)
{
	struct kube_addr_iter it = kube_addr_find(k->store, KUBE_BY_ENDPOINT, addr, len);
	const struct kube_slice *s;

	while ((s = kube_addr_next_slice(&it))) {
		if (s->name)
			find_in_slice(s, addr, len, f);
	}
}

static bool tell(const struct found *f, struct who_owner *ret)
{
	struct kube_str what = {NULL, 0};

	if (!f->n || f->other_ns)
		return false;
	ret->kind = WHO_OWNER_NAMESPACE;
	if (f->pod.len && !f->other_pod) {
		ret->kind = WHO_OWNER_POD;
		what = f->pod;
	} else if (f->service.len && !f->other_service && !f->other_pod) {
		ret->kind = WHO_OWNER_SERVICE;
		what = f->service;
	}
	(void)snprintf(ret->text, sizeof(ret->text), "%.*s%s%.*s", (int)f->ns->name_len, f->ns->name, what.len ? "/" : "",
		       (int)what.len, what.len ? what.s : "");
	return true;
}

bool k8s_owner_of(const struct kubernetes *k, const uint8_t *addr, size_t len, struct who_owner *ret)
{
	struct found pods = {0}, endpoints = {0};

	find_pods(k, addr, len, &pods);
	if (pods.n > 1)
		return false;
	if (!pods.n || !pods.pod.len)
		find_endpoints(k, addr, len, &endpoints);
	/* Both speak of the one pod there is: what says more counts. */
	if (pods.n && (!endpoints.n || endpoints.ns != pods.ns || endpoints.other_ns))
		return tell(&pods, ret);
	return tell(&endpoints, ret);
}

static bool owner_of(void *arg, const uint8_t *addr, size_t len, struct who_owner *ret)
{
	bool found;

	rcu_join(); /* whoever asks is no reader otherwise */
	found = k8s_owner_of(arg, addr, len, ret);
	rcu_leave();
	return found;
}

void k8s_owners_start(struct kubernetes *k)
{
	who_owner_add(owner_of, k);
}

void k8s_owners_stop(struct kubernetes *k)
{
	who_owner_drop(k);
}
