// SPDX-License-Identifier: Apache-2.0
#include "plugin/hosts/hosts.h"

#include "base/err.h"
#include "base/rcu.h"
#include "server/query.h"
#include "server/trail.h"
#include "wire/plain.h"
#include "wire/reverse.h"

#include <string.h>

/* More than any message holds. */
enum { ANSWERS_MAX = WIRE_MSG_MAX / 16 };

/* Where to look: the file's table first. */
struct sources {
	const struct hosts_table *t[2];
};

/* A name as it is found in one of them. */
struct match {
	const struct hosts_name *exact, *wildcard;
};

static int setup(struct setup *s, void *state)
{
	return hosts_setup(s, state);
}

static void free_tables(void *state)
{
	struct hosts *h = state;

	hosts_table_free(h->inline_table);
	h->inline_table = NULL;
	if (h->file)
		hosts_file_free(h->file);
}

static int start(struct generation *gen, void *state)
{
	struct hosts *h = state;

	hosts_file_start(h->file, h->reload_ms);
	return 0;
}

static void stop(void *state)
{
	struct hosts *h = state;

	hosts_file_stop(h->file);
}

/* ---------------------------------------------------------------- finding */

static const struct hosts_name *find_wildcard(const struct hosts_table *t, const struct wire_query *in)
{
	uint8_t name[WIRE_NAME_MAX + 2];
	size_t off, len;

	if (in->n_labels < 2)
		return NULL;
	off = in->label_off[1];
	len = in->qname_len - off;
	name[0] = 1;
	name[1] = '*';
	memcpy(name + 2, in->qname + off, len);
	return hosts_table_find(t, name, 2 + len);
}

static struct match find(const struct hosts_table *t, const struct wire_query *in)
{
	struct match m = {0};

	if (!t)
		return m;
	m.exact = hosts_table_find(t, in->qname, in->qname_len);
	m.wildcard = find_wildcard(t, in);
	return m;
}

/* A name of its own goes before the wildcard, one family at a time. */
static const struct hosts_name *with(const struct match *m, enum hosts_family f)
{
	if (m->exact && hosts_name_count(m->exact, f))
		return m->exact;
	return m->wildcard && hosts_name_count(m->wildcard, f) ? m->wildcard : NULL;
}

/* ---------------------------------------------------------------- answering */

static enum step no_memory(struct query *q)
{
	return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "server is at its memory limit", "out of query memory");
}

static enum step give_wire(struct query *q, const struct wire_answer *a)
{
	if (!a)
		return no_memory(q);
	reply_set_wire(q, a);
	/* More addresses than a message holds: as many as it does, with TC, over streams too. */
	q->reply.cut = false;
	q->reply.no_store = a->truncated;
	return STEP_DONE;
}

/* Copied here and now: the file's table may be another in the next turn. */
static enum step give_addresses(const struct hosts *h, struct query *q, const struct sources *s,
				const struct match m[2], enum hosts_family f)
{
	size_t size = f == HOSTS_V4 ? 4 : 16, max = 0, n = 0;
	uint8_t *addrs;

	for (int i = 0; i < 2; i++)
		max += with(&m[i], f) ? hosts_name_count(with(&m[i], f), f) : 0;
	if (max > ANSWERS_MAX)
		max = ANSWERS_MAX;
	addrs = arena_alloc(&q->arena, max * size + 1);
	if (!addrs)
		return no_memory(q);
	for (int i = 0; i < 2; i++) {
		if (with(&m[i], f))
			n += hosts_name_copy(s->t[i], with(&m[i], f), f, addrs + n * size, max - n);
	}
	return give_wire(q, wire_plain_addresses(&q->arena, q->question, q->in.question_len,
						 (uint16_t)(FLAG_QR | FLAG_AA | (q->in.flags & FLAG_OPCODE)), h->ttl_s,
						 addrs, (unsigned)size, (unsigned)n));
}

struct naming {
	struct query *q;
	uint32_t ttl_s;
};

static int add_name(void *arg, const uint8_t *name, size_t len)
{
	const struct naming *n = arg;
	const uint8_t *copy = arena_copy(&n->q->arena, name, len);

	if (!copy)
		return ERR_LIMIT;
	return reply_add(n->q, SECTION_ANSWER, NULL, TYPE_PTR, n->ttl_s, copy, (uint16_t)len);
}

/* Any address, also where its reverse zone is none of ours. */
static enum step answer_ptr(const struct hosts *h, struct query *q, const struct sources *s)
{
	struct naming naming = {q, h->ttl_s};
	uint8_t addr[16];
	unsigned size = wire_reverse_addr(&q->in, addr);
	int err = 0;

	if (!size)
		return STEP_NEXT;
	reply_begin(q, RCODE_NOERROR, true);
	for (int i = 0; i < 2 && !err; i++) {
		if (s->t[i])
			err = hosts_table_names(s->t[i], addr, size == 4 ? HOSTS_V4 : HOSTS_V6, add_name, &naming);
	}
	if (err)
		return no_memory(q);
	if (q->reply.rr[SECTION_ANSWER])
		return STEP_DONE;
	q->reply.form = REPLY_NONE;
	return STEP_NEXT;
}

static enum step absent(const struct hosts *h, struct query *q)
{
	bool falls = h->has_fallthrough && zone_list_has(&h->fallthrough, &q->in);

	if (unlikely(q->has_trail))
		trail_say(q, falls ? "not in the table: falls through" : "not in the table");
	if (falls)
		return STEP_NEXT;
	/* There is no SOA that a denial could have; the peer's answer. */
	return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "not in the hosts table", NULL);
}

static enum step answer_name(const struct hosts *h, struct query *q, const struct sources *s)
{
	const struct match m[2] = {find(s->t[0], &q->in), find(s->t[1], &q->in)};
	bool v4 = with(&m[0], HOSTS_V4) || with(&m[1], HOSTS_V4), v6 = with(&m[0], HOSTS_V6) || with(&m[1], HOSTS_V6);

	if (!v4 && !v6)
		return absent(h, q);
	if (q->in.qtype == TYPE_A && v4)
		return give_addresses(h, q, s, m, HOSTS_V4);
	if (q->in.qtype == TYPE_AAAA && v6)
		return give_addresses(h, q, s, m, HOSTS_V6);
	reply_begin(q, RCODE_NOERROR, true);
	return STEP_DONE;
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct hosts *h = state;
	const struct sources s = {{rcu_get(h->file->table), h->inline_table}};
	bool address = q->in.qtype == TYPE_A || q->in.qtype == TYPE_AAAA;

	if (unlikely(q->in.qclass != CLASS_IN))
		return STEP_NEXT;
	if (unlikely(q->in.qtype == TYPE_PTR))
		return answer_ptr(h, q, &s);
	if (!zone_list_has(&h->zones, &q->in) || (!address && h->fallthrough_unsupported))
		return STEP_NEXT;
	return answer_name(h, q, &s);
}

const struct plugin plugin_hosts = {
	.name = "hosts",
	.state_size = sizeof(struct hosts),
	.setup = setup,
	.free = free_tables,
	.start = start,
	.stop = stop,
	.query = query,
	.show = hosts_show,
	.makes_answers = true,
};
