// SPDX-License-Identifier: Apache-2.0
#include "doctor/cluster_internal.h"

#include "doctor/world.h"
#include "kube/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 1024 };

bool cluster_is_name(const char *text)
{
	return *text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(text);
}

bool cluster_split(struct observed_world *w, const char *text, const char **ret_ns, const char **ret_name)
{
	const char *slash = strchr(text, '/');

	if (!slash)
		return false;
	*ret_ns = world_printf(w, "%.*s", (int)(slash - text), text);
	*ret_name = slash + 1;
	return cluster_is_name(*ret_ns) && cluster_is_name(*ret_name);
}

cJSON *cluster_get(struct api *a, const char *resource, const char *ns, const char *name, int *status)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/api/v1/namespaces/%s/%s/%s", ns, resource, name);
	return api_get(a, "get", resource, ns, path, status);
}

cJSON *cluster_list(struct api *a, const char *group, const char *resource, const char *full_name,
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

const char *cluster_safe(struct observed_world *w, const char *text)
{
	return world_safe(w, text ? text : "", text ? strlen(text) : 0, 253);
}
