// SPDX-License-Identifier: Apache-2.0
#include "net/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void *take(struct net_buffer_pool *p, size_t cap)
{
	void *m = p->spare;

	if (cap != NET_BUFFER_SMALL || !m)
		return malloc(cap);
	memcpy(&p->spare, m, sizeof(p->spare));
	p->n_spare--;
	return m;
}

static void give(struct net_buffer_pool *p, void *m, size_t cap)
{
	if (cap != NET_BUFFER_SMALL || p->n_spare == NET_BUFFER_SPARE) {
		free(m);
		return;
	}
	memcpy(m, &p->spare, sizeof(p->spare));
	p->spare = m;
	p->n_spare++;
}

/* Room for `len` more bytes: behind what waits, or by moving it to the front, or in a larger buffer. */
static int reserve(struct net_buffer_pool *p, struct net_buffer *b, size_t len)
{
	size_t waiting = net_buffer_waiting(b), cap = b->cap ? b->cap : NET_BUFFER_SMALL;
	uint8_t *data;

	if (b->cap - b->len >= len)
		return 0;
	while (cap < waiting + len)
		cap *= 2;
	if (cap == b->cap) {
		memmove(b->data, b->data + b->at, waiting);
		b->at = 0;
		b->len = waiting;
		return 0;
	}
	data = take(p, cap);
	if (!data)
		return -ENOMEM;
	if (waiting)
		memcpy(data, b->data + b->at, waiting);
	net_buffer_drop(p, b);
	*b = (struct net_buffer){.data = data, .len = waiting, .cap = cap};
	p->held += cap;
	return 0;
}

int net_buffer_append(struct net_buffer_pool *p, struct net_buffer *b, const uint8_t *data, size_t len)
{
	int err = reserve(p, b, len);

	if (err < 0 || len == 0)
		return err;
	memcpy(b->data + b->len, data, len);
	b->len += len;
	return 0;
}

void net_buffer_consume(struct net_buffer_pool *p, struct net_buffer *b, size_t len)
{
	b->at += len;
	if (b->at == b->len)
		net_buffer_drop(p, b);
}

void net_buffer_drop(struct net_buffer_pool *p, struct net_buffer *b)
{
	if (b->data) {
		give(p, b->data, b->cap);
		p->held -= b->cap;
	}
	*b = (struct net_buffer){0};
}

void net_buffer_pool_fini(struct net_buffer_pool *p)
{
	while (p->n_spare)
		free(take(p, NET_BUFFER_SMALL));
}
