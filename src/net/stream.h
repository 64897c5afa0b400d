// SPDX-License-Identifier: Apache-2.0
/* The door, part 3: byte streams (TCP; TLS later sits on top through the same ops).  Thread: the loop's. */
#pragma once

#include "base/compiler.h"
#include "net/addr.h"

#include <stddef.h>
#include <stdint.h>

struct loop;
struct stream;
struct stream_listener;

struct stream_ops {
	/* An outgoing connect succeeded. */
	void (*connected)(void *arg);
	/* Bytes came; the callee takes all of them (valid during the call). */
	void (*receive)(void *arg, const uint8_t *data, size_t len);
	/* The output buffer, over its mark before, has drained below half of it (may be NULL). */
	void (*drained)(void *arg);
	/* The end: 0 = orderly close by the peer, else -errno (connect failure too).  The stream is closed
	 * and gone when this returns; not called after stream_close. */
	void (*closed)(void *arg, int err);
};

/* Begin to connect (TCP_NODELAY).  Failures that are known at once come as -errno and no callback. */
int stream_connect(struct loop *l, const struct net_addr *peer, const struct net_addr *source,
		   const struct stream_ops *ops, void *arg, struct stream **ret) MUST_USE;

/* Write; what the kernel does not take at once is kept (copied) and sent later.  Bytes written in one turn are
 * gathered and go out at its end.  ERR_LIMIT: more than `stream_set_output_limit` would wait (nothing was taken). */
int stream_write(struct stream *s, const uint8_t *data, size_t len) MUST_USE;
/* Bytes that wait to be sent. */
size_t stream_pending(const struct stream *s);
/* Default 256 KiB. */
void stream_set_output_limit(struct stream *s, size_t bytes);
/* Stop and go on reading (back-pressure). */
void stream_pause(struct stream *s);
void stream_resume(struct stream *s);
/* Close: what waits is sent for at most `linger_ms` (0: dropped).  Legal inside callbacks; no callback after it. */
void stream_close(struct stream *s, unsigned linger_ms);
const struct net_addr *stream_peer(const struct stream *s);
const struct net_addr *stream_local(const struct stream *s);

/* `accepted` takes the new stream and gives it its ops at once (stream_set_ops). */
typedef void (*stream_accept_fn)(void *arg, struct stream *s);
/* Serve an open, listening, non-blocking socket.  Takes the fd. */
int stream_listen(struct loop *l, int fd, stream_accept_fn accepted, void *arg, struct stream_listener **ret) MUST_USE;
void stream_set_ops(struct stream *s, const struct stream_ops *ops, void *arg);
/* Accept until the queue is empty, then close. */
void stream_listener_close(struct stream_listener *sl);
/* Stop and go on accepting (connection limit reached). */
void stream_listener_pause(struct stream_listener *sl);
void stream_listener_resume(struct stream_listener *sl);
