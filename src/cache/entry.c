// SPDX-License-Identifier: Apache-2.0
/* Blocks that slots point to, and whether they are of a key. */
#include "cache/shard.h"

#include <stdlib.h>
#include <string.h>

/* A slot (24 bytes, a third of them free), malloc's header and rounding. */
enum { OVERHEAD = 52 };

static uint8_t *question(struct entry *e)
{
	return (uint8_t *)&e->answer.ttl_off[e->answer.n_rr] + WIRE_HEADER_LEN;
}

static void write_question(uint8_t *to, const struct cache_key *k)
{
	memcpy(to, k->name, k->name_len);
	wire_put_u16(to + k->name_len, k->type);
	wire_put_u16(to + k->name_len + 2, k->cls);
}

static void patch(struct entry *e, const struct cache_key *k, const struct cache_store *how)
{
	uint8_t *q = question(e);
	uint8_t *flags = q - WIRE_HEADER_LEN + 2;

	write_question(q, k);
	wire_put_u16(flags, wire_u16(flags) & (unsigned)~how->clear_flags);
	if (how->ede != EDE_NONE && e->answer.ede == EDE_NONE)
		e->answer.ede = how->ede;
}

struct entry *entry_new(const struct cache_key *k, const struct wire_answer *answer,
			const struct cache_store *how)
{
	size_t size = wire_answer_size(answer);
	struct entry *e;

	if (answer->question_len != k->name_len + 4u)
		return NULL;
	e = malloc(offsetof(struct entry, answer) + size);
	if (!e)
		return NULL;
	memset(e, 0, offsetof(struct entry, answer));
	memcpy(&e->answer, answer, size);
	e->stored_ms = how->now_ns / 1000000;
	e->ttl_s = how->ttl_s;
	e->keep_s = how->keep_s;
	e->bits = k->bits;
	e->weak = how->weak;
	patch(e, k, how);
	return e;
}

bool entry_is(const struct entry *e, const struct cache_key *k)
{
	const uint8_t *q = wire_answer_msg(&e->answer) + WIRE_HEADER_LEN;

	return e->answer.question_len == k->name_len + 4u && e->bits == k->bits &&
	       !memcmp(q, k->name, k->name_len) && wire_u16(q + k->name_len) == k->type &&
	       wire_u16(q + k->name_len + 2) == k->cls;
}

size_t entry_bytes(const struct entry *e)
{
	return offsetof(struct entry, answer) + wire_answer_size(&e->answer) + OVERHEAD;
}

void entry_free_all(struct entry *garbage)
{
	while (garbage) {
		struct entry *e = garbage;

		garbage = e->next;
		free(e);
	}
}

struct mark *mark_new(const struct cache_key *k)
{
	struct mark *m = calloc(1, sizeof(*m) + k->name_len);

	if (!m)
		return NULL;
	m->type = k->type;
	m->cls = k->cls;
	m->bits = k->bits;
	m->name_len = k->name_len;
	memcpy(m->name, k->name, k->name_len);
	return m;
}

bool mark_is(const struct mark *m, const struct cache_key *k)
{
	return m->name_len == k->name_len && m->bits == k->bits && m->type == k->type && m->cls == k->cls &&
	       !memcmp(m->name, k->name, k->name_len);
}

void mark_free(struct mark *m)
{
	if (m)
		free(m->waiters);
	free(m);
}
