// SPDX-License-Identifier: Apache-2.0
#include "doctor/cluster_internal.h"

#include "doctor/software.h"
#include "doctor/world.h"

#include <string.h>

static void take_image(struct observed_world *w, const char *address, const char *image)
{
	struct net_addr addr;
	const char *version;
	enum observed_software s = software_of_image(w, image, &version);

	if (strstr(image, ".dkr.ecr.") || strstr(image, "/eks/"))
		w->aws = true;
	if (s == SOFTWARE_UNKNOWN || !address || net_addr_parse(address, CLUSTER_DNS_PORT, &addr))
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
	return map && cluster_is_name(map) ? world_printf(w, "%s", map) : NULL;
}

const char *cluster_pods(struct api *a, const char *selector)
{
	cJSON *list = cluster_list(a, "/api/v1", "pods", "pods", a->w->kube.service_ns, selector);
	const char *map = NULL;
	const cJSON *pod;

	for (pod = api_first(api_member(list, "items")); pod; pod = pod->next) {
		const char *of_pod = take_pod(a->w, pod);

		map = map ? map : of_pod;
	}
	cJSON_Delete(list);
	return map;
}
