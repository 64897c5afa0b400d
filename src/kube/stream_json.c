// SPDX-License-Identifier: Apache-2.0
/* JSON lists and watches, cut into objects by counting brackets outside of strings; each object is then
 * read by cJSON. */
#include "kube/stream.h"

#include "base/err.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

static const cJSON *get(const cJSON *json, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(json, key);
}

static struct kube_str text(const cJSON *json, const char *key)
{
	const char *s = cJSON_GetStringValue(get(json, key));

	return (struct kube_str){s, s ? (uint32_t)strlen(s) : 0};
}

/* ---------------------------------------------------------------- objects */

static int watch_type(const cJSON *json, enum kube_event_type *ret)
{
	struct kube_str type = text(json, "type");

	if (kube_str_is(type, "ADDED"))
		*ret = KUBE_EVENT_ADDED;
	else if (kube_str_is(type, "MODIFIED"))
		*ret = KUBE_EVENT_MODIFIED;
	else if (kube_str_is(type, "DELETED"))
		*ret = KUBE_EVENT_DELETED;
	else if (kube_str_is(type, "BOOKMARK"))
		*ret = KUBE_EVENT_BOOKMARK;
	else if (kube_str_is(type, "ERROR"))
		*ret = KUBE_EVENT_ERROR;
	else
		return -EBADMSG;
	return 0;
}

static int watch_event(struct kube_stream *s, const cJSON *json, struct kube_event *e)
{
	const cJSON *object = get(json, "object");
	bool only = s->decoder.metadata_only;
	int err = watch_type(json, &e->type);

	if (err)
		return err;
	if (e->type == KUBE_EVENT_ERROR)
		return kube_decode_status_json(object, &e->status);
	if (e->type == KUBE_EVENT_BOOKMARK) {
		s->decoder.metadata_only = true;
		e->initial_end = kube_meta_initial_end_json(object);
	}
	err = kube_decode_json(&s->decoder, object, &e->object);
	s->decoder.metadata_only = only;
	e->version = e->object.version;
	return err;
}

static int list_part(struct kube_stream *s, const cJSON *json, struct kube_event *e)
{
	int err;

	if (!s->in_items) {
		e->type = KUBE_EVENT_LIST_META;
		e->version = kube_version_parse(text(json, "resourceVersion"));
		e->next = text(json, "continue");
		return 0;
	}
	e->type = KUBE_EVENT_ITEM;
	err = kube_decode_json(&s->decoder, json, &e->object);
	e->version = e->object.version;
	return err;
}

/* What was captured is complete. */
static int give(struct kube_stream *s)
{
	cJSON *json = cJSON_ParseWithLength((const char *)s->buf, s->len);
	struct kube_event e = {0};
	int err;

	if (!json)
		return -EBADMSG;
	err = s->form == KUBE_WATCH_JSON ? watch_event(s, json, &e) : list_part(s, json, &e);
	if (!err)
		err = s->event(s->arg, &e);
	kube_decoder_reset(&s->decoder);
	cJSON_Delete(json);
	s->len = 0;
	return err;
}

/* ---------------------------------------------------------------- brackets */

/* Whether the bracket that opens at this depth begins an object that is wanted. */
static bool wanted(const struct kube_stream *s, uint8_t bracket)
{
	if (bracket != '{')
		return false;
	if (s->form == KUBE_WATCH_JSON)
		return s->depth == 0;
	if (s->in_items)
		return s->depth == 2;
	return s->depth == 1 && s->key_len == 8 && memcmp(s->key, "metadata", 8) == 0;
}

static int open_bracket(struct kube_stream *s, uint8_t c)
{
	if (!s->capturing && wanted(s, c)) {
		s->capturing = true;
		s->capture_depth = s->depth;
	}
	if (!s->capturing && s->depth == 1 && c == '[' && s->key_len == 5 && memcmp(s->key, "items", 5) == 0)
		s->in_items = true;
	if (++s->depth > KUBE_DEPTH_MAX)
		return ERR_LIMIT;
	s->key_next = s->depth == 1;
	return 0;
}

/* Returns whether this ends what is captured. */
static bool close_bracket(struct kube_stream *s)
{
	s->depth--;
	if (!s->capturing && s->depth == 1)
		s->in_items = false;
	if (s->depth == 0)
		s->whole = true;
	return s->capturing && s->depth == s->capture_depth;
}

static void in_string(struct kube_stream *s, uint8_t c)
{
	if (s->escaped) {
		s->escaped = false;
	} else if (c == '\\') {
		s->escaped = true;
	} else if (c == '"') {
		s->in_string = false;
		s->key_next = false;
		return;
	}
	if (s->depth == 1 && s->key_next && s->key_len < sizeof(s->key))
		s->key[s->key_len++] = (char)c;
}

/* One byte outside of strings.  1: it ends what is captured. */
static int outside(struct kube_stream *s, uint8_t c)
{
	switch (c) {
	case '"':
		s->in_string = true;
		if (s->depth == 1 && s->key_next)
			s->key_len = 0;
		return 0;
	case '{':
	case '[':
		return open_bracket(s, c);
	case '}':
	case ']':
		return s->depth ? close_bracket(s) : -EBADMSG;
	case ',':
		s->key_next = s->depth == 1;
		return 0;
	default:
		return s->depth || c == ' ' || c == '\n' || c == '\r' || c == '\t' ? 0 : -EBADMSG;
	}
}

int kube_stream_feed_json(struct kube_stream *s, const uint8_t *data, size_t len)
{
	size_t from = 0; /* captured bytes of this chunk begin here */
	int err = 0;

	for (size_t i = 0; i < len && err >= 0; i++) {
		bool was = s->capturing;

		if (s->in_string)
			in_string(s, data[i]);
		else
			err = outside(s, data[i]);
		if (!was && s->capturing)
			from = i;
		if (err != 1)
			continue;
		err = kube_stream_keep(s, data + from, i + 1 - from);
		if (!err)
			err = give(s);
		s->capturing = false;
	}
	if (err >= 0 && s->capturing)
		err = kube_stream_keep(s, data + from, len - from);
	return err < 0 ? err : 0;
}
