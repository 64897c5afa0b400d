// SPDX-License-Identifier: Apache-2.0
/* Host names of load balancers, asked one after the other of the whole server.
 *
 * A and AAAA: CNAME and what the target has.  One host name and no address beside it is an alias like any
 * other (server/alias.h); of several a failing one is left out while another has something.  SRV: what is
 * found goes along. */
#include "plugin/k8s_external/k8s_external.h"

#include "server/alias.h"
#include "wire/name.h"

static int append(struct query *q, enum wire_section s, struct query *sub)
{
	int err = 0;

	for (unsigned i = 0; !err && i < reply_wire(sub)->n_section[SECTION_ANSWER]; i++)
		err = reply_copy_rr(q, s, sub, i);
	return err;
}

static bool alone(const struct external_query *eq, const struct query *q)
{
	return q->in.qtype != TYPE_SRV && eq->n_tasks == 1 && !q->reply.rr[SECTION_ANSWER];
}

/* True: go on with the next. */
static bool take(struct external_query *eq, struct query *q, struct query *sub)
{
	const struct external_task *t = &eq->tasks[eq->at];
	uint32_t ttl_s = eq->e->k->set.ttl_s;
	const struct wire_answer *a = query_unserved(sub) ? NULL : reply_wire(sub);
	bool usable = a && sub->reply.rcode == RCODE_NOERROR;
	int err = 0;

	if (alone(eq, q)) {
		alias_reply(q, sub, t->target, ttl_s);
		return false;
	}
	if (q->in.qtype == TYPE_SRV)
		err = usable ? append(q, SECTION_ADDITIONAL, sub) : 0;
	else if (usable || query_unserved(sub))
		err = reply_add(q, SECTION_ANSWER, NULL, TYPE_CNAME, ttl_s, t->target,
				(uint16_t)wire_name_len(t->target));
	if (!err && usable && q->in.qtype != TYPE_SRV) {
		err = append(q, SECTION_ANSWER, sub);
		q->reply.cut |= sub->reply.cut;
	}
	if (err)
		(void)k8s_out_of_memory(q);
	return !err;
}

static void done(struct query *q, struct query *sub, void *arg)
{
	struct external_query *eq = arg;
	bool more = take(eq, q, sub);

	eq->at++;
	if (more && external_chase(eq, q) == K8S_WAITS)
		return;
	query_resume(q, STEP_DONE);
}

enum k8s_outcome external_chase(struct external_query *eq, struct query *q)
{
	for (; eq->at < eq->n_tasks; eq->at++) {
		const struct external_task *t = &eq->tasks[eq->at];

		if (!alias_leads_back(q, t->target) &&
		    !query_sub(q, QUERY_SERVER, t->target, t->type, done, eq))
			return K8S_WAITS;
	}
	if (!q->reply.rr[SECTION_ANSWER])
		(void)query_fail(q, RCODE_SERVFAIL, EDE_NO_REACHABLE_AUTHORITY,
				 "the load balancer's name could not be resolved",
				 "no host name of the load balancer could be resolved");
	return K8S_ANSWERED;
}
