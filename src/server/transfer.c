// SPDX-License-Identifier: Apache-2.0
#include "server/transfer.h"

#include "base/clock.h"
#include "base/err.h"
#include "server/worker.h"
#include "wire/build.h"
#include "wire/name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How soon a client that was full is looked at again. */
static const uint64_t LOOK_NS = 2 * NS_PER_MS;

struct message {
	struct message *next;
	const struct wire_answer *a;
};

struct transfer {
	struct query *q;
	struct arena arena; /* malloc's: the messages */
	struct timer timer;
	struct message *first, **last;
	bool open; /* a message is being built */
	size_t in_message, in_all; /* bytes of records, uncompressed */
	unsigned n_records;
	uint8_t *soa; /* owner and rdata of the first record */
	size_t soa_owner_len;
	uint16_t soa_rdlen;
	uint32_t soa_ttl_s, serial;
	bool has_serial, up_to_date;
	uint32_t have_serial;
};

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

void transfer_free(struct transfer *t)
{
	if (!t)
		return;
	arena_fini(&t->arena);
	free(t);
}

void transfer_end(struct transfer *t)
{
	if (t && timer_armed(&t->timer))
		timer_disarm(loop_timers(t->q->w->loop), &t->timer);
	transfer_free(t);
}

unsigned transfer_records(const struct transfer *t)
{
	return t->n_records;
}

uint32_t transfer_serial(const struct transfer *t)
{
	return t->serial;
}

/* ---------------------------------------------------------------- messages */

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
	return 0;
}

static void open_message(struct transfer *t)
{
	/* RFC 5936 2.2: AA is set.  A sole SOA that says "you have it" comes without, as the peer has it. */
	uint16_t flags = (uint16_t)((t->up_to_date ? 0 : FLAG_AA) | (t->q->in.flags & FLAG_OPCODE));

	wire_build_begin(t->q->w->builder, t->q->question, t->q->in.question_len, flags);
	t->open = true;
	t->in_message = 0;
}

static int put(struct transfer *t, const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata,
	       uint16_t rdlen)
{
	size_t size = wire_name_len(owner) + 10 + rdlen;
	int err = 0;

	if (t->open && t->in_message + size > TRANSFER_MESSAGE_BYTES)
		err = close_message(t);
	if (err)
		return err;
	if (t->in_all + size > TRANSFER_BYTES_MAX)
		return ERR_LIMIT;
	if (!t->open)
		open_message(t);
	t->in_message += size;
	t->in_all += size;
	t->n_records++;
	return wire_build_rr(t->q->w->builder, SECTION_ANSWER, true, owner, type, CLASS_IN, ttl_s, rdata,
			     rdlen);
}

static int keep_soa(struct transfer *t, const uint8_t *owner, uint32_t ttl_s, const uint8_t *rdata,
		    uint16_t rdlen)
{
	t->soa_owner_len = wire_name_len(owner);
	t->soa = arena_alloc(&t->arena, t->soa_owner_len + rdlen);
	if (!t->soa)
		return -ENOMEM;
	memcpy(t->soa, owner, t->soa_owner_len);
	memcpy(t->soa + t->soa_owner_len, rdata, rdlen);
	t->soa_rdlen = rdlen;
	t->soa_ttl_s = ttl_s;
	t->serial = wire_u32(rdata + rdlen - 20);
	t->up_to_date = t->has_serial && t->have_serial == t->serial;
	return 0;
}

int transfer_rr(struct transfer *t, const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata,
		uint16_t rdlen)
{
	bool first = !t->soa;
	int err = 0;

	if (first && (type != TYPE_SOA || rdlen < 22))
		return -EINVAL;
	if (first)
		err = keep_soa(t, owner, ttl_s, rdata, rdlen);
	if (!err)
		err = put(t, owner, type, ttl_s, rdata, rdlen);
	return err ? err : first && t->up_to_date ? TRANSFER_ENOUGH : 0;
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

/* All but the last message, while the client takes them: 0 all sent, -EAGAIN, ERR_GONE. */
static int send_parts(struct transfer *t)
{
	while (t->first->next) {
		int err;

		if (!net_reply_has_room(&t->q->from))
			return -EAGAIN;
		err = send_part(t, t->first->a);
		if (err)
			return err;
		t->first = t->first->next;
	}
	return 0;
}

static bool look_later(struct transfer *t)
{
	struct loop *l = t->q->w->loop;

	return !timer_arm(loop_timers(l), &t->timer, loop_now_ns(l) + LOOK_NS);
}

/* The last message is the query's reply, as any other answer. */
static enum step finish(struct transfer *t, int err)
{
	const struct wire_answer *a = err ? NULL : wire_answer_copy(&t->q->arena, t->first->a);

	if (!a)
		return query_drop(
			t->q); /* the client has gone, or gets no end, which it takes for a failure */
	reply_set_wire(t->q, a);
	t->q->reply.no_store = true;
	return STEP_DONE;
}

static void go_on(struct timer *timer)
{
	struct transfer *t = container_of(timer, struct transfer, timer);
	int err = send_parts(t);

	if (err == -EAGAIN && look_later(t))
		return;
	query_resume(t->q, finish(t, err));
}

enum step transfer_send(struct transfer *t)
{
	int err = 0;

	if (!t->up_to_date)
		err = put(t, t->soa, TYPE_SOA, t->soa_ttl_s, t->soa + t->soa_owner_len, t->soa_rdlen);
	if (!err)
		err = close_message(t);
	if (err)
		return query_fail(t->q, RCODE_SERVFAIL, EDE_OTHER, "server is at its memory limit",
				  "out of memory for a transfer");
	err = send_parts(t);
	t->timer.fire = go_on;
	t->q->deadline_ns = loop_now_ns(t->q->w->loop) + TRANSFER_TIME_S * NS_PER_S;
	if (err == -EAGAIN && look_later(t))
		return STEP_WAIT;
	return finish(t, err);
}
