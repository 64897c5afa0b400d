// SPDX-License-Identifier: Apache-2.0
/* Namespaces and names: records that stay while something needs them, and their tables. */
#include "kube/store_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- namespaces */

struct kube_ns *kube_ns_lookup(const struct kube_store *s, const char *name, size_t len)
{
	struct kube_probe c = kube_probe(rcu_get(s->namespaces.slots), kube_hash_text(s, name, len));
	struct kube_ns *ns;

	while ((ns = kube_probe_next(&c))) {
		if (ns->name_len == len && memcmp(ns->name, name, len) == 0)
			return ns;
	}
	return NULL;
}

const struct kube_ns *kube_namespace_find(const struct kube_store *s, const char *name, size_t len)
{
	const struct kube_ns *ns = len && len <= KUBE_NAME_MAX ? kube_ns_lookup(s, name, len) : NULL;

	return ns && kube_ns_exists(ns) ? ns : NULL;
}

static void refill_namespaces(void *arg, struct kube_table *fresh)
{
	struct kube_store *s = arg;
	const struct kube_ns *ns;
	uint32_t at = 0;

	while ((ns = kube_slots_next(s->namespaces.slots, &at)))
		kube_table_insert(fresh, kube_hash_text(s, ns->name, ns->name_len), ns);
}

static int reserve_namespace(struct kube_store *s)
{
	size_t before = kube_table_bytes(&s->namespaces);
	int err = kube_table_reserve(&s->namespaces, 1, refill_namespaces, s);

	kube_bytes(s, (ptrdiff_t)kube_table_bytes(&s->namespaces) - (ptrdiff_t)before);
	return err;
}

static size_t ns_bytes(const struct kube_ns *ns)
{
	return offsetof(struct kube_ns, name) + ns->name_len;
}

struct kube_ns *kube_ns_get(struct kube_store *s, const char *name, size_t len)
{
	struct kube_ns *ns = kube_ns_lookup(s, name, len);

	if (ns) {
		ns->refs++;
		return ns;
	}
	if (reserve_namespace(s))
		return NULL;
	ns = calloc(1, offsetof(struct kube_ns, name) + len);
	if (!ns)
		return NULL;
	ns->refs = 1;
	ns->name_len = (uint8_t)len;
	memcpy(ns->name, name, len);
	kube_table_insert(&s->namespaces, kube_hash_text(s, name, len), ns);
	kube_bytes(s, (ptrdiff_t)ns_bytes(ns));
	return ns;
}

void kube_ns_put(struct kube_store *s, const struct kube_ns *const_ns)
{
	struct kube_ns *ns = kube_ns_lookup(s, const_ns->name, const_ns->name_len);

	if (--ns->refs)
		return;
	(void)kube_table_remove(&s->namespaces, kube_hash_text(s, ns->name, ns->name_len), ns);
	kube_free_later(s, ns, ns_bytes(ns));
}

/* ---------------------------------------------------------------- names */

struct kube_table *kube_names_of(struct kube_store *s, enum kube_kind kind)
{
	return kind == KUBE_IMPORT || kind == KUBE_IMPORT_SLICE ? &s->imports : &s->names;
}

static bool is(const struct kube_name *n, const char *ns, size_t ns_len, const char *name, size_t name_len)
{
	return n->name_len == name_len && n->ns->name_len == ns_len && memcmp(n->name, name, name_len) == 0 &&
	       memcmp(n->ns->name, ns, ns_len) == 0;
}

static struct kube_name *find(const struct kube_store *s, const struct kube_table *t, const char *ns,
			      size_t ns_len, const char *name, size_t name_len)
{
	struct kube_name *n;

	if (ns_len > KUBE_NAME_MAX || name_len > KUBE_NAME_MAX)
		return NULL;
	ns = ns ? ns : "";
	name = name ? name : ""; /* of slices without a Service */
	struct kube_probe c = kube_probe(rcu_get(t->slots), kube_hash_labels(s, ns, ns_len, name, name_len));
	while ((n = kube_probe_next(&c))) {
		if (is(n, ns, ns_len, name, name_len))
			return n;
	}
	return NULL;
}

const struct kube_name *kube_name_find(const struct kube_store *s, const char *ns, size_t ns_len,
				       const char *name, size_t name_len)
{
	return find(s, &s->names, ns, ns_len, name, name_len);
}

const struct kube_name *kube_import_find(const struct kube_store *s, const char *ns, size_t ns_len,
					 const char *name, size_t name_len)
{
	return find(s, &s->imports, ns, ns_len, name, name_len);
}

struct kube_name *kube_name_lookup(const struct kube_store *s, const struct kube_table *t, struct kube_str ns,
				   struct kube_str name)
{
	return find(s, t, ns.s, ns.len, name.s, name.len);
}

struct names_refill {
	struct kube_store *s;
	struct kube_table *t;
};

static void refill_names(void *arg, struct kube_table *fresh)
{
	const struct names_refill *r = arg;
	const struct kube_name *n;
	uint32_t at = 0;

	while ((n = kube_slots_next(r->t->slots, &at)))
		kube_table_insert(fresh, kube_hash_of_name(r->s, n), n);
}

static int reserve(struct kube_store *s, struct kube_table *t)
{
	struct names_refill r = {s, t};
	size_t before = kube_table_bytes(t);
	int err = kube_table_reserve(t, 1, refill_names, &r);

	kube_bytes(s, (ptrdiff_t)kube_table_bytes(t) - (ptrdiff_t)before);
	return err;
}

static size_t name_bytes(const struct kube_name *n)
{
	return offsetof(struct kube_name, name) + n->name_len;
}

struct kube_name *kube_name_get(struct kube_store *s, struct kube_table *t, struct kube_str ns,
				struct kube_str name)
{
	struct kube_name *n = kube_name_lookup(s, t, ns, name);

	if (n || reserve(s, t))
		return n;
	n = calloc(1, offsetof(struct kube_name, name) + name.len);
	if (!n)
		return NULL;
	n->ns = kube_ns_get(s, ns.s, ns.len);
	if (!n->ns) {
		free(n);
		return NULL;
	}
	n->name_len = (uint8_t)name.len;
	if (name.len)
		memcpy(n->name, name.s, name.len);
	kube_table_insert(t, kube_hash_of_name(s, n), n);
	kube_bytes(s, (ptrdiff_t)name_bytes(n));
	return n;
}

void kube_name_put(struct kube_store *s, struct kube_table *t, struct kube_name *n)
{
	if (n->service || n->slices)
		return;
	(void)kube_table_remove(t, kube_hash_of_name(s, n), n);
	kube_ns_put(s, n->ns);
	kube_free_later(s, n, name_bytes(n));
}

/* ---------------------------------------------------------------- all of them */

struct kube_name_iter kube_names(const struct kube_store *s, bool imports)
{
	const struct kube_table_slots *slots = rcu_get((imports ? &s->imports : &s->names)->slots);

	return (struct kube_name_iter){slots, 0, slots->round};
}

bool kube_names_go_on(const struct kube_store *s, bool imports, struct kube_name_iter *it)
{
	it->slots = rcu_get((imports ? &s->imports : &s->names)->slots);
	return it->slots->round == it->round;
}

const struct kube_name *kube_name_next(struct kube_name_iter *it)
{
	return kube_slots_next(it->slots, &it->at);
}

struct kube_ns_iter kube_namespaces(const struct kube_store *s)
{
	return (struct kube_ns_iter){rcu_get(s->namespaces.slots), 0};
}

const struct kube_ns *kube_ns_next(struct kube_ns_iter *it)
{
	const struct kube_ns *ns;

	while ((ns = kube_slots_next(it->slots, &it->at))) {
		if (kube_ns_exists(ns))
			return ns;
	}
	return NULL;
}

struct kube_pod_iter kube_pods(const struct kube_store *s)
{
	return (struct kube_pod_iter){rcu_get(s->pods.slots), 0};
}

const struct kube_pod *kube_pod_next(struct kube_pod_iter *it)
{
	return kube_slots_next(it->slots, &it->at);
}
