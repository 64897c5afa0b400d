// SPDX-License-Identifier: Apache-2.0
/* ExternalName: a CNAME, and what its target has (server/alias.h). */
#include "plugin/kubernetes/kubernetes.h"

#include "kube/object.h"
#include "server/alias.h"
#include "wire/name.h"

#include <string.h>

int k8s_external_target(const struct kube_service *svc, uint8_t out[WIRE_NAME_MAX])
{
	struct kube_str text = kube_service_external_name(svc);
	char copy[WIRE_NAME_MAX + 1];

	if (text.len == 0 || text.len > WIRE_NAME_MAX || kube_addr_parse(text.s, text.len).len)
		return 0;
	memcpy(copy, text.s, text.len);
	copy[text.len] = '\0';
	int len = wire_name_from_text(copy, out);
	return len > 0 ? len : 0;
}

static void done(struct query *q, struct query *sub, void *arg)
{
	const struct kubernetes *k = arg;
	const uint8_t *target = arena_copy(&q->arena, sub->question, sub->in.qname_len);

	if (target)
		alias_reply(q, sub, target, k->set.ttl_s);
	else
		(void)query_fail(q, RCODE_SERVFAIL, EDE_OTHER, "server is at its memory limit",
				 "out of query memory");
	query_resume(q, STEP_DONE);
}

static enum k8s_outcome cname_alone(struct k8s_ask *a, const uint8_t *target, size_t len)
{
	const uint8_t *copy = arena_copy(&a->q->arena, target, len);

	reply_begin(a->q, RCODE_NOERROR, true);
	if (!copy || reply_add(a->q, SECTION_ANSWER, NULL, TYPE_CNAME, a->k->set.ttl_s, copy, (uint16_t)len))
		return K8S_NO_MEMORY;
	return K8S_ANSWERED;
}

enum k8s_outcome k8s_external_name(struct k8s_ask *a, const struct kube_service *svc)
{
	uint8_t target[WIRE_NAME_MAX];
	struct query *q = a->q;
	int len = a->name.qualified ? 0 : k8s_external_target(svc, target);

	if (!len)
		return K8S_NXDOMAIN;
	if (q->in.qtype == TYPE_CNAME || q->in.qtype == TYPE_ANY)
		return cname_alone(a, target, (size_t)len);
	if (!alias_leads_back(q, target) &&
	    !query_sub(q, QUERY_SERVER, target, q->in.qtype, done, (void *)(uintptr_t)a->k))
		return K8S_WAITS;
	(void)alias_loop(q);
	return K8S_ANSWERED;
}
