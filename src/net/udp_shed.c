// SPDX-License-Identifier: Apache-2.0
/* Answers that the kernel does not take, because the way out is jammed: kept for a moment, the newest sent first, since the
 * clients of the oldest have given up first.  A ring of places, and their bytes in a ring of their own. */
#include "net/udp_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	PLACES = UDP_SHED_MAX,
	BYTES = 1 << 20,
	AT_ONCE = 32, /* messages given to the kernel in one call */
};

struct place {
	uint32_t off, len;
	struct net_addr to;
	struct udp_control control;
	size_t control_len;
};

struct udp_shed {
	struct udp_shed_counters count;
	unsigned first, n; /* the oldest, and how many */
	bool watched;      /* for room to write */
	struct place places[PLACES];
	uint8_t data[BYTES];
};

static struct place *nth(struct udp_shed *q, unsigned i)
{
	return &q->places[(q->first + i) % PLACES];
}

static void drop_oldest(struct udp_shed *q)
{
	q->first = (q->first + 1) % PLACES;
	q->n--;
	metric_inc(q->count.cells, q->count.responses);
}

/* Where `len` bytes fit behind the newest; oldest ones go until they do. */
static uint32_t make_room(struct udp_shed *q, uint32_t len)
{
	while (q->n) {
		const struct place *oldest = nth(q, 0), *newest = nth(q, q->n - 1);
		uint32_t end = newest->off + newest->len;
		bool wrapped = newest->off < oldest->off;

		if (q->n < PLACES && end + len <= (wrapped ? oldest->off : BYTES))
			return end;
		if (q->n < PLACES && !wrapped && len <= oldest->off)
			return 0;
		drop_oldest(q);
	}
	return 0;
}

static void keep(struct udp_shed *q, const struct msghdr *m)
{
	uint32_t len = (uint32_t)m->msg_iov->iov_len, off = make_room(q, len);
	struct place *p = nth(q, q->n++);

	p->off = off;
	p->len = len;
	memcpy(q->data + off, m->msg_iov->iov_base, len);
	memcpy(&p->to, m->msg_name, m->msg_namelen);
	p->control_len = m->msg_controllen;
	if (p->control_len)
		memcpy(p->control.bytes, m->msg_control, p->control_len);
}

static void watch(struct udp_server *s, bool on)
{
	if (s->shed->watched == on)
		return;
	s->shed->watched = on;
	(void)loop_rewatch(s->loop, s->fd, EPOLLIN | (on ? EPOLLOUT : 0), &s->source); /* it is watched */
}

bool udp_shed_keep(struct udp_server *s, const struct mmsghdr *m, unsigned n)
{
	if (!s->shed || s->left_group)
		return false;
	for (unsigned i = 0; i < n; i++)
		keep(s->shed, &m[i].msg_hdr);
	watch(s, true);
	return true;
}

static unsigned prepare(struct udp_shed *q, struct mmsghdr *m, struct iovec *iov)
{
	unsigned n = q->n < AT_ONCE ? q->n : AT_ONCE;

	for (unsigned i = 0; i < n; i++) {
		struct place *p = nth(q, q->n - 1 - i);

		iov[i] = (struct iovec){q->data + p->off, p->len};
		m[i].msg_hdr = (struct msghdr){
			.msg_name = &p->to,
			.msg_namelen = net_addr_len(&p->to),
			.msg_iov = &iov[i],
			.msg_iovlen = 1,
			.msg_control = p->control_len ? p->control.bytes : NULL,
			.msg_controllen = p->control_len,
		};
	}
	return n;
}

void udp_shed_send(struct udp_server *s)
{
	struct udp_shed *q = s->shed;
	struct mmsghdr m[AT_ONCE];
	struct iovec iov[AT_ONCE];

	while (q->n) {
		unsigned n = prepare(q, m, iov);
		int sent = sendmmsg(s->fd, m, n, MSG_DONTWAIT);

		if (sent == -1 && udp_buffer_full())
			return;
		if (sent == -1) {
			s->loop->core.stats.udp_tx_errors++;
			sent = 1; /* the newest is refused by the kernel: it goes */
		} else {
			s->loop->core.stats.udp_tx += (unsigned)sent;
		}
		q->n -= (unsigned)sent;
	}
	watch(s, false);
}

bool udp_shed_refuses(struct udp_server *s)
{
	struct udp_shed *q = s->shed;

	if (q->n < PLACES)
		return false;
	metric_inc(q->count.cells, q->count.queries);
	return true;
}

void udp_shed_free(struct udp_server *s)
{
	free(s->shed);
	s->shed = NULL;
}

int udp_server_set_shed(struct udp_server *s, const struct udp_shed_counters *c)
{
	if (!c) {
		if (s->shed)
			watch(s, false);
		udp_shed_free(s);
		return 0;
	}
	if (!s->shed)
		s->shed = calloc(1, sizeof(*s->shed)); /* untouched pages cost nothing */
	if (!s->shed)
		return -ENOMEM;
	s->shed->count = *c;
	return 0;
}
