// SPDX-License-Identifier: Apache-2.0
/* `pace N [NAME [TO...]]`: which upstreams of the line share which budget of packets (upstream/pace.c). */
#include "base/err.h"
#include "corefile/corefile.h"
#include "plugin/forward/forward.h"

#include <string.h>

enum {
	/* Below this a TCP exchange would be a third of the budget. */
	RATE_MIN = 20,
	NAME_MAX_LEN = 63,
};

static int parse_name(struct cf_cursor *in, const struct forward_reading *r, struct forward_pace *p)
{
	const char *name;
	int err = cf_arg_text(in, "NAME", &name);

	if (err)
		return err;
	if (strlen(name) > NAME_MAX_LEN)
		return cf_fail(in, "the name \"%.70s\" is longer than %d characters", name, NAME_MAX_LEN);
	/* The words of the file are gone when the set is made. */
	p->pace.name = arena_strdup(r->s->arena, name);
	return p->pace.name ? 0 : cf_fail(in, "out of memory");
}

static int parse_to(struct cf_cursor *in, const struct forward_reading *r, struct forward_pace *p)
{
	size_t n = cf_args_left(in);
	struct net_addr *to = arena_alloc(r->s->arena, n * sizeof(*to));
	const struct cf_token *t;

	if (!to)
		return cf_fail(in, "out of memory");
	while (cf_arg(in, &t)) {
		if (forward_address(t->text, FORWARD_PORT, &to[p->n_to]))
			return cf_fail(in, "expected the address of an upstream of this line, found \"%.100s\"", t->text);
		p->n_to++;
	}
	p->to = to;
	return 0;
}

int forward_pace_parse(struct cf_cursor *in, void *reading)
{
	struct forward_reading *r = reading;
	struct forward_pace *p = arena_zalloc(r->s->arena, sizeof(*p));
	int err;

	if (!p)
		return cf_fail(in, "out of memory");
	err = cf_arg_u32(in, "N", RATE_MIN, INT32_MAX, &p->pace.rate);
	if (!err && cf_args_left(in))
		err = parse_name(in, r, p);
	if (!err && cf_args_left(in))
		err = parse_to(in, r, p);
	for (const struct forward_pace *other = r->paces; !err && other; other = other->next) {
		if (!p->n_to && !other->n_to)
			err = cf_fail(in, "\"pace\" for all upstreams is given twice");
	}
	p->next = r->paces;
	r->paces = p;
	return err;
}

static void give(struct forward_pace *p, struct upstream_target *t)
{
	if (!p->pace.name)
		p->pace.name = t->text;
	t->pace = &p->pace;
}

static int assign_named(const struct forward_reading *r, struct forward_pace *p, struct upstream_target *targets)
{
	for (size_t i = 0; i < p->n_to; i++) {
		char text[NET_ADDR_TEXT_MAX];
		struct upstream_target *t = targets, *end = targets + r->rule->config.n_targets;

		while (t < end && !net_addr_equal(&t->addr, &p->to[i]))
			t++;
		(void)net_addr_port_text(&p->to[i], text);
		if (t == end)
			return cf_fail(r->s->in, "\"pace\" names %s, which is no upstream of this line", text);
		if (t->pace)
			return cf_fail(r->s->in, "\"pace\" names %s twice", text);
		give(p, t);
	}
	return 0;
}

int forward_pace_assign(struct forward_reading *r)
{
	/* Made by forward_targets a moment ago, and frozen from here on. */
	struct upstream_target *targets = r->targets;
	unsigned n = r->rule->config.n_targets;

	for (struct forward_pace *p = r->paces; p; p = p->next) {
		int err = assign_named(r, p, targets);

		if (err)
			return err;
	}
	for (struct forward_pace *p = r->paces; p; p = p->next) {
		for (unsigned i = 0; i < n && !p->n_to; i++) {
			if (!targets[i].pace)
				give(p, &targets[i]);
		}
	}
	return 0;
}
