// SPDX-License-Identifier: Apache-2.0
/* The worker's turn: the one place where a worker sleeps. */
#include "net/loop_internal.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/rcu.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void nothing(struct loop_source *s, uint32_t events)
{
}

/* The range from which the kernel itself draws; its usual one when it does not say. */
static void read_port_range(struct loop *l)
{
	char text[64];
	unsigned low = 0, high = 0;
	int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd != -1)
		close(fd);
	if (n > 0) {
		text[n] = '\0';
		if (sscanf(text, "%u %u", &low, &high) == 2 && low > 0 && low <= high && high <= UINT16_MAX) {
			l->port_low = (uint16_t)low;
			l->port_high = (uint16_t)high;
			return;
		}
	}
	l->port_low = 32768;
	l->port_high = 60999;
}

/* The wake-up counter is never read: with edge triggering each write is an event of its own. */
static int open_descriptors(struct loop *l)
{
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epfd == -1)
		return -errno;
	l->wakefd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->wakefd == -1)
		return -errno;
	l->wake.ready = nothing;
	return loop_watch(l, l->wakefd, EPOLLIN | EPOLLET, &l->wake);
}

struct loop *loop_new(size_t queue_limit)
{
	struct loop *l = aligned_alloc(_Alignof(struct loop), sizeof(*l));
	int err;

	if (!l)
		return NULL;
	memset(l, 0, sizeof(*l));
	l->epfd = l->wakefd = -1;
	loop_core_init(&l->core, queue_limit);
	atomic_init(&l->stop, false);
	read_port_range(l);
	loop_refresh(l);
	err = open_descriptors(l);
	if (err == 0) {
		l->udp = udp_io_new(l);
		l->streams = stream_io_new(l);
		if (l->udp && l->streams)
			return l;
		err = -ENOMEM;
	}
	loop_free(l);
	errno = -err;
	return NULL;
}

static void collect(struct loop *l)
{
	while (l->garbage) {
		struct loop_garbage *g = l->garbage;

		l->garbage = g->next;
		g->recycle(l, g);
	}
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	timer_heap_fini(&l->core.timers); /* disarms those of streams and sockets, which go next */
	collect(l);
	if (l->streams)
		stream_io_free(l->streams);
	collect(l);
	if (l->udp)
		udp_io_free(l->udp);
	if (l->wakefd != -1)
		close(l->wakefd);
	if (l->epfd != -1)
		close(l->epfd);
	free(l);
}

int loop_watch(struct loop *l, int fd, uint32_t events, struct loop_source *s)
{
	struct epoll_event e = {.events = events, .data.ptr = s};

	return epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &e) == -1 ? -errno : 0;
}

int loop_rewatch(struct loop *l, int fd, uint32_t events, struct loop_source *s)
{
	struct epoll_event e = {.events = events, .data.ptr = s};

	return epoll_ctl(l->epfd, EPOLL_CTL_MOD, fd, &e) == -1 ? -errno : 0;
}

void loop_unwatch(struct loop *l, int fd)
{
	struct epoll_event unused;

	(void)epoll_ctl(l->epfd, EPOLL_CTL_DEL, fd, &unused); /* fails for one that is not watched any more */
}

void loop_discard(struct loop *l, struct loop_source *s, struct loop_garbage *g)
{
	s->ready = nothing;
	g->next = l->garbage;
	l->garbage = g;
}

uint64_t loop_refresh(struct loop *l)
{
	l->core.now_ns = clock_mono_ns();
	return l->core.now_ns;
}

void loop_wake(struct loop *l)
{
	uint64_t one = 1;

	/* It fails only when the counter is at its top, which 2^64 wake-ups do not reach. */
	while (write(l->wakefd, &one, sizeof(one)) == -1 && errno == EINTR)
		;
}

void loop_stop(struct loop *l)
{
	atomic_store_explicit(&l->stop, true, memory_order_release);
	loop_wake(l);
}

/* Rounded up, so that a timer is never found not yet due; at most 1 ms late. */
static int sleep_ms(const struct loop *l)
{
	uint64_t next = timer_heap_next(&l->core.timers), ms;

	if (loop_core_has_tasks(&l->core))
		return 0;
	if (next == UINT64_MAX)
		return -1;
	if (next <= l->core.now_ns)
		return 0;
	ms = (next - l->core.now_ns + NS_PER_MS - 1) / NS_PER_MS;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* Hooks may still write to streams and sockets; what is sent afterwards calls nobody back. */
static void end_turn(struct loop *l)
{
	loop_core_run_hooks(&l->core);
	stream_io_flush(l);
	udp_io_flush(l);
	collect(l);
}

static void turn(struct loop *l, void *receiver)
{
	int n;

	rcu_sleep_begin();
	n = epoll_wait(l->epfd, l->events, LOOP_EVENTS, sleep_ms(l));
	rcu_sleep_end();
	loop_refresh(l);
	if (atomic_load_explicit(&l->core.queue.head, memory_order_relaxed))
		mpsc_run(&l->core.queue, receiver);
	loop_core_run_tasks(&l->core);
	for (int i = 0; i < n; i++) {
		struct loop_source *s = l->events[i].data.ptr;

		s->ready(s, l->events[i].events);
	}
	timer_heap_run(&l->core.timers, l->core.now_ns);
	end_turn(l);
}

void loop_run(struct loop *l, void *receiver)
{
	rcu_join();
	loop_refresh(l);
	end_turn(l);
	do {
		turn(l, receiver);
	} while (!atomic_load_explicit(&l->stop, memory_order_acquire));
	rcu_leave();
	atomic_store_explicit(&l->stop, false, memory_order_relaxed);
}
