// SPDX-License-Identifier: Apache-2.0
/* Decoded objects, and the writing side of the store: what decode makes, what watch applies, and what tests
 * fill a store with by hand:
 *
 *     struct kube_port port = {.name = "http", .name_len = 4, .port = 80};
 *     struct kube_addr ip = kube_addr_parse("10.96.0.1", 9);
 *     struct kube_object o = {.kind = KUBE_SERVICE, .ns = KUBE_STR("demo"), .name = KUBE_STR("web"),
 *                             .ips = &ip, .n_ips = 1, .ports = &port, .n_ports = 1};
 *     kube_store_apply(s, &o, now_s);
 *     kube_store_set_synced(s, KUBE_SERVICE);
 *
 * Thread: one writer at a time (the API client's thread), which is no RCU reader. */
#pragma once

#include "base/compiler.h"
#include "kube/store.h"

#define KUBE_STR(text) ((struct kube_str){(text), sizeof(text) - 1})

/* An address, or a host name (load balancers) with len 0. */
struct kube_addr {
	uint8_t len; /* 4, 16, or 0 */
	uint8_t bytes[16];
	struct kube_str host;
};

/* Text to address; len 0 with `host` set when it is none.  IPv4-mapped IPv6 becomes IPv4, as in Go. */
struct kube_addr kube_addr_parse(const char *text, size_t len);

struct kube_object_endpoint {
	const struct kube_addr *addrs;
	size_t n_addrs;
	struct kube_str hostname, pod, zone;
	bool not_ready;
};

struct kube_label {
	struct kube_str key, value;
};

/* One object as decoded: views into the message it was read from.  Fields of other kinds are ignored. */
struct kube_object {
	enum kube_kind kind;
	struct kube_str ns, name; /* ns: empty for namespaces */
	uint64_t version; /* resourceVersion; 0: not given */
	bool deleting; /* has a deletionTimestamp */

	/* Service, ServiceImport */
	enum kube_service_type type;
	const struct kube_addr *ips; /* cluster IPs */
	size_t n_ips;
	struct kube_str external_name;
	const struct kube_addr *externals;
	size_t n_externals;

	/* Service, ServiceImport, slices */
	const struct kube_port *ports;
	size_t n_ports;

	/* slices */
	struct kube_str service; /* the Service's (ServiceImport's) name, from the label */
	struct kube_str cluster; /* of a ServiceImport's slice */
	const struct kube_object_endpoint *endpoints;
	size_t n_endpoints;
	struct kube_str trigger_time; /* annotation endpoints.kubernetes.io/last-change-trigger-time */

	/* pods */
	struct kube_addr pod_ip; /* len 0: none yet */
	const struct kube_label *labels;
	size_t n_labels;
};

/* What is kept beyond the least (bits of `keep`). */
enum {
	KUBE_KEEP_POD_NAMES = 1, /* endpoint_pod_names: targetRef.name of endpoints */
	KUBE_KEEP_ZONES = 2, /* zonal */
	KUBE_KEEP_POD_META = 4, /* metadata: names and labels of pods */
};

/* `watched`: bits 1 << kind; kinds that are not are synced from the start.  NULL: no memory. */
struct kube_store *kube_store_new(unsigned keep, unsigned watched);
/* Readers are gone (or a grace period has passed since the last could see it). */
void kube_store_free(struct kube_store *s);

/* What applying did. */
enum kube_change { KUBE_SAME, KUBE_ADDED, KUBE_UPDATED, KUBE_DELETED, KUBE_REFUSED };

/* Add or update one object.  KUBE_SAME: nothing that answers need has changed.  KUBE_REFUSED: names that
 * no API server gives (empty, over 253 bytes), more than the record can hold, or no memory; what was there
 * stays. A Pod that is being deleted changes nothing (one that was there stays until its DELETED event). */
enum kube_change kube_store_apply(struct kube_store *s, const struct kube_object *o, uint64_t now_s);
/* Take one out: KUBE_DELETED, or KUBE_SAME when it was not there.  Only kind, ns and name are read. */
enum kube_change kube_store_delete(struct kube_store *s, const struct kube_object *o, uint64_t now_s);

/* A complete list of one kind: begin, apply each object, end.  What was not applied in between is deleted
 * by the end; how many those were is returned.  Readers see the old objects until then.  A list that
 * breaks off is just begun again. */
void kube_store_list_begin(struct kube_store *s, enum kube_kind kind);
size_t kube_store_list_end(struct kube_store *s, enum kube_kind kind, uint64_t now_s);
void kube_store_set_synced(struct kube_store *s, enum kube_kind kind);

/* What was taken out is kept by the dozen, up to 64 records, until it is given to rcu_free_later: whether there is such, and
 * give it now. */
bool kube_store_unsettled(const struct kube_store *s);
void kube_store_settle(struct kube_store *s);

/* The kept resourceVersion of an object (identified by kind, ns, name); false: it is not there. */
bool kube_store_version(const struct kube_store *s, const struct kube_object *o, uint64_t *ret_version);

/* A comparison with the API server (check.c): forget who was seen; note one as seen (false: it is not
 * there); count those that were neither seen nor applied since and are no newer than `version`.  Not
 * during a list of the same kind. */
void kube_store_check_begin(struct kube_store *s, enum kube_kind kind);
bool kube_store_check_seen(struct kube_store *s, const struct kube_object *o);
size_t kube_store_check_unseen(const struct kube_store *s, enum kube_kind kind, uint64_t version);

/* Bytes of all records and tables (without the allocator's own overhead). */
size_t kube_store_bytes(const struct kube_store *s);
