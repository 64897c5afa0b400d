// SPDX-License-Identifier: Apache-2.0
/* Accepting connections. */
#include "net/stream_internal.h"

#include "base/clock.h"
#include "net/inherited.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	ACCEPTS_PER_TURN = 16,
	ACCEPTS_AT_CLOSE = 4096, /* the largest backlog that somaxconn allows by default */
	/* Out of descriptors or memory: accepting again at once would only burn the CPU. */
	SCARCE_MS = 100,
};

struct stream_listener {
	struct loop_source source;
	struct loop_garbage garbage;
	struct loop *loop;
	int fd;
	bool paused, scarce;
	stream_accept_fn accepted;
	void *arg;
	struct timer timer;
	struct stream_listener *next, **link;
};

static void recycle(struct loop *l, struct loop_garbage *g)
{
	free(container_of(g, struct stream_listener, garbage));
}

static void watch_again(struct stream_listener *sl)
{
	(void)loop_rewatch(sl->loop, sl->fd, sl->paused || sl->scarce ? 0 : EPOLLIN, &sl->source);
}

static void scarce_over(struct timer *t)
{
	struct stream_listener *sl = container_of(t, struct stream_listener, timer);

	sl->scarce = false;
	watch_again(sl);
}

static void rest(struct stream_listener *sl)
{
	sl->scarce = timer_arm(&sl->loop->core.timers, &sl->timer, sl->loop->core.now_ns + SCARCE_MS * NS_PER_MS) == 0;
	watch_again(sl);
}

/* Errors of the connection that waited, not of the socket (accept(2)). */
static bool passing(int err)
{
	return err == EINTR || err == ECONNABORTED || err == EPROTO || err == EPERM || err == ENETDOWN ||
	       err == ENOPROTOOPT || err == EHOSTDOWN || err == ENONET || err == EHOSTUNREACH ||
	       err == EOPNOTSUPP || err == ENETUNREACH;
}

/* 1, 0 when this one failed but more may wait, or -errno. */
static int accept_one(struct stream_listener *sl)
{
	struct net_addr peer = {0};
	socklen_t len = sizeof(peer);
	int fd = accept4(sl->fd, &peer.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct stream *s;

	if (fd == -1)
		return passing(errno) ? 0 : -errno;
	sl->loop->core.stats.tcp_accepted++;
	s = stream_new(sl->loop, fd, &peer, false);
	if (!s)
		return 0;
	stream_read_local(s);
	sl->accepted(sl->arg, s);
	return 1;
}

static void listener_ready(struct loop_source *source, uint32_t events)
{
	struct stream_listener *sl = container_of(source, struct stream_listener, source);

	for (int i = 0; i < ACCEPTS_PER_TURN && !sl->paused; i++) {
		int got = accept_one(sl);

		if (got < 0) {
			if (got != -EAGAIN)
				rest(sl);
			return;
		}
	}
}

int stream_listen(struct loop *l, int fd, stream_accept_fn accepted, void *arg, struct stream_listener **ret)
{
	struct stream_listener *sl = calloc(1, sizeof(*sl));
	int one = 1, err;

	if (!sl) {
		close(fd);
		return -ENOMEM;
	}
	*sl = (struct stream_listener){
		.source.ready = listener_ready,
		.garbage.recycle = recycle,
		.loop = l,
		.fd = fd,
		.accepted = accepted,
		.arg = arg,
		.timer.fire = scarce_over,
	};
	err = loop_watch(l, fd, EPOLLIN, &sl->source);
	if (err < 0) {
		close(fd);
		free(sl);
		return err;
	}
	/* Accepted sockets inherit it, which saves a call for each. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	sl->next = l->streams->listeners;
	sl->link = &l->streams->listeners;
	if (sl->next)
		sl->next->link = &sl->next;
	l->streams->listeners = sl;
	*ret = sl;
	return 0;
}

void stream_listener_end(struct stream_listener *sl)
{
	timer_disarm(&sl->loop->core.timers, &sl->timer);
	loop_unwatch(sl->loop, sl->fd);
	close(sl->fd);
	*sl->link = sl->next;
	if (sl->next)
		sl->next->link = sl->link;
	loop_discard(sl->loop, &sl->source, &sl->garbage);
}

void stream_listener_close(struct stream_listener *sl)
{
	/* Who waits at an inherited one is the next process's. */
	for (int i = 0; !inherited_holds(sl->fd) && i < ACCEPTS_AT_CLOSE && accept_one(sl) >= 0; i++)
		;
	stream_listener_end(sl);
}

void stream_listener_pause(struct stream_listener *sl)
{
	sl->paused = true;
	watch_again(sl);
}

void stream_listener_resume(struct stream_listener *sl)
{
	sl->paused = false;
	watch_again(sl);
}
