// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "plugin/kubernetes/kubernetes.h"
#include "wire/name.h"

void k8s_show(const void *state, struct text *t)
{
	const struct kubernetes *k = state;
	const struct kube_store *s = k->store;
	char zone[WIRE_NAME_TEXT_MAX];

	text_put(t, "\"synced\":%s,\"away\":%s,\"zones\":[", kube_synced(k->client) ? "true" : "false",
		 kube_away(k->client) ? "true" : "false");
	for (size_t i = 0; i < k->set.n_zones; i++) {
		wire_name_text(k->set.zones[i].key->zone, zone);
		text_put(t, "%s", i ? "," : "");
		text_json(t, zone);
	}
	text_put(t, "],\"changes\":%llu,\"last_change\":%u,\"objects\":[", (unsigned long long)kube_store_changes(s),
		 kube_store_serial(s, KUBE_SERIAL));
	for (int kind = 0; kind < KUBE_N_KINDS; kind++)
		text_put(t, "%s{\"kind\":\"%s\",\"count\":%zu,\"synced\":%s,\"last_event\":%llu}", kind ? "," : "",
			 kube_kind_text((enum kube_kind)kind), kube_store_count(s, (enum kube_kind)kind),
			 kube_store_synced(s, (enum kube_kind)kind) ? "true" : "false",
			 (unsigned long long)kube_last_event_s(k->client, (enum kube_kind)kind));
	text_put(t, "]");
}
