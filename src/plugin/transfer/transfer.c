// SPDX-License-Identifier: Apache-2.0
/* transfer: questions for whole zones. */
#include "plugin/transfer/transfer.h"

#include "base/err.h"
#include "base/log.h"
#include "server/generation.h"
#include "server/transfer.h"
#include "server/worker.h"
#include "wire/name.h"

#include <errno.h>

struct transfer_query {
	struct transfer *t;
};

static int setup(struct setup *s, void *state)
{
	return transfer_setup(s, state);
}

const struct transfer_rule *transfer_rule_of(const struct transfer_plugin *p, const uint8_t *name)
{
	const struct transfer_rule *best = NULL;
	unsigned best_len = 0;

	for (const struct transfer_rule *r = p->rules; r; r = r->next) {
		for (size_t i = 0; i < r->zones.n; i++) {
			if (r->zones.v[i].zone_len > best_len && wire_name_in_zone(name, r->zones.v[i].zone)) {
				best = r;
				best_len = r->zones.v[i].zone_len;
			}
		}
	}
	return best;
}

static bool is_allowed(const struct transfer_rule *r, const struct net_addr *peer)
{
	for (const struct transfer_to *to = r->to; to; to = to->next) {
		if (to->all || net_addr_same_host(&to->addr, peer))
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
	net_addr_text(net_return_peer(&q->from), peer);
	if (transfer_up_to_date(t))
		log_line(LOG_INFO, "plugin/transfer: Outgoing noop, incremental transfer for up to date zone \"%s\" to %s for %u SOA serial",
			 zone, peer, transfer_serial(t));
	else
		log_line(LOG_INFO, "plugin/transfer: Outgoing transfer of %u records of zone \"%s\" to %s for %u SOA serial",
			 transfer_records(t), zone, peer, transfer_serial(t));
}

/* Several messages to one question: what the others (RFC 8484) have no way for. */
static bool takes_several(const struct net_return *r)
{
	return r->stream && (r->transport == TRANSPORT_DNS || r->transport == TRANSPORT_TLS);
}

static enum step refuse(struct query *q, const char *why)
{
	return query_fail(q, RCODE_REFUSED, EDE_PROHIBITED, why, NULL);
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct transfer_plugin *p = state;
	struct transfer_query *tq = scratch;
	const struct transfer_rule *r;
	int err;

	if (likely(q->in.qtype != TYPE_AXFR && q->in.qtype != TYPE_IXFR))
		return STEP_NEXT;
	r = q->in.qclass == CLASS_IN ? transfer_rule_of(p, q->in.qname) : NULL;
	if (!r)
		return STEP_NEXT;
	if (q->kind != QUERY_CLIENT || !takes_several(&q->from))
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
	return transfer_send(tq->t);
}

static enum step reply(const void *state, struct query *q, void *scratch)
{
	struct transfer_query *tq = scratch;

	if (!tq->t)
		return STEP_NEXT;
	if (transfer_complete(tq->t))
		tell(q, tq->t);
	transfer_end(tq->t);
	tq->t = NULL;
	return STEP_NEXT;
}

/* ---------------------------------------------------------------- changes */

static void zone_changed(void *state, const uint8_t *zone)
{
	struct transfer_plugin *p = state;
	const struct transfer_rule *r = transfer_rule_of(p, zone);

	if (r && p->notifier)
		notifier_add(p->notifier, r, zone);
}

static int worker_start(struct worker *w, void *state, void **ret_local)
{
	struct transfer_plugin *p = state;

	(void)ret_local;
	return p->notifier && w->index == 0 ? notifier_start(p->notifier, w) : 0;
}

static void worker_stop(struct worker *w, void *state, void *local)
{
	struct transfer_plugin *p = state;

	(void)local;
	if (p->notifier && w->index == 0)
		notifier_stop(p->notifier);
}

static void free_state(void *state)
{
	struct transfer_plugin *p = state;

	notifier_free(p->notifier);
}

const struct plugin plugin_transfer = {
	.name = "transfer",
	.state_size = sizeof(struct transfer_plugin),
	.query_size = sizeof(struct transfer_query),
	.setup = setup,
	.free = free_state,
	.worker_start = worker_start,
	.worker_stop = worker_stop,
	.query = query,
	.reply = reply,
	.zone_changed = zone_changed,
};
