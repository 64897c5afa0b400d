// SPDX-License-Identifier: Apache-2.0
/* The API client from inside.  Thread of everything here: the client's ("kube"), where not said. */
#pragma once

#include "base/rng.h"
#include "kube/auth.h"
#include "kube/client.h"
#include "kube/http.h"
#include "kube/stream.h"

enum {
	PAGE_LIMIT = 500,
	WATCH_TIMEOUT_MIN_S = 300, /* timeoutSeconds of a watch: between this and twice this */
	HEAD_TIMEOUT_S = 15, /* from the request to the response's head */
	LIST_SILENCE_S = 20, /* no byte of a list that is not complete */
	STREAM_SILENCE_S = 6, /* the same of a streamed one: before 1.27 it has no end, pages will do */
	FOLLOW_SILENCE_S =
		75, /* no byte of a watch, not even a bookmark (one a minute), on a connection without ping */
	FOLLOW_SILENCE_PING_PERCENT = 240, /* of that: the same, on one that answers pings: 180 s */
	SHORT_WATCH_MS = 1000, /* a watch that ends so soon without an event counts as failed */
	ERROR_BODY_MAX = 16 << 10,
	PATH_MAX_LEN = 4096,
};

/* One API server, for all clients of the process that use it: away or not, and who asks whether it is
 * back. */
struct kube_gate {
	struct kube_gate *next;
	char *server;
	unsigned refs;
	bool away;
	uint64_t since_ns; /* away */
	uint64_t probe_ns; /* not before */
	unsigned failures;
	const void *probe; /* the one request that is out */
};

enum watch_state {
	WATCH_WAITING, /* until due_ns, the gate and the limits let it */
	WATCH_STREAMED_LIST, /* sendInitialEvents: the objects, a bookmark, then events */
	WATCH_PAGED_LIST,
	WATCH_FOLLOWING, /* events from `version` on */
};

/* One resource: its list and its watch. */
struct kube_watch {
	struct kube_client *client;
	enum kube_kind kind;
	enum watch_state state;
	struct kube_request *request; /* NULL while waiting */
	struct kube_stream stream;
	uint64_t version; /* resourceVersion up to which the store knows everything; 0: nothing */
	bool listed; /* a list was complete: a watch can go on from `version` */
	bool consistent; /* the next list asks for the newest state, whatever it costs */
	bool no_streaming; /* the server refuses streamed lists */
	char *next; /* `continue` of a paged list */
	uint64_t list_version;
	unsigned failures; /* in a row */
	uint64_t due_ns, began_ns;
	uint64_t events; /* of this request */
	uint64_t last_event_s; /* atomic: Unix time */
	int status;
	uint32_t retry_after_s;
	struct kube_status error; /* of an ERROR event or an error body */
	char error_text[256];
	bool has_error;
	uint8_t *body; /* of an error */
	size_t body_len;
	struct kube_watch_ids { /* metrics */
		uint32_t lists, swept, refused, events[3], checks, differences;
	} ids;
};

struct kube_check; /* check.c */

struct kube_client {
	struct kube_client *next;
	unsigned refs; /* kube_open's lock */
	struct kube_options options; /* strings owned */
	uint64_t stamp;              /* of the kubeconfig file */
	struct kube_auth auth;
	struct kube_store *store;
	struct kube_gate *gate;
	struct kube_watch watches[KUBE_N_KINDS];
	size_t n_watches;
	struct kube_check *check;
	double tokens; /* of the request rate */
	uint64_t tokens_ns;
	uint64_t settle_ns; /* when the store gives up what was taken out of it; 0: nothing was */
	uint64_t logged_ns; /* the last line about trouble */
	bool trouble; /* such a line was written and not yet taken back */
	bool said_synced;
	struct kube_client_ids {
		uint32_t duration, limiter;
	} ids;
};

/* What the thread has. */
struct kube_loop {
	struct kube_http *http;
	struct rng rng;
	uint64_t *cells;
	uint64_t now_ns;
	struct kube_gate *gates;
};

extern struct kube_loop kube_loop;

/* A time between half of ms and ms. */
uint64_t kube_jitter_ns(uint64_t ms);

/* ---- gate.c ---- */

struct kube_gate *kube_gate_get(const char *server);
void kube_gate_put(struct kube_gate *g);
/* `who` may send a request now. */
bool kube_gate_open(const struct kube_gate *g);
/* When it will be, at the earliest. */
uint64_t kube_gate_due(const struct kube_gate *g);
void kube_gate_started(struct kube_gate *g, const void *who);
void kube_gate_ended(struct kube_gate *g, const void *who); /* without a word of the server's state */
/* The server has answered; true: it was away. */
bool kube_gate_up(struct kube_gate *g);
/* It has not; retry_after_s 0: not given. */
void kube_gate_down(struct kube_gate *g, const void *who, uint32_t retry_after_s);

/* ---- watch.c, request.c ---- */

void kube_watch_init(struct kube_watch *w, struct kube_client *c, enum kube_kind kind);
void kube_watch_fini(struct kube_watch *w);
/* Give its request up when it is overdue; the time of the next look. */
uint64_t kube_watch_overdue(struct kube_watch *w);
/* Send its next request. */
void kube_watch_start(struct kube_watch *w);
void kube_watch_relist(struct kube_watch *w);
/* The path with its query for the state the watch is in; false: too long. */
bool kube_watch_path(const struct kube_watch *w, char *path, size_t cap);
/* The same for a metadata-only list. */
bool kube_check_path(const struct kube_watch *w, char *path, size_t cap);
/* Send a GET with the client's credentials. */
struct kube_request *kube_client_get(struct kube_client *c, const char *path, const char *accept,
				     const struct kube_request_ops *ops, void *arg);

/* ---- client.c ---- */

/* One round: start what is due.  Returns when to come again. */
uint64_t kube_client_turn(struct kube_client *c);
/* A token of the request rate was there and is taken. */
bool kube_client_take_token(struct kube_client *c);
/* A line about trouble, at most one a minute. */
void kube_client_trouble(struct kube_client *c, enum kube_kind kind, const char *why);
/* It has answered a request as it should; said after trouble. */
void kube_client_answers(struct kube_client *c);
/* A list is complete; said once, when all are. */
void kube_client_well(struct kube_client *c);

/* ---- check.c ---- */

struct kube_check *kube_check_new(struct kube_client *c);
void kube_check_free(struct kube_check *check);
uint64_t kube_check_turn(struct kube_check *check);

/* ---- metrics.c ---- */

void kube_metrics_start(void);
void kube_metrics_watch(struct kube_watch *w);
void kube_metrics_client(struct kube_client *c);
void kube_metrics_request(const struct kube_client *c, int status, uint64_t took_ns);
void kube_metrics_limited(const struct kube_client *c, uint64_t waited_ns);
void kube_metrics_event(const struct kube_watch *w, enum kube_event_type type);
void kube_metrics_add(uint32_t id, uint64_t n);
/* How long from the change of an endpoint to here, when the slice says and its service is known. */
void kube_metrics_programming(const struct kube_client *c, const struct kube_object *slice);
/* Sums over all clients (any thread; takes the lock of the list of clients). */
double kube_clients_sum(double (*value)(const struct kube_client *c, enum kube_kind kind),
			enum kube_kind kind);
