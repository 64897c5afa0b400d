// SPDX-License-Identifier: Apache-2.0
/* dnstap: queries and answers as dnstap frames to a collector.
 *
 *   dnstap.c   hooks: a message is encoded into the worker's ring (base/frame_ring.h)
 *   encode.c   the protobuf form
 *   sender.c   the thread that takes frames out of all rings and writes them to the collectors
 *   stream.c   connections: unix, TCP, TLS       setup.c    the grammar
 *
 * Senders are the process's, found by their configuration: a reload that changes nothing of it keeps connection and
 * listening socket.  A frame that finds its ring full is dropped and counted. */
#pragma once

#include "base/frame_ring.h"
#include "net/addr.h"
#include "server/plugin.h"
#include "server/tap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dnstap_sender;
struct log_format;

/* ---------------------------------------------------------------- configuration */

enum dnstap_transport { DNSTAP_UNIX, DNSTAP_TCP, DNSTAP_TLS };

/* Texts live in the generation's arena; senders have copies. */
struct dnstap_config {
	bool listen;               /* collectors connect to us */
	enum dnstap_transport transport;
	const char *path;          /* unix */
	const char *host, *port;   /* TCP and TLS; an empty host listens on all addresses */
	bool full;                 /* with the messages themselves */
	unsigned buffer_mib;       /* of the socket */
	unsigned queue_x10k;       /* frames that may wait */
	const char *cert, *key, *ca;
	bool skipverify;
};

/* One directive; frozen but for what start() sets. */
struct dnstap_tap {
	struct dnstap_config config;
	const char *identity, *version, *extra_text;
	uint8_t *head;             /* identity and version as protobuf fields */
	size_t head_len;
	const struct log_format *extra; /* from start on */
	struct dnstap_sender *sender;
};

struct dnstap {
	struct dnstap_tap *taps;
	unsigned n;
};

int dnstap_setup(struct setup *s, void *state);

/* ---------------------------------------------------------------- encode.c */

enum dnstap_type {
	DNSTAP_CLIENT_QUERY = 5,
	DNSTAP_CLIENT_RESPONSE = 6,
	DNSTAP_FORWARDER_QUERY = 7,
	DNSTAP_FORWARDER_RESPONSE = 8,
};

/* One frame's content.  Times: wall clock, ns; 0: none. */
struct dnstap_message {
	enum dnstap_type type;
	bool stream;
	const struct net_addr *query, *response; /* NULL: none */
	uint64_t query_ns, response_ns;
	const uint8_t *query_msg, *response_msg; /* NULL: none */
	size_t query_len, response_len;
	const char *extra;
	size_t extra_len;
};

/* The most bytes that `m` takes, with a head of `head_len`. */
size_t dnstap_encoded_max(const struct dnstap_message *m, size_t head_len);
/* Writes it; returns the length. */
size_t dnstap_encode(const struct dnstap_message *m, const uint8_t *head, size_t head_len, uint8_t *out);
/* Identity and version into `out` (4 + the texts' lengths, at most 127 each); returns the length. */
size_t dnstap_encode_head(const char *identity, const char *version, uint8_t *out);

/* ---------------------------------------------------------------- sender.c */

/* The sender of a configuration, started if it is new; NULL and `*why` when it cannot be.  Thread: control, builder. */
struct dnstap_sender *dnstap_sender_get(const struct dnstap_config *c, const char **why);
/* The last one writes what waits (within a second) and ends. */
void dnstap_sender_put(struct dnstap_sender *s);
/* Worker `index`'s ring; made at the first call.  NULL: no memory. */
struct frame_ring *dnstap_sender_ring(struct dnstap_sender *s, unsigned index);

/* ---------------------------------------------------------------- stream.c */

struct dnstap_stream;
/* A connection as configured, ready for frames; each step blocks at most 4 s.  NULL and a text in `why`. */
struct dnstap_stream *dnstap_stream_connect(const struct dnstap_config *c, char *why, size_t why_cap);
/* A listening socket; -1 and a text in `why`. */
int dnstap_stream_listen(const struct dnstap_config *c, char *why, size_t why_cap);
/* Take a connection that waits at a listening socket; NULL: none, or it was no collector (`why`). */
struct dnstap_stream *dnstap_stream_accept(const struct dnstap_config *c, int fd, char *why, size_t why_cap);
/* Frames are gathered until there are enough, or until dnstap_stream_flush.  False: it is broken. */
bool dnstap_stream_write(struct dnstap_stream *s, const uint8_t *frame, size_t len);
bool dnstap_stream_flush(struct dnstap_stream *s);
/* `orderly`: say that it is the end, and wait a moment for the other side's word.  NULL is left alone. */
void dnstap_stream_close(struct dnstap_stream *s, bool orderly);
