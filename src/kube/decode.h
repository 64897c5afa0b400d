// SPDX-License-Identifier: Apache-2.0
/* From the API server's bytes to objects (object.h): one object, one watch event, one list item at a time.
 *
 *     body chunks --> stream (stream.h): cuts them --> decode: one object --> event callback --> store
 *
 * An object is views into the bytes it was read from plus arrays in the decoder's scratch memory; both are
 * good until the next one.  Of a broken or hostile object nothing is used; a size limit is the stream's work.
 *
 * Thread: one thread a decoder. */
#pragma once

#include "base/arena.h"
#include "base/compiler.h"
#include "kube/object.h"

struct cJSON;

enum { KUBE_SCRATCH = 8192 };

struct kube_decoder {
	enum kube_kind kind;
	unsigned keep; /* KUBE_KEEP_* */
	bool metadata_only; /* objects are PartialObjectMetadata: nothing but metadata is looked at */
	struct arena arena; /* arrays of the object last decoded; begins in `first` */
	uint64_t first[KUBE_SCRATCH / 8];
};

/* What a Status object says. */
struct kube_status {
	int code; /* HTTP status; 0: not given */
	uint32_t retry_after_s;
	struct kube_str reason, message;
};

/* Both begin and end the scratch memory of one object. */
void kube_decoder_init(struct kube_decoder *d, enum kube_kind kind, unsigned keep);
void kube_decoder_fini(struct kube_decoder *d);
/* The last object is done with. */
void kube_decoder_reset(struct kube_decoder *d);

/* 0; -EBADMSG; -ENOMEM.  `ret` is written in any case. */
int kube_decode_proto(struct kube_decoder *d, const uint8_t *data, size_t len,
		      struct kube_object *ret) MUST_USE;
int kube_decode_json(struct kube_decoder *d, const struct cJSON *json, struct kube_object *ret) MUST_USE;
int kube_decode_status_proto(const uint8_t *data, size_t len, struct kube_status *ret) MUST_USE;
int kube_decode_status_json(const struct cJSON *json, struct kube_status *ret) MUST_USE;

/* resourceVersion as a number; 0 when it is none. */
uint64_t kube_version_parse(struct kube_str text);
bool kube_str_is(struct kube_str text, const char *other);
/* "TCP", "UDP", "SCTP"; empty is TCP. */
uint8_t kube_proto_parse(struct kube_str text);

/* The annotation of the BOOKMARK that ends a streamed list. */
#define KUBE_INITIAL_EVENTS_END "k8s.io/initial-events-end"
bool kube_meta_initial_end_proto(const uint8_t *object, size_t len);
bool kube_meta_initial_end_json(const struct cJSON *object);

/* ---- shared by both forms ---- */

#define KUBE_LABEL_SERVICE "kubernetes.io/service-name"
#define KUBE_LABEL_MCS_SERVICE "multicluster.kubernetes.io/service-name"
#define KUBE_LABEL_MCS_CLUSTER "multicluster.kubernetes.io/source-cluster"
#define KUBE_TRIGGER_TIME "endpoints.kubernetes.io/last-change-trigger-time"

/* Take a label or annotation that the kind needs into the object. */
void kube_decode_label(const struct kube_decoder *d, struct kube_str key, struct kube_str value,
		       struct kube_object *o);
void kube_decode_annotation(struct kube_str key, struct kube_str value, struct kube_object *o);
/* spec.type and the cluster IPs as text, to type and addresses (`n` texts into `addrs` of that size). */
void kube_decode_cluster_ips(struct kube_object *o, struct kube_str type, const struct kube_str *texts,
			     size_t n, struct kube_addr *addrs);
