// SPDX-License-Identifier: Apache-2.0
/* transfer: who may have a zone whole.  The zone comes from the first plugin of the block that has it
 * (server/transfer.h). */
#include "server/transfer.h"

#include "base/err.h"
#include "base/log.h"
#include "server/generation.h"
#include "server/zone_list.h"
#include "wire/name.h"

#include <errno.h>
#include <string.h>

struct allowed {
	struct allowed *next;
	bool all;
	struct net_addr addr; /* its port does not count */
};

struct rule {
	struct rule *next;
	struct cf_keys zones;
	struct allowed *to;
};

/* Rule: frozen. */
struct transfer_plugin {
	const struct block *block;
	struct rule *rules, **last;
};

struct transfer_query {
	struct transfer *t;
};

/* ---------------------------------------------------------------- grammar */

/* IP, IP:port, [IP]:port */
static int parse_address(const char *text, struct net_addr *ret)
{
	char host[NET_ADDR_TEXT_MAX];
	const char *end = text[0] == '[' ? strchr(text, ']') : strrchr(text, ':');
	size_t len;

	if (net_addr_parse(text, 0, ret) == 0)
		return 0;
	if (!end)
		return -EINVAL;
	text += text[0] == '[';
	len = (size_t)(end - text);
	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	return net_addr_parse(host, 0, ret);
}

static int parse_to(struct cf_cursor *c, void *state)
{
	struct rule *r = state;
	const struct cf_token *t;

	while (cf_arg(c, &t)) {
		struct allowed *a = arena_zalloc(c->arena, sizeof(*a));

		if (!a)
			return cf_fail(c, "out of memory");
		a->all = !strcmp(t->text, "*");
		if (!a->all && parse_address(t->text, &a->addr))
			return cf_fail(c, "found \"%.100s\", expected an IP address or *", t->text);
		a->next = r->to;
		r->to = a;
	}
	return 0;
}

static const struct cf_option_def options[] = {
	{"to", 1, -1, parse_to, "ADDRESS...|*"},
};

static int read_zones(struct setup *s, struct rule *r)
{
	const struct cf_token *t;
	const struct block *b = s->block;

	if (cf_args_left(s->in)) {
		while (cf_arg(s->in, &t))
			cf_zone_arg(s->arena, t, s->in->errs, &r->zones);
		return 0;
	}
	r->zones.v = arena_zalloc(s->arena, b->n_keys * sizeof(*r->zones.v));
	if (!r->zones.v)
		return cf_fail(s->in, "out of memory");
	for (; r->zones.n < b->n_keys; r->zones.n++) {
		r->zones.v[r->zones.n].zone = b->keys[r->zones.n].zone;
		r->zones.v[r->zones.n].zone_len = b->keys[r->zones.n].zone_len;
	}
	return 0;
}

static int setup(struct setup *s, void *state)
{
	struct transfer_plugin *p = state;

	p->block = s->block;
	p->last = &p->rules;
	while (cf_directive(s->in)) {
		struct rule *r = arena_zalloc(s->arena, sizeof(*r));

		if (!r)
			return cf_fail(s->in, "out of memory");
		if (read_zones(s, r) || cf_options(s->in, options, ARRAY_LEN(options), r))
			return ERR_SYNTAX;
		if (!r->to)
			return cf_fail(s->in, "'to' is required");
		*p->last = r;
		p->last = &r->next;
	}
	return 0;
}

/* ---------------------------------------------------------------- questions */

/* The rule with the longest zone that the name is in. */
static const struct rule *find_rule(const struct transfer_plugin *p, const struct wire_query *in)
{
	const struct rule *best = NULL;
	unsigned best_len = 0;

	for (const struct rule *r = p->rules; r; r = r->next) {
		for (size_t i = 0; i < r->zones.n; i++) {
			if (r->zones.v[i].zone_len > best_len && zone_key_has(&r->zones.v[i], in)) {
				best = r;
				best_len = r->zones.v[i].zone_len;
			}
		}
	}
	return best;
}

static bool is_allowed(const struct rule *r, const struct net_addr *peer)
{
	for (const struct allowed *a = r->to; a; a = a->next) {
		if (a->all || net_addr_same_host(&a->addr, peer))
			return true;
	}
	return false;
}

/* The first plugin that has the zone gives its records: 0, ERR_GONE (nobody has it), another error. */
static int collect(const struct transfer_plugin *p, struct query *q, struct transfer *t)
{
	for (size_t i = 0; i < p->block->n_all; i++) {
		const struct instance *in = &p->block->all[i];
		int err = in->plugin->transfer ? in->plugin->transfer(in->state, q->in.qname, t) : ERR_GONE;

		if (err != ERR_GONE)
			return err == TRANSFER_ENOUGH ? 0 : err;
	}
	return ERR_GONE;
}

static void tell(struct query *q, const struct transfer *t)
{
	char peer[NET_ADDR_TEXT_MAX], zone[WIRE_NAME_TEXT_MAX];

	wire_name_text(q->in.qname, zone);
	log_line(LOG_INFO,
		 "plugin/transfer: Outgoing transfer of %u records of zone \"%s\" to %s for %u SOA serial",
		 transfer_records(t), zone, net_addr_text(net_return_peer(&q->from), peer),
		 transfer_serial(t));
}

static enum step refuse(struct query *q, const char *why)
{
	return query_fail(q, RCODE_REFUSED, EDE_PROHIBITED, why, NULL);
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct transfer_plugin *p = state;
	struct transfer_query *tq = scratch;
	const struct rule *r;
	int err;

	if (likely(q->in.qtype != TYPE_AXFR && q->in.qtype != TYPE_IXFR))
		return STEP_NEXT;
	r = find_rule(p, &q->in);
	if (!r)
		return STEP_NEXT;
	if (q->kind != QUERY_CLIENT || !q->from.stream)
		return refuse(q, "zones are transferred over TCP");
	if (!is_allowed(r, net_return_peer(&q->from)))
		return refuse(q, "this zone is not transferred to your address");
	if (q->in.qtype == TYPE_IXFR && !q->in.has_soa) /* RFC 1995 3 */
		return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "an IXFR needs the SOA that the client has",
				  NULL);
	tq->t = transfer_begin(q, q->in.qtype == TYPE_IXFR ? &q->in.soa_serial : NULL);
	err = tq->t ? collect(p, q, tq->t) : -ENOMEM;
	if (err == ERR_GONE)
		return STEP_NEXT;
	if (err)
		return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "the zone could not be put together",
				  "transfer: %s", err_text(err));
	tell(q, tq->t);
	return transfer_send(tq->t);
}

static enum step reply(const void *state, struct query *q, void *scratch)
{
	struct transfer_query *tq = scratch;

	transfer_end(tq->t);
	tq->t = NULL;
	return STEP_NEXT;
}

const struct plugin plugin_transfer = {
	.name = "transfer",
	.state_size = sizeof(struct transfer_plugin),
	.query_size = sizeof(struct transfer_query),
	.setup = setup,
	.query = query,
	.reply = reply,
};
