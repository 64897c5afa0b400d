// SPDX-License-Identifier: Apache-2.0
/* One resource: list, then follow.
 *
 *        +--------------------- waiting <------------------------------------------------+
 *        |                 (due, gate, limits)                                           |
 *        | not listed                     | listed                                       |
 *        v                                v                                              |
 *   streamed list --complete--> (same stream) following ---clean end--> waiting, due now |
 *        | refused                        ^   |  410: not listed any more                |
 *        v                                |   |                                          |
 *   paged list ... pages ... -complete----+   +--- error, silence, connection lost ------+
 *
 * The store is written by a list as it comes in and swept at its end (list.c), so it is never empty or
 * half full on the way.  A list that breaks off leaves `version` where it was. */
#include "kube/client_internal.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "kube/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RETRY_MIN_MS = 100,
	RETRY_MAX_MS = 10000, /* 401, 403, 404, broken streams; a server that is away: gate.c */
	RETRY_MISSING_MAX_MS = 60000, /* 404: the custom resource is not installed */
	RETRY_AFTER_MAX_S = 120,
	RESTART_S = 3, /* away so long: it may be another version now */
	STREAM_TRIES = 2, /* streamed lists that break off before paged ones are tried */
};

static const char accept_protobuf[] = "Accept: application/vnd.kubernetes.protobuf,application/json";
static const char accept_json[] = "Accept: application/json";

void kube_watch_init(struct kube_watch *w, struct kube_client *c, enum kube_kind kind);

static uint64_t now_s(void)
{
	return clock_wall_ns() / NS_PER_S;
}

static bool is_listing(const struct kube_watch *w)
{
	return w->state == WATCH_STREAMED_LIST || w->state == WATCH_PAGED_LIST;
}

static void set_next(struct kube_watch *w, struct kube_str next)
{
	free(w->next);
	w->next = next.len ? kube_text_dup(next.s, next.len) : NULL;
}

/* ---------------------------------------------------------------- waiting again */

static void wait_until(struct kube_watch *w, uint64_t due_ns)
{
	w->state = WATCH_WAITING;
	w->due_ns = due_ns;
	set_next(w, (struct kube_str){NULL, 0});
}

static void retry(struct kube_watch *w, uint64_t max_ms)
{
	uint64_t ms = (uint64_t)RETRY_MIN_MS << (w->failures < 12 ? w->failures : 12);

	w->failures++;
	wait_until(w, kube_loop.now_ns + kube_jitter_ns(ms < max_ms ? ms : max_ms));
}

void kube_watch_relist(struct kube_watch *w)
{
	w->listed = false;
	if (!w->request)
		wait_until(w, kube_loop.now_ns);
	/* A running watch is ended by its owner (check.c), which then comes here. */
}

/* ---------------------------------------------------------------- events */

static void list_complete(struct kube_watch *w, uint64_t version)
{
	size_t swept = kube_store_list_end(w->client->store, w->kind, now_s());

	kube_metrics_add(w->ids.swept, swept);
	kube_metrics_add(w->ids.lists, 1);
	w->version = version;
	w->listed = true;
	w->consistent = false;
	w->failures = 0;
	kube_store_set_synced(w->client->store, w->kind);
	kube_client_well(w->client);
}

static void apply(struct kube_watch *w, const struct kube_event *e)
{
	struct kube_store *s = w->client->store;
	enum kube_change change;

	if (e->type == KUBE_EVENT_DELETED)
		change = kube_store_delete(s, &e->object, now_s());
	else
		change = kube_store_apply(s, &e->object, now_s());
	if (change == KUBE_REFUSED)
		kube_metrics_add(w->ids.refused, 1);
	if (w->state == WATCH_FOLLOWING && w->kind == KUBE_SLICE && e->type != KUBE_EVENT_DELETED)
		kube_metrics_programming(w->client, &e->object);
}

static void on_bookmark(struct kube_watch *w, const struct kube_event *e)
{
	if (w->state == WATCH_STREAMED_LIST) {
		if (!e->initial_end)
			return;
		list_complete(w, e->version);
		w->state = WATCH_FOLLOWING;
	} else if (e->version) {
		w->version = e->version;
	}
}

static int on_event(void *arg, const struct kube_event *e)
{
	struct kube_watch *w = arg;

	w->events++;
	switch (e->type) {
	case KUBE_EVENT_LIST_META:
		w->list_version = e->version;
		set_next(w, e->next);
		return 0;
	case KUBE_EVENT_BOOKMARK:
		on_bookmark(w, e);
		return 0;
	case KUBE_EVENT_ERROR:
		w->error = e->status;
		w->has_error = true;
		snprintf(w->error_text, sizeof(w->error_text), "%.*s", (int)e->status.message.len,
			 e->status.message.len ? e->status.message.s : "");
		if (kube_str_is(e->status.reason, "Expired") || kube_str_is(e->status.reason, "Gone"))
			w->error.code = 410;
		w->error.message = w->error.reason = (struct kube_str){NULL, 0};
		return -ECANCELED;
	case KUBE_EVENT_ITEM:
	case KUBE_EVENT_ADDED:
	case KUBE_EVENT_MODIFIED:
	case KUBE_EVENT_DELETED:
		break;
	}
	apply(w, e);
	if (w->state == WATCH_FOLLOWING) {
		kube_metrics_event(w, e->type);
		w->version = e->version ? e->version : w->version;
		w->failures = 0;
		__atomic_store_n(&w->last_event_s, now_s(), __ATOMIC_RELAXED);
	}
	return 0;
}

/* ---------------------------------------------------------------- what happens to the request */

static enum kube_form form_of(const struct kube_watch *w, const char *type)
{
	bool proto = strstr(type, "protobuf") != NULL;

	if (w->state == WATCH_PAGED_LIST)
		return proto ? KUBE_LIST_PROTO : KUBE_LIST_JSON;
	return proto ? KUBE_WATCH_PROTO : KUBE_WATCH_JSON;
}

static void server_is_up(struct kube_watch *w)
{
	struct kube_client *c = w->client;
	uint64_t away_ns = kube_loop.now_ns - c->gate->since_ns;

	if (!kube_gate_up(c->gate) || away_ns < RESTART_S * NS_PER_S)
		return;
	for (size_t i = 0; i < c->n_watches; i++)
		c->watches[i].no_streaming = false;
}

static void on_head(void *arg, int status, const char *type, uint32_t retry_after_s)
{
	struct kube_watch *w = arg;

	kube_metrics_request(w->client, status, clock_mono_ns() - w->began_ns);
	w->status = status;
	w->retry_after_s = retry_after_s;
	if (status < 500 && status != 429)
		server_is_up(w);
	if (status != 200)
		return;
	kube_client_answers(w->client);
	kube_stream_begin(&w->stream, form_of(w, type));
	if (is_listing(w) && !w->next)
		kube_store_list_begin(w->client->store, w->kind);
}

static int on_body(void *arg, const uint8_t *data, size_t len)
{
	struct kube_watch *w = arg;

	if (w->status == 200)
		return kube_stream_feed(&w->stream, data, len);
	if (!w->body)
		w->body = malloc(ERROR_BODY_MAX);
	if (!w->body || w->body_len + len > ERROR_BODY_MAX)
		return 0; /* the status alone must do */
	memcpy(w->body + w->body_len, data, len);
	w->body_len += len;
	return 0;
}

/* ---------------------------------------------------------------- how it ended */

/* A Status, from an error response or an ERROR event. */
static void on_error_status(struct kube_watch *w, int code)
{
	struct kube_client *c = w->client;
	bool streamed = w->state == WATCH_STREAMED_LIST;
	uint32_t after = w->retry_after_s ? w->retry_after_s : w->error.retry_after_s;
	char why[400];

	snprintf(why, sizeof(why), "%d %s", code, w->error_text);
	if (code == 410) {
		/* Too old: list again, not older than what is known; if that is what is too old, whatever
		 * is newest. */
		w->consistent = is_listing(w);
		w->listed = false;
		wait_until(w, kube_loop.now_ns);
		return;
	}
	if (code == 429 || code >= 500) {
		/* 504 for a list: this server has not come to `version` yet, or never will (restored from
		 * a backup). */
		w->consistent |= code == 504 && is_listing(w);
		w->no_streaming |= streamed && w->has_error && code != 429;
		after = after ? after : code == 429;
		kube_gate_down(c->gate, w, after);
		kube_client_trouble(c, w->kind, why);
		retry(w, 1000);
		w->due_ns += (after < RETRY_AFTER_MAX_S ? after : RETRY_AFTER_MAX_S) *
			     NS_PER_S; /* whatever others are told */
		return;
	}
	if (code == 401) {
		kube_auth_refused(&c->auth);
	} else if (streamed && code != 403 && code != 404) {
		w->no_streaming = true; /* 422, 400: it does not know sendInitialEvents */
		wait_until(w, kube_loop.now_ns);
		return;
	}
	kube_client_trouble(c, w->kind, why);
	if (code != 401 && code != 403 && code != 404)
		w->listed = false;
	retry(w, code == 404 ? RETRY_MISSING_MAX_MS : RETRY_MAX_MS);
}

static void on_clean_end(struct kube_watch *w)
{
	bool soon = kube_loop.now_ns - w->began_ns < SHORT_WATCH_MS * NS_PER_MS;

	if (w->state == WATCH_PAGED_LIST && w->next) {
		kube_watch_start(w); /* the next page */
		return;
	}
	if (w->state == WATCH_PAGED_LIST)
		list_complete(w, w->list_version);
	else if (w->state == WATCH_STREAMED_LIST) {
		w->no_streaming |= w->failures + 1 >= STREAM_TRIES;
		retry(w, RETRY_MAX_MS);
		return;
	} else if (soon && !w->events) {
		retry(w, RETRY_MAX_MS);
		return;
	}
	wait_until(w, kube_loop.now_ns);
}

/* The bytes were none of the form, or an object too large: from the beginning, later. */
static void on_bad_stream(struct kube_watch *w, int err)
{
	char why[100];

	snprintf(why, sizeof(why), "broken response: %s", err_text(err));
	kube_client_trouble(w->client, w->kind, why);
	w->listed = false;
	w->no_streaming |= w->state == WATCH_STREAMED_LIST && w->failures + 1 >= STREAM_TRIES;
	retry(w, RETRY_MAX_MS);
}

static void on_lost(struct kube_watch *w, const char *why)
{
	if (!w->status)
		kube_metrics_request(w->client, 0, clock_mono_ns() - w->began_ns);
	kube_client_trouble(w->client, w->kind, why);
	kube_gate_down(w->client->gate, w, 0);
	wait_until(w, kube_loop.now_ns);
}

static void read_error_body(struct kube_watch *w)
{
	if (w->body_len && kube_status_read(w->body, w->body_len, &w->error, w->error_text) == 0 &&
	    w->error.code == 410)
		w->status = 410;
	free(w->body);
	w->body = NULL;
	w->body_len = 0;
}

static void on_done(void *arg, int err, const char *why)
{
	struct kube_watch *w = arg;

	w->request = NULL;
	kube_loop.now_ns = clock_mono_ns();
	kube_gate_ended(w->client->gate, err == -EIO || w->status >= 500 || w->status == 429 ? NULL : w);
	if (w->has_error) {
		on_error_status(w, w->error.code);
	} else if (err == -EIO) {
		on_lost(w, why);
	} else if (err) {
		on_bad_stream(w, err);
	} else if (w->status != 200) {
		read_error_body(w);
		on_error_status(w, w->status);
	} else if (w->state == WATCH_PAGED_LIST && kube_stream_end(&w->stream)) {
		on_bad_stream(w, kube_stream_end(&w->stream));
	} else {
		on_clean_end(w);
	}
}

static const struct kube_request_ops request_ops = {on_head, on_body, on_done};

/* ---------------------------------------------------------------- life */

void kube_watch_start(struct kube_watch *w)
{
	bool custom = w->kind == KUBE_IMPORT; /* custom resources have no protobuf */
	char path[PATH_MAX_LEN];

	if (!w->next)
		w->state = w->listed         ? WATCH_FOLLOWING
			   : w->no_streaming ? WATCH_PAGED_LIST
					     : WATCH_STREAMED_LIST;
	w->events = 0;
	w->status = 0;
	w->retry_after_s = 0;
	w->has_error = false;
	w->error_text[0] = '\0';
	w->error = (struct kube_status){0};
	w->began_ns = kube_loop.now_ns;
	if (kube_watch_path(w, path, sizeof(path)))
		w->request = kube_client_get(w->client, path, custom ? accept_json : accept_protobuf,
					     &request_ops, w);
	if (!w->request) {
		kube_client_trouble(w->client, w->kind,
				    "no memory for a request, or selectors too long for a URL");
		retry(w, RETRY_MAX_MS);
		return;
	}
	kube_gate_started(w->client->gate, w);
}

/* A watch that follows. */
static uint64_t follow_silence_ms(const struct kube_watch *w)
{
	unsigned own_s = w->client->options.silence_s;
	uint64_t ms = (own_s ? own_s : FOLLOW_SILENCE_S) * 1000ull;

	/* Which connection it is on is asked when it matters: that takes system calls, and this is every turn. */
	if (kube_loop.now_ns - kube_http_last_ns(w->request) < ms * NS_PER_MS || !kube_http_pinged(w->request))
		return ms;
	return ms * FOLLOW_SILENCE_PING_PERCENT / 100;
}

static uint64_t silence_limit_ms(const struct kube_watch *w)
{
	if (!w->status)
		return HEAD_TIMEOUT_S * 1000ull;
	if (is_listing(w))
		return (w->state == WATCH_STREAMED_LIST ? STREAM_SILENCE_S : LIST_SILENCE_S) * 1000ull;
	return follow_silence_ms(w);
}

/* Nothing came for too long: the request is given up.  A watch goes on from where it was; for anything
 * that should have been answered the server counts as away. */
static void give_up(struct kube_watch *w)
{
	bool following = w->status && w->state == WATCH_FOLLOWING;

	kube_http_cancel(w->request);
	w->request = NULL;
	kube_gate_ended(w->client->gate, following ? w : NULL);
	if (following) {
		wait_until(w, kube_loop.now_ns);
		return;
	}
	w->no_streaming |=
		w->state == WATCH_STREAMED_LIST; /* maybe it sends no end of the list (before 1.27) */
	on_lost(w, "no answer");
}

uint64_t kube_watch_overdue(struct kube_watch *w)
{
	uint64_t limit = kube_http_last_ns(w->request) + silence_limit_ms(w) * NS_PER_MS;
	uint64_t end = w->began_ns +
		       (2 * WATCH_TIMEOUT_MIN_S + 30) * NS_PER_S; /* it asked the server to end before */

	limit = limit < end ? limit : end;
	if (kube_loop.now_ns < limit)
		return limit;
	give_up(w);
	return kube_loop.now_ns;
}

void kube_watch_init(struct kube_watch *w, struct kube_client *c, enum kube_kind kind)
{
	*w = (struct kube_watch){.client = c, .kind = kind};
	kube_stream_init(&w->stream, kind, c->options.keep, on_event, w);
	kube_metrics_watch(w);
}

void kube_watch_fini(struct kube_watch *w)
{
	if (w->request)
		kube_http_cancel(w->request);
	w->request = NULL;
	kube_stream_fini(&w->stream);
	free(w->next);
	free(w->body);
}
