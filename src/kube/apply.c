// SPDX-License-Identifier: Apache-2.0
/* One object comes, changes or goes: the record of that object is replaced, no other.
 *
 * Order of every change, so that a reader never misses what is there all along: room in all tables first
 * (the only step that can fail), then the new record under its new keys, then the old keys away, then the old
 * record to rcu_free_later. */
#include "kube/store_internal.h"

#include <stdlib.h>
#include <string.h>

static bool name_ok(struct kube_str name)
{
	return name.len > 0 && name.len <= KUBE_NAME_MAX;
}

static void set_version(uint64_t *at, uint64_t version)
{
	__atomic_store_n(at, version,
			 __ATOMIC_RELAXED); /* the writer's own; readers look at its neighbours */
}

/* ---------------------------------------------------------------- services */

static bool externals_same(const struct kube_service *a, const struct kube_service *b)
{
	struct kube_external_iter ia = kube_service_externals(a), ib = kube_service_externals(b);
	struct kube_port_iter pa = kube_service_ports(a), pb = kube_service_ports(b);
	struct kube_external ea, eb;
	struct kube_port p, q;

	if (a->n_external != b->n_external || a->n_ports != b->n_ports)
		return false;
	while (kube_port_next(&pa, &p) && kube_port_next(&pb, &q)) {
		if (p.port != q.port || p.proto != q.proto || p.name_len != q.name_len ||
		    memcmp(p.name, q.name, p.name_len) != 0)
			return false;
	}
	while (kube_external_next(&ia, &ea) && kube_external_next(&ib, &eb)) {
		if (ea.addr_len != eb.addr_len || ea.host.len != eb.host.len ||
		    (ea.addr_len ? memcmp(ea.addr, eb.addr, ea.addr_len)
				 : memcmp(ea.host.s, eb.host.s, ea.host.len)) != 0)
			return false;
	}
	return true;
}

static void service_serials(struct kube_store *s, enum kube_kind kind, const struct kube_service *old,
			    const struct kube_service *svc, uint64_t now_s)
{
	bool update = old && svc;

	kube_serial_now(s, KUBE_SERIAL, now_s);
	if (update && kind == KUBE_IMPORT)
		kube_serial_now(s, KUBE_SERIAL_MULTI, now_s);
	if (update && kind == KUBE_SERVICE && !externals_same(old, svc))
		kube_serial_now(s, KUBE_SERIAL_EXTERNAL, now_s);
	kube_changed(s);
}

static int reserve_service(struct kube_store *s, const struct kube_service *svc)
{
	if (kube_addr_reserve(s, KUBE_BY_CLUSTER_IP, (size_t)svc->n_ip4 + svc->n_ip6))
		return -1;
	return kube_addr_reserve(s, KUBE_BY_EXTERNAL_IP, svc->n_external);
}

/* `svc` NULL: it goes. */
static void publish_service(struct kube_store *s, enum kube_kind kind, struct kube_name *n,
			    struct kube_service *svc)
{
	struct kube_service *old = n->service;

	/* A reader by address finds the name first and then looks into its service: that must hold the
	 * address. */
	if (kind == KUBE_IMPORT) {
		rcu_set(&n->service, svc);
	} else if (svc) {
		rcu_set(&n->service, svc);
		kube_addr_service(s, n, old, svc);
	} else {
		kube_addr_service(s, n, old, NULL);
		rcu_set(&n->service, NULL);
	}
	kube_bytes(s, svc ? (ptrdiff_t)kube_service_bytes(svc) : 0);
	if (old)
		kube_free_later(s, old, kube_service_bytes(old));
	kube_count(s, kind, (svc != NULL) - (old != NULL));
}

enum kube_change kube_apply_service(struct kube_store *s, const struct kube_object *o, uint64_t now_s)
{
	struct kube_table *names = kube_names_of(s, o->kind);
	struct kube_service *svc = kube_pack_service(s, o), *old;
	struct kube_name *n = svc ? kube_name_get(s, names, o->ns, o->name) : NULL;

	if (!n || (o->kind == KUBE_SERVICE && reserve_service(s, svc))) {
		if (n)
			kube_name_put(s, names, n);
		free(svc);
		return KUBE_REFUSED;
	}
	n->seen = true;
	old = n->service;
	if (old && kube_service_same(old, svc)) {
		set_version(&old->version, o->version);
		free(svc);
		return KUBE_SAME;
	}
	service_serials(s, o->kind, old, svc, now_s);
	publish_service(s, o->kind, n, svc);
	return old ? KUBE_UPDATED : KUBE_ADDED;
}

void kube_drop_service(struct kube_store *s, enum kube_kind kind, struct kube_name *n, uint64_t now_s)
{
	service_serials(s, kind, n->service, NULL, now_s);
	publish_service(s, kind, n, NULL);
	kube_name_put(s, kube_names_of(s, kind), n);
}

/* ---------------------------------------------------------------- slices */

struct kube_table *kube_slices_of(struct kube_store *s, enum kube_kind kind)
{
	return kind == KUBE_IMPORT_SLICE ? &s->import_slices : &s->slices;
}

struct kube_slice *kube_slice_lookup(const struct kube_table *t, uint64_t id)
{
	struct kube_probe c = kube_probe(t->slots, id);
	struct kube_slice *slice;

	while ((slice = kube_probe_next(&c))) {
		if (slice->id == id)
			return slice;
	}
	return NULL;
}

static void refill_slices(void *arg, struct kube_table *fresh)
{
	const struct kube_table *t = arg;
	const struct kube_slice *slice;
	uint32_t at = 0;

	while ((slice = kube_slots_next(t->slots, &at)))
		kube_table_insert(fresh, slice->id, slice);
}

static int reserve_slice(struct kube_store *s, enum kube_kind kind, const struct kube_slice *slice)
{
	struct kube_table *t = kube_slices_of(s, kind);
	size_t before = kube_table_bytes(t);

	if (kube_table_reserve(t, 1, refill_slices, t))
		return -1;
	kube_bytes(s, (ptrdiff_t)kube_table_bytes(t) - (ptrdiff_t)before);
	return kind == KUBE_SLICE
		       ? kube_addr_reserve(s, KUBE_BY_ENDPOINT, (size_t)slice->n_ip4 + slice->n_ip6)
		       : 0;
}

/* Where the list of `n` points to `slice`, or its end. */
static struct kube_slice **link_of(struct kube_name *n, const struct kube_slice *slice)
{
	struct kube_slice **at = &n->slices;

	while (*at && *at != slice)
		at = &(*at)->next;
	return at;
}

static void unlink_slice(struct kube_slice *slice)
{
	struct kube_slice **at = link_of(slice->name, slice);

	rcu_set(at, slice->next);
}

/* In the place of `old` when that belongs to the same name, else at the end: slices keep their order. */
static void link_slice(struct kube_slice *old, struct kube_slice *slice)
{
	bool in_place = old && old->name == slice->name;
	struct kube_slice **at = link_of(slice->name, in_place ? old : NULL);

	slice->next = in_place ? old->next : NULL;
	rcu_set(at, slice);
	if (old && !in_place)
		unlink_slice(old);
}

static void slice_serials(struct kube_store *s, enum kube_kind kind, bool update, uint64_t now_s)
{
	kube_serial_now(s, KUBE_SERIAL, now_s);
	if (update && kind == KUBE_IMPORT_SLICE)
		kube_serial_now(s, KUBE_SERIAL_MULTI, now_s);
	kube_changed(s);
}

static void publish_slice(struct kube_store *s, enum kube_kind kind, struct kube_slice *old,
			  struct kube_slice *slice)
{
	struct kube_table *t = kube_slices_of(s, kind);

	link_slice(old, slice);
	if (kind == KUBE_SLICE)
		kube_addr_slice(s, old, slice);
	kube_bytes(s, (ptrdiff_t)kube_slice_bytes(slice));
	if (!old) {
		kube_table_insert(t, slice->id, slice);
		kube_count(s, kind, 1);
		return;
	}
	(void)kube_table_replace(t, slice->id, old, slice);
	if (old->name != slice->name)
		kube_name_put(s, kube_names_of(s, kind), old->name);
	kube_free_later(s, old, kube_slice_bytes(old));
}

enum kube_change kube_apply_slice(struct kube_store *s, const struct kube_object *o, uint64_t now_s)
{
	uint64_t id = kube_hash_of_object(s, o);
	struct kube_table *names = kube_names_of(s, o->kind);
	struct kube_slice *old = kube_slice_lookup(kube_slices_of(s, o->kind), id);
	struct kube_slice *slice = kube_pack_slice(s, o);
	struct kube_name *n = slice ? kube_name_get(s, names, o->ns, o->service) : NULL;

	if (!n || reserve_slice(s, o->kind, slice)) {
		if (n)
			kube_name_put(s, names, n);
		free(slice);
		return KUBE_REFUSED;
	}
	slice->id = id;
	slice->name = n;
	slice->seen = true;
	if (old && old->name == n && kube_slice_same(old, slice)) {
		set_version(&old->version, o->version);
		old->seen = true;
		free(slice);
		return KUBE_SAME;
	}
	publish_slice(s, o->kind, old, slice);
	slice_serials(s, o->kind, old, now_s);
	return old ? KUBE_UPDATED : KUBE_ADDED;
}

void kube_drop_slice(struct kube_store *s, enum kube_kind kind, struct kube_slice *slice, uint64_t now_s)
{
	if (kind == KUBE_SLICE)
		kube_addr_slice(s, slice, NULL);
	(void)kube_table_remove(kube_slices_of(s, kind), slice->id, slice);
	unlink_slice(slice);
	kube_name_put(s, kube_names_of(s, kind), slice->name);
	kube_free_later(s, slice, kube_slice_bytes(slice));
	kube_count(s, kind, -1);
	slice_serials(s, kind, false, now_s);
}

/* ---------------------------------------------------------------- pods */

struct kube_pod *kube_pod_lookup(const struct kube_store *s, uint64_t id)
{
	struct kube_probe c = kube_probe(s->pods.slots, id);
	struct kube_pod *pod;

	while ((pod = kube_probe_next(&c))) {
		if (pod->id == id)
			return pod;
	}
	return NULL;
}

static void refill_pods(void *arg, struct kube_table *fresh)
{
	const struct kube_table *t = arg;
	const struct kube_pod *pod;
	uint32_t at = 0;

	while ((pod = kube_slots_next(t->slots, &at)))
		kube_table_insert(fresh, pod->id, pod);
}

static int reserve_pod(struct kube_store *s)
{
	size_t before = kube_table_bytes(&s->pods);

	if (kube_table_reserve(&s->pods, 1, refill_pods, &s->pods))
		return -1;
	kube_bytes(s, (ptrdiff_t)kube_table_bytes(&s->pods) - (ptrdiff_t)before);
	return kube_addr_reserve(s, KUBE_BY_POD, 1);
}

static void publish_pod(struct kube_store *s, struct kube_pod *old, struct kube_pod *pod)
{
	kube_addr_pod(s, old, pod);
	kube_bytes(s, (ptrdiff_t)kube_pod_bytes(pod));
	if (!old) {
		kube_table_insert(&s->pods, pod->id, pod);
		kube_count(s, KUBE_POD, 1);
		return;
	}
	(void)kube_table_replace(&s->pods, pod->id, old, pod);
	kube_ns_put(s, old->ns);
	kube_free_later(s, old, kube_pod_bytes(old));
}

static bool pod_addr_same(const struct kube_pod *a, const struct kube_pod *b)
{
	return a->addr_len == b->addr_len && memcmp(a->data, b->data, a->addr_len) == 0;
}

enum kube_change kube_apply_pod(struct kube_store *s, const struct kube_object *o, uint64_t now_s)
{
	uint64_t id = kube_hash_of_object(s, o);
	struct kube_pod *old = kube_pod_lookup(s, id), *pod;
	bool moved;

	if (old)
		old->seen = true;
	if (o->deleting) {
		if (old)
			set_version(&old->version, o->version);
		return KUBE_SAME;
	}
	pod = kube_pack_pod(s, o);
	if (!pod)
		return KUBE_REFUSED;
	if (old && kube_pod_same(old, pod)) {
		set_version(&old->version, o->version);
		free(pod);
		return KUBE_SAME;
	}
	pod->id = id;
	pod->seen = true;
	pod->ns = reserve_pod(s) ? NULL : kube_ns_get(s, o->ns.s, o->ns.len);
	if (!pod->ns) {
		free(pod);
		return KUBE_REFUSED;
	}
	moved = !old || !pod_addr_same(old, pod);
	publish_pod(s, old, pod);
	if (moved)
		kube_serial_now(s, KUBE_SERIAL, now_s);
	kube_changed(s);
	return old ? KUBE_UPDATED : KUBE_ADDED;
}

void kube_drop_pod(struct kube_store *s, struct kube_pod *pod, uint64_t now_s)
{
	kube_addr_pod(s, pod, NULL);
	(void)kube_table_remove(&s->pods, pod->id, pod);
	kube_ns_put(s, pod->ns);
	kube_free_later(s, pod, kube_pod_bytes(pod));
	kube_count(s, KUBE_POD, -1);
	kube_serial_now(s, KUBE_SERIAL, now_s);
	kube_changed(s);
}

/* ---------------------------------------------------------------- namespaces */

static void set_exists(struct kube_store *s, struct kube_ns *ns, bool exists)
{
	__atomic_store_n(&ns->exists, exists, __ATOMIC_RELAXED);
	kube_count(s, KUBE_NAMESPACE, exists ? 1 : -1);
	kube_changed(s);
}

enum kube_change kube_apply_namespace(struct kube_store *s, const struct kube_object *o)
{
	struct kube_ns *ns = kube_ns_lookup(s, o->name.s, o->name.len);

	if (ns && ns->exists) {
		ns->seen = true;
		set_version(&ns->version, o->version);
		return KUBE_SAME;
	}
	ns = kube_ns_get(s, o->name.s, o->name.len); /* existing is a reference too */
	if (!ns)
		return KUBE_REFUSED;
	ns->seen = true;
	set_version(&ns->version, o->version);
	set_exists(s, ns, true);
	return KUBE_ADDED;
}

void kube_drop_namespace(struct kube_store *s, struct kube_ns *ns)
{
	set_exists(s, ns, false);
	kube_ns_put(s, ns);
}

/* ---------------------------------------------------------------- by kind */

enum kube_change kube_store_apply(struct kube_store *s, const struct kube_object *o, uint64_t now_s)
{
	bool spaced = o->kind != KUBE_NAMESPACE;

	if (!name_ok(o->name) || (spaced && !name_ok(o->ns)))
		return KUBE_REFUSED;
	switch (o->kind) {
	case KUBE_SERVICE:
	case KUBE_IMPORT:
		return kube_apply_service(s, o, now_s);
	case KUBE_SLICE:
	case KUBE_IMPORT_SLICE:
		if (o->service.len > KUBE_NAME_MAX)
			return KUBE_REFUSED;
		return kube_apply_slice(s, o, now_s);
	case KUBE_NAMESPACE:
		return kube_apply_namespace(s, o);
	case KUBE_POD:
		return kube_apply_pod(s, o, now_s);
	case KUBE_N_KINDS:
		break;
	}
	return KUBE_REFUSED;
}
