// SPDX-License-Identifier: Apache-2.0
/* What a `kubernetes` directive says.  Frozen after setup; all in the generation's arena. */
#pragma once

#include "corefile/corefile.h"
#include "server/zone_list.h"

#include <stdbool.h>
#include <stdint.h>

struct setup;

enum k8s_pods { K8S_PODS_DISABLED, K8S_PODS_VERIFIED, K8S_PODS_INSECURE };

struct k8s_zone {
	const struct cf_key *key;
	bool reverse; /* below in-addr.arpa or ip6.arpa */
	bool multicluster; /* answered from ServiceImports */
};

struct k8s_namespace {
	struct k8s_namespace *next;
	uint8_t len;
	const char *name; /* as written: compares with lower-cased questions */
};

struct k8s_settings {
	struct cf_keys keys;
	struct k8s_zone *zones; /* most octets first */
	size_t n_zones;
	const struct cf_key *primary; /* where PTR records lead: the first zone that is not a reverse one */
	bool has_multicluster;
	struct zone_list multicluster;

	/* the API server */
	const char *endpoint; /* NULL: kubeconfig, or in the cluster */
	const char *cert, *key, *ca;
	const char *kubeconfig, *context;
	double qps; /* 0: the client's default */
	uint32_t burst, max_inflight; /* 0: the client's default; no bound */
	const char *labels, *namespace_labels; /* selectors; NULL: none */

	/* what is answered */
	struct k8s_namespace *namespaces; /* none: all */
	enum k8s_pods pods;
	bool endpoint_pod_names, no_endpoints, zonal, ignore_empty, has_fallthrough;
	uint32_t ttl_s;
	uint64_t startup_timeout_ns;
	struct zone_list fallthrough;
};

/* Read all of the block's `kubernetes` directives (one is allowed).  0 or ERR_SYNTAX with errors recorded. */
int k8s_settings_read(struct setup *s, struct k8s_settings *set);

/* ZONES of a directive, in order; without any those of its block (zones.c).  0, ERR_SYNTAX. */
int k8s_zones_read(struct setup *s, struct cf_keys *ret);
int k8s_zones_of_block(struct setup *s, struct cf_keys *ret);
/* Once all options are read: which zones are what. */
int k8s_zones_finish(struct setup *s, struct k8s_settings *set);

/* Is this a label selector ("a=b,c in (x,y),!d")?  NULL, or what is wrong with it (static).  Pure. */
const char *k8s_selector_check(const char *text);
