// SPDX-License-Identifier: Apache-2.0
/* A stream's output: gathered during a turn, written once at its end.  A stream with nothing to send holds no
 * buffer. */
#include "net/stream_internal.h"

#include "base/err.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

void stream_out_drop(struct stream *s)
{
	net_buffer_drop(&s->loop->streams->buffers, &s->out);
}

size_t stream_pending(const struct stream *s)
{
	return net_buffer_waiting(&s->out);
}

size_t stream_unacked(const struct stream *s)
{
	int queued = 0;

	(void)ioctl(s->fd, SIOCOUTQ, &queued); /* TCP always knows */
	return stream_pending(s) + (size_t)queued;
}

size_t stream_held(const struct loop *l)
{
	return l->streams->buffers.held;
}

void stream_set_output_limit(struct stream *s, size_t bytes)
{
	s->out_limit = bytes;
	s->out_mark = bytes / 2;
}

void stream_set_output_mark(struct stream *s, size_t bytes)
{
	s->out_mark = bytes;
}

static void mark_dirty(struct stream *s)
{
	if (s->dirty)
		return;
	s->dirty = true;
	s->next_dirty = s->loop->streams->dirty;
	s->loop->streams->dirty = s;
}

int stream_write(struct stream *s, const uint8_t *data, size_t len)
{
	size_t total = stream_pending(s) + len;
	int err;

	if (s->err < 0)
		return s->err;
	s->over |= total >= s->out_mark;
	if (total > s->out_limit)
		return ERR_LIMIT;
	err = net_buffer_append(&s->loop->streams->buffers, &s->out, data, len);
	if (err < 0)
		return err;
	if (s->state != STREAM_OPEN || s->blocked)
		return 0;
	if (total >= STREAM_OUT_EAGER)
		stream_send(s);
	else
		mark_dirty(s);
	return 0;
}

/* EPOLLOUT is not watched from the start: it would wake us once for each new connection to no purpose. */
static void wait_for_room(struct stream *s)
{
	s->blocked = true;
	if (s->watch_out)
		return;
	s->watch_out = true;
	(void)loop_rewatch(s->loop, s->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &s->source);
}

static void fail(struct stream *s, int err)
{
	s->err = err;
	stream_out_drop(s);
	loop_next_turn(s->loop, &s->task);
}

void stream_send(struct stream *s)
{
	while (stream_pending(s)) {
		ssize_t n = send(s->fd, net_buffer_data(&s->out), stream_pending(s), MSG_NOSIGNAL);

		if (n >= 0) {
			net_buffer_consume(&s->loop->streams->buffers, &s->out, (size_t)n);
		} else if (errno == EAGAIN) {
			wait_for_room(s);
			break;
		} else if (errno != EINTR) {
			fail(s, -errno);
			return;
		}
	}
	if (s->over && stream_pending(s) < s->out_mark / 2)
		loop_next_turn(s->loop, &s->task);
}

/* Streams that closed in this turn are still in the list; their memory is recycled after this. */
void stream_io_flush(struct loop *l)
{
	struct stream_io *io = l->streams;

	while (io->dirty) {
		struct stream *s = io->dirty;

		io->dirty = s->next_dirty;
		s->dirty = false;
		if (s->state == STREAM_OPEN && !s->blocked && s->err == 0)
			stream_send(s);
	}
}
