// SPDX-License-Identifier: Apache-2.0
/* Addresses as text, and the tables by address. */
#include "kube/store_internal.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct kube_addr kube_addr_parse(const char *text, size_t len)
{
	struct kube_addr a = {0};
	char copy[INET6_ADDRSTRLEN];

	a.host = (struct kube_str){text, (uint32_t)len};
	if (len >= sizeof(copy) || len == 0)
		return a;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (strlen(copy) != len)
		return a;
	if (inet_pton(AF_INET, copy, a.bytes) == 1) {
		a.len = 4;
	} else if (inet_pton(AF_INET6, copy, a.bytes) == 1) {
		a.len = 16;
		if (memcmp(a.bytes, mapped, sizeof(mapped)) == 0) {
			memmove(a.bytes, a.bytes + 12, 4);
			a.len = 4;
		}
	}
	return a;
}

/* ---------------------------------------------------------------- the addresses of a record */

struct addrs {
	const uint8_t *ip4, *ip6;
	uint32_t n4, n6;
	struct kube_external_iter external;
};

static bool addrs_next(struct addrs *a, const uint8_t **ret, uint8_t *ret_len)
{
	struct kube_external e;

	if (a->n4) {
		*ret = a->ip4;
		a->ip4 += 4;
		a->n4--;
		*ret_len = 4;
		return true;
	}
	if (a->n6) {
		*ret = a->ip6;
		a->ip6 += 16;
		a->n6--;
		*ret_len = 16;
		return true;
	}
	while (kube_external_next(&a->external, &e)) {
		*ret = e.addr;
		*ret_len = e.addr_len;
		if (e.addr_len)
			return true;
	}
	return false;
}

/* Before `end` (NULL: anywhere). */
static bool addrs_have(struct addrs a, const uint8_t *addr, uint8_t len, const uint8_t *end)
{
	const uint8_t *other;
	uint8_t other_len;

	while (addrs_next(&a, &other, &other_len) && other != end) {
		if (other_len == len && memcmp(other, addr, len) == 0)
			return true;
	}
	return false;
}

static struct addrs addrs_of(const void *record, enum kube_by_addr by)
{
	const struct kube_slice *slice = record;
	const struct kube_service *svc = record;
	const struct kube_pod *pod = record;

	if (!record)
		return (struct addrs){0};
	switch (by) {
	case KUBE_BY_CLUSTER_IP:
		return (struct addrs){
			kube_service_ip4(svc), kube_service_ip6(svc), svc->n_ip4, svc->n_ip6, {0}};
	case KUBE_BY_EXTERNAL_IP:
		return (struct addrs){.external = kube_service_externals(svc)};
	case KUBE_BY_ENDPOINT:
		return (struct addrs){
			kube_slice_ip4(slice), kube_slice_ip6(slice), slice->n_ip4, slice->n_ip6, {0}};
	case KUBE_BY_POD:
		return (struct addrs){pod->data, pod->data, pod->addr_len == 4, pod->addr_len == 16, {0}};
	case KUBE_N_BY_ADDR:
		break;
	}
	return (struct addrs){0};
}

/* ---------------------------------------------------------------- writing */

/* A record stands once under each of its addresses.  `from` and `to` are what the slots point to. */
static void move(struct kube_store *s, enum kube_by_addr by, struct addrs old, const void *from,
		 struct addrs now, const void *to)
{
	struct addrs all_old = old, all_now = now;
	const uint8_t *addr;
	uint8_t len;

	while (addrs_next(&now, &addr, &len)) {
		if (addrs_have(all_now, addr, len, addr))
			continue;
		if (!addrs_have(all_old, addr, len, NULL))
			kube_table_insert(&s->by_addr[by], kube_hash_addr(s, addr, len), to);
		else if (from != to)
			(void)kube_table_replace(&s->by_addr[by], kube_hash_addr(s, addr, len), from, to);
	}
	while (addrs_next(&old, &addr, &len)) {
		if (!addrs_have(all_old, addr, len, addr) && !addrs_have(all_now, addr, len, NULL))
			(void)kube_table_remove(&s->by_addr[by], kube_hash_addr(s, addr, len), from);
	}
}

void kube_addr_service(struct kube_store *s, const struct kube_name *n, const struct kube_service *old,
		       const struct kube_service *svc)
{
	for (enum kube_by_addr by = KUBE_BY_CLUSTER_IP; by <= KUBE_BY_EXTERNAL_IP; by++)
		move(s, by, addrs_of(old, by), n, addrs_of(svc, by), n);
}

void kube_addr_slice(struct kube_store *s, const struct kube_slice *old, const struct kube_slice *slice)
{
	move(s, KUBE_BY_ENDPOINT, addrs_of(old, KUBE_BY_ENDPOINT), old, addrs_of(slice, KUBE_BY_ENDPOINT),
	     slice);
}

void kube_addr_pod(struct kube_store *s, const struct kube_pod *old, const struct kube_pod *pod)
{
	move(s, KUBE_BY_POD, addrs_of(old, KUBE_BY_POD), old, addrs_of(pod, KUBE_BY_POD), pod);
}

struct refill {
	struct kube_store *s;
	enum kube_by_addr by;
};

/* Every record that stands in its own table stands here too: the address table written anew. */
static void refill(void *arg, struct kube_table *fresh)
{
	const struct refill *r = arg;
	const struct kube_table *from = r->by == KUBE_BY_ENDPOINT ? &r->s->slices
					: r->by == KUBE_BY_POD    ? &r->s->pods
								  : &r->s->names;
	const void *record;
	const uint8_t *addr;
	uint32_t at = 0;
	uint8_t len;

	while ((record = kube_slots_next(from->slots, &at))) {
		bool named = r->by == KUBE_BY_CLUSTER_IP || r->by == KUBE_BY_EXTERNAL_IP;
		const void *holder = named ? ((const struct kube_name *)record)->service : record;
		struct addrs all = addrs_of(holder, r->by), a = all;

		while (addrs_next(&a, &addr, &len)) {
			if (!addrs_have(all, addr, len, addr))
				kube_table_insert(fresh, kube_hash_addr(r->s, addr, len), record);
		}
	}
}

int kube_addr_reserve(struct kube_store *s, enum kube_by_addr by, size_t n)
{
	struct refill r = {s, by};
	size_t before = kube_table_bytes(&s->by_addr[by]);
	int err = kube_table_reserve(&s->by_addr[by], n, refill, &r);

	kube_bytes(s, (ptrdiff_t)kube_table_bytes(&s->by_addr[by]) - (ptrdiff_t)before);
	return err;
}

/* ---------------------------------------------------------------- reading */

struct kube_addr_iter kube_addr_find(const struct kube_store *s, enum kube_by_addr by, const uint8_t *addr,
				     size_t len)
{
	uint64_t hash = kube_hash_addr(s, addr, len);

	return (struct kube_addr_iter){
		.probe = kube_probe(rcu_get(s->by_addr[by].slots), hash),
		.addr = addr,
		.addr_len = (uint8_t)len,
		.by = (uint8_t)by,
	};
}

static void *next(struct kube_addr_iter *it)
{
	void *record;

	while ((record = kube_probe_next(&it->probe))) {
		bool named = it->by == KUBE_BY_CLUSTER_IP || it->by == KUBE_BY_EXTERNAL_IP;
		const void *holder = named ? kube_name_service(record) : record;

		if (addrs_have(addrs_of(holder, it->by), it->addr, it->addr_len, NULL))
			return record;
	}
	return NULL;
}

const struct kube_name *kube_addr_next_name(struct kube_addr_iter *it)
{
	return next(it);
}

const struct kube_slice *kube_addr_next_slice(struct kube_addr_iter *it)
{
	return next(it);
}

const struct kube_pod *kube_addr_next_pod(struct kube_addr_iter *it)
{
	return next(it);
}
