// SPDX-License-Identifier: Apache-2.0
/* What concerns all objects of a kind: deletion, complete lists (mark and sweep), comparison.
 *
 * Mark and sweep: the begin takes the mark off every record, each object of the list sets it again
 * (apply.c), the end deletes what has none.  Until then readers see the old objects, already with the
 * list's newer contents. */
#include "kube/store_internal.h"

/* ---------------------------------------------------------------- all of a kind */

/* The table in which the objects of a kind are. */
static struct kube_table *table_of(struct kube_store *s, enum kube_kind kind)
{
	switch (kind) {
	case KUBE_SERVICE:
	case KUBE_IMPORT:
		return kube_names_of(s, kind);
	case KUBE_SLICE:
	case KUBE_IMPORT_SLICE:
		return kube_slices_of(s, kind);
	case KUBE_POD:
		return &s->pods;
	case KUBE_NAMESPACE:
	case KUBE_N_KINDS:
		break;
	}
	return &s->namespaces;
}

/* The mark of a record, or NULL when it is no object of that kind now (a name without Service, a namespace
 * that only Services name). */
static uint8_t *mark_of(void *record, enum kube_kind kind)
{
	struct kube_name *n = record;
	struct kube_ns *ns = record;

	switch (kind) {
	case KUBE_SERVICE:
	case KUBE_IMPORT:
		return n->service ? &n->seen : NULL;
	case KUBE_SLICE:
	case KUBE_IMPORT_SLICE:
		return &((struct kube_slice *)record)->seen;
	case KUBE_POD:
		return &((struct kube_pod *)record)->seen;
	case KUBE_NAMESPACE:
	case KUBE_N_KINDS:
		break;
	}
	return ns->exists ? &ns->seen : NULL;
}

static void drop(struct kube_store *s, void *record, enum kube_kind kind, uint64_t now_s)
{
	switch (kind) {
	case KUBE_SERVICE:
	case KUBE_IMPORT:
		kube_drop_service(s, kind, record, now_s);
		break;
	case KUBE_SLICE:
	case KUBE_IMPORT_SLICE:
		kube_drop_slice(s, kind, record, now_s);
		break;
	case KUBE_POD:
		kube_drop_pod(s, record, now_s);
		break;
	case KUBE_NAMESPACE:
		kube_drop_namespace(s, record);
		break;
	case KUBE_N_KINDS:
		break;
	}
}

/* The record of that object, or NULL. */
static void *record_of(struct kube_store *s, const struct kube_object *o)
{
	switch (o->kind) {
	case KUBE_SERVICE:
	case KUBE_IMPORT:
		return kube_name_lookup(s, kube_names_of(s, o->kind), o->ns, o->name);
	case KUBE_SLICE:
	case KUBE_IMPORT_SLICE:
		return kube_slice_lookup(kube_slices_of(s, o->kind), kube_hash_of_object(s, o));
	case KUBE_POD:
		return kube_pod_lookup(s, kube_hash_of_object(s, o));
	case KUBE_NAMESPACE:
	case KUBE_N_KINDS:
		break;
	}
	return kube_ns_lookup(s, o->name.s, o->name.len);
}

enum kube_change kube_store_delete(struct kube_store *s, const struct kube_object *o, uint64_t now_s)
{
	void *record = o->kind < KUBE_N_KINDS ? record_of(s, o) : NULL;

	if (!record || !mark_of(record, o->kind))
		return KUBE_SAME;
	drop(s, record, o->kind, now_s);
	return KUBE_DELETED;
}

/* ---------------------------------------------------------------- complete lists */

void kube_store_list_begin(struct kube_store *s, enum kube_kind kind)
{
	const struct kube_table *t = table_of(s, kind);
	uint8_t *mark;
	void *record;
	uint32_t at = 0;

	while ((record = kube_slots_next(t->slots, &at))) {
		mark = mark_of(record, kind);
		if (mark)
			*mark = false;
	}
}

/* Deleting leaves tombs and never writes a table anew, so the walk goes on over the same slots. */
size_t kube_store_list_end(struct kube_store *s, enum kube_kind kind, uint64_t now_s)
{
	const struct kube_table *t = table_of(s, kind);
	const uint8_t *mark;
	size_t gone = 0;
	void *record;
	uint32_t at = 0;

	while ((record = kube_slots_next(t->slots, &at))) {
		mark = mark_of(record, kind);
		if (!mark || *mark)
			continue;
		drop(s, record, kind, now_s);
		gone++;
	}
	return gone;
}

/* ---------------------------------------------------------------- comparison */

static uint64_t version_of(void *record, enum kube_kind kind)
{
	switch (kind) {
	case KUBE_SERVICE:
	case KUBE_IMPORT:
		return ((struct kube_name *)record)->service->version;
	case KUBE_SLICE:
	case KUBE_IMPORT_SLICE:
		return ((struct kube_slice *)record)->version;
	case KUBE_POD:
		return ((struct kube_pod *)record)->version;
	case KUBE_NAMESPACE:
	case KUBE_N_KINDS:
		break;
	}
	return ((struct kube_ns *)record)->version;
}

bool kube_store_version(const struct kube_store *const_s, const struct kube_object *o, uint64_t *ret_version)
{
	struct kube_store *s =
		(struct kube_store *)(uintptr_t)const_s; /* record_of serves the writing side too */
	void *record = record_of(s, o);

	if (!record || !mark_of(record, o->kind))
		return false;
	*ret_version = version_of(record, o->kind);
	return true;
}

void kube_store_check_begin(struct kube_store *s, enum kube_kind kind)
{
	kube_store_list_begin(s, kind);
}

bool kube_store_check_seen(struct kube_store *s, const struct kube_object *o)
{
	void *record = record_of(s, o);
	uint8_t *mark = record ? mark_of(record, o->kind) : NULL;

	if (mark)
		*mark = true;
	return mark;
}

size_t kube_store_check_unseen(const struct kube_store *const_s, enum kube_kind kind, uint64_t version)
{
	struct kube_store *s =
		(struct kube_store *)(uintptr_t)const_s; /* mark_of serves the writing side too */
	const struct kube_table *t = table_of(s, kind);
	const uint8_t *mark;
	size_t n = 0;
	void *record;
	uint32_t at = 0;

	while ((record = kube_slots_next(t->slots, &at))) {
		mark = mark_of(record, kind);
		n += mark && !*mark && version_of(record, kind) <= version;
	}
	return n;
}
