// SPDX-License-Identifier: Apache-2.0
/* SRV answers of a few records, which are nearly all: gathered on the stack, compared one by one and written
 * in wire form at once (wire/plain.h).  What they hold and its order are srv.c's. */
#include "plugin/kubernetes/kubernetes.h"

#include <string.h>

void k8s_srv_quick_begin(struct k8s_srv_quick *s, const struct k8s_ask *a, unsigned pairs)
{
	s->filter = &a->name;
	s->wire.n = s->wire.n_addresses = 0;
	s->wire.ttl_s = s->wire.address_ttl_s = a->k->set.ttl_s;
	s->wire.weight = k8s_srv_weight(pairs);
}

static bool same_target(const struct wire_plain_srv *r, const uint8_t *target, size_t len)
{
	return r->target_len == len && (r->target == target || !memcmp(r->target, target, len));
}

static void add_record(struct wire_plain_srvs *w, const uint8_t *target, size_t len, uint16_t port)
{
	for (unsigned i = 0; i < w->n; i++) {
		if (w->srv[i].port == port && same_target(&w->srv[i], target, len))
			return;
	}
	w->srv[w->n++] = (struct wire_plain_srv){target, (uint16_t)len, port};
}

static void add_address(struct wire_plain_srvs *w, const uint8_t *target, size_t len, const uint8_t *addr,
			unsigned addr_len)
{
	unsigned srv = 0;

	while (!same_target(&w->srv[srv], target, len)) /* its records were added before */
		srv++;
	for (unsigned i = 0; i < w->n_addresses; i++) {
		const struct wire_plain_target_address *t = &w->address[i];

		if (t->srv == srv && t->size == addr_len && !memcmp(t->addr, addr, addr_len))
			return;
	}
	w->address[w->n_addresses++] = (struct wire_plain_target_address){addr, (uint8_t)addr_len, (uint8_t)srv};
}

void k8s_srv_quick_add(struct k8s_srv_quick *s, struct kube_port_iter ports, const uint8_t *target, size_t len,
		       const uint8_t *addr, unsigned addr_len)
{
	struct kube_port p;
	bool any = false;

	while (kube_port_next(&ports, &p)) {
		if (p.pseudo || !k8s_port_matches(s->filter, &p))
			continue;
		any = true;
		add_record(&s->wire, target, len, p.port);
	}
	if (any)
		add_address(&s->wire, target, len, addr, addr_len);
}

enum k8s_outcome k8s_srv_quick_end(const struct k8s_srv_quick *s, struct query *q)
{
	uint16_t flags = (uint16_t)(FLAG_AA | (q->in.flags & FLAG_OPCODE));
	const struct wire_answer *w;

	if (!s->wire.n)
		return K8S_NODATA;
	w = wire_plain_services(&q->arena, q->question, q->in.question_len, flags, &s->wire);
	if (!w)
		return K8S_NO_MEMORY;
	reply_set_wire(q, w);
	return K8S_ANSWERED;
}
