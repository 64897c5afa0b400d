// SPDX-License-Identifier: Apache-2.0
/* Now and then the store is compared with the API server: nothing missed stays missed.
 *
 *   idle --30 to 60 min--> listing kind 0 --> confirming --> listing kind 1 ... --> idle
 *
 * A list of metadata only, from the server's watch cache (resourceVersion=0), is streamed past the store:
 * objects that are not there, or newer there than here, are remembered (some by name, the rest by number);
 * what is here and not there is what was not seen.  The list and the watch may be at different moments, so
 * nothing is judged until the watch has come to the list's version.  What still differs then is counted,
 * and the resource is listed anew. */
#include "kube/client_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "kube/text.h"

#include <stdlib.h>
#include <string.h>

enum {
	CHECK_MIN_S = 1800,
	SUSPECTS_MAX = 64,
	CATCH_UP_S = 180, /* for the watch to come to the list's version: bookmarks come once a minute */
};

struct suspect {
	char *ns, *name;
	uint64_t version;
};

enum check_state { CHECK_IDLE, CHECK_LISTING, CHECK_CONFIRMING };

struct kube_check {
	struct kube_client *client;
	enum check_state state;
	size_t at; /* of the client's watches */
	uint64_t due_ns, began_ns;
	struct kube_request *request;
	struct kube_stream stream;
	bool stream_open;
	int status;
	uint64_t version; /* of the list */
	struct suspect suspects[SUSPECTS_MAX];
	size_t n_suspects;
};

static const char accept[] =
	"Accept: application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,"
	"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

static void forget_suspects(struct kube_check *k)
{
	for (size_t i = 0; i < k->n_suspects; i++) {
		free(k->suspects[i].ns);
		free(k->suspects[i].name);
	}
	k->n_suspects = 0;
}

static void close_stream(struct kube_check *k)
{
	if (k->stream_open)
		kube_stream_fini(&k->stream);
	k->stream_open = false;
}

static void plan(struct kube_check *k)
{
	uint64_t every_s = k->client->options.check_s ? k->client->options.check_s : CHECK_MIN_S;

	k->state = CHECK_IDLE;
	k->at = 0;
	k->due_ns = kube_loop.now_ns + 2 * kube_jitter_ns(every_s * 1000); /* between once and twice that */
}

static void next_kind(struct kube_check *k)
{
	forget_suspects(k);
	close_stream(k);
	k->state = CHECK_IDLE;
	k->due_ns = kube_loop.now_ns;
	if (++k->at >= k->client->n_watches)
		plan(k);
}

/* ---------------------------------------------------------------- listing */

static void suspect(struct kube_check *k, const struct kube_object *o)
{
	struct suspect *s = &k->suspects[k->n_suspects];

	if (k->n_suspects == SUSPECTS_MAX)
		return; /* that many are reason enough to list anew */
	s->ns = kube_text_dup(o->ns.s, o->ns.len);
	s->name = kube_text_dup(o->name.s, o->name.len);
	s->version = o->version;
	if (s->ns && s->name)
		k->n_suspects++;
}

static int on_event(void *arg, const struct kube_event *e)
{
	struct kube_check *k = arg;
	struct kube_store *s = k->client->store;
	uint64_t have = 0;

	if (e->type == KUBE_EVENT_LIST_META)
		k->version = e->version;
	if (e->type != KUBE_EVENT_ITEM || e->object.name.len == 0)
		return 0;
	if (!kube_store_check_seen(s, &e->object)) {
		if (!e->object.deleting)
			suspect(k, &e->object);
	} else if (kube_store_version(s, &e->object, &have) && have < e->object.version) {
		suspect(k, &e->object);
	}
	return 0;
}

static void on_head(void *arg, int status, const char *type, uint32_t retry_after_s)
{
	struct kube_check *k = arg;

	kube_metrics_request(k->client, status, clock_mono_ns() - k->began_ns);
	k->status = status;
	if (status == 200)
		kube_stream_begin(&k->stream, strstr(type, "protobuf") ? KUBE_LIST_PROTO : KUBE_LIST_JSON);
}

static int on_body(void *arg, const uint8_t *data, size_t len)
{
	struct kube_check *k = arg;

	return k->status == 200 ? kube_stream_feed(&k->stream, data, len) : 0;
}

static void on_done(void *arg, int err, const char *why)
{
	struct kube_check *k = arg;

	k->request = NULL;
	if (err || k->status != 200 || kube_stream_end(&k->stream)) {
		next_kind(k); /* the watch has its own ways to find out what is wrong */
		return;
	}
	close_stream(k);
	k->state = CHECK_CONFIRMING;
	k->began_ns = kube_loop.now_ns;
}

static const struct kube_request_ops ops = {on_head, on_body, on_done};

static void start(struct kube_check *k, struct kube_watch *w)
{
	char path[PATH_MAX_LEN];

	kube_stream_init(&k->stream, w->kind, 0, on_event, k);
	k->stream.decoder.metadata_only = true;
	k->stream_open = true;
	k->status = 0;
	k->version = 0;
	k->began_ns = kube_loop.now_ns;
	if (kube_check_path(w, path, sizeof(path)))
		k->request = kube_client_get(k->client, path, accept, &ops, k);
	if (!k->request) {
		next_kind(k);
		return;
	}
	kube_store_check_begin(k->client->store, w->kind);
	k->state = CHECK_LISTING;
}

/* ---------------------------------------------------------------- judging */

static bool still_differs(const struct kube_check *k, const struct suspect *s, enum kube_kind kind)
{
	struct kube_object o = {.kind = kind,
				.ns = {s->ns, (uint32_t)strlen(s->ns)},
				.name = {s->name, (uint32_t)strlen(s->name)}};
	uint64_t have = 0;

	return !kube_store_version(k->client->store, &o, &have) || have < s->version;
}

static void judge(struct kube_check *k, struct kube_watch *w)
{
	size_t wrong = kube_store_check_unseen(k->client->store, w->kind, k->version);

	for (size_t i = 0; i < k->n_suspects; i++)
		wrong += still_differs(k, &k->suspects[i], w->kind);
	kube_metrics_add(w->ids.checks, 1);
	kube_metrics_add(w->ids.differences, wrong);
	if (!wrong)
		return;
	log_line(LOG_WARNING, "plugin/kubernetes: %zu %s differ from the API server; listing them again",
		 wrong, kube_kind_text(w->kind));
	if (w->request)
		kube_http_cancel(w->request);
	w->request = NULL;
	kube_watch_relist(w);
}

uint64_t kube_check_turn(struct kube_check *k)
{
	struct kube_watch *w = &k->client->watches[k->at];
	bool following = w->state == WATCH_FOLLOWING && w->request;

	switch (k->state) {
	case CHECK_IDLE:
		if (kube_loop.now_ns < k->due_ns)
			return k->due_ns;
		if (!following)
			next_kind(k);
		else
			start(k, w);
		return kube_loop.now_ns + NS_PER_S;
	case CHECK_LISTING:
		if (kube_loop.now_ns < kube_http_last_ns(k->request) + LIST_SILENCE_S * NS_PER_S)
			return kube_loop.now_ns + NS_PER_S;
		kube_http_cancel(k->request);
		k->request = NULL;
		next_kind(k);
		return kube_loop.now_ns;
	case CHECK_CONFIRMING:
		if (following && w->version < k->version &&
		    kube_loop.now_ns < k->began_ns + CATCH_UP_S * NS_PER_S)
			return kube_loop.now_ns + NS_PER_S / 4;
		if (following && w->version >= k->version)
			judge(k, w); /* a watch that never got there is ended by its own limits */
		next_kind(k);
		return kube_loop.now_ns;
	}
	return UINT64_MAX;
}

struct kube_check *kube_check_new(struct kube_client *c)
{
	struct kube_check *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->client = c;
	plan(k);
	return k;
}

void kube_check_free(struct kube_check *k)
{
	if (!k)
		return;
	if (k->request)
		kube_http_cancel(k->request);
	close_stream(k);
	forget_suspects(k);
	free(k);
}
