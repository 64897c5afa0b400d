// SPDX-License-Identifier: Apache-2.0
/* What rules do to the question. */
#include "plugin/rewrite/rewrite.h"

#include "wire/name.h"

#include <errno.h>
#include <string.h>

struct rewrite_done *rewrite_note(struct query *q, struct rewrite_scratch *s)
{
	struct rewrite_done *d = s->done;

	if (d)
		return d;
	d = arena_zalloc(&q->arena, sizeof(*d));
	if (!d)
		return NULL;
	d->question = arena_copy(&q->arena, q->question, q->in.question_len);
	d->question_len = q->in.question_len;
	d->options = q->in.options;
	d->options_len = q->in.options_len;
	d->hop_options = q->hop_options;
	if (d->options_len) /* the packet may be gone when they are put back */
		d->options = arena_copy(&q->arena, d->options, d->options_len);
	if (!d->question || (d->options_len && !d->options))
		return NULL;
	s->done = d;
	return d;
}

static int add_step(struct query *q, struct rewrite_scratch *s, const struct rewrite_rule *rule, const uint8_t *from,
		    const uint8_t *to)
{
	struct rewrite_done *d = rewrite_note(q, s);
	struct rewrite_step *step = d ? arena_alloc(&q->arena, sizeof(*step)) : NULL;

	if (!step)
		return -ENOMEM;
	*step = (struct rewrite_step){d->steps, rule, from, to};
	d->steps = step;
	return 1;
}

static int apply_name(const struct rewrite_rule *rule, struct query *q, struct rewrite_scratch *s, struct pattern_match *room)
{
	uint8_t name[WIRE_NAME_MAX];
	const uint8_t *from, *to;
	int r = rewrite_rename(&rule->match, room, q->in.qname, name);

	if (r <= 0)
		return r;
	from = arena_copy(&q->arena, q->in.qname, q->in.qname_len);
	to = arena_copy(&q->arena, name, wire_name_len(name));
	if (!from || !to)
		return -ENOMEM;
	r = add_step(q, s, rule, from, to);
	if (r < 0)
		return r;
	s->done->renamed = true;
	query_set_question(q, to, q->in.qtype, q->in.qclass);
	return 1;
}

static int apply_number(const struct rewrite_rule *rule, struct query *q, struct rewrite_scratch *s, uint16_t *field)
{
	if (*field != rule->from)
		return 0;
	if (!rewrite_note(q, s))
		return -ENOMEM;
	*field = rule->to;
	wire_put_u16(q->question + q->in.qname_len, q->in.qtype);
	wire_put_u16(q->question + q->in.qname_len + 2, q->in.qclass);
	return 1;
}

/* Rules that only change the answer. */
static int apply_later(const struct rewrite_rule *rule, struct query *q, struct rewrite_scratch *s, struct pattern_match *room)
{
	int r = rule->field == FIELD_CNAME ? 1 : rewrite_matches(&rule->match, room, q->in.qname);

	return r > 0 ? add_step(q, s, rule, NULL, NULL) : r;
}

int rewrite_apply(const struct rewrite_rule *rule, struct query *q, struct rewrite_scratch *s, struct pattern_match *room)
{
	switch (rule->field) {
	case FIELD_NAME:
		return apply_name(rule, q, s, room);
	case FIELD_TYPE:
		return apply_number(rule, q, s, &q->in.qtype);
	case FIELD_CLASS:
		return apply_number(rule, q, s, &q->in.qclass);
	case FIELD_EDNS0:
		return rewrite_apply_option(rule, q, s);
	case FIELD_TTL:
	case FIELD_RCODE:
	case FIELD_CNAME:
		return apply_later(rule, q, s, room);
	}
	return 0;
}
