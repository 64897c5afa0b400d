// SPDX-License-Identifier: Apache-2.0
/* Replies that say what is not there. */
#include "plugin/kubernetes/kubernetes.h"

enum step k8s_out_of_memory(struct query *q)
{
	return query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "server is at its memory limit",
			  "out of query memory");
}

enum step k8s_deny(struct query *q, unsigned rcode, unsigned zone_off, const struct wire_plain_soa *soa)
{
	uint16_t flags = (uint16_t)(FLAG_AA | (q->in.flags & FLAG_OPCODE));
	const struct wire_answer *w =
		wire_plain_denial(&q->arena, q->question, q->in.question_len, flags, rcode, zone_off, soa);

	if (!w)
		return k8s_out_of_memory(q);
	reply_set_wire(q, w);
	if (rcode != RCODE_SERVFAIL)
		return STEP_DONE;
	q->reply.ede = EDE_NOT_READY;
	q->reply.ede_text = "the cluster has not been read yet";
	q->reply.no_store = true;
	return STEP_DONE;
}
