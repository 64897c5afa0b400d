// SPDX-License-Identifier: Apache-2.0
/* What the API server has said, in the form that answers need it: names and addresses of Services, endpoints,
 * Pods, namespaces and ServiceImports, and nothing else of them.
 *
 *      names:     (namespace, service) ----> struct kube_name ---> struct kube_service    its type,
 * addresses, ports
 *                                                  |
 *                                                  +---> struct kube_slice -> next ...    ready endpoints,
 * ports
 *      services by address:  address ----> struct kube_name          (cluster IPs)
 *      external by address:  address ----> struct kube_name          (externalIPs, load balancer addresses)
 *      endpoints by address: address ----> struct kube_slice         (the name is slice->name)
 *      pods by address:      address ----> struct kube_pod
 *      imports:   (namespace, service) ----> struct kube_name, of ServiceImports and their slices
 *
 * All tables are read without a lock by workers (base/rcu.h) while one thread, the API client's, changes
 * them. An update replaces the record of its own object and nothing else.  So every pointer that a function
 * here gives out is good until the end of the caller's turn and never survives a STEP_WAIT; two loads may see
 * two states, so take `kube_name_service` and each list once an answer.
 *
 * Kept are only ready endpoints: what is not ready stands in no answer.  Names are as the API server has them
 * (lower case); the caller lowers the labels that it looks up.
 *
 * Thread: functions of this header: any RCU reader (worker), and the writer itself. */
#pragma once

#include "base/compiler.h"
#include "kube/record.h"
#include "kube/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct kube_store;

enum kube_kind {
	KUBE_SERVICE,
	KUBE_SLICE,
	KUBE_NAMESPACE,
	KUBE_POD,
	KUBE_IMPORT, /* multicluster ServiceImports */
	KUBE_IMPORT_SLICE, /* EndpointSlices that belong to ServiceImports */
	KUBE_N_KINDS,
};

/* "services", "endpointslices", ...: for messages and metrics. */
const char *kube_kind_text(enum kube_kind kind);

/* A text that is not terminated; `s` may be NULL when len is 0. */
struct kube_str {
	const char *s;
	uint32_t len;
};

/* ---------------------------------------------------------------- namespaces */

struct kube_ns {
	uint64_t version; /* writer only */
	uint32_t refs; /* writer only: records that point here */
	bool exists; /* the Namespace object is there and matches namespace_labels: kube_ns_exists */
	uint8_t seen; /* writer only */
	uint8_t name_len;
	char name[];
};

/* Whether the Namespace object is there now: Services may point to one that is not (yet). */
static inline bool kube_ns_exists(const struct kube_ns *ns)
{
	return __atomic_load_n(&ns->exists, __ATOMIC_RELAXED);
}

/* The namespace, or NULL when no such Namespace object is there. */
const struct kube_ns *kube_namespace_find(const struct kube_store *s, const char *name, size_t len);

/* ---------------------------------------------------------------- ports */

enum kube_proto { KUBE_TCP, KUBE_UDP, KUBE_SCTP, KUBE_PROTO_OTHER };

struct kube_port {
	const char *name; /* not terminated */
	uint8_t name_len; /* 0: unnamed, no _name._proto record */
	uint8_t proto; /* enum kube_proto */
	bool pseudo; /* the object has no port at all: the one that stands for it (number -1) */
	uint16_t port; /* 65535 for the pseudo port and for a slice's port without number (also `pseudo`) */
};

/* "tcp", "udp", "sctp"; "" for KUBE_PROTO_OTHER. */
const char *kube_proto_text(uint8_t proto);

/* Walks ports in the object's order:  for (it = kube_service_ports(svc); kube_port_next(&it, &p);) */
struct kube_port_iter {
	const uint8_t *at;
	uint16_t left;
};
static inline bool kube_port_next(struct kube_port_iter *it, struct kube_port *ret)
{
	if (!it->left)
		return false;
	memcpy(&ret->port, it->at, sizeof(ret->port));
	ret->proto = it->at[2] & (RECORD_PSEUDO_PORT - 1);
	ret->pseudo = it->at[2] & RECORD_PSEUDO_PORT;
	ret->name_len = it->at[3];
	ret->name = (const char *)it->at + RECORD_PORT_LEN;
	it->at += RECORD_PORT_LEN + ret->name_len;
	it->left--;
	return true;
}

/* ---------------------------------------------------------------- services */

enum kube_service_type { KUBE_CLUSTER_IP, KUBE_HEADLESS, KUBE_EXTERNAL_NAME };

/* One Service (or ServiceImport): a packed record that is never changed. */
struct kube_service {
	uint64_t version; /* resourceVersion */
	uint8_t type; /* enum kube_service_type; NodePort and LoadBalancer are KUBE_CLUSTER_IP */
	uint8_t first_is_ip6; /* the first cluster IP is the IPv6 one */
	uint8_t n_ip4, n_ip6; /* cluster IPs by family, each in the object's order */
	uint16_t n_ports; /* at least 1 (see kube_port.pseudo) but for ServiceImports */
	uint16_t n_external;
	uint32_t data_len;
	uint8_t data[]; /* 4-byte, 16-byte addresses, ports, external addresses, external name */
};

/* Cluster IPs: n_ip4 addresses of 4 bytes, n_ip6 of 16. */
static inline const uint8_t *kube_service_ip4(const struct kube_service *svc)
{
	return svc->data;
}
static inline const uint8_t *kube_service_ip6(const struct kube_service *svc)
{
	return svc->data + 4u * svc->n_ip4;
}
static inline struct kube_port_iter kube_service_ports(const struct kube_service *svc)
{
	return (struct kube_port_iter){kube_service_ip6(svc) + 16u * svc->n_ip6, svc->n_ports};
}
/* spec.externalName as it stands there; len 0 but for KUBE_EXTERNAL_NAME. */
struct kube_str kube_service_external_name(const struct kube_service *svc);

/* externalIPs, then the load balancer's ingresses, in the object's order.  addr_len 4 or 16, or 0: a host
 * name. */
struct kube_external {
	uint8_t addr_len;
	const uint8_t *addr;
	struct kube_str host;
};
struct kube_external_iter {
	const uint8_t *at;
	uint16_t left;
};
struct kube_external_iter kube_service_externals(const struct kube_service *svc);
bool kube_external_next(struct kube_external_iter *it, struct kube_external *ret);

/* ---------------------------------------------------------------- names */

struct kube_slice;

/* A (namespace, service name) that a Service or a slice has.  It stays the same record while either is there.
 * A slice without the label of a Service has the empty name: it makes no forward answer and no PTR. */
struct kube_name {
	struct kube_service *service; /* RCU: kube_name_service */
	struct kube_slice *slices; /* RCU: kube_name_slices */
	const struct kube_ns *ns;
	uint8_t seen; /* writer only */
	uint8_t name_len;
	char name[];
};

/* The record of that Service (kube_import_find: ServiceImport), or NULL.  Its service may be NULL (only
 * slices are there so far: answers nothing forward). */
const struct kube_name *kube_name_find(const struct kube_store *s, const char *ns, size_t ns_len,
				       const char *name, size_t name_len);
const struct kube_name *kube_import_find(const struct kube_store *s, const char *ns, size_t ns_len,
					 const char *name, size_t name_len);

static inline const struct kube_service *kube_name_service(const struct kube_name *n)
{
	return rcu_get(n->service);
}
/* The first slice; further ones by kube_slice_next.  NULL: none. */
static inline const struct kube_slice *kube_name_slices(const struct kube_name *n)
{
	return rcu_get(n->slices);
}
static inline const struct kube_slice *kube_slice_next(const struct kube_slice *slice);

/* ---------------------------------------------------------------- endpoints */

/* The ready endpoints of one EndpointSlice, never changed but for `next`. */
struct kube_slice {
	struct kube_slice *next; /* RCU */
	struct kube_name
		*name; /* what it belongs to; its `service` may be NULL (PTR is answered all the same) */
	uint64_t id; /* hash of the slice's own namespace and name */
	uint64_t version;
	uint16_t n_ip4, n_ip6; /* addresses by family, each in the object's order */
	uint16_t n_ports; /* at least 1 */
	uint8_t texts; /* which texts each address has, and whether this is of a ServiceImport (record.c) */
	uint8_t seen; /* writer only */
	uint32_t data_len;
	uint8_t data[]; /* 4-byte, 16-byte addresses, ports, cluster, then the texts of each address */
};

static inline const struct kube_slice *kube_slice_next(const struct kube_slice *slice)
{
	return rcu_get(slice->next);
}

/* The packed addresses alone (n_ip4 of 4 bytes, n_ip6 of 16): the quick way for A and AAAA. */
static inline const uint8_t *kube_slice_ip4(const struct kube_slice *slice)
{
	return slice->data;
}
static inline const uint8_t *kube_slice_ip6(const struct kube_slice *slice)
{
	return slice->data + 4u * slice->n_ip4;
}
static inline struct kube_port_iter kube_slice_ports(const struct kube_slice *slice)
{
	return (struct kube_port_iter){kube_slice_ip6(slice) + 16u * slice->n_ip6, slice->n_ports};
}
/* Source cluster of a ServiceImport's slice; len 0 for others. */
struct kube_str kube_slice_cluster(const struct kube_slice *slice);

/* One address of a ready endpoint.  Before the first byte of each of its texts stands their length, as in a label of a name. */
struct kube_endpoint {
	const uint8_t *addr;
	uint8_t addr_len; /* 4 or 16 */
	struct kube_str hostname; /* the endpoint's hostname, len 0: none */
	struct kube_str pod; /* targetRef.name; only with KUBE_KEEP_POD_NAMES, and only below 64 bytes */
	struct kube_str zone; /* topology zone in lower case; only with KUBE_KEEP_ZONES */
};
struct kube_endpoint_iter {
	const struct kube_slice *slice;
	const uint8_t *texts; /* NULL: its addresses have none */
	uint32_t at;
};

/* Walks all addresses, IPv4 first:  for (it = kube_slice_endpoints(slice); kube_endpoint_next(&it, &e);) */
struct kube_endpoint_iter kube_slice_endpoints(const struct kube_slice *slice);
/* The texts of the address that the walk is at: for kube_endpoint_next. */
void kube_endpoint_texts(struct kube_endpoint_iter *it, struct kube_endpoint *ret);
static inline bool kube_endpoint_next(struct kube_endpoint_iter *it, struct kube_endpoint *ret)
{
	const struct kube_slice *slice = it->slice;
	uint32_t i = it->at;

	if (i >= (uint32_t)slice->n_ip4 + slice->n_ip6)
		return false;
	ret->addr_len = i < slice->n_ip4 ? 4 : 16;
	ret->addr = i < slice->n_ip4 ? slice->data + 4 * i : kube_slice_ip6(slice) + 16 * (i - slice->n_ip4);
	ret->hostname = ret->pod = ret->zone = (struct kube_str){NULL, 0};
	if (it->texts)
		kube_endpoint_texts(it, ret);
	it->at++;
	return true;
}

/* A Service has at least one ready address. */
bool kube_name_has_endpoints(const struct kube_name *n);

/* ---------------------------------------------------------------- pods */

struct kube_pod {
	const struct kube_ns *ns;
	uint64_t id; /* hash of namespace and name */
	uint64_t version;
	uint8_t seen; /* writer only */
	uint8_t addr_len; /* 4 or 16; 0: it has none yet (such a pod is found by no address) */
	uint16_t data_len;
	uint8_t data[]; /* address; with KUBE_KEEP_POD_META: name, labels */
};

const uint8_t *kube_pod_addr(const struct kube_pod *pod);
/* With KUBE_KEEP_POD_META: its name and labels (for metadata); else len 0 and none. */
struct kube_str kube_pod_name(const struct kube_pod *pod);
struct kube_label_iter {
	const uint8_t *at, *end;
};
struct kube_label_iter kube_pod_labels(const struct kube_pod *pod);
bool kube_label_next(struct kube_label_iter *it, struct kube_str *ret_key, struct kube_str *ret_value);

/* ---------------------------------------------------------------- by address */

/* Walks the records of one address: the same address may stand in several.  Each record comes once.
 *     struct kube_addr_iter it = kube_addr_find(store, KUBE_BY_ENDPOINT, addr, len);
 *     while ((slice = kube_addr_next_slice(&it))) ... */
enum kube_by_addr {
	KUBE_BY_CLUSTER_IP, /* names: Services by cluster IP */
	KUBE_BY_EXTERNAL_IP, /* names: Services by externalIPs and load balancer addresses */
	KUBE_BY_ENDPOINT, /* slices: all, those without a Service too */
	KUBE_BY_POD, /* pods */
	KUBE_N_BY_ADDR,
};

struct kube_addr_iter {
	struct kube_probe probe;
	const uint8_t *addr;
	uint8_t addr_len, by;
};

/* `addr` (4 or 16 bytes, network order) must live as long as the iterator.  An IPv4-mapped IPv6 address is
 * not looked up as IPv4. */
struct kube_addr_iter kube_addr_find(const struct kube_store *s, enum kube_by_addr by, const uint8_t *addr,
				     size_t len);
const struct kube_name *kube_addr_next_name(struct kube_addr_iter *it);
const struct kube_slice *kube_addr_next_slice(struct kube_addr_iter *it);
const struct kube_pod *kube_addr_next_pod(struct kube_addr_iter *it);

/* ---------------------------------------------------------------- all of them */

/* Every name (imports: of ServiceImports), in no order, within one turn of the caller.  Records that come
 * or go meanwhile may or may not be seen; one that is there all along is seen exactly once. */
struct kube_name_iter {
	const struct kube_table_slots *slots;
	uint32_t at, round;
};
struct kube_name_iter kube_names(const struct kube_store *s, bool imports);
const struct kube_name *kube_name_next(struct kube_name_iter *it);
/* Go on in a later turn.  One that went and came again meanwhile may be seen twice.  False: the table was written anew, and the
 * walk has to begin again. */
bool kube_names_go_on(const struct kube_store *s, bool imports, struct kube_name_iter *it);

/* Every namespace that exists, likewise. */
struct kube_ns_iter {
	const struct kube_table_slots *slots;
	uint32_t at;
};
struct kube_ns_iter kube_namespaces(const struct kube_store *s);
const struct kube_ns *kube_ns_next(struct kube_ns_iter *it);

/* Every pod, likewise. */
struct kube_pod_iter {
	const struct kube_table_slots *slots;
	uint32_t at;
};
struct kube_pod_iter kube_pods(const struct kube_store *s);
const struct kube_pod *kube_pod_next(struct kube_pod_iter *it);

/* How many objects of a kind are kept. */
size_t kube_store_count(const struct kube_store *s, enum kube_kind kind);

/* ---------------------------------------------------------------- state */

/* The first complete list of this kind has been read; true for kinds that are not watched.  Never goes
 * back to false. */
bool kube_store_synced(const struct kube_store *s, enum kube_kind kind);
/* All watched kinds are. */
bool kube_store_all_synced(const struct kube_store *s);

/* SOA serials: Unix time of the last change that answers show; 0: none yet.
 *   KUBE_SERIAL           Service, slice or Pod added or deleted; addresses, host names, ports, zones of a
 * slice, externalName or ports
 *                         of a Service, address of a Pod changed
 *   KUBE_SERIAL_EXTERNAL  external addresses or ports of a Service updated (k8s_external)
 *   KUBE_SERIAL_MULTI     a ServiceImport or a slice of one updated */
enum kube_serial { KUBE_SERIAL, KUBE_SERIAL_EXTERNAL, KUBE_SERIAL_MULTI, KUBE_N_SERIALS };
uint32_t kube_store_serial(const struct kube_store *s, enum kube_serial which);

/* Goes up with every change of anything above: equal numbers mean nothing changed in between (own caches). */
uint64_t kube_store_changes(const struct kube_store *s);
