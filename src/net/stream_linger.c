// SPDX-License-Identifier: Apache-2.0
/* Closing without losing the last bytes: send what waits, then our end, then read and discard until the
 * peer's end.  (close() with unread input sends a reset, which may overtake what we sent.)  Bounded by the
 * owner's time and by STREAM_LINGER_MAX. */
#include "net/stream_internal.h"

#include "base/clock.h"

#include <errno.h>

enum { READS_PER_TURN = 2 };

static void discard_input(struct stream *s)
{
	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t n = recv(s->fd, s->loop->streams->rx, STREAM_RX, 0);

		if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
			stream_end(s);
			return;
		}
		if (n == -1)
			return;
	}
	loop_next_turn(s->loop, &s->task);
}

static void step(struct stream *s)
{
	if (stream_pending(s) && !s->blocked)
		stream_send(s);
	if (s->err < 0) {
		stream_end(s);
		return;
	}
	if (stream_pending(s))
		return;
	if (!s->shut) {
		s->shut = true;
		if (shutdown(s->fd, SHUT_WR) == -1) {
			stream_end(s);
			return;
		}
	}
	discard_input(s);
}

static void linger_ready(struct loop_source *source, uint32_t events)
{
	struct stream *s = container_of(source, struct stream, source);

	if (events & EPOLLOUT)
		s->blocked = false;
	step(s);
}

static void linger_task(struct loop_task *t)
{
	step(container_of(t, struct stream, task));
}

static void linger_over(struct timer *t)
{
	stream_end(container_of(t, struct stream, timer));
}

static void end_oldest(struct stream_io *io)
{
	struct stream *s = io->lingering;

	while (s->next)
		s = s->next;
	stream_end(s);
}

void stream_linger(struct stream *s, unsigned linger_ms)
{
	struct stream_io *io = s->loop->streams;

	s->state = STREAM_LINGERING;
	s->source.ready = linger_ready;
	s->task.run = linger_task;
	s->timer.fire = linger_over;
	if (++io->n_lingering > STREAM_LINGER_MAX)
		end_oldest(io);
	if (timer_arm(&s->loop->core.timers, &s->timer, s->loop->core.now_ns + linger_ms * NS_PER_MS) < 0)
		stream_end(s);
	else
		step(s);
}
