// SPDX-License-Identifier: Apache-2.0
/* The end of a listener's UDP socket, without losing what waits in its queue. */
#include "net/udp_internal.h"

#include "base/clock.h"
#include "net/inherited.h"

enum {
	QUIET_MS = 50,
	/* The longest life of a query is 4.5 s. */
	ANSWER_MS = 5000,
	PORT_DISCARD = 9,
};

static bool connect_to(int fd, struct net_addr a)
{
	net_addr_set_port(&a, PORT_DISCARD);
	return connect(fd, &a.sa, net_addr_len(&a)) == 0;
}

/* A connected socket gets nothing but its peer's datagrams and is passed over when its reuseport group is
 * chosen from, while its queue stays.  The peer is a port of this very machine from which nothing comes,
 * for a route to it exists always: the bound address itself, or loopback for a wildcard.  (Dual-stack
 * without IPv6 on the loopback interface: the mapped one.) */
static bool leave_group(const struct udp_server *s)
{
	const struct net_addr loopback[] = {
		{.v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}},
		{.v6 = {.sin6_family = AF_INET6,
			.sin6_addr.s6_addr = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}}},
		{.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}},
	};

	if (!s->wildcard)
		return connect_to(s->fd, s->local);
	for (size_t i = 0; i < ARRAY_LEN(loopback); i++) {
		if (loopback[i].sa.sa_family == s->local.sa.sa_family && connect_to(s->fd, loopback[i]))
			return true;
	}
	return false;
}

static void answers_over(struct timer *t)
{
	udp_server_close(container_of(t, struct udp_server, timer));
}

static void keep_for_answers(struct udp_server *s)
{
	loop_unwatch(s->loop, s->fd);
	s->source.ready = udp_server_ignore;
	s->timer.fire = answers_over;
	if (timer_arm(&s->loop->core.timers, &s->timer, s->loop->core.now_ns + ANSWER_MS * NS_PER_MS) < 0)
		udp_server_close(s); /* no memory: the answers are lost */
}

/* A socket that is still in its group would go on being given queries: it is read once more and closed. */
static void close_in_group(struct udp_server *s)
{
	uint32_t serial = s->serial;

	s->source.ready(&s->source, EPOLLIN);
	if (s->serial == serial)
		udp_server_close(s);
}

static void reading_over(struct udp_server *s)
{
	void (*done)(void *arg) = s->done;
	void *arg = s->done_arg;

	if (s->left_group)
		keep_for_answers(s);
	else
		close_in_group(s);
	if (done)
		done(arg);
}

static void look_if_quiet(struct udp_server *s)
{
	uint64_t now = s->loop->core.now_ns;
	uint64_t since = s->last_rx_ns > s->retired_ns ? s->last_rx_ns : s->retired_ns;

	if (!s->left_group)
		since = s->retired_ns;
	if (s->inherited || now - since >= QUIET_MS * NS_PER_MS)
		reading_over(s);
	else if (timer_arm(&s->loop->core.timers, &s->timer, since + QUIET_MS * NS_PER_MS) < 0)
		loop_next_turn(s->loop, &s->task); /* no memory: look each turn */
}

static void timer_fired(struct timer *t)
{
	look_if_quiet(container_of(t, struct udp_server, timer));
}

static void task_run(struct loop_task *t)
{
	look_if_quiet(container_of(t, struct udp_server, task));
}

void udp_server_retire(struct udp_server *s, void (*done)(void *arg), void *arg)
{
	s->done = done;
	s->done_arg = arg;
	s->retired_ns = s->loop->core.now_ns;
	s->inherited = inherited_holds(s->fd);
	/* What waits in an inherited one is the next process's. */
	s->left_group = s->inherited || leave_group(s);
	s->timer.fire = timer_fired;
	s->task.run = task_run;
	loop_next_turn(s->loop, &s->task);
}
