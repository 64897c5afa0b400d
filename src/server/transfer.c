// SPDX-License-Identifier: Apache-2.0
#include "server/transfer.h"

#include "base/clock.h"
#include "base/err.h"
#include "server/generation.h"
#include "server/worker.h"
#include "wire/build.h"
#include "wire/name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	SOA_NUMBERS = 20,
	SOA_MAX = 2 * WIRE_NAME_MAX + SOA_NUMBERS,
};

struct message {
	struct message *next;
	const struct wire_answer *a;
};

struct transfer {
	struct query *q;
	struct arena arena;         /* malloc's: the messages */
	struct net_room room;
	struct message *first, **last;
	bool open;                  /* a message is being built, in the worker's builder: never over a turn */
	size_t in_message;          /* bytes of records, uncompressed */
	size_t held;                /* counted in all_held */
	unsigned n_records;
	const struct transfer_source *source; /* NULL: all records were given at once */
	void *source_arg;
	bool more, dry;             /* records of the source, or the last SOA, are to come; the source has no more */
	bool waits;                 /* `record` did not fit into the message before */
	struct transfer_record record;
	uint8_t soa_owner[WIRE_NAME_MAX], soa[SOA_MAX];
	uint16_t soa_len;           /* 0: none came yet */
	uint32_t soa_ttl_s, serial;
	bool has_serial, up_to_date, complete;
	uint32_t have_serial;
};

/* Bytes of all messages that are built and not sent, of all workers. */
static size_t all_held;

struct transfer *transfer_begin(struct query *q, const uint32_t *have_serial)
{
	struct transfer *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->q = q;
	t->last = &t->first;
	arena_init(&t->arena, NULL, 0, NULL);
	if (have_serial) {
		t->has_serial = true;
		t->have_serial = *have_serial;
	}
	return t;
}

void transfer_from(struct transfer *t, const struct transfer_source *s, void *arg)
{
	t->source = s;
	t->source_arg = arg;
	t->more = true;
}

void transfer_end(struct transfer *t)
{
	if (!t)
		return;
	net_reply_forget_room(&t->room);
	if (t->source)
		t->source->end(t->source_arg);
	__atomic_fetch_sub(&all_held, t->held, __ATOMIC_RELAXED);
	arena_fini(&t->arena);
	free(t);
}

unsigned transfer_records(const struct transfer *t)
{
	return t->n_records;
}

uint32_t transfer_serial(const struct transfer *t)
{
	return t->serial;
}

bool transfer_complete(const struct transfer *t)
{
	return t->complete;
}

bool transfer_up_to_date(const struct transfer *t)
{
	return t->up_to_date;
}

void transfer_zone_changed(const struct block *b, const uint8_t *zone)
{
	for (size_t i = 0; i < b->n_all; i++) {
		if (b->all[i].plugin->zone_changed)
			b->all[i].plugin->zone_changed(b->all[i].state, zone);
	}
}

/* ---------------------------------------------------------------- messages */

static int count_held(struct transfer *t, const struct wire_answer *a)
{
	size_t size = wire_answer_size(a) + sizeof(struct message);

	t->held += size;
	return __atomic_add_fetch(&all_held, size, __ATOMIC_RELAXED) > TRANSFER_BYTES_MAX ? ERR_LIMIT : 0;
}

static int close_message(struct transfer *t)
{
	struct message *m;

	if (!t->open)
		return 0;
	m = arena_zalloc(&t->arena, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->a = wire_build_end(t->q->w->builder, &t->arena, RCODE_NOERROR);
	if (!m->a)
		return -ENOMEM;
	*t->last = m;
	t->last = &m->next;
	t->open = false;
	return t->source ? 0 : count_held(t, m->a);
}

static void open_message(struct transfer *t)
{
	/* RFC 5936 2.2: AA is set.  A sole SOA that says "you have it" comes without, as the peer has it. */
	uint16_t flags = (uint16_t)((t->up_to_date ? 0 : FLAG_AA) | (t->q->in.flags & FLAG_OPCODE));

	wire_build_begin(t->q->w->builder, t->q->question, t->q->in.question_len, flags);
	t->open = true;
	t->in_message = 0;
}

static size_t record_size(const struct transfer_record *r)
{
	return wire_name_len(r->owner) + 10 + r->rdlen;
}

static bool message_full(const struct transfer *t, const struct transfer_record *r)
{
	return t->open && t->in_message + record_size(r) > TRANSFER_MESSAGE_BYTES;
}

static int put(struct transfer *t, const struct transfer_record *r)
{
	if (!t->open)
		open_message(t);
	t->in_message += record_size(r);
	t->n_records++;
	return wire_build_rr(t->q->w->builder, SECTION_ANSWER, true, r->owner, r->type, CLASS_IN, r->ttl_s, r->rdata, r->rdlen);
}

static void keep_soa(struct transfer *t, const struct transfer_record *r)
{
	memcpy(t->soa_owner, r->owner, wire_name_len(r->owner));
	memcpy(t->soa, r->rdata, r->rdlen);
	t->soa_len = r->rdlen;
	t->soa_ttl_s = r->ttl_s;
	t->serial = wire_u32(r->rdata + r->rdlen - SOA_NUMBERS);
	t->up_to_date = t->has_serial && t->have_serial == t->serial;
}

static struct transfer_record last_soa(const struct transfer *t)
{
	return (struct transfer_record){t->soa_owner, t->soa, t->soa_ttl_s, TYPE_SOA, t->soa_len};
}

int transfer_rr(struct transfer *t, const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata,
		uint16_t rdlen)
{
	struct transfer_record r = {owner, rdata, ttl_s, type, rdlen};
	bool first = !t->soa_len;
	int err = 0;

	if (first && (type != TYPE_SOA || rdlen < SOA_NUMBERS + 2 || rdlen > SOA_MAX))
		return -EINVAL;
	if (first)
		keep_soa(t, &r);
	if (message_full(t, &r))
		err = close_message(t);
	if (!err)
		err = put(t, &r);
	return err ? err : first && t->up_to_date ? TRANSFER_ENOUGH : 0;
}

static int put_last_soa(struct transfer *t)
{
	struct transfer_record soa = last_soa(t);
	int err = message_full(t, &soa) ? close_message(t) : 0;

	return err ? err : put(t, &soa);
}

/* A step of a source.  Its records may fill no message, or several. */
static int take_step(struct transfer *t)
{
	int r = t->source->step(t->source_arg, t);

	if (r == TRANSFER_MORE)
		return 0;
	if (r == 0)
		r = put_last_soa(t);
	if (r == 0)
		r = close_message(t);
	t->more = false;
	return r;
}

/* The next message of a source.  What does not fit waits for the one after. */
static int draw_message(struct transfer *t)
{
	int err = 0;

	if (t->source->step)
		return take_step(t);
	while (t->more && !err) {
		if (!t->waits && !t->source->next(t->source_arg, &t->record)) {
			t->record = last_soa(t);
			t->dry = true;
		}
		t->waits = message_full(t, &t->record);
		if (t->waits)
			break;
		err = put(t, &t->record);
		t->more = !t->dry;
	}
	return err ? err : close_message(t);
}

/* ---------------------------------------------------------------- sending */

static int send_part(struct transfer *t, const struct wire_answer *a)
{
	struct query *q = t->q;
	struct wire_client c = {
		.id = q->in.id,
		.question = q->question,
		.limit = WIRE_MSG_MAX,
		.set = (uint16_t)(FLAG_QR | (q->in.flags & FLAG_RD)),
		.clear = FLAG_Z,
	};
	uint8_t *out = net_reply_begin(&q->from, WIRE_MSG_MAX);

	return out ? net_reply_part(&q->from, wire_answer_write(a, &c, out).len) : ERR_GONE;
}

static void drop_first(struct transfer *t)
{
	t->first = t->first->next;
	if (t->first)
		return;
	t->last = &t->first;
	if (t->source) { /* that was the only one */
		arena_fini(&t->arena);
		arena_init(&t->arena, NULL, 0, NULL);
	}
}

/* All but the last message, while the client takes them and for a turn: 0: all are sent; -EAGAIN; another error. */
static int send_some(struct transfer *t)
{
	for (unsigned i = 0; i < TRANSFER_TURN_MESSAGES; i++) {
		int err = t->first ? 0 : draw_message(t);

		if (err || (!t->more && !t->first->next))
			return err;
		if (!t->first) /* a step that filled no message */
			continue;
		if (!net_reply_has_room(&t->q->from))
			return -EAGAIN;
		err = send_part(t, t->first->a);
		if (err)
			return err;
		drop_first(t);
	}
	return -EAGAIN;
}

/* The builder is the worker's: what steps left in it goes out as it is, in the next turn. */
static int send_parts(struct transfer *t)
{
	int err = send_some(t), open = err == -EAGAIN ? close_message(t) : 0;

	return open ? open : err;
}

/* The last message is the query's reply, as any other answer. */
static enum step finish(struct transfer *t, int err)
{
	const struct wire_answer *a = err ? NULL : wire_answer_copy(&t->q->arena, t->first->a);

	if (err == ERR_GONE)
		return query_drop(t->q);
	if (!a) /* a client that has a part takes it for the end of a failed transfer (RFC 5936 2.2.1) */
		return query_fail(t->q, RCODE_SERVFAIL, EDE_OTHER, "the zone could not be sent whole", "transfer: %s",
				  err_text(err ? err : -ENOMEM));
	t->complete = true;
	reply_set_wire(t->q, a);
	t->q->reply.no_store = true;
	return STEP_DONE;
}

static void go_on(struct net_room *room)
{
	struct transfer *t = container_of(room, struct transfer, room);
	int err = send_parts(t);

	if (err == -EAGAIN)
		net_reply_await_room(&t->q->from, &t->room);
	else
		query_resume(t->q, finish(t, err));
}

enum step transfer_send(struct transfer *t)
{
	int err = t->source || t->up_to_date ? 0 : put_last_soa(t);

	if (!err && !t->source)
		err = close_message(t);
	if (!err)
		err = send_parts(t);
	if (err != -EAGAIN)
		return finish(t, err);
	t->room.fn = go_on;
	t->q->deadline_ns = loop_now_ns(t->q->w->loop) + TRANSFER_TIME_S * NS_PER_S;
	net_reply_await_room(&t->q->from, &t->room);
	return STEP_WAIT;
}
