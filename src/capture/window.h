// SPDX-License-Identifier: Apache-2.0
/* The window's insides: lists and indexes.  For the files of src/capture that pair and relate.  Thread: one. */
#pragma once

#include "capture/exchange.h"

enum {
	WINDOW_BUCKETS = 65536,
	WINDOW_NAME_PREFIX = 8, /* of a name, for its bucket: what even a short capture of TCP has */
	WINDOW_WALK_MAX = 512, /* exchanges looked at in one bucket */
	WINDOW_WALK_OLDER_MAX = 64,
	WINDOW_WALK_TARGET_MAX = 4096,
	CONNECTION_BUCKETS = 4096,
	WINDOW_HOSTS = 65536,
};

struct exchange_window {
	struct exchange_sink sink;
	struct hash_key key;
	struct exchange *oldest, *newest; /* by time */
	struct exchange *next_out; /* the oldest that was not given out */
	struct exchange *by_client[WINDOW_BUCKETS], *by_name[WINDOW_BUCKETS]; /* newest first */
	unsigned n;
	struct capture_connection *oldest_connection, *newest_connection;
	struct capture_connection *by_pair[CONNECTION_BUCKETS];
	unsigned n_connections;
	int64_t now_ns;
	int64_t began_ns[CAPTURE_FILES_MAX];
	int64_t slack_ns[2]; /* of comparisons within a file, and between two */
	uint8_t askers[WINDOW_HOSTS / 8]; /* bits: hosts with this hash have asked something */
	struct exchange_counts counts;
};

/* Bucket of (client with port, transport, id); of a name's beginning; of the two addresses. */
struct exchange **window_client_bucket(struct exchange_window *w, const struct capture_end *client, bool tcp,
				       uint16_t id);
struct exchange **window_name_bucket(struct exchange_window *w, const uint8_t *name, size_t len);
struct capture_connection **window_pair_bucket(struct exchange_window *w, const struct capture_end *client,
					       const struct capture_end *server);

/* This host (port not looked at) has asked something; hosts with the same hash count as one. */
bool window_has_asked(const struct exchange_window *w, const struct capture_end *host);

/* A new exchange for a question, in all lists; NULL: no memory. */
struct exchange *window_add(struct exchange_window *w, const struct capture_message *m);
/* The capture's time has come to `now_ns`: give out and forget what is old. */
void window_advance(struct exchange_window *w, int64_t now_ns);

/* It may be about the same question as the message. */
bool window_same_question(const struct exchange *e, const struct capture_message *m);
