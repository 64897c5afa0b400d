// SPDX-License-Identifier: Apache-2.0
/* Names of an external zone:  NAMESPACE   SERVICE.NAMESPACE   HOST.SERVICE.NAMESPACE
 * _PORT._PROTO.SERVICE.NAMESPACE */
#include "plugin/k8s_external/k8s_external.h"

static struct k8s_label label_at(const struct wire_query *in, unsigned i, bool strip)
{
	const uint8_t *p = in->qname + in->label_off[i];
	bool underscore = strip && *p && p[1] == '_';

	return (struct k8s_label){p + 1 + underscore, (uint8_t)(*p - underscore)};
}

static bool read_name(struct external_ask *a)
{
	const struct wire_query *in = &a->q->in;
	struct k8s_name *n = &a->name;

	*n = (struct k8s_name){.kind = K8S_NAME_SERVICE, .ns = label_at(in, a->left - 1, false)};
	if (a->left > 1)
		n->service = label_at(in, a->left - 2, false);
	if (a->left == 3) {
		n->endpoint = label_at(in, 0, true);
	} else if (a->left == 4) {
		n->port = label_at(in, 0, true);
		n->proto = label_at(in, 1, true);
	}
	n->qualified = a->left > 2;
	return a->left <= 4;
}

static bool endpoint_matches(const struct external_ask *a)
{
	return k8s_srv_pairs(&a->name, k8s_endpoints(a->e->k, &a->name, false, a->n)) != 0;
}

enum k8s_outcome external_find(struct external_ask *a)
{
	const struct kubernetes *k = a->e->k;
	bool possible = read_name(a);
	const struct k8s_name *n = &a->name;

	if (!k8s_namespace_shown(k, kube_namespace_find(k->store, (const char *)n->ns.s, n->ns.len)))
		return K8S_NXDOMAIN;
	if (a->left == 1)
		return K8S_NODATA;
	if (!possible)
		return K8S_NXDOMAIN;
	a->n = kube_name_find(k->store, (const char *)n->ns.s, n->ns.len, (const char *)n->service.s,
			      n->service.len);
	a->svc = a->n ? kube_name_service(a->n) : NULL;
	if (!a->svc)
		return K8S_NXDOMAIN;
	if (!a->svc->n_external) {
		a->by_endpoints = a->e->headless && (a->svc->type == KUBE_HEADLESS || n->endpoint.len);
		return a->by_endpoints && endpoint_matches(a) ? K8S_ANSWERED : K8S_NXDOMAIN;
	}
	return k8s_ports_matching(n, kube_service_ports(a->svc)) ? K8S_ANSWERED : K8S_NXDOMAIN;
}
