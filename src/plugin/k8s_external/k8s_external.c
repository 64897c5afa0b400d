// SPDX-License-Identifier: Apache-2.0
#include "plugin/k8s_external/k8s_external.h"

#include "base/log.h"
#include "server/generation.h"
#include "wire/reverse.h"

#include <errno.h>
#include <string.h>

static int start(struct generation *gen, void *state)
{
	struct k8s_external *e = state;

	e->k = k8s_of_block(e->block);
	if (e->k)
		return 0;
	log_line(LOG_ERROR, "plugin/k8s_external: kubernetes plugin not loaded: it takes its data from that "
			    "of the same block");
	return -ENOENT;
}

/* ---------------------------------------------------------------- apex */

struct wire_plain_soa external_soa_of(const struct k8s_external *e)
{
	return (struct wire_plain_soa){
		.mname = e->mname,
		.mname_len = e->mname_len,
		.rname = e->rname,
		.rname_len = e->rname_len,
		.ttl_s = e->ttl_s,
		.serial = kube_store_serial(e->k->store, KUBE_SERIAL_EXTERNAL),
		.refresh_s = 7200,
		.retry_s = 1800,
		.expire_s = 86400,
		.minimum_s = e->ttl_s,
	};
}

static enum k8s_outcome apex_soa(struct external_ask *a)
{
	struct wire_plain_soa soa = external_soa_of(a->e);
	size_t len;
	uint8_t *rdata = k8s_soa_rdata(&a->q->arena, &soa, a->q->question, &len);

	reply_begin(a->q, RCODE_NOERROR, true);
	if (!rdata || reply_add(a->q, SECTION_ANSWER, NULL, TYPE_SOA, soa.ttl_s, rdata, (uint16_t)len))
		return K8S_NO_MEMORY;
	return K8S_ANSWERED;
}

static enum k8s_outcome apex_ns(struct external_ask *a)
{
	struct k8s_part parts[] = {K8S_PART("ns1"), {a->e->apex.s, a->e->apex.len}};
	size_t len;
	uint8_t *name = k8s_compose(&a->q->arena, 0, parts, ARRAY_LEN(parts), a->q->question, &len);

	reply_begin(a->q, RCODE_NOERROR, true);
	if (!name || reply_add(a->q, SECTION_ANSWER, NULL, TYPE_NS, a->e->ttl_s, name, (uint16_t)len))
		return K8S_NO_MEMORY;
	return external_servers(a, name);
}

static enum k8s_outcome apex(struct external_ask *a)
{
	if (a->q->in.qtype == TYPE_SOA)
		return apex_soa(a);
	return a->q->in.qtype == TYPE_NS ? apex_ns(a) : K8S_NODATA;
}

static bool label_is(const struct query *q, unsigned i, const void *text, size_t len)
{
	const uint8_t *l = q->in.qname + q->in.label_off[i];

	return *l == len && !memcmp(l + 1, text, len);
}

/* APEX.ZONE and ns1.APEX.ZONE. */
static enum k8s_outcome below_apex(struct external_ask *a)
{
	if (a->left == 1)
		return K8S_NODATA;
	if (a->left > 2 || !label_is(a->q, 0, "ns1", 3))
		return K8S_NXDOMAIN;
	if (a->q->in.qtype != TYPE_A && a->q->in.qtype != TYPE_AAAA)
		return K8S_NODATA;
	reply_begin(a->q, RCODE_NOERROR, true);
	return external_servers(a, NULL);
}

/* ---------------------------------------------------------------- services */

static enum k8s_outcome service(struct external_ask *a)
{
	enum k8s_outcome o = external_find(a);

	if (o != K8S_ANSWERED)
		return o;
	switch (a->q->in.qtype) {
	case TYPE_A:
	case TYPE_AAAA:
		return external_addresses(a);
	case TYPE_SRV:
		return external_srv(a);
	default:
		return K8S_NODATA;
	}
}

static enum step settle(struct external_ask *a, enum k8s_outcome o, bool may_fall)
{
	struct wire_plain_soa soa = external_soa_of(a->e);

	if (o == K8S_ANSWERED)
		return STEP_DONE;
	if (o == K8S_WAITS)
		return STEP_WAIT;
	if (o == K8S_NO_MEMORY)
		return k8s_out_of_memory(a->q);
	if (o == K8S_NODATA)
		return k8s_deny(a->q, RCODE_NOERROR, a->zone_off, &soa);
	if (may_fall && a->e->has_fallthrough && zone_list_has(&a->e->fallthrough, &a->q->in))
		return STEP_NEXT;
	return k8s_deny(a->q, may_fall && k8s_unsynced(a->e->k) ? RCODE_SERVFAIL : RCODE_NXDOMAIN,
			a->zone_off, &soa);
}

/* ---------------------------------------------------------------- hooks */

static bool begin(struct external_ask *a, const struct k8s_external *e, struct query *q,
		  struct external_query *eq)
{
	for (size_t i = 0; i < e->keys.n; i++) {
		int left = k8s_labels_left(&q->in, e->zones[i]->zone, e->zones[i]->zone_len);

		if (left < 0)
			continue;
		*a = (struct external_ask){.e = e, .q = q, .eq = eq, .left = (unsigned)left};
		a->zone_off = (unsigned)q->in.qname_len - e->zones[i]->zone_len;
		eq->e = e;
		return true;
	}
	return false;
}

static enum step answer(struct external_ask *a)
{
	uint8_t addr[16];
	unsigned len;

	if (a->left == 0)
		return settle(a, apex(a), false);
	if (label_is(a->q, a->left - 1, a->e->apex.s, a->e->apex.len))
		return settle(a, below_apex(a), false);
	len = a->q->in.qtype == TYPE_PTR ? wire_reverse_addr(&a->q->in, addr) : 0;
	return settle(a, len ? external_ptr(a, addr, len) : service(a), true);
}

static void answer_late(struct query *q, void *arg)
{
	struct external_query *eq = arg;
	struct external_ask a;
	enum step s = STEP_NEXT;

	if (begin(&a, eq->e, q, eq))
		s = answer(&a);
	if (s != STEP_WAIT)
		query_resume(q, s);
}

static enum step query(const void *state, struct query *q, void *scratch)
{
	struct external_query *eq = scratch;
	struct external_ask a;

	if (!begin(&a, state, q, eq))
		return STEP_NEXT;
	if (q->in.qtype == TYPE_AXFR || q->in.qtype == TYPE_IXFR)
		return query_fail(q, RCODE_REFUSED, EDE_PROHIBITED, "zone transfers are not allowed here",
				  NULL);
	if (unlikely(k8s_unsynced(a.e->k)) && a.left && k8s_wait(&eq->wait, a.e->k, q, answer_late, eq))
		return STEP_WAIT;
	return answer(&a);
}

static enum step reply(const void *state, struct query *q, void *scratch)
{
	k8s_wait_end(&((struct external_query *)scratch)->wait, q);
	return STEP_NEXT;
}

const struct plugin plugin_k8s_external = {
	.name = "k8s_external",
	.state_size = sizeof(struct k8s_external),
	.query_size = sizeof(struct external_query),
	.setup = external_setup,
	.start = start,
	.query = query,
	.reply = reply,
	.transfer = external_transfer,
	.makes_answers = true,
};
