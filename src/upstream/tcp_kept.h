// SPDX-License-Identifier: Apache-2.0
/* One kept connection, and the reader of its two-byte length framing.  Rule: worker. */
#pragma once

#include "upstream/internal.h"

struct stream;

enum { TCP_PIPELINE_MAX = 128 /* queries at once on a connection; a power of two: ids carry the slot */ };

/* Messages out of a byte stream; only one that comes in parts is copied. */
struct frame_reader {
	uint8_t *buf; /* length and message as far as they have come */
	uint32_t len, cap;
};

typedef void (*frame_fn)(void *arg, const uint8_t *msg, size_t len);
/* Hand on each whole message of what came before and `data`.  -EBADMSG: an empty message; -ENOMEM. */
int upstream_frame_read(struct frame_reader *r, const uint8_t *data, size_t len, frame_fn fn,
			void *arg) MUST_USE;
void upstream_frame_fini(struct frame_reader *r);

struct tcp_kept {
	struct upstream_peer *peer;
	struct stream *stream;
	struct tcp_kept *next, **pprev;
	struct timer timer;
	struct net_addr local; /* once connected */
	uint64_t opened_ns;
	uint64_t active_ns; /* last bytes, or the first question after none */
	uint64_t heard_ns; /* last bytes; 0: none yet */
	uint32_t answered;
	unsigned live; /* attempts that wait */
	bool connected, idle, gone;
	bool probe; /* holds server->tcp_probing */
	bool busy; /* inside a callback: not to be freed */
	struct frame_reader in;
	struct attempt *slot[TCP_PIPELINE_MAX];
};

/* ---- tcp_kept.c */

/* Open one and put it into its pool; trouble with the network is remembered.  0 or -errno. */
int upstream_kept_open(struct upstream_peer *p, struct tcp_kept **ret) MUST_USE;
/* End one that nobody waits on. */
void upstream_kept_close(struct tcp_kept *c);
/* End it with `err`; those that wait are told. */
void upstream_kept_abort(struct tcp_kept *c, int err);
/* Write the attempt's query (the connection is up). */
int upstream_kept_write(struct tcp_kept *c, struct attempt *a) MUST_USE;
/* The attempt leaves its slot. */
void upstream_kept_detach(struct attempt *a);
/* After somebody has left: idle now, or surplus.  May end it. */
void upstream_kept_settle(struct tcp_kept *c);
void upstream_kept_set_idle(struct tcp_kept *c, bool idle);
void upstream_kept_arm(struct tcp_kept *c);
/* Past max_age: not for new questions. */
bool upstream_kept_too_old(const struct tcp_kept *c, uint64_t now);
