// SPDX-License-Identifier: Apache-2.0
/* The hook: what an answer needs done. */
#include "plugin/loadbalance/loadbalance.h"

#include "base/rcu.h"
#include "server/background.h"

static bool ordered(const struct query *q)
{
	return !q->dropped && q->reply.form != REPLY_NONE && q->reply.rcode == RCODE_NOERROR && q->in.qtype != TYPE_AXFR &&
	       q->in.qtype != TYPE_IXFR;
}

static bool is_address(uint16_t type)
{
	return type == TYPE_A || type == TYPE_AAAA;
}

/* Two addresses at least in the additional section. */
static bool wire_additional(const struct wire_answer *a)
{
	unsigned n = 0;

	for (unsigned i = a->n_rr - a->n_section[SECTION_ADDITIONAL]; i < a->n_rr && n < 2; i++)
		n += is_address(wire_answer_rr(a, i).type);
	return n > 1;
}

/* Something that turning the run of addresses does not do. */
static bool wire_needs_records(const struct wire_answer *a)
{
	if (a->n_section[SECTION_ADDITIONAL] > 1 && wire_additional(a))
		return true;
	return a->final_count > 1 && !a->run_count && wire_answer_rr(a, a->final_first).type == TYPE_MX;
}

static bool wire_has_choice(const struct wire_answer *a)
{
	return a->run_count > 1 || (a->n_section[SECTION_ADDITIONAL] > 1 && wire_additional(a));
}

/* One RRset of addresses: it is turned while it is written. */
static bool is_one_run(const struct query *q)
{
	const struct reply_rr *rr = q->reply.rr[SECTION_ANSWER];
	uint16_t type = rr ? rr->type : 0;

	while (rr && rr->type == type)
		rr = rr->next;
	return !rr && is_address(type) && !q->reply.rr[SECTION_ADDITIONAL];
}

static void shuffle(struct query *q)
{
	/* A single address is the usual case: it draws no number. */
	q->reply.rotate = q->reply.form != REPLY_WIRE || q->reply.wire->run_count > 1;
	if (q->reply.form == REPLY_WIRE ? !wire_needs_records(q->reply.wire) : is_one_run(q))
		return;
	if (reply_records(q))
		return;
	order_shuffled(q, SECTION_ANSWER);
	order_shuffled(q, SECTION_ADDITIONAL);
}

static void choose(const struct loadbalance *lb, struct query *q)
{
	const struct weights *w = rcu_get(lb->weights);

	if (q->in.qtype != TYPE_A && q->in.qtype != TYPE_AAAA && q->in.qtype != TYPE_SRV)
		return;
	if (q->reply.form == REPLY_WIRE && !wire_has_choice(q->reply.wire))
		return;
	if (reply_records(q))
		return;
	order_weighted(q, SECTION_ANSWER, w);
	order_weighted(q, SECTION_ADDITIONAL, w);
	q->reply.keep_order = true;
}

static void prefer(const struct loadbalance *lb, struct query *q)
{
	if (q->reply.form == REPLY_WIRE && !wire_has_choice(q->reply.wire))
		return;
	if (reply_records(q))
		return;
	order_shuffled(q, SECTION_ANSWER);
	order_shuffled(q, SECTION_ADDITIONAL);
	order_preferred(q, SECTION_ANSWER, lb);
	order_preferred(q, SECTION_ADDITIONAL, lb);
	q->reply.rotate = false;
	q->reply.keep_order = true;
}

static enum step reply(const void *state, struct query *q, void *scratch)
{
	const struct loadbalance *lb = state;

	if (!ordered(q))
		return STEP_NEXT;
	if (lb->policy == LOADBALANCE_WEIGHTED) {
		choose(lb, q);
		return STEP_NEXT;
	}
	shuffle(q);
	if (lb->n_prefer)
		prefer(lb, q);
	return STEP_NEXT;
}

static int start(struct generation *gen, void *state)
{
	struct loadbalance *lb = state;

	return lb->policy == LOADBALANCE_WEIGHTED && lb->reload_ns ? weights_file_watch(lb) : 0;
}

static void stop(void *state)
{
	struct loadbalance *lb = state;

	background_stop(lb->task);
	lb->task = NULL;
}

static void free_state(void *state)
{
	struct loadbalance *lb = state;

	weights_free(lb->weights);
	lb->weights = NULL;
}

const struct plugin plugin_loadbalance = {
	.name = "loadbalance",
	.state_size = sizeof(struct loadbalance),
	.setup = loadbalance_setup,
	.free = free_state,
	.start = start,
	.stop = stop,
	.reply = reply,
};
