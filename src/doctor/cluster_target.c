// SPDX-License-Identifier: Apache-2.0
/* The service that the name asked for would be. */
#include "doctor/cluster_internal.h"

#include "doctor/world.h"
#include "wire/name.h"
#include "wire/wire.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { LABEL_SIZE = 64 };

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
	t->type = cluster_safe(w, api_text(spec, "type"));
	t->cluster_ip = cluster_safe(w, api_text(spec, "clusterIP"));
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
		cJSON *service = cluster_get(&a, "services", t->ns, t->service, &status);

		t->known = service || status == CLUSTER_NOT_FOUND;
		if (service)
			take_target(w, service);
		cJSON_Delete(service);
	}
	api_close(&a);
}
