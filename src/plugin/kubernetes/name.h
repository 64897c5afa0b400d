// SPDX-License-Identifier: Apache-2.0
/* What a name in a cluster zone asks for.  The labels left of the zone, read from the right (DNS
 * specification 1.1.0):
 *
 *   SERVICE.NAMESPACE.svc                           a service
 *   HOST.SERVICE.NAMESPACE.svc                      an endpoint
 *   _PORT._PROTO.SERVICE.NAMESPACE.svc              a port; the underscores may be missing
 *   HOST.CLUSTER.SERVICE.NAMESPACE.svc              an endpoint of a ServiceImport (multicluster zones)
 *   ZONE...pin|prefer._zone.SERVICE.NAMESPACE.svc   the endpoints in a topology zone (`zonal`)
 *   [X.[X.]]ADDRESS.NAMESPACE.pod                   a pod
 *   dns-version                                     the schema's version
 *   ns.dns                                          this name server
 *
 * Pure; any thread. */
#pragma once

#include "base/compiler.h"
#include "wire/query.h"

#include <stdbool.h>
#include <stdint.h>

/* A label of the question's name, lower case; len 0: not given, or an underscore alone. */
struct k8s_label {
	const uint8_t *s;
	uint8_t len;
};

enum k8s_name_kind {
	K8S_NAME_BARE, /* the zone itself, svc, pod: exists and holds nothing */
	K8S_NAME_IMPOSSIBLE, /* no object can have it */
	K8S_NAME_SCHEMA,
	K8S_NAME_SERVER,
	K8S_NAME_SERVICE, /* below svc: `ns` is given, `service` perhaps */
	K8S_NAME_POD, /* below pod: likewise */
};

struct k8s_name {
	enum k8s_name_kind kind;
	struct k8s_label ns, service, endpoint, cluster, port, proto;
	bool qualified; /* more than a service: an endpoint, a port, a topology zone */
	bool zonal, prefer;
	const uint8_t *topology; /* wire form, `topology_len` bytes of labels without a root */
	uint8_t topology_len;
};

/* `left`: how many labels stand left of the zone. */
void k8s_name_read(const struct wire_query *in, unsigned left, bool multicluster, bool zonal,
		   struct k8s_name *ret);

/* How many labels of the question stand left of a zone of `zone_len` octets; -1: it is not in that zone. */
int k8s_labels_left(const struct wire_query *in, const uint8_t *zone, unsigned zone_len);

/* "10-1-2-3", "2001-db8--1": 4 or 16 with the address, or 0.  Only decimal numbers without leading zeros. */
unsigned k8s_dashed_addr(const uint8_t *label, unsigned len, uint8_t addr[16]);
/* The host label of an endpoint without a name; its length (at most 40). */
enum { K8S_DASHED_MAX = 40 };
unsigned k8s_dashed_text(const uint8_t *addr, unsigned addr_len, char out[K8S_DASHED_MAX]);
