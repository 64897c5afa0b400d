// SPDX-License-Identifier: Apache-2.0
/* What operators should hear of: a cluster that could not be read in time, and namespaces named like
 * top-level domains.
 *
 * With the search path of a pod (svc.CLUSTER) the service `example` in the namespace `com` answers for
 * example.com, before the real one is asked.  The specification has it so; whoever may make namespaces can
 * take outside names over. */
#include "base/clock.h"
#include "base/log.h"
#include "base/rcu.h"
#include "plugin/kubernetes/kubernetes.h"
#include "server/background.h"

#include <errno.h>
#include <string.h>

enum { LOOK_MS = 250 };

/* Domains under which most outside names of a cluster stand. */
static const char *const top_level[] = {
	"com", "net", "org", "edu",   "gov", "mil", "int", "arpa", "info",   "biz",    "io", "co",
	"ai",  "app", "dev", "cloud", "me",  "tv",  "us",  "uk",   "eu",     "de",     "fr", "nl",
	"cn",  "jp",  "in",  "br",    "au",  "ca",  "ru",  "xyz",  "google", "amazon",
};

static int index_of(const struct kube_ns *ns)
{
	for (size_t i = 0; i < ARRAY_LEN(top_level); i++) {
		if (strlen(top_level[i]) == ns->name_len && !memcmp(top_level[i], ns->name, ns->name_len))
			return (int)i;
	}
	return -1;
}

static void warn_of(const char *name)
{
	log_line(LOG_WARNING,
		 "plugin/kubernetes: namespace \"%s\" is named like a top-level domain: through the search "
		 "path of pods its services "
		 "answer for outside names below %s",
		 name, name);
}

static void look_at_namespaces(struct kubernetes *k)
{
	struct kube_ns_iter it = kube_namespaces(k->store);
	const struct kube_ns *ns;

	while ((ns = kube_ns_next(&it))) {
		int i = k8s_namespace_shown(k, ns) ? index_of(ns) : -1;

		if (i < 0 || k->names_seen >> i & 1)
			continue;
		k->names_seen |= (uint64_t)1 << i;
		warn_of(top_level[i]);
	}
}

/* Thread: background. */
static void look(void *arg)
{
	struct kubernetes *k = arg;
	uint64_t changes;

	if (!k->late_said && clock_mono_ns() >= k->wait_until_ns) {
		k->late_said = true;
		if (!kube_synced(k->client))
			log_line(LOG_WARNING,
				 "plugin/kubernetes: starting server with unsynced Kubernetes API");
	}
	changes = kube_store_changes(k->store);
	if (changes == k->changes_seen)
		return;
	k->changes_seen = changes;
	rcu_join();
	look_at_namespaces(k);
	rcu_leave();
}

int k8s_watch_names_start(struct kubernetes *k)
{
	_Static_assert(ARRAY_LEN(top_level) <= 64, "one bit each in names_seen");

	if (!kube_synced(k->client))
		log_line(LOG_INFO, "plugin/kubernetes: waiting for Kubernetes API: the cluster's names are "
				   "answered once it is read, "
				   "other zones meanwhile");
	look(k);
	k->watch_names = background_every(LOOK_MS, look, k);
	return k->watch_names ? 0 : -ENOMEM;
}
