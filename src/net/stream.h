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

/* Callbacks come from the loop only, never from within a call of the owner's.  Each may close this stream
 * and any other. */
struct stream_ops {
	/* An outgoing connect succeeded. */
	void (*connected)(void *arg);
	/* Bytes came; the callee takes all of them (valid during the call). */
	void (*receive)(void *arg, const uint8_t *data, size_t len);
	/* The output, which had reached its mark (or was refused), is below half of the mark now (may be
	 * NULL). */
	void (*drained)(void *arg);
	/* The peer has ended its direction; ours still works, the owner ends it with stream_close.  NULL:
	 * such an end is the end, `closed(arg, 0)`. */
	void (*half_closed)(void *arg);
	/* The end: 0 = orderly close by the peer, else -errno (connect failure too).  The stream is closed
	 * and gone when this returns; not called after stream_close. */
	void (*closed)(void *arg, int err);
};

/* Begin to connect (TCP_NODELAY).  `source` may be NULL; its port is ignored.  Failures that are known at
 * once come as -errno and no callback.  How long to wait is the owner's affair. */
int stream_connect(struct loop *l, const struct net_addr *peer, const struct net_addr *source,
		   const struct stream_ops *ops, void *arg, struct stream **ret) MUST_USE;

/* Write; what the kernel does not take at once is kept (copied) and sent later.  Bytes written in one turn
 * are gathered and go out at its end, or earlier when they are many.  Legal before `connected`. ERR_LIMIT:
 * more than `stream_set_output_limit` would wait (nothing was taken); -ENOMEM. */
int stream_write(struct stream *s, const uint8_t *data, size_t len) MUST_USE;
/* Bytes that wait to be sent. */
size_t stream_pending(const struct stream *s);
/* Bytes that the peer has not acknowledged: those that wait and those that the kernel has.  A system call. */
size_t stream_unacked(const struct stream *s);
/* Memory that the output of all streams of a loop holds. */
size_t stream_held(const struct loop *l);
/* Default 256 KiB; the mark (see `drained`) is half of it unless set afterwards. */
void stream_set_output_limit(struct stream *s, size_t bytes);
void stream_set_output_mark(struct stream *s, size_t bytes);
/* `receive` is given at most so many bytes at once; default and maximum 64 KiB. */
void stream_set_receive_max(struct stream *s, size_t bytes);
/* Stop and go on reading (back-pressure). */
void stream_pause(struct stream *s);
void stream_resume(struct stream *s);
/* Close: what waits is sent for at most `linger_ms`, then the peer's end is waited for as long, so that a
 * reset does not overtake the last bytes (0: dropped, closed now).  Legal inside callbacks; no callback
 * after it. */
void stream_close(struct stream *s, unsigned linger_ms);
const struct net_addr *stream_peer(const struct stream *s);
const struct net_addr *stream_local(const struct stream *s);

/* `accepted` takes the new stream and gives it its ops at once (stream_set_ops), or closes it. */
typedef void (*stream_accept_fn)(void *arg, struct stream *s);
/* Serve an open, listening, non-blocking socket.  Takes the fd, also on failure. */
int stream_listen(struct loop *l, int fd, stream_accept_fn accepted, void *arg,
		  struct stream_listener **ret) MUST_USE;
void stream_set_ops(struct stream *s, const struct stream_ops *ops, void *arg);
/* Accept what waits in its queue (`accepted` is called from within, even when paused), then close; no
 * callback after it.  Not legal inside `accepted`. */
void stream_listener_close(struct stream_listener *sl);
/* Stop and go on accepting (connection limit reached). */
void stream_listener_pause(struct stream_listener *sl);
void stream_listener_resume(struct stream_listener *sl);
