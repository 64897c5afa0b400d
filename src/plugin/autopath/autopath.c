// SPDX-License-Identifier: Apache-2.0
#include "plugin/autopath/autopath.h"

#include "base/err.h"
#include "base/log.h"
#include "server/alias.h"
#include "server/block_series.h"
#include "server/generation.h"
#include "wire/name.h"

#include <errno.h>
#include <string.h>

static const struct metric_desc success_desc = {
	.name = "coredns_autopath_success_total",
	.help = "Counter of requests that did autopath.",
	.kind = METRIC_COUNTER,
	.labels = "server",
};

/* ---------------------------------------------------------------- life */

static bool has_plugin(const struct block *b, const char *name)
{
	for (size_t i = 0; i < b->n_all; i++) {
		if (!strcmp(b->all[i].plugin->name, name))
			return true;
	}
	return false;
}

static int find_source(struct autopath *a)
{
	if (!a->plugin)
		return 0;
	if (!strcmp(a->plugin, "kubernetes"))
		a->k = k8s_of_block(a->block);
	if (a->k)
		return 0;
	if (has_plugin(a->block, a->plugin)) {
		log_line(LOG_ERROR,
			 "plugin/autopath: %s does not implement the AutoPather interface: expected "
			 "@kubernetes",
			 a->plugin);
		return -EINVAL;
	}
	log_line(LOG_WARNING,
		 "plugin/autopath: there is no plugin %s in this server block: nothing is completed",
		 a->plugin);
	return 0;
}

static int start(struct generation *gen, void *state)
{
	struct autopath *a = state;
	int err = find_source(a);

	if (err)
		return err;
	a->success = block_series(gen, a->block, &success_desc, (const char *[]){NULL});
	return a->success ? 0 : -ENOMEM;
}

/* ---------------------------------------------------------------- whose path */

/* The namespace of all pods that have the client's address; false: there is none, or not one alone (pods
 * on the host's network have the node's address).  A guess would complete names with other people's
 * services. */
static bool find_namespace(struct autopath_query *p, const struct query *q, struct arena *arena)
{
	struct kube_addr_iter it;
	const struct kube_pod *pod;
	const struct kube_ns *ns = NULL;
	uint8_t addr[16];
	unsigned len = k8s_peer_addr(q, addr);

	it = kube_addr_find(p->a->k->store, KUBE_BY_POD, addr, len);
	while ((pod = kube_addr_next_pod(&it))) {
		if (ns && ns != pod->ns)
			return false;
		ns = pod->ns;
	}
	if (!ns)
		return false;
	p->ns = arena_copy(arena, ns->name, ns->name_len); /* it outlives this turn */
	p->ns_len = ns->name_len;
	return p->ns != NULL;
}

static bool in_zones(const struct autopath *a, const struct query *q)
{
	for (size_t i = 0; i < a->zones.n; i++) {
		if (zone_key_has(&a->zones.v[i], &q->in))
			return true;
	}
	return false;
}

/* What is before the first domain of the path; 0: the name is not below it, or is that domain itself. */
static uint8_t base_of(const struct autopath_query *p, const struct query *q)
{
	uint8_t first[WIRE_NAME_MAX];
	size_t len = autopath_element(p, 0, first);
	int left = len > 1 ? k8s_labels_left(&q->in, first, (unsigned)len) : -1;

	return left > 0 ? q->in.label_off[left] : 0;
}

static void find_path(struct autopath_query *p, struct query *q)
{
	struct k8s_ask ask;

	if (p->a->plugin) {
		if (!k8s_ask_begin(&ask, p->a->k, q) || !find_namespace(p, q, &q->arena))
			return;
		p->zone = ask.zone;
	}
	p->base_len = base_of(p, q);
	p->at = 1;
}

/* ---------------------------------------------------------------- down */

static void go_on(struct query *q, void *arg)
{
	find_path(arg, q);
	query_resume(q, STEP_NEXT);
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	const struct autopath *a = state;
	struct autopath_query *p = scratch;
	struct k8s_ask ask;

	if ((a->plugin && (!a->k || a->k->set.pods != K8S_PODS_VERIFIED)) || !in_zones(a, q))
		return STEP_NEXT;
	p->a = a;
	if (a->k && unlikely(k8s_unsynced(a->k)) && k8s_ask_begin(&ask, a->k, q) &&
	    k8s_wait(&p->wait, a->k, q, go_on, p))
		return STEP_WAIT;
	find_path(p, q);
	return STEP_NEXT;
}

/* ---------------------------------------------------------------- up */

static bool is_absent(const struct query *q)
{
	return !q->dropped && q->reply.form != REPLY_NONE && q->reply.rcode == RCODE_NXDOMAIN;
}

/* Start the question for the next element; false: there is none, or no room for more. */
static bool ask_next(struct autopath_query *p, struct query *q);

/* The sub-query's answer under the name that was asked for. */
static void give(struct autopath_query *p, struct query *q, struct query *sub)
{
	const struct wire_answer *a = reply_wire(sub);
	const uint8_t *name = arena_copy(&q->arena, sub->question, sub->in.qname_len);
	struct reply r = sub->reply;
	int err = a && name ? 0 : -ENOMEM;

	reply_begin(q, r.rcode, r.aa);
	if (!err && a->n_section[SECTION_ANSWER])
		err = reply_add(q, SECTION_ANSWER, NULL, TYPE_CNAME,
				r.ttl_fixed ? r.ttl_s : wire_answer_rr(a, 0).ttl_s, name, sub->in.qname_len);
	if (!err)
		err = reply_copy_all(q, sub);
	if (err) {
		(void)k8s_out_of_memory(q);
		return;
	}
	q->reply.ra = r.ra;
	q->reply.ad = r.ad;
	q->reply.cut = r.cut;
	q->reply.no_store = r.no_store;
	q->reply.ede = r.ede;
	q->reply.ede_text = r.ede_text ? arena_strdup(&q->arena, r.ede_text) : NULL;
	q->error = sub->error ? arena_strdup(&q->arena, sub->error) : NULL;
	if (r.rcode == RCODE_NOERROR)
		block_count(q, p->a->success);
}

static void done(struct query *q, struct query *sub, void *arg)
{
	struct autopath_query *p = arg;

	if (is_absent(sub) && ask_next(p, q))
		return;
	if (sub->dropped || sub->reply.form == REPLY_NONE)
		(void)query_drop(q);
	else if (!is_absent(sub))
		give(p, q, sub);
	query_resume(q, STEP_NEXT);
}

static bool ask_next(struct autopath_query *p, struct query *q)
{
	uint8_t name[WIRE_NAME_MAX], element[WIRE_NAME_MAX];
	size_t len;

	while ((len = autopath_element(p, p->at, element))) {
		p->at++;
		if (p->base_len + len > WIRE_NAME_MAX)
			continue;
		memcpy(name, q->question, p->base_len);
		memcpy(name + p->base_len, element, len);
		return !query_sub(q, QUERY_CHAIN, name, q->in.qtype, done, p);
	}
	return false;
}

static enum step reply(const void *state, struct query *q, void *scratch)
{
	struct autopath_query *p = scratch;

	k8s_wait_end(&p->wait, q);
	if (!p->base_len || p->at != 1)
		return STEP_NEXT;
	if (!is_absent(q)) {
		if (q->reply.form != REPLY_NONE && q->reply.rcode == RCODE_NOERROR)
			block_count(q, p->a->success);
		return STEP_NEXT;
	}
	/* The first answer goes out if no other comes: in wire form it points to nothing that may change
	 * meanwhile. */
	if (!reply_wire(q))
		return STEP_NEXT;
	q->reply.form = REPLY_WIRE;
	return ask_next(p, q) ? STEP_WAIT : STEP_NEXT;
}

const struct plugin plugin_autopath = {
	.name = "autopath",
	.state_size = sizeof(struct autopath),
	.query_size = sizeof(struct autopath_query),
	.setup = autopath_setup,
	.start = start,
	.query = query,
	.reply = reply,
	.makes_answers = true,
};
