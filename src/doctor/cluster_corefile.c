// SPDX-License-Identifier: Apache-2.0
#include "doctor/cluster_internal.h"

#include "doctor/facts.h"
#include "doctor/kube_dns.h"
#include "doctor/run.h"
#include "doctor/world.h"

#include <string.h>

#define KUBE_DNS "kube-dns"

/* The status of the request. */
static int take_configmap(struct api *a, const char *ns, const char *name)
{
	int status;
	cJSON *map = cluster_get(a, "configmaps", ns, name, &status);
	const char *text = api_text2(map, "data", "Corefile");
	const char *where = world_printf(a->w, "configmap %s/%s", ns, name);

	if (text)
		facts_of_corefile(a->w, COREFILE_CONFIGMAP, where, text, strlen(text));
	else if (map && strcmp(name, KUBE_DNS) == 0)
		kube_dns_facts(a->w, where, api_member(map, "data"));
	else if (map)
		a->w->corefile.error = world_printf(a->w, "%s has no key Corefile", where);
	else if (status == CLUSTER_NOT_FOUND)
		a->w->corefile.error = world_printf(a->w, "there is no %s", where);
	else
		a->w->corefile.error = world_printf(a->w, "%s could not be read", where);
	cJSON_Delete(map);
	return status;
}

void cluster_corefile(struct api *a, const struct doctor_options *o, const char *mounted)
{
	static const char *const usual[] = {"coredns", "binnacle", KUBE_DNS};
	const char *ns, *name;

	if (o->configmap) {
		if (cluster_split(a->w, o->configmap, &ns, &name))
			take_configmap(a, ns, name);
		return;
	}
	if (mounted && take_configmap(a, a->w->kube.service_ns, mounted) != CLUSTER_NOT_FOUND)
		return;
	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		if (take_configmap(a, a->w->kube.service_ns, usual[i]) != CLUSTER_NOT_FOUND)
			return;
	}
	a->w->corefile.error = world_printf(a->w, "there is no configmap %s/coredns, binnacle or " KUBE_DNS,
					    a->w->kube.service_ns);
}
