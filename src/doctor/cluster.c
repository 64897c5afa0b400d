// SPDX-License-Identifier: Apache-2.0
#include "doctor/cluster_internal.h"

#include "doctor/run.h"
#include "doctor/world.h"

#include <stdio.h>
#include <string.h>

enum { SELECTOR_SIZE = 512 };

/* ---------------------------------------------------------------- the DNS service */

static bool is_dns_port(const cJSON *port)
{
	const char *protocol = api_text(port, "protocol");

	return protocol && strcmp(protocol, "UDP") == 0 && cJSON_IsNumber(api_member(port, "port"));
}

/* The number of the UDP port called dns, or of the first UDP port. */
static uint16_t dns_port(const cJSON *ports)
{
	const cJSON *port;
	uint16_t first = 0;

	for (port = api_first(ports); port; port = port->next) {
		const char *name = api_text(port, "name");
		double n = is_dns_port(port) ? cJSON_GetNumberValue(api_member(port, "port")) : 0;

		if (n < 1 || n > UINT16_MAX)
			continue;
		if (name && strstr(name, "dns"))
			return (uint16_t)n;
		first = first ? first : (uint16_t)n;
	}
	return first ? first : CLUSTER_DNS_PORT;
}

static int add_server(struct observed_world *w, enum observed_kind kind, const char *address, uint16_t port,
		      const char *what)
{
	struct net_addr addr;
	int i = address && !net_addr_parse(address, port, &addr) ? world_server(w, kind, &addr, what, NULL)
								 : -1;

	if (i >= 0)
		w->servers[i].from_api = true;
	return i;
}

static void take_service(struct observed_world *w, const cJSON *service)
{
	const cJSON *spec = api_member(service, "spec"), *ips = api_member(spec, "clusterIPs"), *ip;
	uint16_t port = dns_port(api_member(spec, "ports"));
	const char *what = world_printf(w, "service %s/%s", w->kube.service_ns, w->kube.service_name);
	unsigned n = 0;

	for (ip = api_first(ips); ip; ip = ip->next)
		n += add_server(w, OBSERVED_SERVICE, cJSON_GetStringValue(ip), port, what) >= 0;
	if (n == 0)
		add_server(w, OBSERVED_SERVICE, api_text(spec, "clusterIP"), port, what);
}

/* "k8s-app=kube-dns,..." of the service, for its pods. */
static void selector_of(const cJSON *service, char out[SELECTOR_SIZE])
{
	const cJSON *label;
	size_t len = 0;

	out[0] = '\0';
	for (label = api_first(api_member(api_member(service, "spec"), "selector")); label;
	     label = label->next) {
		const char *value = cJSON_GetStringValue(label);

		if (value && len < SELECTOR_SIZE)
			len += (size_t)snprintf(out + len, SELECTOR_SIZE - len, "%s%s=%s", len ? "," : "",
						label->string, value);
	}
}

/* Tries where distributions have it, unless one was named.  Its object or NULL. */
static cJSON *find_service(struct api *a, const struct doctor_options *o)
{
	static const char *const usual[] = {"kube-system/kube-dns", "kube-system/coredns",
					    "kube-system/rke2-coredns-rke2-coredns",
					    "openshift-dns/dns-default"};
	struct observed_kube *k = &a->w->kube;

	for (size_t i = 0; i < (o->service ? 1 : ARRAY_LEN(usual)); i++) {
		cJSON *service;
		int status;

		if (!cluster_split(a->w, o->service ? o->service : usual[i], &k->service_ns,
				   &k->service_name))
			return NULL;
		service = cluster_get(a, "services", k->service_ns, k->service_name, &status);
		k->service_exists = service != NULL;
		k->service_known = service || status == CLUSTER_NOT_FOUND;
		if (status != CLUSTER_NOT_FOUND)
			return service;
	}
	if (!o->service)
		(void)cluster_split(a->w, usual[0], &k->service_ns, &k->service_name);
	return NULL;
}

/* ---------------------------------------------------------------- its endpoints */

static void take_endpoint(struct observed_world *w, const cJSON *endpoint, uint16_t port)
{
	const cJSON *ready = api_member(api_member(endpoint, "conditions"), "ready"), *address;
	const char *pod = api_text2(endpoint, "targetRef", "name"), *node = api_text(endpoint, "nodeName");
	bool is_ready = !cJSON_IsFalse(ready);

	if (node && (strstr(node, ".ec2.internal") || strstr(node, ".compute.internal")))
		w->aws = true;
	for (address = api_first(api_member(endpoint, "addresses")); address; address = address->next) {
		*(is_ready ? &w->kube.n_ready : &w->kube.n_not_ready) += 1;
		if (is_ready)
			add_server(w, OBSERVED_POD, cJSON_GetStringValue(address), port,
				   pod ? world_printf(w, "pod %s", cluster_safe(w, pod)) : "pod");
	}
}

static void look_up_endpoints(struct api *a)
{
	struct observed_kube *k = &a->w->kube;
	const char *selector = world_printf(a->w, "kubernetes.io/service-name=%s", k->service_name);
	cJSON *list = cluster_list(a, "/apis/discovery.k8s.io/v1", "endpointslices",
				   "endpointslices.discovery.k8s.io", k->service_ns, selector);
	const cJSON *slice, *endpoint;

	k->slices_known = list != NULL;
	for (slice = api_first(api_member(list, "items")); slice; slice = slice->next) {
		uint16_t port = dns_port(api_member(slice, "ports"));

		for (endpoint = api_first(api_member(slice, "endpoints")); endpoint;
		     endpoint = endpoint->next)
			take_endpoint(a->w, endpoint, port);
	}
	cJSON_Delete(list);
}

void cluster_discover(struct observed_world *w, const struct doctor_options *o)
{
	char selector[SELECTOR_SIZE] = "k8s-app=kube-dns";
	const char *mounted = NULL;
	struct api a;

	if (api_open(&a, w, o) == 0) {
		cJSON *service = find_service(&a, o);

		if (service) {
			take_service(w, service);
			selector_of(service, selector);
		}
		cJSON_Delete(service);
		if (w->kube.reached && w->kube.service_name) {
			look_up_endpoints(&a);
			mounted = cluster_pods(&a, selector);
		}
		if (w->kube.reached && !o->corefile)
			cluster_corefile(&a, o, mounted);
		w->aws |= w->kube.where && strstr(w->kube.where, ".eks.amazonaws.com") != NULL;
	}
	api_close(&a);
}
