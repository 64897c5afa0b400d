// SPDX-License-Identifier: Apache-2.0
/* What the real door's files share: the loop itself and the kinds of things that hang on it.
 *
 * Memory of sockets is never freed while events of the same epoll_wait may still point to it: a closed one
 * goes to the garbage list and is recycled at the end of the turn.  Thread: the loop's. */
#pragma once

#include "net/loop_core.h"

#include <stdatomic.h>
#include <sys/epoll.h>

/* What an epoll event points to. */
struct loop_source {
	void (*ready)(struct loop_source *s, uint32_t events);
};

struct loop_garbage {
	struct loop_garbage *next;
	void (*recycle)(struct loop *l, struct loop_garbage *g);
};

struct udp_io;
struct stream_io;

enum { LOOP_EVENTS = 128 };

struct loop {
	struct loop_core core;
	int epfd, wakefd;
	struct loop_garbage *garbage;
	struct udp_io *udp;
	struct stream_io *streams;
	struct loop_source wake;
	uint16_t port_low, port_high; /* ephemeral range, inclusive */
	atomic_bool stop; /* by other threads, once */
	struct epoll_event events[LOOP_EVENTS];
};

/* Watch a descriptor.  0 or -errno. */
int loop_watch(struct loop *l, int fd, uint32_t events, struct loop_source *s) MUST_USE;
int loop_rewatch(struct loop *l, int fd, uint32_t events, struct loop_source *s);
/* Before a listening socket is closed: others may hold it too (net/inherited.h), and then it would go on being watched. */
void loop_unwatch(struct loop *l, int fd);
/* No event reaches `s` any more, those already fetched included; its memory is recycled at the turn's end. */
void loop_discard(struct loop *l, struct loop_source *s, struct loop_garbage *g);

/* The parts that loop.c drives. */
struct udp_io *udp_io_new(struct loop *l);
void udp_io_free(struct udp_io *io);
void udp_io_flush(struct loop *l);
struct stream_io *stream_io_new(struct loop *l);
void stream_io_free(struct stream_io *io);
void stream_io_flush(struct loop *l);
