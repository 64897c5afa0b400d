// SPDX-License-Identifier: Apache-2.0
/* The store from inside, for the files of src/kube that change or search it.  Thread: writer, where not
 * said. */
#pragma once

#include "base/hash.h"
#include "kube/object.h"
#include "kube/store.h"
#include "kube/table.h"

enum {
	KUBE_NAME_MAX = 253, /* names of objects and namespaces, as the API server allows */
	KUBE_KEY_MAX = 2 * KUBE_NAME_MAX + 1,
};

/* kube_slice.texts */
enum {
	KUBE_TEXT_HOSTNAME = 1,
	KUBE_TEXT_POD = 2,
	KUBE_TEXT_ZONE = 4,
	KUBE_OF_IMPORT = 8, /* a cluster name stands after the ports; the slice belongs to a ServiceImport */
};

/* A growing buffer that records are packed in. */
struct kube_pack {
	uint8_t *data;
	size_t len, cap;
	bool failed; /* no memory, or something does not fit its field: sticky */
};

/* Records that were taken out and not yet given to rcu_free_later: together they cost one grace period and one waking of the
 * thread that frees them. */
enum { GRAVE_RECORDS = 64 };
struct kube_grave {
	size_t n;
	void *record[GRAVE_RECORDS];
};

struct kube_store {
	struct hash_key key;
	unsigned keep;
	struct kube_table names, imports; /* of struct kube_name */
	struct kube_table slices, import_slices; /* of struct kube_slice, by id */
	struct kube_table pods; /* by id */
	struct kube_table namespaces;
	struct kube_table by_addr[KUBE_N_BY_ADDR];
	struct kube_pack pack;
	struct kube_grave *grave; /* writer only; NULL: empty */
	size_t count[KUBE_N_KINDS]; /* atomic, relaxed, as all below */
	size_t bytes;
	unsigned synced; /* bits 1 << kind */
	uint32_t serial[KUBE_N_SERIALS];
	uint64_t changes;
};

/* ---- hashes (hash.c; any thread) ---- */

/* Of (namespace, name): what identifies slices and pods.  64 bits keyed at random: among a million objects two
 * agree with a chance of 3 in 100 million, and nobody can look for such a pair. */
uint64_t kube_hash_name(const struct kube_store *s, const char *ns, size_t ns_len, const char *name,
			size_t name_len);
uint64_t kube_hash_text(const struct kube_store *s, const char *text, size_t len);
uint64_t kube_hash_addr(const struct kube_store *s, const uint8_t *addr, size_t len);
/* The same pair as a question has it, the name before the namespace's label, which need not be copied then: where a name
 * stands in its table.  Pairs are compared there, so other pairs may have the same bytes. */
uint64_t kube_hash_labels(const struct kube_store *s, const char *ns, size_t ns_len, const char *name,
			  size_t name_len);
static inline uint64_t kube_hash_of_name(const struct kube_store *s, const struct kube_name *n)
{
	return kube_hash_labels(s, n->ns->name, n->ns->name_len, n->name, n->name_len);
}
static inline uint64_t kube_hash_of_object(const struct kube_store *s, const struct kube_object *o)
{
	return kube_hash_name(s, o->ns.s, o->ns.len, o->name.s, o->name.len);
}

/* ---- packing (record.c): malloc'ed records; NULL: no memory, or the object does not fit ---- */

struct kube_service *kube_pack_service(struct kube_store *s, const struct kube_object *o);
/* `next`, `name`, `id` are left to the caller. */
struct kube_slice *kube_pack_slice(struct kube_store *s, const struct kube_object *o);
/* `ns`, `id` are left to the caller. */
struct kube_pod *kube_pack_pod(struct kube_store *s, const struct kube_object *o);
bool kube_service_same(const struct kube_service *a, const struct kube_service *b);
bool kube_slice_same(const struct kube_slice *a, const struct kube_slice *b);
bool kube_pod_same(const struct kube_pod *a, const struct kube_pod *b);

/* ---- memory (store.c) ---- */

/* Readers may still see it. */
void kube_free_later(struct kube_store *s, void *record, size_t bytes);
size_t kube_service_bytes(const struct kube_service *svc);
size_t kube_slice_bytes(const struct kube_slice *slice);
size_t kube_pod_bytes(const struct kube_pod *pod);
void kube_count(struct kube_store *s, enum kube_kind kind, int by);
void kube_bytes(struct kube_store *s, ptrdiff_t by);
void kube_changed(struct kube_store *s);
void kube_serial_now(struct kube_store *s, enum kube_serial which, uint64_t now_s);

/* ---- namespaces and names (names.c) ---- */

/* The record of that name, made when it is not there, and counted; NULL: no memory. */
struct kube_ns *kube_ns_get(struct kube_store *s, const char *name, size_t len);
void kube_ns_put(struct kube_store *s, const struct kube_ns *ns);
struct kube_ns *kube_ns_lookup(const struct kube_store *s, const char *name, size_t len);

struct kube_table *kube_names_of(struct kube_store *s, enum kube_kind kind);
struct kube_name *kube_name_lookup(const struct kube_store *s, const struct kube_table *t, struct kube_str ns,
				   struct kube_str name);
struct kube_name *kube_name_get(struct kube_store *s, struct kube_table *t, struct kube_str ns,
				struct kube_str name);
/* Take it away when neither Service nor slice is left. */
void kube_name_put(struct kube_store *s, struct kube_table *t, struct kube_name *n);

/* ---- by address (addr.c): a record moves from `old` addresses to new ones, either NULL ---- */

int kube_addr_reserve(struct kube_store *s, enum kube_by_addr by, size_t n) MUST_USE;
void kube_addr_service(struct kube_store *s, const struct kube_name *n, const struct kube_service *old,
		       const struct kube_service *svc);
void kube_addr_slice(struct kube_store *s, const struct kube_slice *old, const struct kube_slice *slice);
void kube_addr_pod(struct kube_store *s, const struct kube_pod *old, const struct kube_pod *pod);

/* ---- each kind (apply_*.c) ---- */

enum kube_change kube_apply_service(struct kube_store *s, const struct kube_object *o, uint64_t now_s);
enum kube_change kube_apply_slice(struct kube_store *s, const struct kube_object *o, uint64_t now_s);
enum kube_change kube_apply_pod(struct kube_store *s, const struct kube_object *o, uint64_t now_s);
enum kube_change kube_apply_namespace(struct kube_store *s, const struct kube_object *o);
void kube_drop_service(struct kube_store *s, enum kube_kind kind, struct kube_name *n, uint64_t now_s);
void kube_drop_slice(struct kube_store *s, enum kube_kind kind, struct kube_slice *slice, uint64_t now_s);
void kube_drop_pod(struct kube_store *s, struct kube_pod *pod, uint64_t now_s);
void kube_drop_namespace(struct kube_store *s, struct kube_ns *ns);

/* Slices and pods by identity. */
struct kube_table *kube_slices_of(struct kube_store *s, enum kube_kind kind);
struct kube_slice *kube_slice_lookup(const struct kube_table *t, uint64_t id);
struct kube_pod *kube_pod_lookup(const struct kube_store *s, uint64_t id);
