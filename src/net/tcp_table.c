// SPDX-License-Identifier: Apache-2.0
/* The bounds on a worker's TCP connections: how many, and how much memory in each direction. */
#include "net/tcp_internal.h"

#include <errno.h>
#include <stdlib.h>

static size_t memory = TCP_MEMORY; /* frozen once there are workers */

void tcp_memory_limit(size_t bytes)
{
	memory = bytes;
}

struct tcp_table *tcp_table_new(struct loop *l, unsigned max_conns)
{
	struct tcp_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->loop = l;
	t->max = max_conns;
	t->idle.next = t->idle.prev = &t->idle;
	/* Untouched pages of both cost nothing. */
	t->conns = calloc(max_conns ? max_conns : 1, sizeof(*t->conns));
	t->scratch = malloc(2 + NET_MESSAGE_MAX);
	if (!t->conns || !t->scratch) {
		tcp_table_free(t);
		return NULL;
	}
	return t;
}

void tcp_table_free(struct tcp_table *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < t->n_used; i++) {
		if (t->conns[i].stream)
			tcp_conn_close(&t->conns[i], 0);
	}
	net_buffer_pool_fini(&t->buffers);
	free(t->conns);
	free(t->scratch);
	free(t);
}

unsigned tcp_table_count(const struct tcp_table *t)
{
	return t->n;
}

void tcp_idle_unlink(struct tcp_conn *c)
{
	if (!c->listed)
		return;
	c->prev->next = c->next;
	c->next->prev = c->prev;
	c->listed = false;
}

void tcp_idle_link(struct tcp_conn *c)
{
	struct tcp_conn *head = &c->table->idle;

	tcp_idle_unlink(c);
	c->next = head;
	c->prev = head->prev;
	c->prev->next = c;
	head->prev = c;
	c->listed = true;
}

static void evict(struct tcp_conn *c)
{
	loop_stats(c->table->loop)->tcp_evicted++;
	tcp_conn_close(c, 0);
}

struct tcp_conn *tcp_table_take(struct tcp_table *t)
{
	struct tcp_conn *c;

	if (t->n == t->max && t->idle.next != &t->idle)
		evict(t->idle.next);
	if (t->n == t->max)
		return NULL;
	c = t->spare;
	if (c)
		t->spare = c->next;
	else
		c = &t->conns[t->n_used++];
	t->n++;
	return c;
}

void tcp_table_give(struct tcp_conn *c)
{
	struct tcp_table *t = c->table;

	c->next = t->spare;
	t->spare = c;
	t->n--;
}

static size_t input_of(const struct tcp_conn *c)
{
	return c->in.cap;
}

static size_t output_of(const struct tcp_conn *c)
{
	return stream_pending(c->stream);
}

/* Whoever holds most goes: then nobody gains by holding a little more than others, and a fresh connection is
 * never the victim of an old hoarder. */
static struct tcp_conn *largest(struct tcp_table *t, size_t (*held)(const struct tcp_conn *c))
{
	struct tcp_conn *most = NULL;

	for (unsigned i = 0; i < t->n_used; i++) {
		struct tcp_conn *c = &t->conns[i];

		if (c->stream && (!most || held(c) > held(most)))
			most = c;
	}
	return most;
}

int tcp_table_keep(struct tcp_conn *c, const uint8_t *data, size_t len)
{
	struct tcp_table *t = c->table;
	uint32_t serial = c->serial;
	int err = net_buffer_append(&t->buffers, &c->in, data, len);

	if (err < 0) {
		evict(c);
		return err;
	}
	while (unlikely(t->buffers.held > memory))
		evict(largest(t, input_of));
	return c->serial == serial ? 0 : -ENOMEM;
}

void tcp_table_trim_output(struct tcp_table *t)
{
	while (unlikely(stream_held(t->loop) > memory)) {
		struct tcp_conn *c = largest(t, output_of);

		if (!c || output_of(c) == 0)
			return; /* other streams hold it */
		evict(c);
	}
}
