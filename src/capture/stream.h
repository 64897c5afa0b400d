// SPDX-License-Identifier: Apache-2.0
/* One direction of a TCP connection: segments in any order -> messages.  Inside of tcp.c.  Thread: one. */
#pragma once

#include "capture/tcp.h"

struct segment;

struct capture_stream {
	bool synced; /* `next` is known, and `buf` begins where a message does */
	uint32_t next; /* the sequence number wanted */
	uint8_t *buf;
	size_t len, cap;
	size_t hole_from, hole_to; /* bytes of buf that the snap length took; equal: none */
	struct segment *waiting; /* by sequence number */
	unsigned n_waiting;
	size_t waiting_bytes;
	int64_t waiting_since_ns;
};

/* What is common to all streams. */
struct capture_stream_pool {
	size_t waiting_bytes;
	struct capture_tcp_counts counts;
};

/* Where its messages go. */
struct capture_stream_out {
	void (*message)(void *arg, const struct capture_tcp_message *m);
	void *arg;
};

/* Bytes of a segment: `captured` of `len`. */
struct capture_stream_piece {
	uint32_t seq;
	const uint8_t *bytes;
	size_t captured, len;
	int64_t time_ns;
};

void capture_stream_start(struct capture_stream *s, struct capture_stream_pool *p, uint32_t next);
void capture_stream_add(struct capture_stream *s, struct capture_stream_pool *p,
			const struct capture_stream_piece *in, const struct capture_stream_out *out);
/* What is missing will not come: go on behind it. */
void capture_stream_skip_hole(struct capture_stream *s, struct capture_stream_pool *p,
			      const struct capture_stream_out *out);
/* Free what it holds; it may start again. */
void capture_stream_reset(struct capture_stream *s, struct capture_stream_pool *p);
