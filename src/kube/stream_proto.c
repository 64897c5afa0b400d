// SPDX-License-Identifier: Apache-2.0
/* Protobuf lists and watches, cut into objects (the forms: stream.h). */
#include "kube/stream.h"

#include "base/err.h"
#include "kube/proto.h"

#include <errno.h>
#include <string.h>

enum { FRAME_HEAD = 4, MAGIC_LEN = 4 };
enum { UNKNOWN_RAW = 2, LIST_META = 1, LIST_ITEM = 2, LISTMETA_VERSION = 2, LISTMETA_CONTINUE = 3 };
enum { EVENT_TYPE = 1, EVENT_OBJECT = 2, EXTENSION_RAW = 1 };

static const uint8_t magic[MAGIC_LEN] = {'k', '8', 's', 0};

static struct kube_str text(const struct proto_field *f)
{
	return (struct kube_str){(const char *)f->data, (uint32_t)f->len};
}

static int give(struct kube_stream *s, const struct kube_event *e)
{
	int err = s->event(s->arg, e);

	kube_decoder_reset(&s->decoder);
	return err;
}

/* ---------------------------------------------------------------- watch */

/* The bytes of the field `number` of a message. */
static int field_of(const uint8_t *data, size_t len, uint32_t number, struct proto_field *ret)
{
	struct proto_reader r = proto_reader(data, len);

	while (proto_next(&r, ret)) {
		if (ret->number == number && ret->is_bytes)
			return 0;
	}
	return -EBADMSG;
}

/* "k8s\0" Unknown { raw }: to the raw bytes.  Without the magic they are the object themselves. */
static int unwrap(const uint8_t *data, size_t len, struct proto_field *ret)
{
	if (len >= MAGIC_LEN && memcmp(data, magic, MAGIC_LEN) == 0)
		return field_of(data + MAGIC_LEN, len - MAGIC_LEN, UNKNOWN_RAW, ret);
	ret->data = data;
	ret->len = len;
	return 0;
}

static int event_type(struct kube_str type, enum kube_event_type *ret)
{
	static const struct {
		const char *text;
		enum kube_event_type type;
	} types[] = {
		{"ADDED", KUBE_EVENT_ADDED},     {"MODIFIED", KUBE_EVENT_MODIFIED},
		{"DELETED", KUBE_EVENT_DELETED}, {"BOOKMARK", KUBE_EVENT_BOOKMARK},
		{"ERROR", KUBE_EVENT_ERROR},
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (kube_str_is(type, types[i].text)) {
			*ret = types[i].type;
			return 0;
		}
	}
	return -EBADMSG;
}

static int event_object(struct kube_stream *s, const struct proto_field *raw, struct kube_event *e)
{
	bool only = s->decoder.metadata_only;
	int err;

	if (e->type == KUBE_EVENT_ERROR)
		return kube_decode_status_proto(raw->data, raw->len, &e->status);
	if (e->type == KUBE_EVENT_BOOKMARK) {
		s->decoder.metadata_only = true;
		e->initial_end = kube_meta_initial_end_proto(raw->data, raw->len);
	}
	err = kube_decode_proto(&s->decoder, raw->data, raw->len, &e->object);
	s->decoder.metadata_only = only;
	e->version = e->object.version;
	return err;
}

static int watch_event(struct kube_stream *s, const uint8_t *data, size_t len)
{
	struct kube_event e = {0};
	struct proto_field type, object, extension, raw;
	int err = 0;

	if (len >= MAGIC_LEN && memcmp(data, magic, MAGIC_LEN) == 0) {
		err = field_of(data + MAGIC_LEN, len - MAGIC_LEN, UNKNOWN_RAW, &object);
		data = err ? data : object.data;
		len = err ? len : object.len;
	}
	if (!err)
		err = field_of(data, len, EVENT_TYPE, &type);
	if (!err)
		err = event_type(text(&type), &e.type);
	if (!err)
		err = field_of(data, len, EVENT_OBJECT, &extension);
	if (!err)
		err = field_of(extension.data, extension.len, EXTENSION_RAW, &object);
	if (!err)
		err = unwrap(object.data, object.len, &raw);
	if (!err)
		err = event_object(s, &raw, &e);
	return err ? err : give(s, &e);
}

static ssize_t step_watch(struct kube_stream *s, const uint8_t *data, size_t len)
{
	uint32_t frame;
	int err;

	s->need = FRAME_HEAD;
	if (len < FRAME_HEAD)
		return 0;
	frame = (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
	if (frame > KUBE_OBJECT_MAX)
		return ERR_LIMIT;
	s->need = FRAME_HEAD + (size_t)frame;
	if (len < s->need)
		return 0;
	err = watch_event(s, data + FRAME_HEAD, frame);
	return err ? err : (ssize_t)s->need;
}

/* ---------------------------------------------------------------- list */

static int list_meta(struct kube_stream *s, const struct proto_field *meta)
{
	struct kube_event e = {.type = KUBE_EVENT_LIST_META};
	struct proto_reader r = proto_reader(meta->data, meta->len);
	struct proto_field f;

	while (proto_next(&r, &f)) {
		if (f.number == LISTMETA_VERSION && f.is_bytes)
			e.version = kube_version_parse(text(&f));
		else if (f.number == LISTMETA_CONTINUE && f.is_bytes)
			e.next = text(&f);
	}
	return r.failed ? -EBADMSG : give(s, &e);
}

static int list_item(struct kube_stream *s, const struct proto_field *item)
{
	struct kube_event e = {.type = KUBE_EVENT_ITEM};
	int err = kube_decode_proto(&s->decoder, item->data, item->len, &e.object);

	e.version = e.object.version;
	return err ? err : give(s, &e);
}

static int list_field(struct kube_stream *s, const struct proto_field *f)
{
	if (!s->inside || !f->is_bytes)
		return 0;
	if (f->number == LIST_META)
		return list_meta(s, f);
	return f->number == LIST_ITEM ? list_item(s, f) : 0;
}

/* The tag and, for bytes, the length of the next field.  > 0: their own length, and that of the whole
 * field. */
static ssize_t field_head(const uint8_t *data, size_t len, uint64_t *ret_tag, uint64_t *ret_whole)
{
	const uint8_t *end = data + len;
	uint64_t n = 0;
	int tag_len = proto_varint(data, end, ret_tag), more;

	if (tag_len <= 0)
		return tag_len;
	*ret_whole = (uint64_t)tag_len;
	switch (*ret_tag & 7) {
	case 1:
		*ret_whole += 8;
		return tag_len;
	case 5:
		*ret_whole += 4;
		return tag_len;
	case 0:
	case 2:
		more = proto_varint(data + tag_len, end, &n);
		if (more <= 0)
			return more;
		*ret_whole += (uint64_t)more + ((*ret_tag & 7) == 2 ? n : 0);
		return tag_len + more;
	default:
		return -EBADMSG;
	}
}

/* One field of the outer or the inner message; the list itself is entered instead of read. */
static ssize_t step_field(struct kube_stream *s, const uint8_t *data, size_t len)
{
	uint64_t tag = 0, whole = 0;
	struct proto_field f;
	ssize_t head;
	int err;

	s->need = len + 1;
	head = field_head(data, len, &tag, &whole);
	if (head <= 0)
		return head;
	if (!s->inside && tag == (UNKNOWN_RAW << 3 | 2)) {
		s->left = whole - (uint64_t)head;
		s->inside = s->left > 0;
		s->whole = !s->inside;
		return head;
	}
	if (whole > KUBE_OBJECT_MAX || whole < (uint64_t)head || (s->inside && whole > s->left))
		return whole > KUBE_OBJECT_MAX ? ERR_LIMIT : -EBADMSG;
	s->need = (size_t)whole;
	if (len < whole)
		return 0;
	struct proto_reader r = proto_reader(data, (size_t)whole);
	err = proto_next(&r, &f) ? list_field(s, &f) : -EBADMSG;
	if (err)
		return err;
	s->left -= s->inside ? whole : 0;
	if (s->inside && !s->left) {
		s->inside = false;
		s->whole = true;
	}
	return (ssize_t)whole;
}

static ssize_t step_list(struct kube_stream *s, const uint8_t *data, size_t len)
{
	if (s->magic)
		return step_field(s, data, len);
	s->need = MAGIC_LEN;
	if (len < MAGIC_LEN)
		return 0;
	if (memcmp(data, magic, MAGIC_LEN) != 0)
		return -EBADMSG;
	s->magic = true;
	return MAGIC_LEN;
}

ssize_t kube_stream_step_proto(struct kube_stream *s, const uint8_t *data, size_t len)
{
	return s->form == KUBE_WATCH_PROTO ? step_watch(s, data, len) : step_list(s, data, len);
}
