// SPDX-License-Identifier: Apache-2.0
#include "doctor/cluster.h"

#include "doctor/api.h"
#include "doctor/facts.h"
#include "doctor/kube_dns.h"
#include "doctor/run.h"
#include "doctor/software.h"
#include "doctor/world.h"
#include "kube/http.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KUBE_DNS "kube-dns"

enum { PATH_SIZE = 1024, SELECTOR_SIZE = 512, PORT_DNS = 53, NOT_FOUND = 404, LABEL_SIZE = 64 };

/* ---------------------------------------------------------------- names in paths */

static bool is_name(const char *text)
{
	return *text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(text);
}

/* "NAMESPACE/NAME" apart; both become names that may stand in a path. */
static bool split(struct observed_world *w, const char *text, const char **ret_ns, const char **ret_name)
{
	const char *slash = strchr(text, '/');

	if (!slash)
		return false;
	*ret_ns = world_printf(w, "%.*s", (int)(slash - text), text);
	*ret_name = slash + 1;
	return is_name(*ret_ns) && is_name(*ret_name);
}

static cJSON *get_one(struct api *a, const char *resource, const char *ns, const char *name, int *status)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/api/v1/namespaces/%s/%s/%s", ns, resource, name);
	return api_get(a, "get", resource, ns, path, status);
}

static cJSON *list_some(struct api *a, const char *group, const char *resource, const char *full_name,
			const char *ns, const char *selector)
{
	char path[PATH_SIZE], *escaped = kube_http_escape(selector);
	cJSON *list = NULL;
	int status;

	if (escaped) {
		snprintf(path, sizeof(path), "%s/namespaces/%s/%s?labelSelector=%s", group, ns, resource,
			 escaped);
		list = api_get(a, "list", full_name, ns, path, &status);
	}
	free(escaped);
	return list;
}

static const char *safe(struct observed_world *w, const char *text)
{
	return world_safe(w, text ? text : "", text ? strlen(text) : 0, 253);
}

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
	return first ? first : PORT_DNS;
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

		if (!split(a->w, o->service ? o->service : usual[i], &k->service_ns, &k->service_name))
			return NULL;
		service = get_one(a, "services", k->service_ns, k->service_name, &status);
		k->service_exists = service != NULL;
		k->service_known = service || status == NOT_FOUND;
		if (status != NOT_FOUND)
			return service;
	}
	if (!o->service)
		(void)split(a->w, usual[0], &k->service_ns, &k->service_name);
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
				   pod ? world_printf(w, "pod %s", safe(w, pod)) : "pod");
	}
}

static void look_up_endpoints(struct api *a)
{
	struct observed_kube *k = &a->w->kube;
	const char *selector = world_printf(a->w, "kubernetes.io/service-name=%s", k->service_name);
	cJSON *list = list_some(a, "/apis/discovery.k8s.io/v1", "endpointslices",
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

/* ---------------------------------------------------------------- their pods */

static void take_image(struct observed_world *w, const char *address, const char *image)
{
	struct net_addr addr;
	const char *version;
	enum observed_software s = software_of_image(w, image, &version);

	if (strstr(image, ".dkr.ecr.") || strstr(image, "/eks/"))
		w->aws = true;
	if (s == SOFTWARE_UNKNOWN || !address || net_addr_parse(address, PORT_DNS, &addr))
		return;
	for (unsigned i = 0; i < w->n_servers; i++) {
		struct observed_server *server = &w->servers[i];

		if (server->kind != OBSERVED_POD || !net_addr_same_host(&server->addr, &addr))
			continue;
		server->software = s;
		server->version = version;
		server->version_from_image = true;
	}
}

/* This machine is the node of a DNS pod: it is part of the cluster. */
static void compare_host(struct observed_world *w, const char *host)
{
	struct net_addr own[64], addr;
	int n = net_interface_addrs(NULL, own, ARRAY_LEN(own));

	if (!host || net_addr_parse(host, 0, &addr))
		return;
	for (int i = 0; i < n; i++)
		w->in_cluster |= net_addr_same_host(&own[i], &addr);
}

/* The ConfigMap that a volume takes its Corefile from; NULL. */
static const char *corefile_volume(const cJSON *pod)
{
	const cJSON *volume = api_first(api_member(api_member(pod, "spec"), "volumes"));

	for (; volume; volume = volume->next) {
		const cJSON *map = api_member(volume, "configMap"),
			    *item = api_first(api_member(map, "items"));
		const char *key = api_text(item, "key");

		if (key && strcmp(key, "Corefile") == 0)
			return api_text(map, "name");
	}
	return NULL;
}

/* Its ConfigMap's name in the world's memory, or NULL. */
static const char *take_pod(struct observed_world *w, const cJSON *pod)
{
	const cJSON *status = api_member(pod, "status"), *ip, *container;
	const char *map = corefile_volume(pod);

	compare_host(w, api_text(status, "hostIP"));
	for (container = api_first(api_member(api_member(pod, "spec"), "containers")); container;
	     container = container->next) {
		const char *image = api_text(container, "image");

		for (ip = api_first(api_member(status, "podIPs")); ip; ip = ip->next) {
			if (image)
				take_image(w, api_text(ip, "ip"), image);
		}
	}
	return map && is_name(map) ? world_printf(w, "%s", map) : NULL;
}

/* The name of the ConfigMap that they mount, or NULL. */
static const char *look_up_pods(struct api *a, const char *selector)
{
	cJSON *list = list_some(a, "/api/v1", "pods", "pods", a->w->kube.service_ns, selector);
	const char *map = NULL;
	const cJSON *pod;

	for (pod = api_first(api_member(list, "items")); pod; pod = pod->next) {
		const char *of_pod = take_pod(a->w, pod);

		map = map ? map : of_pod;
	}
	cJSON_Delete(list);
	return map;
}

/* ---------------------------------------------------------------- the Corefile */

/* The status of the request. */
static int take_configmap(struct api *a, const char *ns, const char *name)
{
	int status;
	cJSON *map = get_one(a, "configmaps", ns, name, &status);
	const char *text = api_text2(map, "data", "Corefile");
	const char *where = world_printf(a->w, "configmap %s/%s", ns, name);

	if (text)
		facts_of_corefile(a->w, COREFILE_CONFIGMAP, where, text, strlen(text));
	else if (map && strcmp(name, KUBE_DNS) == 0)
		kube_dns_facts(a->w, where, api_member(map, "data"));
	else if (map)
		a->w->corefile.error = world_printf(a->w, "%s has no key Corefile", where);
	else if (status == NOT_FOUND)
		a->w->corefile.error = world_printf(a->w, "there is no %s", where);
	else
		a->w->corefile.error = world_printf(a->w, "%s could not be read", where);
	cJSON_Delete(map);
	return status;
}

/* `mounted`: the one that the pods mount, or NULL. */
static void look_up_corefile(struct api *a, const struct doctor_options *o, const char *mounted)
{
	static const char *const usual[] = {"coredns", "binnacle", KUBE_DNS};
	const char *ns, *name;

	if (o->configmap) {
		if (split(a->w, o->configmap, &ns, &name))
			take_configmap(a, ns, name);
		return;
	}
	if (mounted && take_configmap(a, a->w->kube.service_ns, mounted) != NOT_FOUND)
		return;
	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		if (take_configmap(a, a->w->kube.service_ns, usual[i]) != NOT_FOUND)
			return;
	}
	a->w->corefile.error = world_printf(a->w, "there is no configmap %s/coredns, binnacle or " KUBE_DNS,
					    a->w->kube.service_ns);
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
			mounted = look_up_pods(&a, selector);
		}
		if (w->kube.reached && !o->corefile)
			look_up_corefile(&a, o, mounted);
		w->aws |= w->kube.where && strstr(w->kube.where, ".eks.amazonaws.com") != NULL;
	}
	api_close(&a);
}

/* ---------------------------------------------------------------- the service that the name would be */

static bool is_path_label(const uint8_t *label, char out[LABEL_SIZE])
{
	for (unsigned i = 1; i <= label[0]; i++) {
		char c = (char)tolower(label[i]);

		if (!isalnum((unsigned char)c) && c != '-')
			return false;
		out[i - 1] = c;
	}
	out[label[0]] = '\0';
	return label[0] != 0;
}

/* SERVICE.NAMESPACE.svc.DOMAIN */
static bool has_form(struct observed_world *w, const uint8_t *name)
{
	struct observed_target *t = &w->kube.target;
	char service[LABEL_SIZE], ns[LABEL_SIZE];
	const uint8_t *second = name + 1 + name[0], *third;

	if (wire_name_labels(name) != wire_name_labels(w->kube.domain) + 3 ||
	    !wire_name_in_zone(name, w->kube.domain))
		return false;
	third = second + 1 + second[0];
	if (third[0] != 3 || strncasecmp((const char *)third + 1, "svc", 3) != 0)
		return false;
	if (!is_path_label(name, service) || !is_path_label(second, ns))
		return false;
	*t = (struct observed_target){.applies = true,
				      .name = name,
				      .ns = world_printf(w, "%s", ns),
				      .service = world_printf(w, "%s", service)};
	return true;
}

static bool find_form(struct observed_world *w)
{
	const struct resolv_walk *walk = &w->resolv.walk[LIBC_GLIBC];

	for (unsigned i = 0; i < walk->n; i++) {
		if (has_form(w, walk->names[i]))
			return true;
	}
	return has_form(w, w->asked);
}

static uint64_t time_of(const char *text)
{
	struct tm tm = {0};
	time_t t = text && strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) ? timegm(&tm) : 0;

	return t > 0 ? (uint64_t)t : 0;
}

static void take_target(struct observed_world *w, const cJSON *service)
{
	struct observed_target *t = &w->kube.target;
	const cJSON *spec = api_member(service, "spec");
	const char *external = api_text(spec, "externalName");

	t->exists = true;
	t->created_wall_s = time_of(api_text2(service, "metadata", "creationTimestamp"));
	t->type = safe(w, api_text(spec, "type"));
	t->cluster_ip = safe(w, api_text(spec, "clusterIP"));
	if (external && strcmp(t->type, "ExternalName") == 0)
		t->external_name = world_name_of(w, external);
}

void cluster_look_up_target(struct observed_world *w, const struct doctor_options *o)
{
	struct observed_target *t = &w->kube.target;
	struct api a;

	if (!w->kube.domain || !find_form(w) || !w->kube.reached)
		return;
	if (api_open(&a, w, o) == 0) {
		int status;
		cJSON *service = get_one(&a, "services", t->ns, t->service, &status);

		t->known = service || status == NOT_FOUND;
		if (service)
			take_target(w, service);
		cJSON_Delete(service);
	}
	api_close(&a);
}
