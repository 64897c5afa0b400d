// SPDX-License-Identifier: Apache-2.0
/* ns1.APEX: the external addresses of the services that have this server as an endpoint; where none has, its
 * own. */
#include "plugin/k8s_external/k8s_external.h"

#include <errno.h>

struct servers {
	const struct k8s_external *e;
	external_server_fn *fn;
	void *arg;
	bool found;
};

static int give_endpoints(struct servers *s, const struct kube_name *n)
{
	const struct kube_slice *slice = kube_name_slices(n);
	struct kube_endpoint e;
	int err = 0;

	for (; slice && !err; slice = kube_slice_next(slice)) {
		struct kube_endpoint_iter it = kube_slice_endpoints(slice);

		while (!err && kube_endpoint_next(&it, &e))
			err = s->fn(s->arg, e.addr, e.addr_len);
	}
	return err;
}

static int give_service(struct servers *s, const struct kube_name *n)
{
	const struct kube_service *svc = n ? kube_name_service(n) : NULL;
	struct kube_external_iter it;
	struct kube_external x;
	int err = 0;

	if (!svc)
		return 0;
	if (s->e->headless && svc->type == KUBE_HEADLESS)
		return give_endpoints(s, n);
	it = kube_service_externals(svc);
	while (!err && kube_external_next(&it, &x)) {
		if (x.addr_len)
			err = s->fn(s->arg, x.addr, x.addr_len);
	}
	return err;
}

static int by_address(struct servers *s, const uint8_t *addr, unsigned len)
{
	struct kube_addr_iter it = kube_addr_find(s->e->k->store, KUBE_BY_ENDPOINT, addr, len);
	const struct kube_slice *slice;
	int err = 0;

	while (!err && (slice = kube_addr_next_slice(&it))) {
		s->found = true;
		err = give_service(s, slice->name);
	}
	return err;
}

static int itself(struct servers *s, const uint8_t *addr, unsigned len)
{
	return s->fn(s->arg, addr, len);
}

/* Each local address in turn. */
static int each_local(struct servers *s, int (*fn)(struct servers *s, const uint8_t *addr, unsigned len))
{
	const struct kubernetes *k = s->e->k;
	const uint8_t *addr;
	int err = 0;

	for (unsigned i = 0; !err && i < k->n_local; i++) {
		unsigned len = k8s_local_bytes(&k->local[i], &addr);

		err = fn(s, addr, len);
	}
	return err;
}

int external_each_server(const struct k8s_external *e, external_server_fn *fn, void *arg)
{
	struct servers s = {.e = e, .fn = fn, .arg = arg};
	int err = each_local(&s, by_address);

	return err || s.found ? err : each_local(&s, itself);
}

/* ---------------------------------------------------------------- answers */

struct answer {
	struct external_ask *a;
	const uint8_t *owner;
	struct k8s_seen seen;
};

static int add(void *arg, const uint8_t *addr, unsigned len)
{
	struct answer *s = arg;
	struct query *q = s->a->q;
	uint16_t type = len == 4 ? TYPE_A : TYPE_AAAA;

	if ((!s->owner && type != q->in.qtype) || !k8s_seen_add(&s->seen, k8s_seen_key(addr, len, addr, 1)))
		return 0;
	addr = arena_copy(&q->arena, addr, len);
	if (!addr)
		return -ENOMEM;
	return reply_add(q, s->owner ? SECTION_ADDITIONAL : SECTION_ANSWER, s->owner, type, s->a->e->ttl_s,
			 addr, (uint16_t)len);
}

enum k8s_outcome external_servers(struct external_ask *a, const uint8_t *owner)
{
	enum { ADDRESSES_TYPICAL = 256 };
	struct answer s = {.a = a, .owner = owner};

	if (!k8s_seen_init(&s.seen, &a->q->arena, ADDRESSES_TYPICAL) || external_each_server(a->e, add, &s))
		return K8S_NO_MEMORY;
	return a->q->reply.rr[SECTION_ANSWER] ? K8S_ANSWERED : K8S_NODATA;
}
