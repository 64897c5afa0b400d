// SPDX-License-Identifier: Apache-2.0
#include "kube/stream.h"

#include "base/err.h"
#include "kube/proto.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_KEEP = 64 << 10 }; /* a larger buffer is given back once its object is done */

void kube_stream_init(struct kube_stream *s, enum kube_kind kind, unsigned keep, kube_event_fn event,
		      void *arg)
{
	memset(s, 0, sizeof(*s));
	kube_decoder_init(&s->decoder, kind, keep);
	s->event = event;
	s->arg = arg;
}

void kube_stream_fini(struct kube_stream *s)
{
	kube_decoder_fini(&s->decoder);
	free(s->buf);
	s->buf = NULL;
}

static void drop_buffer(struct kube_stream *s)
{
	s->len = 0;
	if (s->cap <= BUF_KEEP)
		return;
	free(s->buf);
	s->buf = NULL;
	s->cap = 0;
}

void kube_stream_begin(struct kube_stream *s, enum kube_form form)
{
	drop_buffer(s);
	s->form = form;
	s->need = 0;
	s->failed = 0;
	s->magic = s->inside = false;
	s->left = 0;
	s->depth = s->capture_depth = 0;
	s->in_string = s->escaped = s->capturing = s->in_items = s->key_next = s->whole = false;
	s->key_len = 0;
}

int kube_stream_keep(struct kube_stream *s, const uint8_t *data, size_t len)
{
	size_t cap = s->cap ? s->cap : 4096;
	uint8_t *more;

	if (len > KUBE_OBJECT_MAX || s->len + len > KUBE_OBJECT_MAX)
		return ERR_LIMIT;
	while (cap < s->len + len)
		cap *= 2;
	if (cap != s->cap) {
		more = realloc(s->buf, cap);
		if (!more)
			return -ENOMEM;
		s->buf = more;
		s->cap = cap;
	}
	if (len)
		memcpy(s->buf + s->len, data, len);
	s->len += len;
	return 0;
}

/* All that is complete in [data, data+len): how much was used, or a negative code. */
static ssize_t steps(struct kube_stream *s, const uint8_t *data, size_t len)
{
	size_t used = 0;
	ssize_t n = 1;

	while (n > 0 && used < len) {
		n = kube_stream_step_proto(s, data + used, len - used);
		if (n > 0)
			used += (size_t)n;
	}
	return n < 0 ? n : (ssize_t)used;
}

/* Objects are read where they are; only what is incomplete is copied. */
static int feed_proto(struct kube_stream *s, const uint8_t *data, size_t len)
{
	ssize_t used;
	int err;

	if (!s->len) {
		used = steps(s, data, len);
		return used < 0 ? (int)used : kube_stream_keep(s, data + used, len - (size_t)used);
	}
	err = kube_stream_keep(s, data, len);
	if (err || s->len < s->need)
		return err;
	used = steps(s, s->buf, s->len);
	if (used < 0)
		return (int)used;
	memmove(s->buf, s->buf + used, s->len - (size_t)used);
	s->len -= (size_t)used;
	if (!s->len)
		drop_buffer(s);
	return 0;
}

int kube_stream_feed(struct kube_stream *s, const uint8_t *data, size_t len)
{
	bool proto = s->form == KUBE_LIST_PROTO || s->form == KUBE_WATCH_PROTO;

	if (!s->failed)
		s->failed = proto ? feed_proto(s, data, len) : kube_stream_feed_json(s, data, len);
	return s->failed;
}

int kube_stream_end(const struct kube_stream *s)
{
	bool list = s->form == KUBE_LIST_PROTO || s->form == KUBE_LIST_JSON;

	if (s->failed)
		return s->failed;
	if (s->len || s->inside || s->depth || (list && !s->whole))
		return ERR_TRUNCATED;
	return 0;
}

/* ---------------------------------------------------------------- Status */

static int status_proto(const uint8_t *body, size_t len, struct kube_status *ret)
{
	struct proto_reader r = proto_reader(body + 4, len - 4);
	struct proto_field f;

	while (proto_next(&r, &f)) {
		if (f.number == 2 && f.is_bytes)
			return kube_decode_status_proto(f.data, f.len, ret);
	}
	return -EBADMSG;
}

static void copy_texts(struct kube_status *st, char text[256])
{
	snprintf(text, 256, "%.*s", (int)(st->message.len < 250 ? st->message.len : 250),
		 st->message.len ? st->message.s : "");
	st->message = (struct kube_str){text, (uint32_t)strlen(text)};
	if (kube_str_is(st->reason, "Expired") || kube_str_is(st->reason, "Gone"))
		st->code = 410;
	st->reason = (struct kube_str){NULL, 0};
}

int kube_status_read(const uint8_t *body, size_t len, struct kube_status *ret, char ret_text[256])
{
	cJSON *json;
	int err;

	*ret = (struct kube_status){0};
	if (len >= 4 && memcmp(body, "k8s", 4) == 0) {
		err = status_proto(body, len, ret);
		copy_texts(ret, ret_text);
		return err;
	}
	json = cJSON_ParseWithLength((const char *)body, len);
	err = kube_decode_status_json(json, ret);
	copy_texts(ret, ret_text);
	cJSON_Delete(json);
	return err;
}
