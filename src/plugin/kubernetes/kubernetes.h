// SPDX-License-Identifier: Apache-2.0
/* kubernetes: the cluster's names from the store (kube/store.h).
 *
 *   query()  zone, longest match -> name.h -> first synchronisation awaited? -> one of
 *              addresses.c  A, AAAA of services, endpoints, pods, ns.dns; and whether a name exists at all
 *              srv.c        SRV and the addresses that go along
 *              reverse.c    PTR
 *              server.c     NS, SOA, ns.dns: where this server itself is to be found
 *              external.c   ExternalName (server/alias.h)
 *            -> outcome -> the reply, or on to the next plugin (fallthrough)
 *
 * Nearly all answers are one table lookup and one block written straight into the query's arena
 * (wire/plain.h). */
#pragma once

#include "base/heap.h"
#include "kube/client.h"
#include "kube/store.h"
#include "net/addr.h"
#include "plugin/kubernetes/name.h"
#include "plugin/kubernetes/settings.h"
#include "server/query.h"
#include "server/who_owner.h"
#include "wire/plain.h"

enum { K8S_LOCAL_MAX = 64 };

struct metadata_label;
struct transfer;

/* Labels under which the plugin has metadata, but for client-label/KEY. */
enum k8s_meta {
	K8S_META_ENDPOINT,
	K8S_META_KIND,
	K8S_META_NAMESPACE,
	K8S_META_PORT,
	K8S_META_PROTOCOL,
	K8S_META_SERVICE,
	K8S_META_CLUSTER,
	K8S_META_ZONE,
	K8S_META_PARSE_ERROR,
	K8S_META_CLIENT_NAMESPACE,
	K8S_META_CLIENT_POD,
	K8S_N_META,
};

/* Rule: frozen while serving, but for what is noted. */
struct kubernetes {
	struct k8s_settings set;
	const struct block *block;
	struct kube_client *client;
	const struct kube_store *store;
	struct net_addr local[K8S_LOCAL_MAX]; /* where this server is to be found */
	unsigned n_local;
	uint64_t wait_until_ns; /* monotonic: so long questions wait for the first synchronisation */
	const struct metadata_label *meta[K8S_N_META];
	struct background_task *watch_names; /* warnings.c; control */
	uint64_t names_seen, changes_seen; /* background */
	bool late_said; /* background */
};

/* What a look-up came to. */
enum k8s_outcome {
	K8S_ANSWERED, /* q->reply is set */
	K8S_NODATA,
	K8S_NXDOMAIN,
	K8S_UNKNOWN, /* part of what it takes was never read: SERVFAIL */
	K8S_WAITS, /* a sub-query is under way */
	K8S_NO_MEMORY,
};

struct k8s_ask {
	const struct kubernetes *k;
	const struct kube_store *store;
	struct query *q;
	const struct k8s_zone *zone;
	unsigned zone_off; /* of the zone in the question's name */
	struct k8s_name name;
};

/* The instance of a block, or NULL.  For plugins that build on it (autopath, k8s_external), from their
 * start() on. */
const struct kubernetes *k8s_of_block(const struct block *b);

/* ---- kubernetes.c */
/* The zone that the question is in, the longest; false: none. */
bool k8s_ask_begin(struct k8s_ask *a, const struct kubernetes *k, struct query *q);

/* ---- address.c (name.h) */
/* The client's address: 4 or 16 bytes; mapped IPv6 is IPv4. */
unsigned k8s_peer_addr(const struct query *q, uint8_t addr[16]);

/* ---- owner.c: whose address is it, for reports (server/who_owner.h) */
void k8s_owners_start(struct kubernetes *k);
void k8s_owners_stop(struct kubernetes *k); /* nobody reads the store through it any more */
/* In a read-side section. */
bool k8s_owner_of(const struct kubernetes *k, const uint8_t *addr, size_t len, struct who_owner *ret);

/* ---- names.c: owner names and rdata, in the query's arena */
/* Labels to put before a name. */
struct k8s_part {
	const void *s;
	size_t len;
};
#define K8S_PART(text) ((struct k8s_part){(text), sizeof(text) - 1})
/* The labels, then `zone` (wire form); `head` bytes are left free in front.  NULL: no memory, or longer
 * than a name can be.  *ret_len: the name's. */
uint8_t *k8s_compose(struct arena *a, size_t head, const struct k8s_part *parts, unsigned n,
		     const uint8_t *zone, size_t *ret_len);
/* The same into a buffer of WIRE_NAME_MAX; its length, or 0. */
size_t k8s_compose_into(uint8_t *out, const struct k8s_part *parts, unsigned n, const uint8_t *zone);

/* ---- seen.c: what was added already */
struct k8s_seen {
	uint64_t *slots;
	uint32_t mask;
};
/* Room for `n`.  False: no memory. */
bool k8s_seen_init(struct k8s_seen *s, struct arena *a, unsigned n);
/* False: it was there. */
bool k8s_seen_add(struct k8s_seen *s, uint64_t key);
uint64_t k8s_seen_key(const void *a, size_t a_len, const void *b, size_t b_len);

/* ---- wait.c: for the first synchronisation */
/* Per query; zeroed. */
struct k8s_wait {
	struct timer timer;
	struct query *q;
	const struct kubernetes *k;
	void (*go)(struct query *q, void *arg);
	void *arg;
};
static inline bool k8s_unsynced(const struct kubernetes *k)
{
	return !kube_store_all_synced(k->store);
}
/* True: the hook returns STEP_WAIT, and `go` is called when the cluster has been read or the time is up;
 * it answers and resumes.  False: it is, or nothing can be waited for. */
bool k8s_wait(struct k8s_wait *w, const struct kubernetes *k, struct query *q,
	      void (*go)(struct query *q, void *arg), void *arg);
/* From the plugin's reply(): also when the question's time was up while it waited. */
void k8s_wait_end(struct k8s_wait *w, struct query *q);

/* ---- reply.c; both return STEP_DONE */
enum step k8s_out_of_memory(struct query *q);
/* No records but the SOA; SERVFAIL means that the cluster has not been read yet. */
enum step k8s_deny(struct query *q, unsigned rcode, unsigned zone_off, const struct wire_plain_soa *soa);

/* ---- find.c */
/* A namespace is there and not hidden. */
bool k8s_namespace_shown(const struct kubernetes *k, const struct kube_ns *ns);
bool k8s_namespace_listed(const struct kubernetes *k, const char *name, size_t len);
/* The service (ServiceImport) that the name asks for, with `service` set; false: there is none to be seen. */
bool k8s_find_service(const struct k8s_ask *a, const struct kube_name **ret_name,
		      const struct kube_service **ret_service);
/* A port of these matches what the name says (or it says nothing). */
bool k8s_port_matches(const struct k8s_name *n, const struct kube_port *p);
unsigned k8s_count_ports(const struct k8s_name *n, struct kube_port_iter it);
static inline unsigned k8s_ports_matching(const struct k8s_name *n, struct kube_port_iter it)
{
	return likely(!n->port.len && !n->proto.len) ? it.left : k8s_count_ports(n, it);
}

/* Endpoints of a service that match host label, cluster and topology zone. */
struct k8s_endpoint_walk {
	const struct kubernetes *k;
	const struct k8s_name *name;
	const struct kube_slice *slice;
	struct kube_endpoint_iter it;
	bool multicluster;
	bool any_zone; /* `prefer`, and there is none in that zone */
	bool all_slices, all_endpoints; /* no filter: each matches */
	uint8_t addr_len;
	uint8_t addr[16]; /* what the host label is, read as an address */
};
/* Begin; `any_zone` is settled here. */
struct k8s_endpoint_walk k8s_endpoints(const struct kubernetes *k, const struct k8s_name *name,
				       bool multicluster, const struct kube_name *n);
const struct kube_slice *k8s_slice_matching(const struct k8s_endpoint_walk *w, const struct kube_slice *s);
bool k8s_endpoint_matching(struct k8s_endpoint_walk *w, struct kube_endpoint *ret);
/* The next slice with its endpoints to walk; NULL at the end. */
static inline const struct kube_slice *k8s_walk_slice(struct k8s_endpoint_walk *w)
{
	const struct kube_slice *s = likely(w->all_slices) ? w->slice : k8s_slice_matching(w, w->slice);

	if (!s)
		return NULL;
	w->slice = kube_slice_next(s);
	w->it = kube_slice_endpoints(s);
	return s;
}
static inline bool k8s_walk_endpoint(struct k8s_endpoint_walk *w, struct kube_endpoint *ret)
{
	return likely(w->all_endpoints) ? kube_endpoint_next(&w->it, ret) : k8s_endpoint_matching(w, ret);
}
/* An endpoint's host label; `buf` may be used for it. */
struct k8s_label k8s_host_label(const struct kubernetes *k, const struct kube_endpoint *e,
				char buf[K8S_DASHED_MAX]);

/* ---- addresses.c */
/* Addresses of the question's family into the reply, NODATA when there are none of it; for other types
 * only whether the name exists (K8S_NODATA) or not. */
enum k8s_outcome k8s_addresses(struct k8s_ask *a);
/* n addresses of 4 or 16 bytes as the answer. */
enum k8s_outcome k8s_give_addresses(struct query *q, uint32_t ttl_s, const uint8_t *addrs, unsigned size,
				    unsigned n);

/* ---- srv.c */
enum k8s_outcome k8s_srv_answer(struct k8s_ask *a);

/* An SRV answer in the making: fill in the first members, then begin, targets and their ports, end. */
enum { K8S_SRV_FIXED = 6 }; /* bytes of rdata before the target */
struct k8s_srv {
	struct query *q;
	const struct k8s_name *filter; /* which ports */
	const uint8_t *zone; /* what targets end in */
	uint32_t ttl_s, address_ttl_s;
	unsigned pairs; /* all (address, port) that match: the weight is shared among them */

	unsigned weight;
	size_t bytes; /* at least so many the records take; past a message's size no more are added */
	struct k8s_seen records, addresses;
	bool out_of_memory;
};
bool k8s_srv_begin(struct k8s_srv *s);
/* An rdata whose fixed part k8s_srv_add fills in; NULL: no memory. */
uint8_t *k8s_srv_target(struct k8s_srv *s, const struct k8s_part *parts, unsigned n, size_t *ret_len);
/* The matching ports of one target, and one of its addresses (addr_len 0: none is known here). */
void k8s_srv_add(struct k8s_srv *s, struct kube_port_iter ports, const uint8_t *rdata, size_t name_len,
		 const uint8_t *addr, unsigned addr_len);
enum k8s_outcome k8s_srv_end(struct k8s_srv *s);
/* (address, port) pairs of endpoints. */
unsigned k8s_srv_pairs(const struct k8s_name *filter, struct k8s_endpoint_walk w);
/* Each record's, of so many pairs. */
unsigned k8s_srv_weight(unsigned pairs);
/* What it is when no endpoint matches. */
static inline enum k8s_outcome k8s_no_endpoints(const struct k8s_ask *a)
{
	return a->name.zonal ? K8S_NODATA : K8S_NXDOMAIN;
}

/* ---- srv_quick.c: the same for at most WIRE_PLAIN_SRV_MAX pairs of class IN; false: they are more, or of another class */
bool k8s_srv_quick_cluster_ip(struct k8s_ask *a, const struct kube_name *n, const struct kube_service *svc,
			      unsigned pairs, enum k8s_outcome *ret);
bool k8s_srv_quick_endpoints(struct k8s_ask *a, const struct kube_name *n, struct k8s_endpoint_walk *w,
			     enum k8s_outcome *ret);

/* ---- reverse.c */
enum k8s_outcome k8s_reverse(struct k8s_ask *a);

/* ---- server.c */
/* Fill in k->local from the block's binds or the machine's interfaces.  0 or -errno. */
int k8s_local_addresses(struct kubernetes *k);
enum k8s_outcome k8s_ns(struct k8s_ask *a);
enum k8s_outcome k8s_server_addresses(struct k8s_ask *a);
enum k8s_outcome k8s_soa(struct k8s_ask *a);
struct wire_plain_soa k8s_soa_of(const struct kubernetes *k, const struct k8s_zone *z);
/* The rdata of a zone's SOA.  NULL: no memory. */
uint8_t *k8s_soa_rdata(struct arena *a, const struct wire_plain_soa *soa, const uint8_t *zone,
		       size_t *ret_len);
/* An address's bytes: 4 or 16; 0: nobody else can use it. */
unsigned k8s_local_bytes(const struct net_addr *n, const uint8_t **ret);
/* The names and addresses under which this server is reached, one after the other (AXFR too). */
typedef int k8s_server_fn(void *arg, const uint8_t *name, const uint8_t *addr, unsigned addr_len);
/* `zone`: wire form, what the names end in.  Each (name, address) once; stops at the first error and
 * returns it. */
int k8s_each_server(const struct kubernetes *k, const uint8_t *zone, k8s_server_fn *fn, void *arg);

/* ---- external.c */
enum k8s_outcome k8s_external_name(struct k8s_ask *a, const struct kube_service *svc);

/* The target as a name; 0: it is an address or no name at all, which leads nowhere. */
int k8s_external_target(const struct kube_service *svc, uint8_t out[WIRE_NAME_MAX]);

/* ---- show.c */
void k8s_show(const void *state, struct json *j);

/* ---- transfer.c */
int k8s_transfer(const void *state, const uint8_t *zone, struct transfer *t);
/* What follows the SOA (and what was given with it): `put` gives the records of each name, sorted by service, in steps; not 0:
 * the transfer fails.  Takes `arg`, which goes to `end`; -ENOMEM: it does not. */
struct k8s_transfer_names {
	int (*put)(void *arg, const struct kube_name *n);
	void (*end)(void *arg);
};
int k8s_transfer_each_name(struct transfer *t, const struct kube_store *store, bool imports,
			   const struct k8s_transfer_names *how, void *arg);
/* SRV records: one; those of named ports; those of all ports at a service itself. */
int k8s_transfer_srv(struct transfer *t, const uint8_t *owner, uint32_t ttl_s, unsigned weight, unsigned port,
		     const uint8_t *target);
int k8s_transfer_named_ports(struct transfer *t, struct kube_port_iter it, const uint8_t *service,
			     uint32_t ttl_s, unsigned weight, const uint8_t *target);
int k8s_transfer_ports(struct transfer *t, struct kube_port_iter ports, const uint8_t *service,
		       uint32_t ttl_s);

/* ---- metadata.c */
int k8s_metadata_setup(struct kubernetes *k);
/* What the store must keep for what is asked for (KUBE_KEEP_*). */
unsigned k8s_metadata_keep(const struct kubernetes *k);
const char *k8s_metadata(const void *state, struct query *q, const struct metadata_label *label);

/* ---- warnings.c */
int k8s_watch_names_start(struct kubernetes *k);
