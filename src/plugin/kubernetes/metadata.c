// SPDX-License-Identifier: Apache-2.0
/* What `log`, `rewrite` and their like can know of a question: the parts of its name, and the pod that
 * asks. */
#include "plugin/kubernetes/kubernetes.h"

#include "server/metadata.h"

#include <errno.h>
#include <string.h>

#define PREFIX "kubernetes/"
#define CLIENT_LABEL PREFIX "client-label/"

static const char *const texts[K8S_N_META] = {
	[K8S_META_ENDPOINT] = PREFIX "endpoint",
	[K8S_META_KIND] = PREFIX "kind",
	[K8S_META_NAMESPACE] = PREFIX "namespace",
	[K8S_META_PORT] = PREFIX "port-name",
	[K8S_META_PROTOCOL] = PREFIX "protocol",
	[K8S_META_SERVICE] = PREFIX "service",
	[K8S_META_CLUSTER] = PREFIX "cluster",
	[K8S_META_ZONE] = PREFIX "zone",
	[K8S_META_PARSE_ERROR] = PREFIX "parse-error",
	[K8S_META_CLIENT_NAMESPACE] = PREFIX "client-namespace",
	[K8S_META_CLIENT_POD] = PREFIX "client-pod-name",
};

int k8s_metadata_setup(struct kubernetes *k)
{
	for (int i = 0; i < K8S_N_META; i++) {
		k->meta[i] = metadata_label(texts[i]);
		if (!k->meta[i])
			return -ENOMEM;
	}
	return 0;
}

unsigned k8s_metadata_keep(const struct kubernetes *k)
{
	bool wanted =
		metadata_wanted_below(texts[K8S_META_CLIENT_POD]) || metadata_wanted_below(CLIENT_LABEL);

	return k->set.pods == K8S_PODS_VERIFIED && wanted ? KUBE_KEEP_POD_META : 0;
}

static const char *text_of(struct query *q, const void *s, size_t len)
{
	return arena_strndup(&q->arena, s, len);
}

/* ---------------------------------------------------------------- the name */

static const char *topology(const struct k8s_ask *a)
{
	const struct k8s_name *n = &a->name;
	char *text;

	if (!n->zonal)
		return NULL;
	text = arena_strndup(&a->q->arena, (const char *)n->topology + 1, n->topology_len - 1u);
	for (unsigned at = n->topology[0]; text && at + 1u < n->topology_len; at += n->topology[at + 1] + 1u)
		text[at] = '.';
	return text;
}

static const char *kind_text(const struct k8s_name *n)
{
	return n->kind == K8S_NAME_SERVICE ? "svc" : n->kind == K8S_NAME_POD ? "pod" : "";
}

static const char *label_text(const struct k8s_ask *a, struct k8s_label l)
{
	return l.len ? text_of(a->q, l.s, l.len) : "";
}

static const char *of_name(const struct k8s_ask *a, enum k8s_meta which)
{
	const struct k8s_name *n = &a->name;
	const struct k8s_label parts[K8S_N_META] = {
		[K8S_META_ENDPOINT] = n->endpoint, [K8S_META_NAMESPACE] = n->ns,
		[K8S_META_PORT] = n->port,         [K8S_META_PROTOCOL] = n->proto,
		[K8S_META_SERVICE] = n->service,   [K8S_META_CLUSTER] = n->cluster,
	};
	bool invalid = n->kind != K8S_NAME_BARE && n->kind != K8S_NAME_SERVICE && n->kind != K8S_NAME_POD;

	if (invalid || which == K8S_META_PARSE_ERROR)
		return invalid && which == K8S_META_PARSE_ERROR ? "invalid query name" : NULL;
	if (which == K8S_META_KIND)
		return kind_text(n);
	if (which == K8S_META_ZONE)
		return topology(a);
	return which == K8S_META_CLUSTER && !a->zone->multicluster ? NULL : label_text(a, parts[which]);
}

/* ---------------------------------------------------------------- the client */

/* The only pod with this address; NULL: none, or several, one of which it could be. */
static const struct kube_pod *client_pod(const struct kubernetes *k, const struct query *q)
{
	struct kube_addr_iter it;
	const struct kube_pod *pod;
	uint8_t addr[16];
	unsigned len = k8s_peer_addr(q, addr);

	it = kube_addr_find(k->store, KUBE_BY_POD, addr, len);
	pod = kube_addr_next_pod(&it);
	return pod && !kube_addr_next_pod(&it) ? pod : NULL;
}

static const char *pod_label(struct query *q, const struct kube_pod *pod, const char *key)
{
	struct kube_label_iter it = kube_pod_labels(pod);
	struct kube_str k, v;
	size_t len = strlen(key);

	while (kube_label_next(&it, &k, &v)) {
		if (k.len == len && !memcmp(k.s, key, len))
			return text_of(q, v.s, v.len);
	}
	return NULL;
}

static const char *of_client(const struct kubernetes *k, struct query *q, const struct metadata_label *label)
{
	const struct kube_pod *pod = k->set.pods == K8S_PODS_VERIFIED ? client_pod(k, q) : NULL;
	struct kube_str name;

	if (!pod)
		return NULL;
	if (label == k->meta[K8S_META_CLIENT_NAMESPACE])
		return text_of(q, pod->ns->name, pod->ns->name_len);
	if (label != k->meta[K8S_META_CLIENT_POD])
		return pod_label(q, pod, label->text + sizeof(CLIENT_LABEL) - 1);
	name = kube_pod_name(pod);
	return text_of(q, name.s, name.len);
}

const char *k8s_metadata(const void *state, struct query *q, const struct metadata_label *label)
{
	const struct kubernetes *k = state;
	struct k8s_ask a;

	if (strncmp(label->text, PREFIX, sizeof(PREFIX) - 1) != 0 || !k->store)
		return NULL;
	if (label == k->meta[K8S_META_CLIENT_NAMESPACE] || label == k->meta[K8S_META_CLIENT_POD] ||
	    !strncmp(label->text, CLIENT_LABEL, sizeof(CLIENT_LABEL) - 1))
		return of_client(k, q, label);
	if (!k8s_ask_begin(&a, k, q))
		return NULL;
	for (int i = 0; i < K8S_META_CLIENT_NAMESPACE; i++) {
		if (label == k->meta[i])
			return of_name(&a, (enum k8s_meta)i);
	}
	return NULL;
}
