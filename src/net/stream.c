// SPDX-License-Identifier: Apache-2.0
/* A TCP connection's life: opened, read, ended. */
#include "net/stream_internal.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	/* Reads of one stream in one turn: the data, and the end behind it. */
	READS_PER_TURN = 2,
	OUT_LIMIT = 256 * 1024,
};

static void stream_ready(struct loop_source *source, uint32_t events);
static void stream_task(struct loop_task *t);

struct stream_io *stream_io_new(struct loop *l)
{
	struct stream_io *io = calloc(1, sizeof(*io));

	if (!io)
		return NULL;
	io->loop = l;
	io->rx = malloc(STREAM_RX);
	if (!io->rx) {
		free(io);
		return NULL;
	}
	return io;
}

static void unlink_stream(struct stream *s)
{
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
}

static void link_stream(struct stream *s, struct stream **list)
{
	s->next = *list;
	s->link = list;
	if (s->next)
		s->next->link = &s->next;
	*list = s;
}

static void recycle(struct loop *l, struct loop_garbage *g)
{
	struct stream *s = container_of(g, struct stream, garbage);

	s->next = l->streams->spare;
	l->streams->spare = s;
}

static struct stream *take_stream(struct stream_io *io)
{
	struct stream *s = io->spare;

	if (!s)
		return malloc(sizeof(*s));
	io->spare = s->next;
	return s;
}

struct stream *stream_new(struct loop *l, int fd, const struct net_addr *peer, bool connecting)
{
	struct stream *s = take_stream(l->streams);
	int err;

	if (!s) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	*s = (struct stream){
		.source.ready = stream_ready,
		.garbage.recycle = recycle,
		.loop = l,
		.fd = fd,
		.state = connecting ? STREAM_CONNECTING : STREAM_OPEN,
		.watch_out = connecting,
		.out_limit = OUT_LIMIT,
		.out_mark = OUT_LIMIT / 2,
		.rx_max = STREAM_RX,
		.task.run = stream_task,
		.peer = *peer,
	};
	err = loop_watch(l, fd, EPOLLIN | EPOLLRDHUP | EPOLLET | (connecting ? EPOLLOUT : 0), &s->source);
	if (err < 0) {
		close(fd);
		recycle(l, &s->garbage);
		errno = -err;
		return NULL;
	}
	link_stream(s, &l->streams->open);
	return s;
}

void stream_end(struct stream *s)
{
	stream_out_drop(s);
	loop_task_cancel(&s->task);
	timer_disarm(&s->loop->core.timers, &s->timer);
	close(s->fd);
	s->fd = -1;
	if (s->state == STREAM_LINGERING)
		s->loop->streams->n_lingering--;
	s->state = STREAM_GONE;
	unlink_stream(s);
	loop_discard(s->loop, &s->source, &s->garbage);
}

/* The owner's last callback; the stream is its until it returns. */
static void finish(struct stream *s, int err)
{
	void (*closed)(void *arg, int err) = s->ops->closed;
	void *arg = s->arg;

	stream_end(s);
	closed(arg, err);
}

static int socket_error(const struct stream *s)
{
	int err = 0;
	socklen_t len = sizeof(err);

	return getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1 ? -errno : -err;
}

void stream_read_local(struct stream *s)
{
	socklen_t len = sizeof(s->local);

	if (getsockname(s->fd, &s->local.sa, &len) == -1)
		s->local.sa.sa_family = s->peer.sa.sa_family;
}

static void connect_ready(struct stream *s, uint32_t events)
{
	int err = socket_error(s);

	if (err < 0) {
		finish(s, err);
		return;
	}
	if (!(events & EPOLLOUT))
		return;
	s->state = STREAM_OPEN;
	stream_read_local(s);
	stream_send(s);
	s->ops->connected(s->arg);
}

static void peer_ended(struct stream *s)
{
	s->readable = false;
	s->end_read = true;
	if (s->ops->half_closed)
		s->ops->half_closed(s->arg);
	else
		finish(s, 0);
}

/* Returns whether there may be more.  A short read of a stream socket means that it is empty (epoll(7)),
 * the end excepted, which is announced by EPOLLRDHUP. */
static bool read_once(struct stream *s)
{
	uint8_t *rx = s->loop->streams->rx;
	ssize_t n = recv(s->fd, rx, s->rx_max, 0);

	if (n > 0) {
		s->readable = (size_t)n == s->rx_max || s->ended;
		s->ops->receive(s->arg, rx, (size_t)n);
		return s->state == STREAM_OPEN && s->readable && !s->paused;
	}
	if (n == 0) {
		peer_ended(s);
		return false;
	}
	if (errno == EINTR)
		return true;
	if (errno == EAGAIN)
		s->readable = false;
	else
		finish(s, -errno);
	return false;
}

static void read_some(struct stream *s)
{
	for (int i = 0; i < READS_PER_TURN; i++) {
		if (!read_once(s))
			return;
	}
	loop_next_turn(s->loop, &s->task);
}

/* A paused stream still learns of a reset; data that came before it is lost to it, as to everybody. */
static void paused_ready(struct stream *s, uint32_t events)
{
	if (events & (EPOLLERR | EPOLLHUP))
		finish(s, socket_error(s));
}

static void open_ready(struct stream *s, uint32_t events)
{
	if (s->err < 0)
		return; /* the task will say so */
	if ((events & EPOLLOUT) && s->blocked) {
		s->blocked = false;
		stream_send(s);
	}
	if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)))
		return;
	s->readable = true;
	s->ended |= (events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0;
	if (s->paused || s->end_read)
		paused_ready(s, events);
	else
		read_some(s);
}

static void stream_ready(struct loop_source *source, uint32_t events)
{
	struct stream *s = container_of(source, struct stream, source);

	if (s->state == STREAM_CONNECTING) {
		connect_ready(s, events);
		events &= ~(uint32_t)EPOLLOUT;
	}
	if (s->state == STREAM_OPEN)
		open_ready(s, events);
}

/* What could not be told at once: an error, room in the output, and data left over by the last turn. */
static void stream_task(struct loop_task *t)
{
	struct stream *s = container_of(t, struct stream, task);

	if (s->err < 0) {
		finish(s, s->err);
		return;
	}
	if (s->over && stream_pending(s) < s->out_mark / 2) {
		s->over = false;
		if (s->ops->drained)
			s->ops->drained(s->arg);
	}
	if (s->state == STREAM_OPEN && s->readable && !s->paused && !s->end_read)
		read_some(s);
}

static int bind_source(int fd, struct net_addr from)
{
	int one = 1;

	net_addr_set_port(&from, 0);
	/* Leaves the port to connect, which can use one for several peers; without it there are only fewer
	 * ports. */
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	return bind(fd, &from.sa, net_addr_len(&from)) == -1 ? -errno : 0;
}

/* The descriptor or -errno. */
static int open_client(const struct net_addr *peer, const struct net_addr *source)
{
	int fd = socket(peer->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1, err;

	if (fd == -1)
		return -errno;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* without it: only slower */
	err = source ? bind_source(fd, *source) : 0;
	if (err == 0 && connect(fd, &peer->sa, net_addr_len(peer)) == -1 && errno != EINPROGRESS)
		err = -errno;
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

int stream_connect(struct loop *l, const struct net_addr *peer, const struct net_addr *source,
		   const struct stream_ops *ops, void *arg, struct stream **ret)
{
	int fd = open_client(peer, source);
	struct stream *s;

	if (fd < 0)
		return fd;
	s = stream_new(l, fd, peer, true);
	if (!s)
		return -errno;
	stream_set_ops(s, ops, arg);
	*ret = s;
	return 0;
}

void stream_set_ops(struct stream *s, const struct stream_ops *ops, void *arg)
{
	s->ops = ops;
	s->arg = arg;
}

void stream_set_receive_max(struct stream *s, size_t bytes)
{
	s->rx_max = bytes < STREAM_RX ? bytes : STREAM_RX;
}

void stream_pause(struct stream *s)
{
	s->paused = true;
}

void stream_resume(struct stream *s)
{
	if (!s->paused)
		return;
	s->paused = false;
	if (s->readable)
		loop_next_turn(s->loop, &s->task);
}

void stream_close(struct stream *s, unsigned linger_ms)
{
	if (s->state == STREAM_OPEN && s->err == 0 && linger_ms) {
		unlink_stream(s);
		link_stream(s, &s->loop->streams->lingering);
		stream_linger(s, linger_ms);
		return;
	}
	stream_end(s);
}

const struct net_addr *stream_peer(const struct stream *s)
{
	return &s->peer;
}

const struct net_addr *stream_local(const struct stream *s)
{
	return &s->local;
}

void stream_io_free(struct stream_io *io)
{
	struct stream **const lists[] = {&io->open, &io->lingering, &io->spare};

	while (io->listeners)
		stream_listener_end(io->listeners);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		while (*lists[i]) {
			struct stream *s = *lists[i];

			*lists[i] = s->next;
			if (s->fd != -1)
				close(s->fd);
			stream_out_drop(s);
			free(s);
		}
	}
	net_buffer_pool_fini(&io->buffers);
	free(io->rx);
	free(io);
}
