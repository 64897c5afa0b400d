// SPDX-License-Identifier: Apache-2.0
/* Cuts the body of a list or watch into objects while it arrives.
 *
 *     kube_stream_begin(s, form)     kube_stream_feed(s, chunk, len) ...     kube_stream_end(s)
 *
 * Nothing is held but the one object that is not complete yet (at most KUBE_OBJECT_MAX bytes), so a list of
 * any length costs the memory of its largest object.  That is why protobuf is read by hand (proto.h):
 * generated readers want the whole message, and would build every field of every object to keep eight of
 * them.
 *
 *   list, protobuf    "k8s\0", Unknown { 1 type, 2 raw = XList { 1 ListMeta, 2 item, 2 item ... } }
 *   watch, protobuf   length (4 bytes, big endian), WatchEvent { 1 type, 2 RawExtension { 1 raw } } and so
 * on;
 *                     raw = "k8s\0", Unknown { 2 raw = the object }
 *   list, JSON        { "metadata": {}, "items": [ {}, {} ... ] }, in any order
 *   watch, JSON       { "type": "", "object": {} } and so on
 *
 * Thread: one thread a stream. */
#pragma once

#include "base/compiler.h"
#include "kube/decode.h"

#include <sys/types.h>

enum {
	KUBE_OBJECT_MAX = 8 << 20, /* etcd holds at most 1.5 MiB an object by default; JSON doubles some */
	KUBE_DEPTH_MAX = 200, /* nesting of JSON */
};

enum kube_form { KUBE_LIST_PROTO, KUBE_WATCH_PROTO, KUBE_LIST_JSON, KUBE_WATCH_JSON };

enum kube_event_type {
	KUBE_EVENT_ITEM, /* of a list */
	KUBE_EVENT_LIST_META, /* of a list: version, next */
	KUBE_EVENT_ADDED,
	KUBE_EVENT_MODIFIED,
	KUBE_EVENT_DELETED,
	KUBE_EVENT_BOOKMARK, /* version, initial_end */
	KUBE_EVENT_ERROR, /* status */
};

struct kube_event {
	enum kube_event_type type;
	struct kube_object object; /* ITEM, ADDED, MODIFIED, DELETED */
	uint64_t version; /* of the object, the list, the bookmark */
	bool initial_end; /* the streamed list is complete */
	struct kube_str next; /* list: `continue`, len 0 at its end */
	struct kube_status status;
};

/* 0, or a negative code that ends the stream and is returned by feed. */
typedef int (*kube_event_fn)(void *arg, const struct kube_event *e);

struct kube_stream {
	struct kube_decoder decoder;
	enum kube_form form;
	kube_event_fn event;
	void *arg;
	uint8_t *buf; /* the beginning of what is not complete */
	size_t len, cap, need;
	int failed; /* the code that ended it */
	/* protobuf lists */
	bool magic, inside;
	uint64_t left; /* bytes of the list that are still to come */
	/* JSON */
	unsigned depth, capture_depth;
	bool in_string, escaped, capturing, in_items, key_next, whole;
	char key[12];
	uint8_t key_len;
};

void kube_stream_init(struct kube_stream *s, enum kube_kind kind, unsigned keep, kube_event_fn event,
		      void *arg);
void kube_stream_fini(struct kube_stream *s);
void kube_stream_begin(struct kube_stream *s, enum kube_form form);
/* 0; -EBADMSG (bytes that are none of the form); ERR_LIMIT (an object over the limit); -ENOMEM; what
 * `event` returned. After an error only begin and fini. */
int kube_stream_feed(struct kube_stream *s, const uint8_t *data, size_t len) MUST_USE;
/* The body has ended: 0, or ERR_TRUNCATED inside an object or list. */
int kube_stream_end(const struct kube_stream *s) MUST_USE;

/* A whole body that is a Status (errors): protobuf by its first bytes, else JSON.  The texts are copied to
 * `ret_reason`. */
int kube_status_read(const uint8_t *body, size_t len, struct kube_status *ret, char ret_text[256]) MUST_USE;

/* ---- its two halves: consumed bytes, 0 when `need` bytes are needed, or a negative code ---- */
ssize_t kube_stream_step_proto(struct kube_stream *s, const uint8_t *data, size_t len);
int kube_stream_feed_json(struct kube_stream *s, const uint8_t *data, size_t len);
int kube_stream_keep(struct kube_stream *s, const uint8_t *data, size_t len);
