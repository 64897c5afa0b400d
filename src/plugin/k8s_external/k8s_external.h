// SPDX-License-Identifier: Apache-2.0
/* k8s_external: SERVICE.NAMESPACE.ZONE with the addresses under which the world reaches a service
 * (externalIPs, a load balancer's), out of the store of the `kubernetes` plugin in the same block.
 *
 *   setup.c          grammar
 *   k8s_external.c   hooks: apex, ns1.APEX, everything else
 *   find.c           what a name asks for
 *   answer.c         A, AAAA, SRV, PTR; host names of load balancers are asked of the whole server (chase.c) */
#pragma once

#include "plugin/kubernetes/kubernetes.h"

enum {
	EXTERNAL_HOSTS_MAX = 4, /* host names of one service that are followed */
	EXTERNAL_APEX_MAX = 63,
};

/* Rule: frozen while serving. */
struct k8s_external {
	struct cf_keys keys; /* as written: PTR leads into the first */
	const struct cf_key **zones; /* longest first */
	struct k8s_label apex; /* lower case */
	uint8_t mname[5 + EXTERNAL_APEX_MAX],
		rname[12 + EXTERNAL_APEX_MAX]; /* "ns1.APEX", "hostmaster.APEX" */
	uint8_t mname_len, rname_len;
	uint32_t ttl_s;
	bool headless, has_fallthrough;
	struct zone_list fallthrough;
	const struct block *block;
	const struct kubernetes *k; /* from start on */
};

/* One host name to be asked for, and as what. */
struct external_task {
	const uint8_t *target; /* arena */
	uint16_t type;
};

/* Per query; zeroed. */
struct external_query {
	struct k8s_wait wait;
	const struct k8s_external *e;
	struct external_task tasks[2 * EXTERNAL_HOSTS_MAX];
	unsigned n_tasks, at;
};

/* What a name comes to. */
struct external_ask {
	const struct k8s_external *e;
	struct query *q;
	struct external_query *eq;
	unsigned zone_off, left; /* labels left of the zone */
	struct k8s_name name; /* ns, service, endpoint, port, proto */
	const struct kube_name *n;
	const struct kube_service *svc;
	bool by_endpoints; /* a headless service without external addresses, or one of its endpoints */
};

int external_setup(struct setup *s, void *state);

/* Fill in the rest of `a` from the store.  K8S_NXDOMAIN, K8S_NODATA, or K8S_ANSWERED: there is something,
 * at least one port matches. */
enum k8s_outcome external_find(struct external_ask *a);

enum k8s_outcome external_addresses(struct external_ask *a);
enum k8s_outcome external_srv(struct external_ask *a);
/* PTR at a complete reverse name. */
enum k8s_outcome external_ptr(struct external_ask *a, const uint8_t *addr, unsigned len);
/* The addresses of the services that lead to this server, or its own; `owner` NULL: into the answer
 * section, those of the question's type, else all into the additional section. */
enum k8s_outcome external_servers(struct external_ask *a, const uint8_t *owner);

/* Ask for the next host name; K8S_ANSWERED when there is none left. */
enum k8s_outcome external_chase(struct external_query *eq, struct query *q);

/* ---- servers.c: the addresses of external_servers, one after the other; stops at the first error and
 * returns it */
typedef int external_server_fn(void *arg, const uint8_t *addr, unsigned len);
int external_each_server(const struct k8s_external *e, external_server_fn *fn, void *arg);

/* ---- transfer.c, with what it needs of the others */
int external_transfer(const void *state, const uint8_t *zone, struct transfer *t);
struct wire_plain_soa external_soa_of(const struct k8s_external *e);
/* A load balancer's host name as a name in the arena; NULL: it is none, or no memory. */
uint8_t *external_host_name(struct arena *a, struct kube_str host);
