// SPDX-License-Identifier: Apache-2.0
/* One byte stream and what all streams of a loop share.  Thread: the loop's.
 *
 *   CONNECTING -> OPEN -> (stream_close with linger) LINGERING -> gone
 *
 * Edge-triggered: a socket is registered once; `readable` and `blocked` remember what the last edges
 * said.  All callbacks are made from stream_ready and the stream's task, so that none comes from within an
 * owner's call. */
#pragma once

#include "net/buffer.h"
#include "net/loop_internal.h"
#include "net/stream.h"

enum {
	STREAM_RX = 64 * 1024,          /* the receive buffer, shared */
	STREAM_OUT_EAGER = 32 * 1024,   /* this much is sent before the turn ends */
	STREAM_LINGER_MAX = 256,        /* streams that linger; beyond it the oldest is cut off */
};

enum stream_state { STREAM_CONNECTING, STREAM_OPEN, STREAM_LINGERING, STREAM_GONE };

struct stream {
	struct loop_source source;
	struct loop_garbage garbage;
	struct loop *loop;
	int fd;
	enum stream_state state;
	bool readable;     /* there may be more to read */
	bool ended;        /* the peer's end was announced; there is a 0 to read behind the data */
	bool end_read;
	bool paused;
	bool blocked;      /* the kernel took less than was offered; an edge will tell */
	bool watch_out;    /* registered for EPOLLOUT */
	bool over;         /* output is, or was refused, over its mark: `drained` is owed */
	bool shut;         /* lingering: our end was sent */
	bool dirty;        /* in the list of those to be sent at the turn's end */
	int err;           /* met while sending; `closed` is owed */
	const struct stream_ops *ops;
	void *arg;
	struct net_buffer out;
	size_t out_limit, out_mark, rx_max;
	struct loop_task task;
	struct timer timer; /* of the linger time */
	struct stream *next_dirty;
	struct stream *next, **link; /* open ones, lingering ones, or spare ones */
	struct net_addr peer, local;
};

struct stream_io {
	struct loop *loop;
	uint8_t *rx;
	struct stream *open, *lingering, *spare, *dirty;
	struct stream_listener *listeners;
	unsigned n_lingering;
	struct net_buffer_pool buffers;
};

/* A stream for an open socket; takes the fd, also on failure (NULL, errno).  EPOLLOUT is watched when
 * `connecting`. */
struct stream *stream_new(struct loop *l, int fd, const struct net_addr *peer, bool connecting);
/* Close now and recycle. */
void stream_end(struct stream *s);
void stream_read_local(struct stream *s);

/* stream_out.c */
/* Send what waits, as far as the kernel takes it.  Errors are left in s->err, its task is queued. */
void stream_send(struct stream *s);
void stream_out_drop(struct stream *s);

/* stream_linger.c */
void stream_linger(struct stream *s, unsigned linger_ms);

/* stream_listen.c: close and free without accepting. */
void stream_listener_end(struct stream_listener *sl);
