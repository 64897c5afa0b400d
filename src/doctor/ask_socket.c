// SPDX-License-Identifier: Apache-2.0
#include "doctor/ask_internal.h"

#include "base/clock.h"
#include "doctor/answer.h"
#include "doctor/world.h"
#include "wire/wire.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TCP_PREFIX = 2, TCP_IN_MAX = TCP_PREFIX + 65535, RECEIVE_BURST = 64, RECEIVE_BUFFER = 4 << 20 };

static struct observation *seen(struct asker *a, const struct ask_flight *f)
{
	return &a->w->seen[f->observation];
}

/* ---------------------------------------------------------------- opening */

int ask_route(const struct net_addr *addr)
{
	int fd = socket(addr->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, &addr->sa, net_addr_len(addr)))
		err = -errno;
	close(fd);
	return err;
}

/* Errors that come back (ICMP) are wanted as messages, with the packet that they are about. */
static void want_errors(int fd, int family)
{
	const int on = 1, size = RECEIVE_BUFFER;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)); /* as much as the system allows */
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	else
		(void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
}

static int open_tcp(int fd, const struct net_addr *to)
{
	if (connect(fd, &to->sa, net_addr_len(to)) == 0 || errno == EINPROGRESS)
		return 0;
	return -errno;
}

static int free_place(const struct asker *a)
{
	for (int i = 0; i < ASK_SOCKETS_MAX; i++) {
		if (a->sockets[i].fd < 0)
			return i;
	}
	return -EMFILE;
}

int ask_socket_open(struct asker *a, const struct net_addr *to, bool tcp)
{
	int i = free_place(a), err = 0, fd;

	if (i < 0)
		return i;
	fd = socket(to->sa.sa_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (tcp)
		err = open_tcp(fd, to);
	else
		want_errors(fd, to->sa.sa_family);
	if (err) {
		close(fd);
		return err;
	}
	a->sockets[i] = (struct ask_socket){.fd = fd, .tcp = tcp, .to = to};
	return i;
}

void ask_socket_close(struct asker *a, int i)
{
	close(a->sockets[i].fd);
	free(a->sockets[i].in);
	a->sockets[i] = (struct ask_socket){.fd = -1};
}

/* ---------------------------------------------------------------- sending */

static size_t write_question(struct asker *a, const struct ask_flight *f, uint8_t *out)
{
	return question_write(seen(a, f), f->id, f->cookie, out);
}

bool ask_is_no_route(int err)
{
	return err == -ENETUNREACH || err == -EHOSTUNREACH || err == -EADDRNOTAVAIL || err == -EAFNOSUPPORT ||
	       err == -EINVAL || err == -ENETDOWN || err == -EACCES;
}

static void send_udp(struct asker *a, struct ask_flight *f)
{
	const struct ask_socket *s = &a->sockets[f->socket];
	uint8_t msg[QUESTION_MAX];
	size_t len = write_question(a, f, msg);
	int err;

	for (int attempt = 0; attempt < 3;
	     attempt++) { /* an error of an earlier packet may be reported first */
		if (sendto(s->fd, msg, len, 0, &s->to->sa, net_addr_len(s->to)) >= 0)
			return;
		if (errno != ECONNREFUSED)
			break;
	}
	err = -errno;
	if (err == -EAGAIN || err == -ENOBUFS) /* lost on its first metre, like any other */
		return;
	ask_done(a, f, ask_is_no_route(err) ? OUTCOME_NO_ROUTE : OUTCOME_UNREACHABLE, err);
}

static void send_tcp(struct asker *a, struct ask_flight *f)
{
	uint8_t msg[TCP_PREFIX + QUESTION_MAX];
	size_t len = write_question(a, f, msg + TCP_PREFIX);
	ssize_t n;

	wire_put_u16(msg, (unsigned)len);
	n = send(a->sockets[f->socket].fd, msg, TCP_PREFIX + len, MSG_NOSIGNAL);
	if (n != (ssize_t)(TCP_PREFIX + len)) /* a new connection's buffer takes it, unless it is gone */
		ask_done(a, f, OUTCOME_CLOSED, n < 0 ? -errno : 0);
}

void ask_socket_send(struct asker *a, struct ask_flight *f)
{
	if (!a->sockets[f->socket].tcp)
		send_udp(a, f);
}

/* ---------------------------------------------------------------- receiving */

static struct ask_flight *flight_of(struct asker *a, int socket, const uint16_t *id)
{
	for (unsigned i = 0; i < a->n_flights; i++) {
		struct ask_flight *f = &a->flights[i];

		if (f->observation != ASK_NONE && f->socket == socket && (!id || f->id == *id))
			return f;
	}
	return NULL;
}

static void keep_texts(struct asker *a, struct observation *o, const struct answer_texts *t)
{
	struct observed_reply *r = &o->reply;

	if (t->has_target)
		r->target = world_name(a->w, t->target);
	if (r->has_soa)
		r->soa_owner = world_name(a->w, t->soa_owner);
	if (t->ede_len)
		r->ede_text = world_safe(a->w, t->ede, t->ede_len, 300);
	if (t->txt && o->type == TYPE_TXT)
		r->text = world_safe(a->w, t->txt, t->txt_len, 300);
}

static void note_wrong(struct asker *a, struct ask_flight *f, enum wrong_reply wrong,
		       const struct net_addr *from)
{
	struct observation *o = seen(a, f);
	uint64_t soon = clock_mono_ns() + ASK_AFTER_WRONG_MS * NS_PER_MS;

	o->n_wrong++;
	o->wrong = wrong;
	if (from)
		o->wrong_from = *from;
	if (f->deadline_ns > soon)
		f->deadline_ns = soon;
}

/* A message for that flight. */
static void take(struct asker *a, struct ask_flight *f, const uint8_t *msg, size_t len,
		 const struct net_addr *from)
{
	struct observation *o = seen(a, f);
	struct ask_socket *s = &a->sockets[f->socket];
	struct answer_expect e = {f->id, o->name, o->type, o->cls, o->way == WAY_COOKIE ? f->cookie : NULL};
	struct answer_texts texts;
	enum wrong_reply wrong = answer_read(msg, len, &e, &o->reply, &texts);
	bool stranger = from && !net_addr_equal(from, s->to);

	keep_texts(a, o, &texts);
	if (wrong != WRONG_NONE || stranger) {
		note_wrong(a, f, stranger && wrong == WRONG_NONE ? WRONG_SOURCE : wrong, from ? from : s->to);
		return;
	}
	o->late = s->newest_answered > f->order;
	if (!o->late)
		s->newest_answered = f->order;
	ask_done(a, f, OUTCOME_ANSWERED, 0);
}

/* To which question of this socket a datagram belongs.  On a socket of many, one with an unknown id is an answer to one
 * that was given up. */
static struct ask_flight *addressee(struct asker *a, int i, const uint8_t *msg, size_t len)
{
	uint16_t id = len >= 2 ? wire_u16(msg) : 0;
	struct ask_flight *f = len >= 2 ? flight_of(a, i, &id) : NULL;

	return f || a->sockets[i].shared ? f : flight_of(a, i, NULL);
}

static void receive_udp(struct asker *a, int i)
{
	for (int n = 0; n < RECEIVE_BURST && a->sockets[i].fd >= 0; n++) {
		struct net_addr from = {0};
		socklen_t from_len = sizeof(from);
		struct ask_flight *f;
		ssize_t len = recvfrom(a->sockets[i].fd, a->buf, sizeof(a->buf), 0, &from.sa, &from_len);

		if (len < 0)
			return;
		f = addressee(a, i, a->buf, (size_t)len);
		if (f)
			take(a, f, a->buf, (size_t)len, &from);
	}
}

/* ---------------------------------------------------------------- errors that come back */

static enum ask_outcome outcome_of(int err)
{
	if (err == -ECONNREFUSED)
		return OUTCOME_REFUSED_CONN;
	return err == -ETIMEDOUT ? OUTCOME_TIMEOUT : OUTCOME_UNREACHABLE;
}

static const struct sock_extended_err *extended_error(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			return (const void *)CMSG_DATA(c);
	}
	return NULL;
}

/* The packet that an error is about comes back with it: its id tells the question. */
static void receive_errors(struct asker *a, int i)
{
	while (a->sockets[i].fd >= 0) {
		union {
			char bytes[512];
			struct cmsghdr align;
		} control;
		struct iovec iov = {.iov_base = a->buf, .iov_len = sizeof(a->buf)};
		struct msghdr m = {.msg_iov = &iov,
				   .msg_iovlen = 1,
				   .msg_control = &control,
				   .msg_controllen = sizeof(control)};
		ssize_t len = recvmsg(a->sockets[i].fd, &m, MSG_ERRQUEUE);
		const struct sock_extended_err *e = len < 0 ? NULL : extended_error(&m);
		struct ask_flight *f;

		if (len < 0)
			return;
		f = addressee(a, i, a->buf, (size_t)len);
		if (e && f && e->ee_errno != EMSGSIZE)
			ask_done(a, f, outcome_of(-(int)e->ee_errno), -(int)e->ee_errno);
	}
}

/* ---------------------------------------------------------------- TCP */

static void connected(struct asker *a, int i)
{
	struct ask_flight *f = flight_of(a, i, NULL);
	int err = 0;
	socklen_t len = sizeof(err);

	(void)getsockopt(a->sockets[i].fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err) {
		ask_done(a, f, outcome_of(-err), -err);
		return;
	}
	a->sockets[i].connected = true;
	seen(a, f)->connected_ns = clock_mono_ns();
	send_tcp(a, f);
}

/* Whole messages in what has come. */
static void unframe(struct asker *a, int i)
{
	struct ask_socket *s = &a->sockets[i];

	while (s->in && s->in_len >= TCP_PREFIX) {
		size_t len = TCP_PREFIX + (size_t)wire_u16(s->in);
		struct ask_flight *f = flight_of(a, i, NULL);

		if (s->in_len < len || !f)
			return;
		memcpy(a->buf, s->in + TCP_PREFIX, len - TCP_PREFIX);
		s->in_len -= len;
		memmove(s->in, s->in + len, s->in_len);
		take(a, f, a->buf, len - TCP_PREFIX, NULL);
	}
}

static void receive_tcp(struct asker *a, int i)
{
	struct ask_socket *s = &a->sockets[i];
	ssize_t n;

	if (!s->in)
		s->in = malloc(TCP_IN_MAX);
	n = s->in ? recv(s->fd, s->in + s->in_len, TCP_IN_MAX - s->in_len, 0) : -1;
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		struct ask_flight *f = flight_of(a, i, NULL);

		ask_done(a, f, seen(a, f)->n_wrong ? OUTCOME_WRONG : OUTCOME_CLOSED, n < 0 ? -errno : 0);
		return;
	}
	s->in_len += (size_t)n;
	unframe(a, i);
}

short ask_socket_events(const struct ask_socket *s)
{
	return s->tcp && !s->connected ? POLLOUT : POLLIN;
}

void ask_socket_ready(struct asker *a, int i, short events)
{
	struct ask_socket *s = &a->sockets[i];

	if (s->tcp && !s->connected)
		connected(a, i);
	else if (s->tcp)
		receive_tcp(a, i);
	else {
		if (events & POLLIN)
			receive_udp(a, i);
		if (s->fd >= 0 && events & POLLERR)
			receive_errors(a, i);
	}
}
