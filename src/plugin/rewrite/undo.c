// SPDX-License-Identifier: Apache-2.0
/* What rules do to the answer: names and values turned back, TTLs, the rcode.  The steps newest first, as each undoes what it saw. */
#include "plugin/rewrite/rewrite.h"

#include "base/err.h"
#include "wire/name.h"

#include <errno.h>
#include <string.h>

struct undoing {
	struct query *q;
	const struct rewrite_done *d;
	struct pattern_match *room;
	const uint8_t *owner, *new_owner; /* of the record before: a set has one owner */
};

/* ---------------------------------------------------------------- names */

static bool ends_with_dot_only(const struct rewrite_match *m)
{
	return m->to_len == 1 && m->to[0] == '.';
}

/* The suffix rule the other way round: for names that end in what it put there. */
static int turn_suffix(const struct rewrite_match *m, struct pattern_match *room, const uint8_t *name, uint8_t *ret)
{
	const struct rewrite_match back = {
		.kind = MATCH_SUFFIX, .from = m->to, .from_len = m->to_len, .to = m->from, .to_len = m->from_len};

	/* Taken off without a replacement it would fit every name; only the question's own was changed. */
	return ends_with_dot_only(m) ? 0 : rewrite_rename(&back, room, name, ret);
}

static int turn_back(const struct undoing *u, const struct rewrite_step *st, const uint8_t *name, uint8_t *ret)
{
	int r = 0;

	if (!st->rule->automatic)
		return 0;
	if (wire_name_equal(name, st->to)) {
		memcpy(ret, st->from, wire_name_len(st->from));
		return 1;
	}
	if (st->rule->match.kind == MATCH_SUFFIX)
		r = turn_suffix(&st->rule->match, u->room, name, ret);
	return r == -EINVAL ? 0 : r; /* too long that way round: it stays */
}

/* One step's rules for a name (of an owner, or a value); `name` holds the result.  1: changed; 0; < 0. */
static int undo_step(const struct undoing *u, const struct rewrite_step *st, bool value, uint8_t *name)
{
	uint8_t made[WIRE_NAME_MAX];
	int r = 0, changed = 0;

	for (const struct rewrite_answer *a = st->rule->answers; a && r >= 0; a = a->next) {
		if (a->value != value)
			continue;
		r = rewrite_rename(&a->match, u->room, name, made);
		if (r == -EINVAL)
			r = 0;
		if (r > 0) {
			memcpy(name, made, wire_name_len(made));
			changed = 1;
		}
	}
	if (r >= 0)
		r = turn_back(u, st, name, made);
	if (r > 0)
		memcpy(name, made, wire_name_len(made));
	return r < 0 ? r : changed || r;
}

static int undo_name(const struct undoing *u, bool value, uint8_t *name)
{
	int changed = 0;

	for (const struct rewrite_step *st = u->d->steps; st; st = st->before) {
		int r = st->rule->field == FIELD_NAME ? undo_step(u, st, value, name) : 0;

		if (r < 0)
			return r;
		changed |= r;
	}
	return changed;
}

/* The client's own question is written as it wrote it. */
static int undo_owner(struct undoing *u, struct reply_rr *rr)
{
	uint8_t name[WIRE_NAME_MAX];
	int r;

	if (rr->owner && rr->owner == u->owner) {
		rr->owner = u->new_owner;
		return 0;
	}
	u->owner = rr->owner;
	memcpy(name, rr->owner, wire_name_len(rr->owner));
	r = undo_name(u, false, name);
	if (r > 0)
		rr->owner = arena_copy(&u->q->arena, name, wire_name_len(name));
	if (r < 0 || !rr->owner)
		return r < 0 ? r : -ENOMEM;
	if (wire_name_equal(rr->owner, u->d->question))
		rr->owner = NULL;
	u->new_owner = rr->owner;
	return 0;
}

/* ---------------------------------------------------------------- values */

/* Where the name stands that `answer value` is about; -1: there is none. */
static int value_at(const struct reply_rr *rr)
{
	unsigned at = 4;

	switch ((int)rr->type) {
	case TYPE_CNAME:
	case TYPE_DNAME:
	case TYPE_NS:
	case TYPE_PTR:
	case TYPE_SOA:
		return 0;
	case TYPE_MX:
		return 2;
	case TYPE_SRV:
		return 6;
	case TYPE_NAPTR: /* behind three texts; RFC 3403 4.1.  The form was checked when it was read */
		for (int i = 0; i < 3 && at < rr->rdlen; i++)
			at += rr->rdata[at] + 1u;
		return at < rr->rdlen ? (int)at : -1;
	default:
		return -1;
	}
}

static int undo_value(struct undoing *u, struct reply_rr *rr)
{
	int at = value_at(rr), r;
	uint8_t name[WIRE_NAME_MAX], *rdata;
	size_t old, new, behind;

	if (at < 0 || at >= rr->rdlen)
		return 0;
	old = wire_name_len(rr->rdata + at);
	behind = rr->rdlen - (size_t)at - old;
	memcpy(name, rr->rdata + at, old);
	r = undo_name(u, true, name);
	if (r <= 0)
		return r;
	new = wire_name_len(name);
	rdata = arena_alloc(&u->q->arena, (size_t)at + new + behind);
	if (!rdata)
		return -ENOMEM;
	memcpy(rdata, rr->rdata, (size_t)at);
	memcpy(rdata + at, name, new);
	memcpy(rdata + at + new, rr->rdata + at + old, behind);
	rr->rdata = rdata;
	rr->rdlen = (uint16_t)((size_t)at + new + behind);
	return 0;
}

/* ---------------------------------------------------------------- TTLs, rcode */

static uint32_t clamp(const struct rewrite_done *d, uint32_t ttl_s)
{
	for (const struct rewrite_step *st = d->steps; st; st = st->before) {
		if (st->rule->field != FIELD_TTL)
			continue;
		if (ttl_s < st->rule->ttl_min_s)
			ttl_s = st->rule->ttl_min_s;
		if (ttl_s > st->rule->ttl_max_s)
			ttl_s = st->rule->ttl_max_s;
	}
	return ttl_s;
}

static void undo_rcode(struct query *q, const struct rewrite_done *d)
{
	for (const struct rewrite_step *st = d->steps; st; st = st->before) {
		if (st->rule->field == FIELD_RCODE && q->reply.rcode == st->rule->from)
			q->reply.rcode = st->rule->to;
	}
}

/* ---------------------------------------------------------------- the whole */

static int undo_record(struct undoing *u, struct reply_rr *rr)
{
	int err = 0;

	rr->ttl_s = clamp(u->d, rr->ttl_s);
	if (u->d->renamed) {
		err = undo_owner(u, rr);
		if (!err)
			err = undo_value(u, rr);
	}
	return err;
}

void rewrite_undo(struct query *q, const struct rewrite_done *d, struct pattern_match *room)
{
	struct undoing u = {.q = q, .d = d, .room = room};
	int err = 0;

	q->reply.ttl_s = clamp(d, q->reply.ttl_s);
	for (int s = 0; s < 3; s++) {
		for (struct reply_rr *rr = q->reply.rr[s]; rr && !err; rr = rr->next)
			err = undo_record(&u, rr);
	}
	if (!err)
		undo_rcode(q, d);
	else
		(void)query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "the answer's names cannot be turned back", "rewrite: %s",
				 err_text(err));
}
