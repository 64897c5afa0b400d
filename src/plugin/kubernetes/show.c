// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "plugin/kubernetes/kubernetes.h"
#include "wire/name.h"

static void show_zones(const struct kubernetes *k, struct json *j)
{
	char zone[WIRE_NAME_TEXT_MAX];

	json_open(j, "zones", '[');
	for (size_t i = 0; i < k->set.n_zones; i++) {
		wire_name_text(k->set.zones[i].key->zone, zone);
		json_text(j, NULL, zone);
	}
	json_close(j, ']');
}

static void show_kind(const struct kubernetes *k, enum kube_kind kind, struct json *j)
{
	json_open(j, NULL, '{');
	json_text(j, "kind", kube_kind_text(kind));
	json_unsigned(j, "count", kube_store_count(k->store, kind));
	json_bool(j, "synced", kube_store_synced(k->store, kind));
	json_unsigned(j, "last_event", kube_last_event_s(k->client, kind));
	json_close(j, '}');
}

void k8s_show(const void *state, struct json *j)
{
	const struct kubernetes *k = state;

	json_bool(j, "synced", kube_synced(k->client));
	json_bool(j, "away", kube_away(k->client));
	show_zones(k, j);
	json_unsigned(j, "changes", kube_store_changes(k->store));
	json_unsigned(j, "last_change", kube_store_serial(k->store, KUBE_SERIAL));
	json_open(j, "objects", '[');
	for (int kind = 0; kind < KUBE_N_KINDS; kind++)
		show_kind(k, (enum kube_kind)kind, j);
	json_close(j, ']');
}
