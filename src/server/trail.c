// SPDX-License-Identifier: Apache-2.0
#include "server/trail.h"

#include "base/clock.h"
#include "base/text.h"
#include "server/query.h"
#include "wire/name.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The trail that `q` writes into; NULL: whose it was has ended. */
static struct trail *trail_of(const struct query *q)
{
	const struct query *root = q->depth ? query_find(q->w, q->root) : q;

	return root ? root->trail : NULL;
}

void trail_begin_in(struct query *q, struct trail *t)
{
	t->id = 0;
	t->n = 0;
	q->trail = t;
	q->has_trail = true;
}

struct trail *trail_begin(struct query *q)
{
	struct trail *t;

	if (q->trail)
		return q->trail;
	t = arena_alloc(&q->arena, sizeof(*t));
	if (!t)
		return NULL;
	t->notes = NULL;
	trail_begin_in(q, t);
	return t;
}

static bool is_of(const struct trail_step *s, const struct query *q)
{
	return s->slot == q->slot && s->began == q->began;
}

/* The last step of a query that it has not left; -1: none. */
static int innermost(const struct trail *t, const struct query *q)
{
	for (int i = (int)t->n - 1; i >= 0; i--) {
		if (!t->steps[i].leave_ns && is_of(&t->steps[i], q))
			return i;
	}
	return -1;
}

/* The step of the plugin that `q` is at; -1: none. */
static int current(const struct trail *t, const struct query *q)
{
	for (int i = t ? (int)t->n - 1 : -1; i >= 0; i--) {
		if (t->steps[i].at == q->at && is_of(&t->steps[i], q))
			return i;
	}
	return -1;
}

static struct trail_step *current_step(struct query *q)
{
	struct trail *t = trail_of(q);
	int i = current(t, q);

	return i < 0 ? NULL : &t->steps[i];
}

/* ---------------------------------------------------------------- words */

static PRINTF(3, 0) void say(struct trail *t, int step, const char *fmt, va_list ap)
{
	struct trail_notes *n = t->notes;
	char *p;
	int len;

	if (!n || step < 0 || n->n == TRAIL_NOTES_MAX)
		return;
	p = n->text + n->used;
	len = vsnprintf(p, TRAIL_TEXT_MAX - n->used, fmt, ap);
	if (len < 0 || (size_t)len >= TRAIL_TEXT_MAX - n->used)
		return;
	text_make_printable(p, 0);
	n->v[n->n++] = (struct trail_note){clock_mono_ns(), (int16_t)step, (uint16_t)n->used};
	n->used += (size_t)len + 1;
}

void trail_say(struct query *q, const char *fmt, ...)
{
	struct trail *t = trail_of(q);
	va_list ap;

	va_start(ap, fmt);
	if (t)
		say(t, current(t, q), fmt, ap);
	va_end(ap);
}

static PRINTF(3, 4) void say_at(struct trail *t, int step, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(t, step, fmt, ap);
	va_end(ap);
}

/* ---------------------------------------------------------------- down */

/* A sub-query's first step: the plugin that asked it says so. */
static void say_asked(struct trail *t, int asker, const struct query *q)
{
	char name[WIRE_NAME_TEXT_MAX], type[16];

	if (!t->notes)
		return;
	wire_name_text(q->in.qname, name);
	say_at(t, asker, q->kind == QUERY_SERVER ? "asks the whole server for %s %s" : "asks the rest of the chain for %s %s",
	       name, wire_type_text(q->in.qtype, type));
}

void trail_enter(struct query *q, const char *plugin)
{
	struct trail *t = trail_of(q);
	int parent;

	if (!t || t->n == TRAIL_STEPS_MAX)
		return;
	parent = innermost(t, q);
	if (parent == -1 && q->parent) {
		parent = innermost(t, q->parent);
		say_asked(t, parent, q);
	}
	t->steps[t->n++] = (struct trail_step){
		.plugin = plugin,
		.enter_ns = clock_mono_ns(),
		.slot = q->slot,
		.began = q->began,
		.at = q->at,
		.parent = (int16_t)parent,
		.depth = q->depth,
	};
}

void trail_waits(struct query *q)
{
	struct trail_step *s = current_step(q);

	if (s)
		s->waited = true;
}

void trail_handed_on(struct query *q)
{
	struct trail_step *s = current_step(q);

	if (s)
		s->handed_on = true;
}

static unsigned count_answers(const struct reply *r)
{
	unsigned n = 0;

	if (r->form == REPLY_WIRE)
		return r->wire->n_section[SECTION_ANSWER];
	for (const struct reply_rr *rr = r->form == REPLY_RECORDS ? r->rr[SECTION_ANSWER] : NULL; rr; rr = rr->next)
		n++;
	return n;
}

void trail_answered(struct query *q)
{
	struct trail *t = trail_of(q);
	int i = current(t, q);
	unsigned n = count_answers(&q->reply);
	char rcode[16];

	if (i < 0)
		return;
	t->steps[i].answered = true;
	if (q->dropped)
		say_at(t, i, "gives no answer at all");
	else
		say_at(t, i, "answers %s, %u record%s", wire_rcode_text(q->reply.rcode, rcode), n, n == 1 ? "" : "s");
	if (q->error)
		say_at(t, i, "error: %s", q->error);
}

/* ---------------------------------------------------------------- up */

static struct trail_seen look(const struct query *q)
{
	const struct reply *r = &q->reply;

	return (struct trail_seen){
		.body = r->form == REPLY_WIRE ? (const void *)r->wire : (const void *)r->rr[SECTION_ANSWER],
		.ttl_s = r->ttl_s,
		.ede = r->ede,
		.rcode = r->rcode,
		.flags = reply_flags(q),
		.options_len = r->options_len,
		.form = (uint8_t)r->form,
		.ttl_fixed = r->ttl_fixed,
		.rotate = r->rotate,
		.cut = r->cut,
	};
}

void trail_up(struct query *q)
{
	struct trail_step *s = current_step(q);

	if (s && !s->leave_ns)
		s->seen = look(q);
}

/* What its reply hook has changed. */
static void say_changes(struct trail *t, int i, const struct trail_seen *was, const struct trail_seen *is)
{
	char a[16], b[16];

	if (was->rcode != is->rcode)
		say_at(t, i, "turns %s into %s", wire_rcode_text(was->rcode, a), wire_rcode_text(is->rcode, b));
	else if (was->form != is->form || was->body != is->body)
		say_at(t, i, "changes the answer's records");
	if (was->ttl_fixed != is->ttl_fixed || (is->ttl_fixed && was->ttl_s != is->ttl_s))
		say_at(t, i, "sets all TTLs to %u s", is->ttl_s);
	if (was->rotate != is->rotate)
		say_at(t, i, "turns the addresses' order");
	if (was->flags != is->flags)
		say_at(t, i, "changes the header's flags");
	if (was->options_len != is->options_len)
		say_at(t, i, "changes the answer's EDNS options");
}

void trail_leave(struct query *q)
{
	struct trail *t = trail_of(q);
	int i = current(t, q);
	struct trail_seen now;

	if (i < 0)
		return;
	t->steps[i].leave_ns = clock_mono_ns();
	if (!t->notes)
		return;
	now = look(q);
	say_changes(t, i, &t->steps[i].seen, &now);
}
