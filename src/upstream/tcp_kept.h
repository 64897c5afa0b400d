// SPDX-License-Identifier: Apache-2.0
/* One kept connection, and the reader of its two-byte length framing.  Rule: worker. */
#pragma once

#include "upstream/internal.h"

struct stream;

enum { TCP_PIPELINE_MAX = 128 /* queries at once on a connection; a power of two: ids carry the slot */ };

/* Messages out of a byte stream; only one that comes in parts is copied. */
struct frame_reader {
	uint8_t *buf;              /* length and message as far as they have come */
	uint32_t len, cap;
};

typedef void (*frame_fn)(void *arg, const uint8_t *msg, size_t len);
/* Hand on each whole message of what came before and `data`.  -EBADMSG: an empty message; -ENOMEM. */
int upstream_frame_read(struct frame_reader *r, const uint8_t *data, size_t len, frame_fn fn, void *arg) MUST_USE;
void upstream_frame_fini(struct frame_reader *r);

struct tcp_kept {
	struct upstream_peer *peer;
	struct stream *stream;
	struct tcp_kept *next, **pprev;
	struct timer timer;
	struct net_addr local;     /* once connected */
	uint64_t opened_ns;
	uint64_t active_ns;        /* last bytes, or the first question after none */
	uint64_t heard_ns;         /* last bytes; 0: none yet */
	uint32_t answered;
	unsigned live;             /* attempts that wait */
	bool connected, idle, gone;
	bool probe;                /* holds server->tcp_probing */
	bool busy;                 /* inside a callback: not to be freed */
	struct frame_reader in;
	struct attempt *slot[TCP_PIPELINE_MAX];
};
