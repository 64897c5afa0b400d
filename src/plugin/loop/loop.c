// SPDX-License-Identifier: Apache-2.0
#include "plugin/loop/loop.h"

#include "base/err.h"
#include "base/log.h"
#include "base/rng.h"
#include "corefile/corefile.h"
#include "server/generation.h"
#include "server/lifecycle.h"
#include "server/query.h"
#include "server/worker.h"
#include "wire/name.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- setup */

/* "1112758405234231091.2844873611208908652." and the zone: 124 bits that nobody guesses. */
static void make_name(struct loop_check *c, struct rng *rng, const uint8_t *zone, int i)
{
	uint8_t *out = c->names[i];
	size_t zone_len = wire_name_len(zone);

	for (int k = 0; k < 2; k++) {
		uint64_t n;
		int len;

		rng_bytes(rng, &n, sizeof(n));
		len = snprintf((char *)out + 1, 24, "%" PRIu64, n >> 2);
		*out = (uint8_t)len;
		out += 1 + len;
	}
	memcpy(out, zone, zone_len);
	c->name_len[i] = (uint8_t)((size_t)(out - c->names[i]) + zone_len);
}

static int prepare(struct setup *s, struct loop_check *c)
{
	const struct zone_key *key;
	struct rng rng;

	c->block = s->block;
	c->watch = arena_zalloc(s->arena, sizeof(*c->watch));
	c->names = arena_alloc(s->arena, LOOP_TRIES * sizeof(*c->names));
	if (!c->watch || !c->names)
		return cf_fail(s->in, "out of memory");
	c->watch->active = -1;
	if (!s->block->n_keys) /* its keys were wrong; that has been told */
		return 0;
	key = &s->block->keys[0];
	c->zone_text = key->text;
	if (key->zone_len > WIRE_NAME_MAX - 2 * 20)
		return cf_fail(s->in, "zone \"%s\" is too long for names below it", key->text);
	rng_init(&rng);
	for (int i = 0; i < LOOP_TRIES; i++)
		make_name(c, &rng, key->zone, i);
	return 0;
}

static int setup(struct setup *s, void *state)
{
	int r;

	(void)cf_directive(s->in); /* there is one, or setup were not called */
	r = cf_no_more_args(s->in) || cf_no_block(s->in) ? ERR_SYNTAX : prepare(s, state);
	return cf_directive(s->in) ? cf_fail(s->in, "stands twice in this server block; one is allowed") : r;
}

/* ---------------------------------------------------------------- where to ask */

/* What carries the block's first zone, by plain DNS. */
static const struct listener *listener_of(const struct generation *gen, const struct block *b)
{
	const struct zone_key *k = &b->keys[0];

	for (size_t i = 0; i < gen->n_listeners; i++) {
		const struct listener *l = &gen->listeners[i];

		if (l->transport != TRANSPORT_DNS || k->transport != TRANSPORT_DNS || k->port != net_addr_port(&l->at))
			continue;
		if (b->bind_set ? net_addr_same_host(&b->binds[0], &l->at) : l->wildcard)
			return l;
	}
	return NULL;
}

static int start(struct generation *gen, void *state)
{
	struct loop_check *c = state;
	const struct listener *l = listener_of(gen, c->block);

	c->gen = gen;
	if (!l)
		return 0; /* no plain DNS: a forwarder does not come back that way */
	c->can_ask = true;
	c->target = l->at;
	/* [::] takes IPv4 too, also where the loopback interface has no IPv6. */
	if (net_addr_is_any(&l->at) && net_addr_parse("127.0.0.1", net_addr_port(&l->at), &c->target))
		return -EINVAL;
	c->target_text = strstr(l->text, "://") + 3;
	return 0;
}

static int worker_start(struct worker *w, void *state, void **ret_local)
{
	struct loop_check *c = state;

	if (w->index != 0 || !c->can_ask)
		return 0;
	*ret_local = loop_probe_new(w, c);
	return *ret_local ? 0 : -ENOMEM;
}

static void worker_stop(struct worker *w, void *state, void *local)
{
	if (local)
		loop_probe_free(local);
}

/* ---------------------------------------------------------------- counting */

static void found(const struct loop_check *c, const struct query *q)
{
	char peer[NET_ADDR_TEXT_MAX], name[WIRE_NAME_TEXT_MAX];

	wire_name_text(q->in.qname, name);
	log_line(LOG_FATAL,
		 "plugin/loop: Loop (%s -> %s) detected for zone \"%s\", see "
		 "https://coredns.io/plugins/loop#troubleshooting. Query: \"HINFO %s\"",
		 net_addr_port_text(net_return_peer(&q->from), peer), c->target_text, c->zone_text,
		 name);
	lifecycle_fail();
}

static bool is_name(const struct loop_check *c, const struct query *q, int i)
{
	return i >= 0 && q->in.qname_len == c->name_len[i] &&
	       memcmp(q->in.qname, c->names[i], c->name_len[i]) == 0;
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct loop_check *c = state;

	if (likely(q->in.qtype != TYPE_HINFO) || q->kind != QUERY_CLIENT)
		return STEP_NEXT;
	if (!is_name(c, q, __atomic_load_n(&c->watch->active, __ATOMIC_ACQUIRE)))
		return STEP_NEXT;
	if (__atomic_add_fetch(&c->watch->seen, 1, __ATOMIC_RELAXED) == LOOP_SEEN_MAX + 1)
		found(c, q);
	return STEP_NEXT;
}

const struct plugin plugin_loop = {
	.name = "loop",
	.state_size = sizeof(struct loop_check),
	.setup = setup,
	.start = start,
	.worker_start = worker_start,
	.worker_stop = worker_stop,
	.query = query,
};
