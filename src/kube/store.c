// SPDX-License-Identifier: Apache-2.0
/* The store as a whole: its beginning and end, its numbers. */
#include "kube/store_internal.h"

#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

const char *kube_kind_text(enum kube_kind kind)
{
	static const char *const texts[] = {"services", "endpointslices", "namespaces",
					    "pods",     "serviceimports", "importendpointslices"};

	return (size_t)kind < ARRAY_LEN(texts) ? texts[kind] : "";
}

static struct kube_table *table_at(struct kube_store *s, size_t i)
{
	struct kube_table *const own[] = {&s->names,         &s->imports, &s->slices,
					  &s->import_slices, &s->pods,    &s->namespaces};

	if (i < ARRAY_LEN(own))
		return own[i];
	i -= ARRAY_LEN(own);
	return i < KUBE_N_BY_ADDR ? &s->by_addr[i] : NULL;
}

struct kube_store *kube_store_new(unsigned keep, unsigned watched)
{
	struct kube_store *s = calloc(1, sizeof(*s));
	struct kube_table *t;
	struct rng r;

	if (!s)
		return NULL;
	rng_init(&r);
	rng_bytes(&r, &s->key, sizeof(s->key));
	s->keep = keep;
	s->synced = ~watched & ((1u << KUBE_N_KINDS) - 1);
	for (size_t i = 0; (t = table_at(s, i)); i++) {
		if (kube_table_init(t)) {
			kube_store_free(s);
			return NULL;
		}
		s->bytes += kube_table_bytes(t);
	}
	return s;
}

static void free_records(const struct kube_table *t)
{
	void *record;
	uint32_t at = 0;

	while (t->slots && (record = kube_slots_next(t->slots, &at)))
		free(record);
}

static void free_names(const struct kube_table *t)
{
	struct kube_name *n;
	uint32_t at = 0;

	while (t->slots && (n = kube_slots_next(t->slots, &at))) {
		free(n->service);
		free(n);
	}
}

static void free_grave(void *arg)
{
	struct kube_grave *g = arg;

	for (size_t i = 0; g && i < g->n; i++)
		free(g->record[i]);
	free(g);
}

void kube_store_free(struct kube_store *s)
{
	struct kube_table *t;

	if (!s)
		return;
	free_names(&s->names);
	free_names(&s->imports);
	free_records(&s->slices);
	free_records(&s->import_slices);
	free_records(&s->pods);
	free_records(&s->namespaces);
	for (size_t i = 0; (t = table_at(s, i)); i++)
		kube_table_fini(t);
	free(s->pack.data);
	free_grave(s->grave);
	free(s);
}

/* ---------------------------------------------------------------- memory */

void kube_free_later(struct kube_store *s, void *record, size_t bytes)
{
	kube_bytes(s, -(ptrdiff_t)bytes);
	if (!s->grave)
		s->grave = calloc(1, sizeof(*s->grave));
	if (!s->grave) {
		rcu_free_later(free, record);
		return;
	}
	s->grave->record[s->grave->n++] = record;
	if (s->grave->n == GRAVE_RECORDS)
		kube_store_settle(s);
}

bool kube_store_unsettled(const struct kube_store *s)
{
	return s->grave != NULL;
}

void kube_store_settle(struct kube_store *s)
{
	if (s->grave)
		rcu_free_later(free_grave, s->grave);
	s->grave = NULL;
}

size_t kube_service_bytes(const struct kube_service *svc)
{
	return offsetof(struct kube_service, data) + svc->data_len;
}

size_t kube_slice_bytes(const struct kube_slice *slice)
{
	return offsetof(struct kube_slice, data) + slice->data_len;
}

size_t kube_pod_bytes(const struct kube_pod *pod)
{
	return offsetof(struct kube_pod, data) + pod->data_len;
}

/* ---------------------------------------------------------------- numbers that others read */

void kube_count(struct kube_store *s, enum kube_kind kind, int by)
{
	__atomic_store_n(&s->count[kind], s->count[kind] + (size_t)by, __ATOMIC_RELAXED);
}

void kube_bytes(struct kube_store *s, ptrdiff_t by)
{
	__atomic_store_n(&s->bytes, s->bytes + (size_t)by, __ATOMIC_RELAXED);
}

void kube_changed(struct kube_store *s)
{
	__atomic_store_n(&s->changes, s->changes + 1, __ATOMIC_RELEASE);
}

void kube_serial_now(struct kube_store *s, enum kube_serial which, uint64_t now_s)
{
	__atomic_store_n(&s->serial[which], (uint32_t)now_s, __ATOMIC_RELAXED);
}

size_t kube_store_count(const struct kube_store *s, enum kube_kind kind)
{
	return __atomic_load_n(&s->count[kind], __ATOMIC_RELAXED);
}

size_t kube_store_bytes(const struct kube_store *s)
{
	return __atomic_load_n(&s->bytes, __ATOMIC_RELAXED);
}

bool kube_store_synced(const struct kube_store *s, enum kube_kind kind)
{
	return __atomic_load_n(&s->synced, __ATOMIC_ACQUIRE) & 1u << kind;
}

bool kube_store_all_synced(const struct kube_store *s)
{
	return __atomic_load_n(&s->synced, __ATOMIC_ACQUIRE) == (1u << KUBE_N_KINDS) - 1;
}

void kube_store_set_synced(struct kube_store *s, enum kube_kind kind)
{
	__atomic_store_n(&s->synced, s->synced | 1u << kind, __ATOMIC_RELEASE);
}

uint32_t kube_store_serial(const struct kube_store *s, enum kube_serial which)
{
	return __atomic_load_n(&s->serial[which], __ATOMIC_RELAXED);
}

uint64_t kube_store_changes(const struct kube_store *s)
{
	return __atomic_load_n(&s->changes, __ATOMIC_ACQUIRE);
}
